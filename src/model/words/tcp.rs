//! What happened to a SYN.

use crate::model::evidence::Key as K;
use crate::model::fault::{Fault, FaultCode as C};
use crate::model::words::command::{
    CONNECT, ENDPOINTS, LISTENERS, NFT, NFT_THERE, POLICIES_HERE, POLICIES_THERE, ROUTE, TRACEROUTE,
};
use crate::model::words::{When, Words};

fn offender_is(fault: &Fault, role: &str) -> bool {
    fault.evidence.text(K::AnsweredBy) == Some(role)
}

/// Whether an RST has fewer hops behind it than the SYN had before it, and nothing tells more. Systems
/// begin with a TTL of 64, 128 or 255.
fn nearer(fault: &Fault) -> bool {
    let number = |key| fault.evidence.number(key);
    let (Some(arrival), Some(syn)) = (number(K::ArrivalTtl), number(K::SynTtl)) else {
        return false;
    };
    let begun = [64, 128, 255].into_iter().find(|begun| *begun >= arrival).unwrap_or(arrival);
    fault.evidence.text(K::AnsweredBy).is_none() && begun - arrival + 1 < syn
}

pub(super) const WORDS: &[Words] = &[
    Words {
        code: C::TcpRefused,
        decided: "ECONNREFUSED with an empty error queue: RST",
        means: "Somebody answered our SYN with RST. The target's own system does so where nothing \
                listens on the port.",
        is_not: "No silence and no ICMP. A firewall that answers with RST looks the same, but for \
                 the TTL with which the RST arrives.",
        evidence: &[K::Errno, K::AnsweredBy, K::ArrivalTtl, K::SynTtl],
        hint: "check that the service runs and listens on this port; a firewall that answers with RST looks the same",
        when: &[
            When {
                holds: |fault| offender_is(fault, "router"),
                hint: "a box in front of the host sent this RST: ask whoever runs the firewall on the way",
            },
            When {
                holds: |fault| offender_is(fault, "self"),
                hint: "this host itself refuses: a Service without ready endpoints, or a rule on its way out",
            },
            When {
                holds: nearer,
                hint: "this RST comes from nearer than the SYN had to go: from a box in front of the host, or by a shorter way back; check that the service listens, then ask whoever runs the firewall on the way",
            },
        ],
        commands: [LISTENERS, ENDPOINTS, CONNECT],
        sources: &["RFC 9293 §3.5.2", "connect(2)", "nmap: port scanning basics (closed)"],
    },
    Words {
        code: C::TcpRejected,
        decided: "ICMP type 3 code 2 or 3, ICMPv6 type 1 code 4, in the error queue",
        means: "Our SYN was answered by ICMP port or protocol unreachable. A host answers RST, so \
                this is a rule that rejects, or kube-proxy for a Service without ready endpoints.",
        is_not: "Not the service refusing: it never saw the SYN.",
        evidence: &[K::Errno, K::IcmpType, K::IcmpCode, K::Offender, K::AnsweredBy],
        hint: "look for a rule that rejects with ICMP, or a Service without ready endpoints",
        when: &[When {
            holds: |fault| offender_is(fault, "self"),
            hint: "this host itself rejects: a Service without ready endpoints, or a rule on its way out",
        }],
        commands: [ENDPOINTS, NFT, TRACEROUTE],
        sources: &["RFC 792", "RFC 4443 §3.1", "Kubernetes: Virtual IPs and Service Proxies"],
    },
    Words {
        code: C::TcpProhibited,
        decided: "ICMP type 3 code 9, 10 or 13, ICMPv6 type 1 code 1, 5 or 6, in the error queue",
        means: "A router or firewall says that policy forbids this connection.",
        is_not: "Not the service, and no accident: it is configured.",
        evidence: &[K::Errno, K::IcmpType, K::IcmpCode, K::Offender, K::AnsweredBy],
        hint: "ask for a firewall or NetworkPolicy rule that lets this connection through; the offender in the evidence is who refuses",
        when: &[When {
            holds: |fault| offender_is(fault, "self"),
            hint: "this host's own rules prohibit it: look at its packet filter, not at the network",
        }],
        commands: [TRACEROUTE, POLICIES_HERE, NFT],
        sources: &["RFC 1812 §5.2.7.1", "RFC 4443 §3.1"],
    },
    Words {
        code: C::TcpFiltered,
        decided: "neither SYN-ACK, RST nor ICMP within the time-out",
        means: "Our SYNs vanish. Where a trace was made, the last hop that is known to have got \
                them is in the evidence.",
        is_not: "No proof of a firewall: a host that is down, or a route back that is missing, is \
                 silent too.",
        evidence: &[K::WaitedMs, K::Hops, K::DiesPastHop, K::LastHop, K::Untraced],
        hint: "ask for a firewall or NetworkPolicy rule that lets this connection through; a host that is down is silent too",
        when: &[When {
            holds: |fault| fault.evidence.number(K::DiesPastHop) == Some(0),
            hint: "no hop answers: look at NetworkPolicies and rules of this pod and node first",
        }],
        commands: [TRACEROUTE, POLICIES_HERE, POLICIES_THERE],
        sources: &["RFC 9293 §3.8.3", "tcp(7)", "nmap: port scanning basics (filtered)"],
    },
    Words {
        code: C::TcpHostUnreachable,
        decided: "ICMP type 3 code 1, ICMPv6 type 1 code 3, or EHOSTUNREACH of our own neighbour",
        means: "The last router, or this host in the same network, gets no answer from the address \
                at the link layer: the host is down or does not exist.",
        is_not: "No firewall's silence: a router says so.",
        evidence: &[K::Errno, K::IcmpType, K::IcmpCode, K::Offender],
        hint: "check that the host is up and has this address; the offender is the last router",
        when: &[When {
            holds: |fault| offender_is(fault, "self"),
            hint: "check that the host, or the gateway towards it, is up: it does not answer this host's ARP or ND; a rule on this host's way out that rejects so looks the same",
        }],
        commands: [TRACEROUTE, ROUTE, NFT_THERE],
        sources: &["RFC 792", "RFC 4861 §7.2.2"],
    },
    Words {
        code: C::TcpNetworkUnreachable,
        decided: "ICMP type 3 code 0, ICMPv6 type 1 code 0, in the error queue",
        means: "A router on the way has no route to this network.",
        is_not: "Not our own missing route: that is local.no-route.",
        evidence: &[K::Errno, K::IcmpType, K::IcmpCode, K::Offender],
        hint: "ask for a route to this network at the offender's address",
        when: &[],
        commands: [TRACEROUTE, ROUTE, CONNECT],
        sources: &["RFC 792", "RFC 4443 §3.1"],
    },
];
