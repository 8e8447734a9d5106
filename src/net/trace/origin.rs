//! How far away an RST was sent, and so by whom.
//!
//! A firewall's RST looks like the host's own but for one thing: it has fewer hops behind it. The
//! kernel drops answers below a TTL of our choice (RFC 5082), so the largest such TTL that still gets
//! an answer is the one that it arrives with. It is held against the host's own answer at a port that
//! is open, or, where none is known, against how far the SYN had to go.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::model::{Fault, FaultCode, Key};
use crate::net::slots::Slots;
use crate::net::tcp::{Options, drawn, open, send_syn, sys};
use crate::net::trace::path::Untraced;

/// How many TTLs are tried beside each other.
const CUTS: u8 = 7;
/// TTLs that systems start with, and how many hops are believed: 64, 128, 255 (RFC 1700 and custom).
const INITIAL: [u8; 3] = [64, 128, 255];
const HOPS: u8 = 31;
/// Bounds on how long an answer is waited for.
const AT_LEAST: Duration = Duration::from_millis(60);
const AT_MOST: Duration = Duration::from_millis(400);
/// After this long the kernel has sent an unanswered SYN again.
const REPETITION: Duration = Duration::from_millis(1_300);

/// Who sent an RST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Ourselves,
    Router,
    Target,
    Unknown,
}

/// What is known of an RST's sender.
#[derive(Clone, Debug)]
pub struct Origin {
    who: Who,
    arrival_ttl: u8,
    syn_ttl: Option<u8>,
    reference: Option<u16>,
    untraced: Option<Untraced>,
}

/// A port of a host that accepts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) port: u16,
    /// How long its answer took.
    pub(super) round_trip: Duration,
}

/// What is asked about, and how.
pub(super) struct Ask<'a> {
    pub(super) address: SocketAddr,
    pub(super) options: &'a Options,
    pub(super) slots: &'a Arc<Slots>,
    pub(super) round_trip: Duration,
}

impl Ask<'_> {
    /// The TTL that the answer arrives with; `None` where it does not come every time.
    pub(super) async fn arrival_ttl(&self) -> Option<u8> {
        let starts: Vec<u8> = std::iter::once(1).chain(INITIAL.map(|ttl| ttl - HOPS)).collect();
        let heard = self.heard(&starts).await;
        if !heard[0] {
            return None;
        }
        let class = heard.iter().rposition(|heard| *heard)?;
        let (mut low, mut high) = match class {
            0 => return None,
            class => (starts[class], INITIAL[class - 1]),
        };
        while low < high {
            let step = (high - low).div_ceil(CUTS + 1).max(1);
            let cuts: Vec<u8> =
                (1..=CUTS).map(|n| low.saturating_add(n * step)).filter(|c| *c <= high).collect();
            let heard = self.heard(&cuts).await;
            // What is heard at one TTL is heard at each smaller one, unless packets are lost.
            let last = heard.iter().rposition(|heard| *heard);
            high = last.map_or(cuts[0], |at| cuts.get(at + 1).map_or(high + 1, |cut| *cut)) - 1;
            low = last.map_or(low, |at| cuts[at]);
        }
        Some(low)
    }

    /// Who sent it, from all that can be held against the arrival; how far the SYN had to go is asked
    /// last, since routers answer few such questions.
    pub(super) async fn origin(
        &self,
        arrival_ttl: u8,
        syn_ttl: impl Future<Output = Result<u8, Untraced>>,
        open: impl Fn() -> Option<Open>,
    ) -> Origin {
        let mut origin = Origin {
            who: Who::Unknown,
            arrival_ttl,
            syn_ttl: None,
            reference: None,
            untraced: None,
        };
        // An answer without a hop behind it comes from this host or from a neighbour.
        if INITIAL.contains(&arrival_ttl) && self.comes_from_ourselves(arrival_ttl).await {
            origin.who = Who::Ourselves;
            return origin;
        }
        if self.by_reference(&mut origin, open()).await {
            return origin;
        }
        match syn_ttl.await {
            Ok(ttl) => origin.syn_ttl = Some(ttl),
            Err(untraced) => origin.untraced = Some(untraced),
        }
        // A port of the host may have been found open meanwhile, which tells more than a distance.
        if !self.by_reference(&mut origin, open()).await {
            origin.who = origin.syn_ttl.map_or(Who::Unknown, |ttl| by_distance(arrival_ttl, ttl));
        }
        origin
    }

    /// Notes what an open port tells; whether it does.
    async fn by_reference(&self, origin: &mut Origin, open: Option<Open>) -> bool {
        let Some(open) = open else { return false };
        let Some(who) = self.against(open, origin.arrival_ttl).await else { return false };
        (origin.who, origin.reference, origin.untraced) = (who, Some(open.port), None);
        true
    }

    /// Holds the arrival against the host's own answer at an open port: is that from farther away? The
    /// connection is never accepted where it is, and closed at once where it is not.
    async fn against(&self, open: Open, arrival_ttl: u8) -> Option<Who> {
        let address = SocketAddr::new(self.address.ip(), open.port);
        // The host may be much farther away than whoever sent the RST.
        let other = Ask { address, round_trip: open.round_trip.max(self.round_trip), ..*self };
        for _ in 0..2 {
            match other.heard(&[1, arrival_ttl]).await[..] {
                [true, true] => return Some(Who::Target),
                [true, false] => {}
                _ => return None,
            }
        }
        Some(Who::Router)
    }

    /// Whether our own packet filter sent it. A socket that is deaf to the answer has to send its SYN
    /// again, and then the kernel knows whether that left this host.
    async fn comes_from_ourselves(&self, arrival_ttl: u8) -> bool {
        let Some(above) = arrival_ttl.checked_add(1) else { return false };
        let Some(_spare) = self.slots.spare() else { return false };
        let Ok(deaf) = listening_from(self.address, above, self.options) else { return false };
        let answered = timeout(REPETITION, deaf.writable()).await;
        answered.is_err() && sys::kept_back(&deaf)
    }

    /// Whether an answer comes at each of these least TTLs.
    async fn heard(&self, least: &[u8]) -> Vec<bool> {
        let patience = (self.round_trip * 4).clamp(AT_LEAST, AT_MOST);
        let mut probes = JoinSet::new();
        for (at, least) in least.iter().copied().enumerate() {
            let Some(spare) = self.slots.spare() else { continue };
            let options = Options { connect_only: true, ..self.options.clone() };
            let address = self.address;
            probes.spawn(async move {
                let answer = timeout(patience, answers(address, least, &options)).await;
                drop(spare);
                (at, answer.unwrap_or(false))
            });
        }
        let mut heard = vec![false; least.len()];
        while let Some(joined) = probes.join_next().await {
            if let Ok((at, answered)) = joined {
                heard[at] = answered;
            }
        }
        heard
    }
}

/// A socket that has sent a SYN and takes only answers with at least this TTL.
fn listening_from(address: SocketAddr, least: u8, options: &Options) -> io::Result<TcpStream> {
    let socket = open(address, options)?;
    sys::least_ttl(&socket, address.is_ipv6(), least)?;
    send_syn(&socket, address)?;
    TcpStream::from_std(socket.into())
}

/// Whether a SYN is answered by RST or a connection with at least this TTL.
async fn answers(address: SocketAddr, least: u8, options: &Options) -> bool {
    let Ok(stream) = listening_from(address, least, options) else { return false };
    let Ok((refused, icmp)) = drawn(&stream).await else { return false };
    let by_rst = |error: io::Error| error.raw_os_error() == Some(libc::ECONNREFUSED);
    refused.is_none_or(|error| by_rst(error) && icmp.is_none())
}

/// Who is as far away as the answer says, where the SYN had to go this far: taken that the way back is
/// as long as the way there.
fn by_distance(arrival_ttl: u8, syn_ttl: u8) -> Who {
    let initial = INITIAL.into_iter().find(|initial| *initial >= arrival_ttl).unwrap_or(255);
    match (initial - arrival_ttl + 1).cmp(&syn_ttl) {
        std::cmp::Ordering::Less => Who::Router,
        std::cmp::Ordering::Equal => Who::Target,
        std::cmp::Ordering::Greater => Who::Unknown,
    }
}

impl Origin {
    /// Tells what is known in the fault of a refusal.
    pub fn tell(&self, mut fault: Fault, address: SocketAddr) -> Fault {
        let (who, told) = match (self.who, self.reference) {
            (Who::Ourselves, _) => {
                fault.code = FaultCode::LocalPermission;
                fault.detail = format!(
                    "this host's own packet filter refuses a connection to {address} (RST)"
                );
                (Some("self"), "")
            }
            (Who::Router, Some(_)) => (
                Some("router"),
                "; the host's own answers come from farther away: a box in front sent it",
            ),
            // Where the way back is shorter than the way there, the host's own RST looks so too.
            (Who::Router, None) => (
                None,
                "; it was sent nearer than the SYN had to go: by a box in front of the host, if the \
                 way back is as long as the way there",
            ),
            (Who::Target, _) => (Some("target"), "; it was sent as far away as the host is"),
            (Who::Unknown, _) => (None, ""),
        };
        fault.detail.push_str(told);
        fault
            .with(Key::ArrivalTtl, self.arrival_ttl)
            .with_some(Key::AnsweredBy, who)
            .with_some(Key::SynTtl, self.syn_ttl)
            .with_some(Key::Untraced, self.untraced.map(Untraced::words))
            .with_some(Key::Reference, self.reference.map(|port| format!("port {port}")))
    }
}

#[cfg(test)]
mod tests {
    use super::{Who, by_distance};

    #[test]
    fn an_answer_with_fewer_hops_behind_it_than_the_syn_had_is_from_a_box_in_front() {
        // As measured over two routers: the host's RST arrives with 62, the second router's with 63.
        assert_eq!(by_distance(62, 3), Who::Target);
        assert_eq!(by_distance(63, 3), Who::Router);
        assert_eq!(by_distance(254, 2), Who::Target);
        // The way back is longer than the way there: nothing can be told.
        assert_eq!(by_distance(60, 3), Who::Unknown);
    }
}
