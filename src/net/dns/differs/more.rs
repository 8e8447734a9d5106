//! The few questions that are asked to tell what the C library would have seen.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::rr::RecordType;
use tokio::time::Instant;

use crate::model::{Family, FaultCode};
use crate::net::dns::answer::{self, Found};
use crate::net::dns::both::{self, Both, GRACE};
use crate::net::dns::differs::{MUSL_LINE, has};
use crate::net::dns::servers::Asked;
use crate::net::dns::walk::{Tried, full};
use crate::net::dns::{ResolvConf, exchange};

/// How long the other servers are waited for at least. Who is asked at the same time and answers much later
/// than the one that answered has lost the race, and a healthy name must not wait for a dead server.
const RACE: Duration = Duration::from_millis(100);

/// Further answers.
#[derive(Debug, Default)]
pub(in crate::net::dns) struct More {
    /// What other servers say to the question that decided.
    pub(super) others: Vec<(SocketAddr, Found)>,
    /// The name as it is.
    pub(super) absolute: Option<Tried>,
}

/// Asks for what can't be told from the answers at hand, which took this long.
pub(in crate::net::dns) async fn more(
    conf: &ResolvConf,
    host: &str,
    family: Family,
    tried: &[Tried],
    took: Duration,
) -> More {
    let until = Instant::now() + GRACE;
    let absolute = async {
        let text = format!("{host}.");
        let unread = conf.search_line > MUSL_LINE && tried.iter().all(|tried| tried.text != text);
        let name = if unread { full(&text) } else { None }?;
        let both = both::ask(conf, &name, family, until).await;
        // So short a wait says nothing of a silence.
        let silent = |asked: &Asked| asked.found.code() == Some(FaultCode::DnsTimeout);
        if [&both.a, &both.aaaa].into_iter().flatten().any(silent) {
            return None;
        }
        Some(Tried { text, name, completed: None, both })
    };
    let (others, absolute) = tokio::join!(others(conf, tried, took.clamp(RACE, GRACE)), absolute);
    More { others, absolute }
}

/// What the servers that were not asked say to the question that decided. `resolv.conf` has three
/// servers at most, so two are left at most.
async fn others(conf: &ResolvConf, tried: &[Tried], within: Duration) -> Vec<(SocketAddr, Found)> {
    let decided = tried.iter().rev().find(|tried| tried.completed.is_none() || has(&tried.both));
    let told = decided.and_then(|tried| Some((&tried.name, telling(&tried.both)?)));
    let Some((name, (kind, asked))) = told else { return Vec::new() };
    // Those before the one that answered failed: musl passes over that too.
    let at = conf.servers.iter().position(|server| *server == asked.server);
    let mut rest = conf.servers.iter().copied().skip(at.map_or(usize::MAX, |at| at + 1));
    let one = |server: Option<SocketAddr>| async move {
        let server = server?;
        let ended = exchange::ask(server, name, kind, within).await;
        Some((server, answer::read(ended, name, kind)))
    };
    let (first, second) = tokio::join!(one(rest.next()), one(rest.next()));
    [first, second].into_iter().flatten().collect()
}

/// The question that decided, and what it brought: addresses, else that there are none.
fn telling(both: &Both) -> Option<(RecordType, &Asked)> {
    let pairs = || {
        let a = both.a.as_ref().map(|asked| (RecordType::A, asked));
        a.into_iter().chain(both.aaaa.as_ref().map(|asked| (RecordType::AAAA, asked)))
    };
    let none = |code| matches!(code, Some(FaultCode::DnsNxdomain | FaultCode::DnsNoData));
    pairs()
        .find(|(_, asked)| asked.found.code().is_none())
        .or_else(|| pairs().find(|(_, asked)| none(asked.found.code())))
}
