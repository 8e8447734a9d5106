//! What an answer means: by RCODE (RFC 6895 §2.3), by what stands in it, never by words.

use std::net::IpAddr;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};

use crate::model::{Fault, FaultCode, Key};
use crate::net::dns::exchange::Ended;

/// Aliases that are followed within an answer; the C library follows as few.
const ALIASES: usize = 16;

/// What one question brought.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The addresses, in the order of the answer.
    pub(super) addresses: Vec<IpAddr>,
    /// The aliases, in order.
    pub(super) aliases: Vec<String>,
    /// Why there are none.
    pub(super) fault: Option<Fault>,
    /// How it ended, in a word: `2 addresses`, `NXDOMAIN`, `no answer`.
    pub(super) word: String,
}

/// Reads what a question brought.
pub(super) fn read(ended: Ended, name: &Name, kind: RecordType) -> Found {
    let fault = |code, word: &str, detail: String| Found {
        addresses: Vec::new(),
        aliases: Vec::new(),
        fault: Some(Fault::new(code, detail)),
        word: word.to_owned(),
    };
    match ended {
        Ended::Answer(message) => by_message(&message, name, kind),
        Ended::Silent => fault(
            FaultCode::DnsTimeout,
            "no answer",
            format!("no answer to the question for {name} in time"),
        ),
        Ended::Malformed => fault(
            FaultCode::DnsMalformed,
            "malformed",
            format!("the answer to the question for {name} can't be read"),
        ),
        Ended::Truncated(why) => fault(
            FaultCode::DnsTruncated,
            "truncated",
            format!("the answer for {name} was truncated; {why}"),
        ),
        Ended::Unreachable(error) => {
            let found = fault(
                FaultCode::DnsUnreachable,
                "unreachable",
                format!("the name server can't be reached: {}", plain(&error)),
            );
            let errno = crate::net::tcp::errno_name(&error);
            Found { fault: found.fault.map(|fault| fault.with_some(Key::Errno, errno)), ..found }
        }
    }
}

fn plain(error: &std::io::Error) -> String {
    crate::net::tcp::errno_name(error).unwrap_or_else(|| error.kind().to_string())
}

fn by_message(message: &Message, name: &Name, kind: RecordType) -> Found {
    let (aliases, end, circle) = follow(message, name);
    let addresses: Vec<IpAddr> = message
        .answers
        .iter()
        .filter(|record| record.name.to_lowercase() == end.to_lowercase())
        .filter_map(|record| match &record.data {
            RData::A(address) if kind == RecordType::A => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) if kind == RecordType::AAAA => Some(IpAddr::V6(address.0)),
            _ => None,
        })
        .collect();
    let rcode = message.metadata.response_code;
    if rcode == ResponseCode::NoError && !addresses.is_empty() {
        let word = match addresses.len() {
            1 => "1 address".to_owned(),
            count => format!("{count} addresses"),
        };
        return Found { addresses, aliases, fault: None, word };
    }
    let (code, word) = match rcode {
        _ if circle => (FaultCode::DnsLoop, "loop".to_owned()),
        ResponseCode::NoError => (FaultCode::DnsNoData, "NODATA".to_owned()),
        ResponseCode::NXDomain => (FaultCode::DnsNxdomain, rcode_name(rcode)),
        ResponseCode::ServFail => (FaultCode::DnsServfail, rcode_name(rcode)),
        ResponseCode::Refused => (FaultCode::DnsRefused, rcode_name(rcode)),
        _ => (FaultCode::DnsError, rcode_name(rcode)),
    };
    let detail = match code {
        FaultCode::DnsLoop => format!("the aliases of {name} lead in a circle"),
        FaultCode::DnsNoData => format!("{name} exists, but has no {kind} record"),
        FaultCode::DnsNxdomain if !aliases.is_empty() => {
            format!("{name} is an alias of {end}, which does not exist")
        }
        FaultCode::DnsNxdomain => format!("{name} does not exist"),
        _ => format!("the name server answers {word} for {name}"),
    };
    let fault = Fault::new(code, detail).with(Key::Rcode, rcode_name(rcode));
    Found { addresses: Vec::new(), aliases, fault: Some(fault), word }
}

/// Follows the aliases of a name within an answer: the names passed, where they end, and whether
/// they lead in a circle.
fn follow(message: &Message, name: &Name) -> (Vec<String>, Name, bool) {
    let mut at = name.clone();
    let mut passed = Vec::new();
    let mut seen = vec![at.to_lowercase()];
    loop {
        let next = message.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name.to_lowercase() == at.to_lowercase() => {
                Some(target.0.clone())
            }
            _ => None,
        });
        let Some(next) = next else { return (passed, at, false) };
        passed.push(crate::model::clean::line(next.to_ascii().trim_end_matches('.'), 255));
        if seen.contains(&next.to_lowercase()) || passed.len() > ALIASES {
            return (passed, next, true);
        }
        seen.push(next.to_lowercase());
        at = next;
    }
}

/// The name of a response code, as RFC 6895 spells it.
fn rcode_name(rcode: ResponseCode) -> String {
    match rcode {
        ResponseCode::NoError => "NOERROR".to_owned(),
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::ServFail => "SERVFAIL".to_owned(),
        ResponseCode::NXDomain => "NXDOMAIN".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        ResponseCode::Refused => "REFUSED".to_owned(),
        ResponseCode::YXDomain => "YXDOMAIN".to_owned(),
        ResponseCode::YXRRSet => "YXRRSET".to_owned(),
        ResponseCode::NXRRSet => "NXRRSET".to_owned(),
        ResponseCode::NotAuth => "NOTAUTH".to_owned(),
        ResponseCode::NotZone => "NOTZONE".to_owned(),
        other => format!("RCODE{}", u16::from(other)),
    }
}
