//! What must be blocked, and meshes that accept everything.

use crate::model::evidence::Key as K;
use crate::model::fault::FaultCode as C;
use crate::model::words::command::{
    CONNECT, CONTAINERS, EXPLAIN_ROW, LINT, NFT_THERE, POLICIES_HERE, POLICIES_THERE, RUN_ROW,
    SIDECAR_LOGS, TRACEROUTE, TRY,
};
use crate::model::words::{When, Words};

pub(super) const WORDS: &[Words] = &[
    Words {
        code: C::PolicyReached,
        decided: "an answer of any protocol, or a plain connect where the probe is tcp",
        means: "The row must be blocked, and the connection works.",
        is_not: "Not a fault of the service: it does what it should, for too many.",
        evidence: &[K::FirstBytes, K::Status, K::Control],
        hint: "add the rule that should block this, or correct the row",
        when: &[],
        commands: [POLICIES_HERE, POLICIES_THERE, CONNECT],
        sources: &["Kubernetes: Network Policies"],
    },
    Words {
        code: C::PolicyWrongFault,
        decided: "a fault that is neither tcp.filtered, tcp.prohibited, proxy.denied nor in `by`",
        means: "The row must be blocked, and something stopped it that is no proof of a policy: a \
                dead service, a name that does not exist, our own missing route.",
        is_not: "Neither a pass nor a fail: it can't be told.",
        evidence: &[K::Cause, K::Errno],
        hint: "read the cause: it is no filter's; name it in `by` if your firewall rejects so",
        when: &[When {
            holds: |fault| {
                matches!(fault.evidence.text(K::Cause), Some("tcp.refused" | "peer.reset"))
            },
            hint: "a dead service refuses so too: start it and run again, or name the cause in `by` if your firewall rejects so",
        }],
        commands: [TRACEROUTE, NFT_THERE, EXPLAIN_ROW],
        sources: &["nmap: port scanning basics", "RFC 9293 §3.5.2"],
    },
    Words {
        code: C::PolicyNoControl,
        decided: "no row of this source that should work did",
        means: "The row is blocked, and so is all else from here: the pod may have no network at all.",
        is_not: "No proof of a policy, and no disproof.",
        evidence: &[K::Control, K::Cause],
        hint: "run together with a row that should work, or give the source a positive control",
        when: &[],
        commands: [LINT, RUN_ROW, TRACEROUTE],
        sources: &["connprobe: site file, `controls`"],
    },
    Words {
        code: C::MeshAcceptsAll,
        decided: "the negative control, an address that nobody has, accepted our connection",
        means: "Something close by, a mesh sidecar or a transparent proxy, accepts every connection, \
                so a TCP connect proves nothing here.",
        is_not: "Not a fault of the destination: it was perhaps never reached.",
        evidence: &[K::Control],
        hint: "give the row a probe of its protocol: a TCP connect proves nothing behind this sidecar",
        when: &[],
        commands: [CONTAINERS, SIDECAR_LOGS, TRY],
        sources: &["Istio: traffic interception", "Linkerd: protocol detection", "RFC 5737"],
    },
];
