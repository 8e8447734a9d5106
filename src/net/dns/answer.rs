//! What an answer means: by RCODE (RFC 6895 §2.3), by what stands in it, never by words.

use std::net::IpAddr;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use crate::model::{Fault, FaultCode, Key};
use crate::net::dns::exchange::Ended;

/// Aliases that are followed within an answer: resolvers give up sooner (unbound after 11).
const ALIASES: usize = 16;

/// Addresses of one family that are taken: each is dialled.
const ADDRESSES: usize = 100;

/// What one question brought.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The addresses, in the order of the answer.
    pub(super) addresses: Vec<IpAddr>,
    /// How many were taken, where the answer had more.
    pub(super) limit: Option<usize>,
    /// The aliases, in order.
    pub(super) aliases: Vec<String>,
    /// Why there are none.
    pub(super) fault: Option<Fault>,
    /// How it ended, in a word: `2 addresses`, `NXDOMAIN`, `no answer`.
    pub(super) word: String,
    /// The response code, where there was an answer.
    pub(super) rcode: Option<ResponseCode>,
    /// How many addresses the answer over UDP had, where it was truncated.
    pub(super) cut: Option<usize>,
}

impl Found {
    fn failed(fault: Fault, word: &str) -> Self {
        Self {
            addresses: Vec::new(),
            limit: None,
            aliases: Vec::new(),
            fault: Some(fault),
            word: word.to_owned(),
            rcode: None,
            cut: None,
        }
    }

    /// The code of the fault; `None` where there are addresses.
    pub(super) fn code(&self) -> Option<FaultCode> {
        self.fault.as_ref().map(|fault| fault.code)
    }
}

/// Reads what a question brought.
pub(super) fn read(ended: Ended, name: &Name, kind: RecordType) -> Found {
    match ended {
        Ended::Answer(message, cut) => {
            let cut = cut.map(|cut| by_message(&cut, name, kind).addresses.len());
            Found { cut, ..by_message(&message, name, kind) }
        }
        Ended::Silent(ignored) => {
            let others = match ignored {
                0 => String::new(),
                count => format!("; {count} with another ID were passed over"),
            };
            let detail = format!("no answer to the question for {name} in time{others}");
            Found::failed(Fault::new(FaultCode::DnsTimeout, detail), "no answer")
        }
        Ended::Malformed => {
            let detail = format!("the answer to the question for {name} can't be read");
            Found::failed(Fault::new(FaultCode::DnsMalformed, detail), "malformed")
        }
        Ended::Strange => {
            let detail = format!("what came back is no answer to the question for {name}");
            Found::failed(Fault::new(FaultCode::DnsMalformed, detail), "no answer to the question")
        }
        Ended::Truncated(why, error, cut) => {
            let detail = format!("the answer for {name} was truncated; {why}");
            let errno = error.as_ref().and_then(crate::net::tcp::errno_name);
            let fault = Fault::new(FaultCode::DnsTruncated, detail).with_some(Key::Errno, errno);
            let cut = Some(by_message(&cut, name, kind).addresses.len());
            Found { cut, ..Found::failed(fault, "truncated") }
        }
        Ended::Unreachable(error) => {
            let detail = format!("the name server can't be reached: {}", plain(&error));
            let fault = Fault::new(FaultCode::DnsUnreachable, detail);
            let fault = fault.with_some(Key::Errno, crate::net::tcp::errno_name(&error));
            Found::failed(fault, "unreachable")
        }
        Ended::Exhausted(code, error) => {
            let detail = format!("no socket to ask for {name} with: {}", code.about());
            let fault = Fault::new(code, detail);
            let fault = fault.with_some(Key::Errno, crate::net::tcp::errno_name(&error));
            Found::failed(fault, "not asked")
        }
    }
}

fn plain(error: &std::io::Error) -> String {
    crate::net::tcp::errno_name(error).unwrap_or_else(|| error.kind().to_string())
}

fn by_message(message: &Message, name: &Name, kind: RecordType) -> Found {
    let Followed { aliases, end, over } = follow(message, name);
    let mut addresses = addresses(message, &end, kind);
    let rcode = message.metadata.response_code;
    if rcode == ResponseCode::NoError && !addresses.is_empty() && over.is_none() {
        let word = match addresses.len() {
            1 => "1 address".to_owned(),
            count => format!("{count} addresses"),
        };
        let limit = (addresses.len() > ADDRESSES).then_some(ADDRESSES);
        addresses.truncate(ADDRESSES);
        let rcode = Some(rcode);
        return Found { addresses, limit, aliases, fault: None, word, rcode, cut: None };
    }
    let (code, word) = match rcode {
        _ if over.is_some() => (FaultCode::DnsLoop, "loop".to_owned()),
        ResponseCode::NoError => (FaultCode::DnsNoData, "NODATA".to_owned()),
        ResponseCode::NXDomain => (FaultCode::DnsNxdomain, rcode_name(rcode)),
        ResponseCode::ServFail => (FaultCode::DnsServfail, rcode_name(rcode)),
        ResponseCode::Refused => (FaultCode::DnsRefused, rcode_name(rcode)),
        _ => (FaultCode::DnsError, rcode_name(rcode)),
    };
    let detail = match (code, over, aliases.last()) {
        (FaultCode::DnsLoop, Some(Over::Limit), _) => {
            format!("{name} is an alias of an alias, more than {ALIASES} times")
        }
        (FaultCode::DnsLoop, ..) => format!("the aliases of {name} lead in a circle"),
        (FaultCode::DnsNoData, ..) => format!("{name} exists, but has no {kind} record"),
        (FaultCode::DnsNxdomain, _, Some(end)) => {
            format!("{name} is an alias of {end}, which does not exist")
        }
        (FaultCode::DnsNxdomain, ..) => format!("{name} does not exist"),
        _ => format!("the name server answers {word} for {name}"),
    };
    let limit = matches!(over, Some(Over::Limit)).then_some(ALIASES as u64);
    let fault =
        Fault::new(code, detail).with(Key::Rcode, rcode_name(rcode)).with_some(Key::Limit, limit);
    Found { aliases, rcode: Some(rcode), ..Found::failed(fault, &word) }
}

/// The addresses of a name in an answer: of its class and of the type that was asked for.
fn addresses(message: &Message, name: &Name, kind: RecordType) -> Vec<IpAddr> {
    let of_name = |record: &&Record| {
        record.dns_class == DNSClass::IN && record.name.to_lowercase() == name.to_lowercase()
    };
    let address = |record: &Record| match &record.data {
        RData::A(address) if kind == RecordType::A => Some(IpAddr::V4(address.0)),
        RData::AAAA(address) if kind == RecordType::AAAA => Some(IpAddr::V6(address.0)),
        _ => None,
    };
    message.answers.iter().filter(of_name).filter_map(address).collect()
}

/// Where the aliases of a name lead.
struct Followed {
    /// The names passed, cleaned.
    aliases: Vec<String>,
    /// Where they end.
    end: Name,
    /// Why they were not followed to an end.
    over: Option<Over>,
}

/// Why aliases are not followed any further.
#[derive(Clone, Copy)]
enum Over {
    /// They lead to a name that was passed already.
    Circle,
    /// They are too many.
    Limit,
}

/// Follows the aliases of a name within an answer.
fn follow(message: &Message, name: &Name) -> Followed {
    let mut at = name.clone();
    let mut aliases = Vec::new();
    let mut seen = vec![at.to_lowercase()];
    loop {
        let next = message.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target)
                if record.dns_class == DNSClass::IN
                    && record.name.to_lowercase() == at.to_lowercase() =>
            {
                Some(target.0.clone())
            }
            _ => None,
        });
        let Some(next) = next else { return Followed { aliases, end: at, over: None } };
        aliases.push(crate::model::clean::line(next.to_ascii().trim_end_matches('.'), 255));
        let over = match seen.contains(&next.to_lowercase()) {
            true => Some(Over::Circle),
            false => (aliases.len() > ALIASES).then_some(Over::Limit),
        };
        if over.is_some() {
            return Followed { aliases, end: next, over };
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
