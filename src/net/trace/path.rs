//! How far SYNs get: one socket for each TTL, all of them at once, and what each draws.
//!
//! A router where a TTL ends answers with ICMP time exceeded (RFC 792, RFC 4443 §3.3), which the error
//! queue of an unprivileged socket shows with its sender. The kernel sends an unanswered SYN again
//! after a second, which is the one retry that a hop gets before it is called silent.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::model::{Fault, Key};
use crate::net::slots::Slots;
use crate::net::tcp::{Options, drawn, open, send_syn};

/// How many TTLs beyond the farthest answer are tried: more silent hops in a row end a trace.
const AHEAD: u8 = 8;
/// The farthest hop.
const FARTHEST: u8 = 30;
/// How long a trace takes that meets silence: past the kernel's own repetition of the SYN.
const PATIENCE: Duration = Duration::from_millis(1_600);

/// What a SYN of some TTL drew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Time exceeded: the SYN came as far as this router.
    Router(IpAddr),
    /// Another ICMP message: who refuses to carry it farther.
    Refused(IpAddr),
    /// RST, or a connection: the SYN came to whoever answers for the target.
    Target,
}

/// Why nothing is known of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Untraced {
    /// The time was over before the trace's turn came: routers answer few of them.
    #[default]
    NoTurn,
    /// All file descriptors are taken.
    NoFiles,
    /// The address is this host's own.
    Ourselves,
    /// Nobody wanted a trace.
    SwitchedOff,
    /// The time-out was over before a trace begins.
    TooShort,
    /// It was traced, and what was asked for did not come in time.
    NoAnswer,
}

impl Untraced {
    /// The words in reports.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoTurn => "no turn in time: six traces begin in six seconds",
            Self::NoFiles => "no file descriptor to spare",
            Self::Ourselves => "the address is this host's own",
            Self::SwitchedOff => "switched off",
            Self::TooShort => "the time-out is too short for it",
            Self::NoAnswer => "no answer in time",
        }
    }
}

/// The path to a destination, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Path {
    answers: BTreeMap<u8, Answer>,
    sent: u8,
    done: bool,
    /// Why nothing is known, as long as nothing was sent.
    pub(super) untraced: Untraced,
}

impl Path {
    /// The smallest TTL whose SYN was answered for the target.
    pub fn reached(&self) -> Option<u8> {
        self.answers.iter().find(|(_, answer)| **answer == Answer::Target).map(|(ttl, _)| *ttl)
    }

    /// Why it is not known how far the target is.
    pub(super) fn why_not(&self) -> Untraced {
        if self.sent == 0 { self.untraced } else { Untraced::NoAnswer }
    }

    /// The last router that is known to have got the SYN.
    fn last(&self) -> Option<(u8, IpAddr)> {
        self.answers.iter().rev().find_map(|(ttl, answer)| match answer {
            Answer::Router(address) => Some((*ttl, *address)),
            _ => None,
        })
    }

    /// The hops in words, by TTL: the silent ones after the last answer are one word.
    fn hops(&self) -> Vec<String> {
        let last = self.answers.keys().last().copied().unwrap_or(0);
        let mut hops: Vec<String> = (1..=last)
            .map(|ttl| match self.answers.get(&ttl) {
                Some(Answer::Router(address)) => format!("{ttl} {address}"),
                Some(Answer::Refused(address)) => format!("{ttl} {address} refuses"),
                Some(Answer::Target) => format!("{ttl} answers for the target"),
                None => format!("{ttl} silent"),
            })
            .collect();
        if last < self.sent && self.reached().is_none() {
            hops.push(format!("{}-{} silent", last + 1, self.sent));
        }
        hops
    }

    /// Tells how far the SYN got, in the fault of silence. That a router answered shows that the SYN
    /// came to it; who drops it then is not known: the router on the way out, whatever is behind it, or
    /// the host itself.
    pub fn tell(&self, mut fault: Fault) -> Fault {
        if self.sent == 0 {
            return fault.with(Key::Untraced, self.untraced.words());
        }
        let so_far = if self.done { "" } else { ", as far as the time allowed to see" };
        let told = match (self.reached(), self.last()) {
            (Some(ttl), _) => format!(
                "a SYN of the trace was answered at hop {ttl}: the path works and loses packets"
            ),
            (None, Some((hop, router))) => {
                fault = fault.with(Key::DiesPastHop, hop).with(Key::LastHop, router.to_string());
                format!(
                    "it dies past hop {hop} ({router}): dropped there on the way out, farther on, \
                     or by the host"
                )
            }
            (None, None) => "no router on the way answers".to_owned(),
        };
        fault.detail = format!("{}; {told}{so_far}", fault.detail);
        fault.with(Key::Hops, self.hops())
    }

    /// Whether nothing can be added: the target answered, and every hop before it did.
    fn is_whole(&self) -> bool {
        self.reached().is_some_and(|end| (1..end).all(|ttl| self.answers.contains_key(&ttl)))
    }
}

/// Traces the path to a destination, and tells each step of it.
pub(super) async fn trace(
    address: SocketAddr,
    options: &Options,
    slots: &Arc<Slots>,
    told: &watch::Sender<Path>,
) {
    let until = Instant::now() + PATIENCE;
    let mut probes = JoinSet::new();
    let mut farthest_answer = 0;
    loop {
        let sent = told.borrow().sent;
        let reached = told.borrow().reached().is_some();
        let horizon = if reached { sent } else { (farthest_answer + AHEAD).min(FARTHEST) };
        for ttl in sent + 1..=horizon {
            let Some(spare) = slots.spare() else { break };
            let options = Options { connect_only: true, ..options.clone() };
            probes.spawn(async move {
                let answer = probe(address, ttl, &options).await;
                drop(spare);
                (ttl, answer)
            });
            told.send_modify(|path| path.sent = ttl);
        }
        match timeout_at(until, probes.join_next()).await {
            Ok(Some(Ok((ttl, Some(answer))))) => {
                if matches!(answer, Answer::Router(_)) {
                    farthest_answer = farthest_answer.max(ttl);
                }
                told.send_modify(|path| {
                    path.answers.insert(ttl, answer);
                });
            }
            // A socket of ours that could not be opened tells nothing of the path.
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => break,
        }
        if told.borrow().is_whole() {
            break;
        }
    }
    told.send_modify(|path| path.done = true);
}

/// Sends a SYN of some TTL and waits for what it draws; `None` where it could not be sent.
async fn probe(address: SocketAddr, ttl: u8, options: &Options) -> Option<Answer> {
    let socket = open(address, options).ok()?;
    match address {
        SocketAddr::V4(_) => socket.set_ttl_v4(ttl.into()).ok()?,
        SocketAddr::V6(_) => socket.set_unicast_hops_v6(ttl.into()).ok()?,
    }
    send_syn(&socket, address).ok()?;
    let stream = TcpStream::from_std(socket.into()).ok()?;
    match drawn(&stream).await.ok()? {
        (None, None) => Some(Answer::Target),
        (_, Some(icmp)) => icmp.offender.map(|offender| match icmp.is_expired() {
            true => Answer::Router(offender),
            false => Answer::Refused(offender),
        }),
        (Some(error), None) if error.raw_os_error() == Some(libc::ECONNREFUSED) => {
            Some(Answer::Target)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Path};
    use crate::model::{Fault, FaultCode, Key};

    fn told(answers: &[(u8, Answer)]) -> Fault {
        let answers = answers.iter().copied().collect();
        let path = Path { answers, sent: 10, done: true, ..Path::default() };
        path.tell(Fault::new(FaultCode::TcpFiltered, "silent"))
    }

    #[test]
    fn the_last_router_that_answers_is_named_and_no_culprit() {
        let router = |n: u8| Answer::Router([192, 0, 2, n].into());
        let fault = told(&[(1, router(1)), (3, router(3))]);
        assert_eq!(fault.evidence.number(Key::DiesPastHop), Some(3));
        assert_eq!(fault.evidence.text(Key::LastHop), Some("192.0.2.3"));
        assert!(fault.detail.contains("dies past hop 3 (192.0.2.3)"), "{}", fault.detail);
        let hops = fault.evidence.get(Key::Hops).map(ToString::to_string).unwrap();
        assert_eq!(hops, "1 192.0.2.1, 2 silent, 3 192.0.2.3, 4-10 silent");
    }

    #[test]
    fn silence_of_every_hop_names_none() {
        let fault = told(&[]);
        assert_eq!(fault.evidence.number(Key::DiesPastHop), None);
        assert!(fault.detail.contains("no router on the way answers"));
    }

    #[test]
    fn a_path_that_was_not_traced_says_why() {
        let fault = Path::default().tell(Fault::new(FaultCode::TcpFiltered, "silent"));
        assert!(fault.evidence.text(Key::Untraced).is_some_and(|why| why.contains("no turn")));
        assert_eq!(fault.evidence.get(Key::Hops), None);
    }

    #[test]
    fn a_target_that_answers_the_trace_was_not_filtered() {
        assert!(told(&[(2, Answer::Target)]).detail.contains("loses packets"));
    }
}
