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

fn by_size(fault: &Fault) -> bool {
    fault.evidence.number(K::SizeLost).is_some()
}

/// Whether ICMP told our system that packets of the connection are rejected: it left its errno.
fn rejected(fault: &Fault) -> bool {
    fault.evidence.number(K::Unacknowledged).is_some() && fault.evidence.text(K::Errno).is_some()
}

const BLACK_HOLE: When = When {
    holds: by_size,
    hint: "large packets die on the way and small ones pass (a path MTU black hole): let ICMP `fragmentation needed` and ICMPv6 `packet too big` through, or clamp the MSS at the tunnel, VPN or overlay in between",
};

const REJECTED: When = When {
    holds: rejected,
    hint: "something on the way let the handshake pass and then rejected packets of the connection by ICMP: ask whoever runs the firewall on the way",
};

const UNACKNOWLEDGED: When = When {
    holds: |fault| fault.evidence.number(K::Unacknowledged).is_some(),
    hint: "the peer's system does not even acknowledge what we send: the path went dead after the handshake; look for a stateful firewall that sees one direction only, and for a load balancer whose back end is gone",
};

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
                 sidecars and load balancers accept in its place. A plain tcp row says nothing and does not look for it.",
        evidence: &[K::Bytes, K::Errno, K::FirstBytes],
        hint: "look at the destination's log; a sidecar or load balancer without a live back end does this too",
        when: &[SIDECAR],
        commands: [LOGS, ENDPOINTS, SIDECAR_LOGS],
        sources: &["RFC 9293 §3.5.2", "Envoy: access log response flags (UF, UH, UC)"],
    },
    Words {
        code: C::PeerClosed,
        decided: "end of stream (FIN) before the answer was whole; over TLS, where only the end of the connection \
                  ends a body: no close_notify, and what the row states is not in it",
        means: "The peer closed the connection in order, and too early.",
        is_not: "No time-out and no RST. Zero bytes hint at something in between, many at a service \
                 that died in mid-answer.",
        evidence: &[K::Bytes, K::FirstBytes, K::BodyProblem],
        hint: "look at the destination's log; a sidecar or load balancer without a live back end does this too",
        when: &[SIDECAR],
        commands: [LOGS, ENDPOINTS, SIDECAR_LOGS],
        sources: &["RFC 9293 §3.6", "RFC 9112 §8", "RFC 9112 §9.8"],
    },
    Words {
        code: C::PeerSilent,
        decided: "no byte within the time-out, after the handshake of TCP",
        means: "The connection is open, our question is sent, and nothing comes back.",
        is_not: "Not tcp.filtered: the SYN was answered. The kernel accepts for a process that hangs, \
                 and so does a load balancer that still tries its back ends.",
        evidence: &[K::Bytes, K::WaitedMs, K::Retransmits, K::Unacknowledged, K::Errno],
        hint: "check that the service behind the port is alive: the kernel accepts for a process that hangs",
        when: &[REJECTED, UNACKNOWLEDGED],
        commands: [LOGS, TRY, CONTAINERS],
        sources: &["listen(2)", "tcp(7)"],
    },
    Words {
        code: C::PeerStalled,
        decided: "some bytes, then none until the time-out; or ETIMEDOUT while sending; or silence that a \
                  second connection with segments of 536 bytes (TCP_MAXSEG) does not meet, \
                  and a third one with ordinary segments does",
        means: "The answer began and stopped, or does so where packets are large: then size_passed and \
                size_lost say which pass and which do not.",
        is_not: "Not peer.silent: something was said, or is said to small packets. With size_lost it is \
                 the path, not the service.",
        evidence: &[
            K::Bytes,
            K::WaitedMs,
            K::SizePassed,
            K::SizeLost,
            K::PathMtu,
            K::Mss,
            K::Retransmits,
            K::Unacknowledged,
            K::OutOfOrder,
            K::Errno,
            K::Cause,
        ],
        hint: "look at the destination's load and log: it began to answer, and stopped",
        when: &[BLACK_HOLE, REJECTED, UNACKNOWLEDGED],
        commands: [TRACEPATH, PING_SIZE, CONNECT],
        sources: &["RFC 2923 §2.1", "RFC 8899 §1", "tracepath(8)"],
    },
];
