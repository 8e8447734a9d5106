//! Whether silence depends on the size of packets: a path MTU black hole (RFC 2923 §2.1).
//!
//! Where a router drops what is too large for the next link and its ICMP message is filtered, the
//! handshake of TCP passes and the first large packet of either side never arrives. So a row that met
//! silence climbs once more with segments of 536 bytes, which both sides then keep to, since it is also
//! what we say that we take (RFC 9293 §3.7.1). An answer now is no proof yet, for a service may just
//! have been slow, or one of several back ends dead: an ordinary connection right after has to meet
//! silence again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::{Attempt, Fault, FaultCode, Key, Layer, Outcome};
use crate::net::tcp::Info;
use crate::runner::execute::climb::{Climb, Climbed};

/// The segment that every host takes and every path carries (RFC 9293 §3.7.1), in bytes.
const SMALL: u32 = 536;
/// How long an ordinary connection gets to answer as well, at least and where the time allows.
const PATIENCE: Duration = Duration::from_secs(1);

impl Climb {
    /// Of an attempt that met silence: finds out whether that depends on size, within half of the time that
    /// the silent step had; says so in its fault.
    pub(super) async fn weigh(&self, climbed: &mut Climbed) {
        let attempt = &mut climbed.attempt;
        let (Some(first), Some(at)) = (climbed.ended, stopped_at(attempt)) else { return };
        // As with traces: who wants none wants no more than the row's own connections.
        if self.target.tcp.tracer.is_none() {
            return;
        }
        let within = match at {
            Layer::Tls => self.target.timeouts.tls,
            _ => self.target.timeouts.answer,
        };
        let work = self.sizes(&first, at, PATIENCE.min(within / 4));
        let sizes = tokio::time::timeout(within / 2, work).await;
        if let (Ok(Some(sizes)), Some(fault)) = (sizes, &mut attempt.fault) {
            sizes.tell(fault);
        }
    }

    async fn sizes(&self, first: &Info, at: Layer, patience: Duration) -> Option<Sizes> {
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
        let sizes = Sizes::of(self.header(first), first, &exchanged)?;
        // Rejected credentials are not tried again for this.
        if small.attempt.fault.is_some_and(|fault| fault.code == FaultCode::AuthRejected) {
            return None;
        }
        let patience = patience.max(begun.elapsed() * 4);
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

fn at_most(segment: u32, bytes: u64) -> u32 {
    segment.min(u32::try_from(bytes).unwrap_or(u32::MAX))
}

/// The sizes of packets that pass and that don't, in bytes.
struct Sizes {
    passed: u32,
    lost: u32,
}

impl Sizes {
    /// By the largest segments of either connection: ours where ours are not acknowledged, else the
    /// peer's. `None` where what was lost is no larger than what passed.
    fn of(header: u32, first: &Info, small: &Info) -> Option<Self> {
        let lost = match first.unacknowledged {
            0 => at_most(first.advertised, small.received),
            _ => at_most(first.mss, small.sent),
        };
        let passed = at_most(small.mss, small.sent.max(small.received));
        (lost > passed).then_some(Self { passed: header + passed, lost: header + lost })
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
    use super::Sizes;
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
            out_of_order: 0,
        }
    }

    #[test]
    fn small_packets_are_no_question_of_size() {
        let small = Info { mss: 524, ..info(40, 500) };
        assert!(Sizes::of(52, &info(40, 0), &small).is_none());
    }

    #[test]
    fn what_is_not_acknowledged_was_lost_and_else_what_the_peer_had_to_send() {
        let lost = |first: &Info, small: &Info| {
            let sizes = Sizes::of(52, first, &Info { mss: 524, ..*small }).unwrap();
            assert_eq!(sizes.passed, 576);
            sizes.lost
        };
        assert_eq!(lost(&info(40, 0), &info(40, 1_200)), 1_252);
        let first = Info { unacknowledged: 1, ..info(1_300, 0) };
        assert_eq!(lost(&first, &info(1_300, 9_000)), 1_352);
    }
}
