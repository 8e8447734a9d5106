//! Name resolution: hosts file first, then the search list as the C library walks it, A and AAAA as
//! separate questions, each server of `resolv.conf` in turn (RFC 1034 §5.3.3, `resolv.conf(5)`).
//!
//! The messages are hickory's; sockets and order are ours, since a verdict needs to know what each
//! name tried brought, and from whom. One question is one datagram; a healthy name costs two.

mod answer;
pub mod config;
mod exchange;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::rr::{Name, RecordType};
use tokio::time::Instant;

use crate::model::{Evidence, Family, Fault, FaultCode, Key};
use answer::Found;
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

/// How long an answer to the second question is waited for once the first has brought addresses.
const GRACE: Duration = Duration::from_secs(1);

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
        for candidate in self.candidates(host) {
            let Ok(mut name) = Name::from_ascii(&candidate) else {
                let detail = format!("`{host}` is no name that the DNS knows (RFC 1035 §2.3.4)");
                return Err(with_evidence(Fault::new(FaultCode::DnsError, detail), evidence));
            };
            name.set_fqdn(true);
            let answer = self.both(&name, family, until).await;
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
            // Silence ends the walk, as in the C library: the next name would meet it too.
            let last = matches!(fault.code, FaultCode::DnsTimeout | FaultCode::DnsUnreachable);
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

    /// The full names to try, in the C library's order.
    fn candidates(&self, host: &str) -> Vec<String> {
        if host.ends_with('.') {
            return vec![host.to_owned()];
        }
        let absolute = format!("{host}.");
        let completed = self
            .conf
            .search
            .iter()
            .map(|domain| format!("{host}.{}.", domain.trim_end_matches('.')));
        if host.matches('.').count() >= self.conf.ndots {
            std::iter::once(absolute).chain(completed).collect()
        } else {
            completed.chain([absolute]).collect()
        }
    }

    async fn both(&self, name: &Name, family: Family, until: Instant) -> Both {
        let v4 = async {
            match wants(family, false) {
                true => Some(self.one(name, RecordType::A, until).await),
                false => None,
            }
        };
        let v6 = async {
            match wants(family, true) {
                true => Some(self.one(name, RecordType::AAAA, until).await),
                false => None,
            }
        };
        let (mut v4, mut v6) = (std::pin::pin!(v4), std::pin::pin!(v6));
        let (a, aaaa) = tokio::select! {
            a = &mut v4 => (a, None),
            aaaa = &mut v6 => (None, Some(aaaa)),
        };
        let has = |found: &Option<(Found, SocketAddr)>| {
            found.as_ref().is_some_and(|(found, _)| !found.addresses.is_empty())
        };
        // One family in hand: the other gets a moment, not the whole time-out.
        let brought = has(&a) || aaaa.as_ref().is_some_and(&has);
        let until = if brought { until.min(Instant::now() + GRACE) } else { until };
        match aaaa {
            None => Both { a, aaaa: tokio::time::timeout_at(until, v6).await.unwrap_or(None) },
            Some(aaaa) => {
                Both { a: tokio::time::timeout_at(until, v4).await.unwrap_or(None), aaaa }
            }
        }
    }

    /// Asks the servers in turn until one answers.
    async fn one(&self, name: &Name, kind: RecordType, until: Instant) -> (Found, SocketAddr) {
        let mut last = None;
        // A single server has all the time: its question is sent again meanwhile.
        let turns = match self.conf.servers.len() {
            1 => 1,
            several => several * usize::try_from(self.conf.attempts).unwrap_or(2),
        };
        for turn in 0..turns {
            let server = self.conf.servers[turn % self.conf.servers.len()];
            let left = until.saturating_duration_since(Instant::now());
            let turns_left = u32::try_from(turns - turn).unwrap_or(1);
            if left.is_zero() {
                break;
            }
            let within = match self.conf.servers.len() {
                1 => left,
                _ => (left / turns_left).min(Duration::from_secs(self.conf.timeout_s)),
            };
            let ended = exchange::ask(server, name, kind, within).await;
            let found = answer::read(ended, name, kind);
            // Another server may know better: of these the C library asks the next one too.
            let settled = !found.fault.as_ref().is_some_and(|fault| {
                matches!(
                    fault.code,
                    FaultCode::DnsTimeout
                        | FaultCode::DnsUnreachable
                        | FaultCode::DnsServfail
                        | FaultCode::DnsRefused
                        | FaultCode::DnsMalformed
                        | FaultCode::DnsError
                )
            });
            let silent = found.fault.as_ref().is_some_and(|f| f.code == FaultCode::DnsTimeout);
            let keep = !silent || last.is_none();
            if keep {
                last = Some((found, server));
            }
            if settled || (!silent && turn + 1 >= self.conf.servers.len()) {
                break;
            }
        }
        last.unwrap_or_else(|| {
            (answer::read(exchange::Ended::Silent, name, kind), self.conf.servers[0])
        })
    }
}

/// The answers to the two questions for one name.
struct Both {
    a: Option<(Found, SocketAddr)>,
    aaaa: Option<(Found, SocketAddr)>,
}

impl Both {
    fn all(&self) -> impl Iterator<Item = &(Found, SocketAddr)> {
        self.a.iter().chain(self.aaaa.iter())
    }

    fn addresses(&self) -> Vec<IpAddr> {
        self.all().flat_map(|(found, _)| found.addresses.iter().copied()).collect()
    }

    fn words(&self) -> String {
        let word = |found: &Option<(Found, SocketAddr)>, kind: &str| {
            found.as_ref().map(|(found, _)| format!("{kind} {}", found.word))
        };
        let words: Vec<_> =
            [word(&self.a, "A"), word(&self.aaaa, "AAAA")].into_iter().flatten().collect();
        words.join(", ")
    }

    fn note(&self, evidence: Evidence) -> Evidence {
        let word = |found: &Option<(Found, SocketAddr)>| {
            found.as_ref().map(|(found, _)| found.word.clone())
        };
        let aliases = self.all().map(|(found, _)| &found.aliases).find(|found| !found.is_empty());
        evidence
            .with_some(Key::A, word(&self.a))
            .with_some(Key::Aaaa, word(&self.aaaa))
            .with_some(Key::Resolver, self.all().next().map(|(_, server)| shown(*server)))
            .with_some(Key::CnameChain, aliases.cloned())
    }

    /// Why there is no address: the weightiest of the two, a refusal of one family alone left out.
    fn fault(self, name: &Name) -> (Fault, Vec<String>) {
        let answers = [self.a, self.aaaa].into_iter().flatten().map(|(found, _)| found);
        let mut faults: Vec<_> =
            answers.filter_map(|found| found.fault.map(|fault| (fault, found.aliases))).collect();
        let plain = faults.iter().any(|(fault, _)| fault.code == FaultCode::DnsNoData);
        if plain {
            // A server that says NODATA for one family and refuses the other has answered.
            faults.retain(|(fault, _)| fault.code != FaultCode::DnsRefused);
        }
        faults.into_iter().max_by_key(|(fault, _)| weight(fault.code)).unwrap_or_else(|| {
            (Fault::new(FaultCode::DnsNoData, format!("{name} has no address")), Vec::new())
        })
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
    let name = asked.as_ref().map_or_else(Name::root, |asked| asked.name().clone());
    let kind = asked.map_or(RecordType::A, |asked| asked.query_type());
    let question = exchange::question(id, &name, kind).ok()?;
    match exchange::read(bytes, id, &question) {
        exchange::Read::Ours(ended) => answer::read(ended, &name, kind).fault,
        exchange::Read::NotOurs => None,
    }
}
