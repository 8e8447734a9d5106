//! The two questions for one name, A and AAAA, asked side by side.

use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::rr::{Name, RecordType};
use tokio::time::Instant;

use crate::model::{Evidence, Family, Fault, FaultCode, Key};
use crate::net::dns::servers::{self, Asked};
use crate::net::dns::{ResolvConf, shown, wants, weight};

/// How long an answer to the second question is waited for once the first has brought addresses.
const GRACE: Duration = Duration::from_secs(1);

/// The answers to the two questions for one name.
#[derive(Debug)]
pub(super) struct Both {
    /// To A; nothing where it was not asked, or not waited for.
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
    match aaaa {
        None => Both { a, aaaa: tokio::time::timeout_at(until, v6).await.unwrap_or(None) },
        Some(aaaa) => Both { a: tokio::time::timeout_at(until, v4).await.unwrap_or(None), aaaa },
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
            .with_some(Key::CnameChain, aliases.cloned())
    }

    /// Why there is no address: the weightiest of the two, a refusal of one family alone left out.
    pub(super) fn fault(self, name: &Name) -> (Fault, Vec<String>) {
        let answers = [self.a, self.aaaa].into_iter().flatten().map(|asked| asked.found);
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
