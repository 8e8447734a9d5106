//! Proxies.

use crate::model::evidence::Key as K;
use crate::model::fault::FaultCode as C;
use crate::model::words::command::{CONNECT_PROXY, CURL_PROXY, LINT, PROXY_VARIABLES, RUN_ROW};
use crate::model::words::{When, Words};

pub(super) const WORDS: &[Words] = &[
    Words {
        code: C::ProxyUnreachable,
        decided: "a fault of dns, tcp, tls or peer on the way to the proxy; evidence `cause` names it",
        means: "The proxy that the site names can't be reached, so nothing is known of the target.",
        is_not: "Says nothing of the target.",
        evidence: &[K::Proxy, K::ProxyName, K::Cause, K::Errno],
        hint: "check the proxy's address and that this source may reach it",
        when: &[],
        commands: [CONNECT_PROXY, PROXY_VARIABLES, LINT],
        sources: &["RFC 9110 §3.7"],
    },
    Words {
        code: C::ProxyAuthRequired,
        decided: "status 407, or SOCKS5 method 0xFF or a failed sub-negotiation",
        means: "The proxy wants credentials, and has none of ours or rejects them.",
        is_not: "Not the target asking: a 401 would be its.",
        evidence: &[K::Proxy, K::Status, K::Realm],
        hint: "give the site credentials for the proxy",
        when: &[],
        commands: [CURL_PROXY, PROXY_VARIABLES, LINT],
        sources: &["RFC 9110 §15.5.8", "RFC 1929 §2"],
    },
    Words {
        code: C::ProxyDenied,
        decided: "another 4xx to CONNECT, or SOCKS5 reply 2",
        means: "The proxy answers, and its rules forbid this target or port.",
        is_not: "No failure of the target: the proxy did not try.",
        evidence: &[K::Proxy, K::Status, K::SocksReply, K::Body],
        hint: "ask the proxy's keepers to allow this target",
        when: &[],
        commands: [CURL_PROXY, CONNECT_PROXY, PROXY_VARIABLES],
        sources: &["RFC 9110 §9.3.6", "RFC 1928 §6"],
    },
    Words {
        code: C::ProxyTargetUnreachable,
        decided: "a 5xx to CONNECT, or SOCKS5 reply 1, 3, 4, 5 or 6",
        means: "The proxy tried the target, and did not get there: its own name server, its own \
                firewall, or the target.",
        is_not: "Not the way from here to the proxy: that works.",
        evidence: &[K::Proxy, K::Status, K::SocksReply],
        hint: "look at the proxy's log: it can't reach the target itself",
        when: &[When {
            holds: |fault| fault.evidence.number(K::SocksReply) == Some(4),
            hint: "look at the proxy's own name server and routes: it finds no way to this host",
        }],
        commands: [CURL_PROXY, CONNECT_PROXY, RUN_ROW],
        sources: &["RFC 9110 §15.6", "RFC 1928 §6"],
    },
    Words {
        code: C::ProxyMalformed,
        decided: "an answer that is neither a head of HTTP nor a reply of SOCKS5",
        means: "Something listens where the site has the proxy, and it is no proxy of this kind.",
        is_not: "No refusal.",
        evidence: &[K::Proxy, K::FirstBytes, K::Bytes],
        hint: "check that a proxy of this kind listens there",
        when: &[],
        commands: [CONNECT_PROXY, CURL_PROXY, LINT],
        sources: &["RFC 9112 §4", "RFC 1928 §3"],
    },
];
