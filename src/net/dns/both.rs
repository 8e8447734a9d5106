//! The two questions for one name, A and AAAA, asked side by side.

use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::rr::{Name, RecordType};
use tokio::time::Instant;

use crate::model::{Evidence, Family, Fault, FaultCode, Key};
use crate::net::dns::answer::{self, Found};
use crate::net::dns::exchange::Ended;
use crate::net::dns::servers::{self, Asked};
use crate::net::dns::{ResolvConf, shown, wants, weight};

/// How long any further answer is waited for once it is known whether there are addresses.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// The answers to the two questions for one name.
#[derive(Debug)]
pub(super) struct Both {
    /// To A; nothing where it was not asked.
    pub(super) a: Option<Asked>,
    /// To AAAA, likewise.
    pub(super) aaaa: Option<Asked>,
}

/// Asks for the addresses of a name.
pub(super) async fn ask(conf: &ResolvConf, name: &Name, family: Family, until: Instant) -> Both {
    let one = |v6, kind| async move {
        match wants(family, v6) {
            true => Some(servers::ask(conf, name, kind, until).await),
            false => None,
        }
    };
    let (mut v4, mut v6) =
        (std::pin::pin!(one(false, RecordType::A)), std::pin::pin!(one(true, RecordType::AAAA)));
    let (a, aaaa) = tokio::select! {
        a = &mut v4 => (a, None),
        aaaa = &mut v6 => (None, Some(aaaa)),
    };
    let has = |asked: &Option<Asked>| {
        asked.as_ref().is_some_and(|asked| !asked.found.addresses.is_empty())
    };
    // One family in hand: the other gets a moment, not the whole time-out.
    let brought = has(&a) || aaaa.as_ref().is_some_and(&has);
    let until = if brought { until.min(Instant::now() + GRACE) } else { until };
    let late = |kind| {
        let found = answer::read(Ended::Silent(0), name, kind);
        let found = Found { word: format!("no answer in {} s", GRACE.as_secs()), ..found };
        wants(family, kind == RecordType::AAAA).then(|| Asked {
            found,
            server: conf.servers[0],
            servers: Vec::new(),
        })
    };
    match aaaa {
        None => {
            let aaaa = tokio::time::timeout_at(until, v6).await;
            Both { a, aaaa: aaaa.unwrap_or_else(|_| late(RecordType::AAAA)) }
        }
        Some(aaaa) => {
            let a = tokio::time::timeout_at(until, v4).await;
            Both { a: a.unwrap_or_else(|_| late(RecordType::A)), aaaa }
        }
    }
}

impl Both {
    fn all(&self) -> impl Iterator<Item = &Asked> {
        self.a.iter().chain(self.aaaa.iter())
    }

    /// The addresses, A before AAAA.
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        self.all().flat_map(|asked| asked.found.addresses.iter().copied()).collect()
    }

    /// How the questions ended, in a few words.
    pub(super) fn words(&self) -> String {
        let word = |asked: &Option<Asked>, kind: &str| {
            asked.as_ref().map(|asked| format!("{kind} {}", asked.found.word))
        };
        let words: Vec<_> =
            [word(&self.a, "A"), word(&self.aaaa, "AAAA")].into_iter().flatten().collect();
        words.join(", ")
    }

    /// Notes how they ended, and who answered.
    pub(super) fn note(&self, evidence: Evidence) -> Evidence {
        let word = |asked: &Option<Asked>| asked.as_ref().map(|asked| asked.found.word.clone());
        let aliases = self.all().map(|asked| &asked.found.aliases).find(|found| !found.is_empty());
        // Who has the addresses is who answered; the servers before it are why it took long.
        let has = |asked: &&Asked| !asked.found.addresses.is_empty();
        let telling = self.all().find(has).or_else(|| self.all().next());
        let servers = telling.map(|asked| &asked.servers).filter(|servers| servers.len() > 1);
        evidence
            .with_some(Key::A, word(&self.a))
            .with_some(Key::Aaaa, word(&self.aaaa))
            .with_some(Key::Resolver, telling.map(|asked| shown(asked.server)))
            .with_some(Key::ServersAsked, servers.cloned())
            .with_some(Key::Limit, self.all().find_map(|asked| asked.found.limit))
            .with_some(Key::CnameChain, aliases.cloned())
    }

    /// The code of [`Self::fault`]; `None` where there is an address.
    pub(super) fn code(&self) -> Option<FaultCode> {
        if self.all().any(|asked| !asked.found.addresses.is_empty()) {
            return None;
        }
        Some(self.weightiest().map_or(FaultCode::DnsNoData, |(fault, _)| fault.code))
    }

    /// Why there is no address, and the aliases that were followed.
    pub(super) fn fault(&self, name: &Name) -> (Fault, Vec<String>) {
        match self.weightiest() {
            Some((fault, aliases)) => {
                let mut fault = fault.clone();
                let neither = self.a.is_some() && self.aaaa.is_some();
                if neither && fault.code == FaultCode::DnsNoData {
                    fault.detail = format!("{name} exists, but has no A and no AAAA record");
                }
                (fault, aliases.to_vec())
            }
            None => {
                let detail = format!("{name} has no address");
                (Fault::new(FaultCode::DnsNoData, detail), Vec::new())
            }
        }
    }

    /// The weightiest of the two faults, a refusal of one family alone left out.
    fn weightiest(&self) -> Option<(&Fault, &[String])> {
        let faults = || {
            self.all()
                .filter_map(|Asked { found, .. }| Some((found.fault.as_ref()?, &*found.aliases)))
        };
        // A server that says NODATA for one family and refuses the other has answered.
        let plain = faults().any(|(fault, _)| fault.code == FaultCode::DnsNoData);
        let counts = |fault: &Fault| !plain || fault.code != FaultCode::DnsRefused;
        faults().filter(|(fault, _)| counts(fault)).max_by_key(|(fault, _)| weight(fault.code))
    }
}
