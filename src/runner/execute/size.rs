//! Whether silence depends on the size of packets: a path MTU black hole (RFC 2923 §2.1).
//!
//! Where a router drops what is too large for the next link and its ICMP message is filtered, the
//! handshake of TCP passes and the first large packet of either side never arrives. So a row that met
//! silence climbs once more with segments of 536 bytes, which both sides then keep to, since it is also
//! what we say that we take (RFC 9293 §3.7.1). An answer now is no proof yet, for a service may just
//! have been slow: either the kernel's counters of the first connection show a large packet lost for
//! good, or an ordinary connection right after has to meet silence again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::{Attempt, Fault, FaultCode, Key, Layer, Outcome};
use crate::net::tcp::Info;
use crate::runner::execute::climb::{Climb, Climbed};

/// The segment that every host takes and every path carries (RFC 9293 §3.7.1), in bytes.
const SMALL: u32 = 536;
/// Least time that an ordinary connection gets to answer as well.
const PATIENCE: Duration = Duration::from_secs(1);

impl Climb {
    /// Finds out whether the silence that an attempt met depends on size, within half of the time that
    /// the silent step had; says so in its fault.
    pub(super) async fn weigh(&self, climbed: &mut Climbed) {
        let attempt = &mut climbed.attempt;
        let silent = attempt.fault.as_ref().is_some_and(|fault| fault.code.is_silence());
        let (true, Some(first), Some(at)) = (silent, climbed.ended, stopped_at(attempt)) else {
            return;
        };
        // As with traces: who wants none wants no more than the row's own connections.
        if self.target.tcp.tracer.is_none() {
            return;
        }
        let within = match at {
            Layer::Tls => self.target.timeouts.tls,
            _ => self.target.timeouts.answer,
        };
        let sizes = tokio::time::timeout(within / 2, self.sizes(&first, at)).await;
        if let (Ok(Some(sizes)), Some(fault)) = (sizes, &mut attempt.fault) {
            sizes.tell(fault);
        }
    }

    async fn sizes(&self, first: &Info, at: Layer) -> Option<Sizes> {
        let mut target = self.target.as_ref().clone();
        target.watch = None;
        let ordinary = Arc::new(target.clone());
        target.tcp.max_segment = Some(SMALL);
        let begun = Instant::now();
        let small = self.once(&Arc::new(target)).await;
        if !answered(&small.attempt, at) {
            return None;
        }
        let exchanged = small.ended?;
        let sizes = |lost| Sizes::new(self.header(first), &exchanged, lost);
        if let Some(sizes) = lost(first, &exchanged).and_then(sizes) {
            return Some(sizes);
        }
        let sizes = sizes(largest(first, &exchanged))?;
        // Rejected credentials are not tried again for this.
        if small.attempt.fault.is_some_and(|fault| fault.code == FaultCode::AuthRejected) {
            return None;
        }
        let patience = PATIENCE.max(begun.elapsed() * 4);
        let silent = match tokio::time::timeout(patience, self.once(&ordinary)).await {
            Ok(again) => again.attempt.fault.is_some_and(|fault| fault.code.is_silence()),
            Err(_) => true,
        };
        silent.then_some(sizes)
    }

    /// Bytes of a packet beside its segment's: of IP, of TCP and of its timestamps.
    fn header(&self, info: &Info) -> u32 {
        let ip = if self.address.is_ipv6() { 40 } else { 20 };
        ip + 20 + if info.timestamps { 12 } else { 0 }
    }
}

/// The layer at which an attempt stopped.
fn stopped_at(attempt: &Attempt) -> Option<Layer> {
    attempt.steps.iter().find(|step| step.outcome == Outcome::Fault).map(|step| step.layer)
}

/// Whether an attempt got the answer that was waited for at a layer, whatever it says.
fn answered(attempt: &Attempt, at: Layer) -> bool {
    let Some(fault) = &attempt.fault else { return true };
    let passed = |layer, outcome| layer == at && outcome == Outcome::Ok;
    attempt.steps.iter().any(|step| passed(step.layer, step.outcome))
        || matches!(fault.code.as_str().split('.').next(), Some("tls" | "protocol" | "auth"))
}

/// The largest segment that the first connection is known to have lost for good: one of ours or of the
/// peer's before others that arrived.
fn lost(first: &Info, exchanged: &Info) -> Option<u32> {
    let ours = (first.behind_gap > 0).then(|| at_most(first.mss, exchanged.sent));
    let theirs = (first.out_of_order > 0).then(|| at_most(first.advertised, exchanged.received));
    ours.max(theirs)
}

/// The largest segment that either side had to send.
fn largest(first: &Info, exchanged: &Info) -> u32 {
    let ours = at_most(first.mss, exchanged.sent);
    ours.max(at_most(first.advertised, exchanged.received))
}

fn at_most(segment: u32, bytes: u64) -> u32 {
    segment.min(u32::try_from(bytes).unwrap_or(u32::MAX))
}

/// The sizes of packets that pass and that don't, in bytes.
struct Sizes {
    passed: u32,
    lost: u32,
}

impl Sizes {
    /// `None` where what was lost is no larger than what passed.
    fn new(header: u32, exchanged: &Info, lost: u32) -> Option<Self> {
        let segment = at_most(exchanged.mss, exchanged.sent.max(exchanged.received));
        let (passed, lost) = (header + segment, header + lost);
        (lost > passed).then_some(Self { passed, lost })
    }

    fn tell(&self, fault: &mut Fault) {
        let Self { passed, lost } = *self;
        if fault.code != FaultCode::PeerStalled {
            fault.evidence.set(Key::Cause, fault.code.as_str());
            fault.code = FaultCode::PeerStalled;
        }
        fault.detail.push_str(&format!(
            "; with small segments an answer comes: packets of {passed} bytes pass, and those of {lost} \
             don't"
        ));
        fault.evidence.set(Key::SizePassed, passed);
        fault.evidence.set(Key::SizeLost, lost);
    }
}

#[cfg(test)]
mod tests {
    use super::{Sizes, largest, lost};
    use crate::net::tcp::Info;

    /// A connection over which the peer could send 1,448 bytes at once.
    fn info(sent: u64, received: u64) -> Info {
        Info {
            rtt_us: 0,
            retransmits: 0,
            mss: 1_448,
            path_mtu: 1_500,
            advertised: 1_448,
            timestamps: true,
            sent,
            received,
            unacknowledged: 0,
            behind_gap: 0,
            out_of_order: 0,
        }
    }

    #[test]
    fn only_what_arrived_behind_a_gap_shows_a_large_packet_lost() {
        let exchanged = Info { mss: 524, ..info(3_000, 4) };
        assert_eq!(lost(&Info { unacknowledged: 3, ..info(3_000, 0) }, &exchanged), None);
        let first = Info { unacknowledged: 3, behind_gap: 1, ..info(3_000, 0) };
        assert_eq!(lost(&first, &exchanged), Some(1_448));
    }

    #[test]
    fn small_packets_are_no_question_of_size() {
        let exchanged = Info { mss: 524, ..info(40, 500) };
        let sizes = Sizes::new(52, &exchanged, largest(&info(40, 0), &exchanged));
        assert!(sizes.is_none());
        let exchanged = Info { mss: 524, ..info(40, 1_200) };
        let sizes = Sizes::new(52, &exchanged, largest(&info(40, 0), &exchanged)).unwrap();
        assert_eq!((sizes.passed, sizes.lost), (576, 1_252));
    }
}
