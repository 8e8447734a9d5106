//! Name resolution: hosts file first, then the search list as glibc walks it, A and AAAA as
//! separate questions, each server of `resolv.conf` in turn (RFC 1034 §5.3.3, `resolv.conf(5)`).
//!
//! The messages are hickory's; sockets and order are ours, since a verdict needs to know what each
//! name tried brought, and from whom. One question is one datagram; a healthy name costs two.

mod answer;
mod both;
pub mod config;
mod exchange;
mod servers;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::rr::Name;
use tokio::time::Instant;

use crate::model::{Evidence, Family, Fault, FaultCode, Key};
pub use config::{Hosts, ResolvConf};

/// Who answers for names.
#[derive(Clone, Debug, Default)]
pub struct Resolver {
    /// Servers and search list.
    pub conf: ResolvConf,
    /// Names that need no server.
    pub hosts: Hosts,
}

/// The addresses of a name, and how they were come by.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The addresses: A before AAAA, each in the order of the answer.
    pub addresses: Vec<IpAddr>,
    /// What was tried.
    pub evidence: Evidence,
}

impl Resolver {
    /// Resolves a name or reads a literal address.
    ///
    /// # Errors
    /// A fault of `dns.`, with each name tried as evidence.
    pub async fn resolve(
        &self,
        host: &str,
        family: Family,
        within: Duration,
    ) -> Result<Resolution, Fault> {
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            let evidence = Evidence::new().with(Key::Source, "literal");
            return Ok(Resolution { addresses: vec![address], evidence });
        }
        let evidence = Evidence::new().with(Key::Name, host);
        if let Some(addresses) = self.without_server(host, family) {
            let evidence =
                evidence.with(Key::Source, "hosts").with(Key::Addresses, told(&addresses));
            return Ok(Resolution { addresses, evidence });
        }
        self.ask(host, family, Instant::now() + within, evidence).await
    }

    /// The hosts file, and `localhost` (RFC 6761 §6.3).
    fn without_server(&self, host: &str, family: Family) -> Option<Vec<IpAddr>> {
        let mut addresses = self.hosts.lookup(host);
        if addresses.is_empty() && host.trim_end_matches('.').eq_ignore_ascii_case("localhost") {
            addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        }
        addresses.retain(|address| wants(family, address.is_ipv6()));
        (!addresses.is_empty()).then_some(addresses)
    }

    async fn ask(
        &self,
        host: &str,
        family: Family,
        until: Instant,
        evidence: Evidence,
    ) -> Result<Resolution, Fault> {
        let mut tried = Vec::new();
        let mut worst: Option<(Fault, Vec<String>)> = None;
        let mut completing = true;
        for (candidate, completed) in self.candidates(host) {
            if completed && !completing {
                continue;
            }
            let Ok(mut name) = Name::from_ascii(&candidate) else {
                let detail = format!("`{host}` is no name that the DNS knows (RFC 1035 §2.3.4)");
                return Err(with_evidence(Fault::new(FaultCode::DnsError, detail), evidence));
            };
            name.set_fqdn(true);
            let answer = both::ask(&self.conf, &name, family, until).await;
            tried.push(format!("{candidate}: {}", answer.words()));
            let evidence = evidence.clone().with(Key::NamesTried, tried.clone());
            let evidence = answer.note(evidence);
            let addresses = answer.addresses();
            if !addresses.is_empty() {
                let evidence =
                    evidence.with(Key::Source, "dns").with(Key::Addresses, told(&addresses));
                return Ok(Resolution { addresses, evidence });
            }
            let (fault, aliases) = answer.fault(&name);
            // Silence ends the walk: the next name would meet it too.
            let last = matches!(fault.code, FaultCode::DnsTimeout | FaultCode::DnsUnreachable);
            completing &= !completed || goes_on(fault.code);
            let fault = with_evidence(fault, evidence);
            if worst.as_ref().is_none_or(|(known, _)| weight(fault.code) > weight(known.code)) {
                worst = Some((fault, aliases));
            }
            if last {
                break;
            }
        }
        let Some((mut fault, aliases)) = worst else {
            return Err(Fault::new(FaultCode::LocalInternal, "no name was tried"));
        };
        fault.evidence.set(Key::NamesTried, tried);
        if !aliases.is_empty() {
            fault.evidence.set(Key::CnameChain, aliases);
        }
        Err(fault)
    }

    /// The full names to try, in glibc's order, and whether the search list completed them.
    fn candidates(&self, host: &str) -> Vec<(String, bool)> {
        if host.ends_with('.') {
            return vec![(host.to_owned(), false)];
        }
        let absolute = (format!("{host}."), false);
        let completed = self
            .conf
            .search
            .iter()
            .map(|domain| (format!("{host}.{}.", domain.trim_end_matches('.')), true));
        if host.matches('.').count() >= self.conf.ndots {
            std::iter::once(absolute).chain(completed).collect()
        } else {
            completed.chain([absolute]).collect()
        }
    }
}

/// A server for the evidence: its port only where it is another than 53.
fn shown(server: SocketAddr) -> String {
    if server.port() == 53 { server.ip().to_string() } else { server.to_string() }
}

/// Whether the next entry of the search list is tried after this; else the name as it is comes next
/// (glibc's `res_nsearch`).
const fn goes_on(code: FaultCode) -> bool {
    matches!(
        code,
        FaultCode::DnsNxdomain | FaultCode::DnsNoData | FaultCode::DnsServfail | FaultCode::DnsLoop
    )
}

/// Which of several faults tells most: what the network did, then what the server said, then that
/// the name has no address, then that it does not exist in this domain.
const fn weight(code: FaultCode) -> u8 {
    match code {
        FaultCode::DnsNxdomain => 0,
        FaultCode::DnsNoData => 1,
        FaultCode::DnsRefused => 2,
        FaultCode::DnsError => 3,
        FaultCode::DnsServfail => 4,
        FaultCode::DnsLoop => 5,
        FaultCode::DnsMalformed => 6,
        FaultCode::DnsTruncated => 7,
        FaultCode::DnsUnreachable => 8,
        _ => 9,
    }
}

const fn wants(family: Family, v6: bool) -> bool {
    match family {
        Family::Any | Family::Both => true,
        Family::Ipv4 => !v6,
        Family::Ipv6 => v6,
    }
}

fn told(addresses: &[IpAddr]) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}

fn with_evidence(mut fault: Fault, mut evidence: Evidence) -> Fault {
    evidence.absorb(std::mem::take(&mut fault.evidence));
    fault.evidence = evidence;
    fault
}

/// What a datagram means as the answer to our question; nothing where it is none. The question is the one
/// that the datagram repeats, so that what is behind it is read too.
#[cfg(any(fuzzing, test))]
pub(crate) fn fuzz(bytes: &[u8]) -> Option<Fault> {
    use hickory_proto::op::Message;
    let id = u16::from_be_bytes([*bytes.first()?, *bytes.get(1)?]);
    let asked = Message::from_vec(bytes).ok().and_then(|message| message.queries.first().cloned());
    let name = asked.as_ref().map_or_else(Name::root, |asked| asked.name().clone());
    let kind = asked.map_or(hickory_proto::rr::RecordType::A, |asked| asked.query_type());
    let question = exchange::question(id, &name, kind).ok()?;
    match exchange::read(bytes, id, &question) {
        exchange::Read::Ours(ended) => answer::read(ended, &name, kind).fault,
        exchange::Read::Strange | exchange::Read::NotOurs => None,
    }
}
