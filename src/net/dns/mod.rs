//! Name resolution: hosts file first, then the search list as glibc walks it, A and AAAA as
//! separate questions, each server of `resolv.conf` in turn (RFC 1034 §5.3.3, `resolv.conf(5)`).
//!
//! The messages are hickory's; sockets and order are ours, since a verdict needs to know what each
//! name tried brought, and from whom. One question is one datagram; a healthy name costs two,
//! and one more for each further server (to tell what the C library would have seen).

mod answer;
mod both;
pub mod config;
mod differs;
mod exchange;
mod servers;
mod switch;
mod walk;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Evidence, Family, Fault, FaultCode, Key};
pub use config::{Hosts, ResolvConf};
pub use switch::Switch;

/// Who answers for names.
#[derive(Clone, Debug, Default)]
pub struct Resolver {
    /// Servers and search list.
    pub conf: ResolvConf,
    /// Names that need no server.
    pub hosts: Hosts,
    /// Where glibc would look.
    pub switch: Switch,
}

/// The addresses of a name, and how they were come by.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The addresses: A before AAAA, each in the order of the answer.
    pub addresses: Vec<IpAddr>,
    /// What was tried.
    pub evidence: Evidence,
}

impl Resolution {
    /// What needs no name server: an address as it is written, in brackets or not.
    pub fn literal(host: &str) -> Option<Self> {
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>().ok()?;
        let evidence = Evidence::new().with(Key::Source, "literal");
        Some(Self { addresses: vec![address], evidence })
    }
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
        if let Some(literal) = Resolution::literal(host) {
            return Ok(literal);
        }
        let evidence = Evidence::new().with(Key::Name, host);
        if let Some(addresses) = self.without_server(host, family) {
            let differs = self.switch.differs(true).filter(|_| !self.hosts.lookup(host).is_empty());
            let evidence = evidence
                .with(Key::Source, "hosts")
                .with_some(Key::CLibrary, differs.map(|differs| vec![differs]))
                .with(Key::Addresses, told(&addresses));
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
        let begun = Instant::now();
        let Ok(tried) = walk::walk(&self.conf, host, family, until).await else {
            let detail = format!("`{host}` is no name that the DNS knows (RFC 1035 §2.3.4)");
            return Err(with_evidence(Fault::new(FaultCode::DnsError, detail), evidence));
        };
        let more = differs::more(&self.conf, host, family, &tried, begun.elapsed()).await;
        let mut differs = differs::differing(&self.conf, host, &tried, &more);
        let found = tried.last().is_some_and(|tried| tried.both.code().is_none());
        differs.extend(self.switch.differs(false).filter(|_| found));
        let names = tried.iter().map(|tried| format!("{}: {}", tried.text, tried.both.words()));
        let evidence = evidence
            .with(Key::NamesTried, names.collect::<Vec<_>>())
            .with_some(Key::CLibrary, (!differs.is_empty()).then_some(differs));
        let addresses = tried.last().map(|tried| tried.both.addresses()).unwrap_or_default();
        if let (Some(found), false) = (tried.last(), addresses.is_empty()) {
            let evidence = found.both.note(evidence).with(Key::Source, "dns");
            let evidence = evidence.with(Key::Addresses, told(&addresses));
            return Ok(Resolution { addresses, evidence });
        }
        // The first of those that weigh most.
        let heavy = |tried: &&walk::Tried| tried.both.code().map(weight);
        let Some(worst) = tried.iter().rev().max_by_key(heavy) else {
            return Err(Fault::new(FaultCode::LocalInternal, "no name was tried"));
        };
        let (fault, aliases) = worst.both.fault(&worst.name);
        let evidence = worst.both.note(evidence);
        let aliases = (!aliases.is_empty()).then_some(aliases);
        Err(with_evidence(fault, evidence.with_some(Key::CnameChain, aliases)))
    }
}

/// A server for the evidence: its port only where it is another than 53.
fn shown(server: SocketAddr) -> String {
    if server.port() == 53 { server.ip().to_string() } else { server.to_string() }
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
    let name =
        asked.as_ref().map_or_else(hickory_proto::rr::Name::root, |asked| asked.name().clone());
    let kind = asked.map_or(hickory_proto::rr::RecordType::A, |asked| asked.query_type());
    let question = exchange::question(id, &name, kind).ok()?;
    match exchange::read(bytes, id, &question) {
        exchange::Read::Ours(ended) => answer::read(ended, &name, kind).fault,
        exchange::Read::Strange | exchange::Read::NotOurs => None,
    }
}
