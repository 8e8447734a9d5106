//! Peers that accept and then don't do their part.

use crate::model::evidence::Key as K;
use crate::model::fault::{Fault, FaultCode as C};
use crate::model::words::command::{
    CONNECT, CONTAINERS, ENDPOINTS, LOGS, PING_SIZE, SIDECAR_LOGS, TRACEPATH, TRY,
};
use crate::model::words::{When, Words};

/// Gone before it said a byte: what a sidecar without a live back end does.
fn without_a_byte(fault: &Fault) -> bool {
    fault.evidence.number(K::Bytes) == Some(0)
}

const SIDECAR: When = When {
    holds: without_a_byte,
    hint: "a sidecar or load balancer whose back end is gone is likely: it accepts, and leaves without a byte; look at its log and at the Service's endpoints",
};

pub(super) const WORDS: &[Words] = &[
    Words {
        code: C::PeerReset,
        decided: "ECONNRESET or EPIPE after the handshake of TCP",
        means: "The connection was accepted and then reset, before the answer was whole.",
        is_not: "Not tcp.refused: the SYN was answered. Who accepted need not be the service: \
                 sidecars and load balancers accept in its place.",
        evidence: &[K::Bytes, K::Errno, K::FirstBytes],
        hint: "look at the destination's log; a sidecar or load balancer without a live back end does this too",
        when: &[SIDECAR],
        commands: [LOGS, ENDPOINTS, SIDECAR_LOGS],
        sources: &["RFC 9293 §3.5.2", "Envoy: access log response flags (UF, UH, UC)"],
    },
    Words {
        code: C::PeerClosed,
        decided: "end of stream (FIN) before the answer was whole",
        means: "The peer closed the connection in order, and too early.",
        is_not: "No time-out and no RST. Zero bytes hint at something in between, many at a service \
                 that died in mid-answer.",
        evidence: &[K::Bytes, K::FirstBytes],
        hint: "look at the destination's log; a sidecar or load balancer without a live back end does this too",
        when: &[SIDECAR],
        commands: [LOGS, ENDPOINTS, SIDECAR_LOGS],
        sources: &["RFC 9293 §3.6", "RFC 9112 §8"],
    },
    Words {
        code: C::PeerSilent,
        decided: "no byte within the time-out, after the handshake of TCP",
        means: "The connection is open, our question is sent, and nothing comes back.",
        is_not: "Not tcp.filtered: the SYN was answered. The kernel accepts for a process that hangs, \
                 and so does a load balancer that still tries its back ends.",
        evidence: &[K::Bytes, K::WaitedMs],
        hint: "check that the service behind the port is alive: the kernel accepts for a process that hangs",
        when: &[],
        commands: [LOGS, TRY, CONTAINERS],
        sources: &["listen(2)", "tcp(7)"],
    },
    Words {
        code: C::PeerStalled,
        decided: "some bytes, then none until the time-out; or ETIMEDOUT while sending",
        means: "The answer began and stopped.",
        is_not: "Not peer.silent: something was said. If small answers pass and large ones stall, it \
                 is the path, not the service.",
        evidence: &[K::Bytes, K::WaitedMs, K::PathMtu, K::Mss, K::Retransmits],
        hint: "look at the destination's load; if only large answers stall, look for a path MTU black hole",
        when: &[],
        commands: [TRACEPATH, PING_SIZE, CONNECT],
        sources: &["RFC 2923 §2.1", "RFC 8899 §1", "tracepath(8)"],
    },
];
