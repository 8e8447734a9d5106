//! Names.

use crate::model::evidence::Key as K;
use crate::model::fault::FaultCode as C;
use crate::model::words::command::{
    COREDNS, DIG, DIG_SERVER, DIG_TCP, DIG_TRACE, DNS_ENDPOINTS, ENDPOINTS, GETENT, RESOLV_CONF,
    ROUTE_TO_DNS,
};
use crate::model::words::{When, Words};

pub(super) const WORDS: &[Words] = &[
    Words {
        code: C::DnsNxdomain,
        decided: "RCODE 3 in the answer to our question",
        means: "A name server answered, and says that neither this name nor any below it exists. \
                Every entry of the search list was tried.",
        is_not: "No failure of the network: a server was reached and is sure. An address that is \
                 missing from an existing name is dns.no-data.",
        evidence: &[K::Name, K::NamesTried, K::Resolver, K::Rcode],
        hint: "check the spelling, the namespace in the name and the search list; then ask who keeps the zone",
        when: &[When {
            holds: |fault| fault.evidence.text(K::Name).is_some_and(|name| name.contains(".svc")),
            hint: "check that the Service exists in the namespace that the name has; then the search list",
        }],
        commands: [DIG, RESOLV_CONF, DIG_TRACE],
        sources: &["RFC 1035 §4.1.1", "RFC 8020 §2", "resolv.conf(5)"],
    },
    Words {
        code: C::DnsNoData,
        decided: "RCODE 0 without a record of the type, for A and AAAA",
        means: "The name exists, and has no address of a family that this row may use.",
        is_not: "No misspelt name: that is dns.nxdomain. A refused AAAA beside a good A is no fault.",
        evidence: &[K::Name, K::A, K::Aaaa, K::CnameChain, K::Resolver],
        hint: "ask who keeps the zone for an A or AAAA record; for a headless Service, look for ready endpoints",
        when: &[When {
            holds: |fault| fault.evidence.text(K::Name).is_some_and(|name| name.contains(".svc")),
            hint: "look for ready endpoints: a headless Service without one has no address",
        }],
        commands: [DIG, ENDPOINTS, DIG_TRACE],
        sources: &["RFC 2308 §2.2", "Kubernetes: DNS for Services and Pods"],
    },
    Words {
        code: C::DnsServfail,
        decided: "RCODE 2 from the last server that was asked",
        means: "A name server was reached and could not find out: its upstream is dead, the zone is \
                broken, or DNSSEC does not verify.",
        is_not: "Says nothing of whether the name exists, and is no lost packet.",
        evidence: &[K::Name, K::Resolver, K::Rcode],
        hint: "look at the name server's log: its upstream or the zone is broken",
        when: &[],
        commands: [DIG_SERVER, DIG_TRACE, COREDNS],
        sources: &["RFC 1035 §4.1.1", "RFC 2308 §7.1"],
    },
    Words {
        code: C::DnsRefused,
        decided: "RCODE 5 from the last server that was asked",
        means: "The name server does not answer questions from this address or for this zone.",
        is_not: "No firewall: the answer came from the server itself.",
        evidence: &[K::Name, K::Resolver, K::Rcode],
        hint: "ask the name server's keepers to let this client ask, or correct resolv.conf",
        when: &[],
        commands: [DIG_SERVER, RESOLV_CONF, GETENT],
        sources: &["RFC 1035 §4.1.1"],
    },
    Words {
        code: C::DnsError,
        decided: "any other RCODE than 0, 2, 3 and 5",
        means: "The name server answered with a code that names another error: FORMERR and NOTIMP \
                come from old or strict servers.",
        is_not: "No time-out and no malformed answer.",
        evidence: &[K::Name, K::Resolver, K::Rcode],
        hint: "look at the name server's log for this response code",
        when: &[],
        commands: [DIG_SERVER, DIG_TCP, COREDNS],
        sources: &["RFC 6895 §2.3"],
    },
    Words {
        code: C::DnsLoop,
        decided: "a CNAME that leads to a name already passed, or too many in a row",
        means: "The aliases of the name lead in a circle, or there are more than 16 in a row, so that no \
                address is reached.",
        is_not: "No missing record. Some servers answer such a circle with SERVFAIL.",
        evidence: &[K::Name, K::CnameChain, K::Limit, K::Resolver],
        hint: "ask who keeps the zone to break the circle of aliases, or to shorten the chain",
        when: &[],
        commands: [DIG, DIG_TRACE, DIG_SERVER],
        sources: &["RFC 1034 §3.6.2"],
    },
    Words {
        code: C::DnsTruncated,
        decided: "the TC bit in the answer over UDP, and no answer over TCP",
        means: "The answer does not fit into a datagram, and asking again over TCP failed.",
        is_not: "The name is not at fault: small answers of this server come through.",
        evidence: &[K::Name, K::Resolver, K::Errno],
        hint: "let TCP port 53 to the name server through",
        when: &[],
        commands: [DIG_TCP, DIG_SERVER, ROUTE_TO_DNS],
        sources: &["RFC 7766 §5", "RFC 1035 §4.2.1"],
    },
    Words {
        code: C::DnsTimeout,
        decided: "nothing with our ID from any server, within the time",
        means: "Every name server of resolv.conf was asked, more than once, and none answered.",
        is_not: "Says nothing of the name. A server that can't be reached at all, by ICMP or by a \
                 local error, is dns.unreachable.",
        evidence: &[K::Name, K::Resolver, K::ServersAsked],
        hint: "let UDP and TCP port 53 to the name server through, and check that it runs",
        when: &[],
        commands: [DIG_SERVER, DNS_ENDPOINTS, ROUTE_TO_DNS],
        sources: &["RFC 1035 §4.2.1", "resolv.conf(5)"],
    },
    Words {
        code: C::DnsMalformed,
        decided: "our ID came back with records that can't be read, or with no answer to our question",
        means: "Something answers at the name server's address, and its answer breaks the format or \
                is about another question.",
        is_not: "No forgery that was believed: answers with another ID are ignored.",
        evidence: &[K::Name, K::A, K::Aaaa, K::Resolver],
        hint: "check that the address in resolv.conf is a name server, and its log",
        when: &[],
        commands: [DIG_SERVER, DIG_TCP, RESOLV_CONF],
        sources: &["RFC 1035 §4.1"],
    },
    Words {
        code: C::DnsUnreachable,
        decided: "errno or ICMP on the connected UDP socket of the name server",
        means: "No question arrived: the system or a router says that there is no way to the name \
                server, or that nothing listens there.",
        is_not: "No silence: somebody said so.",
        evidence: &[K::Name, K::Resolver, K::Errno],
        hint: "check the name server's address in resolv.conf and the route to it",
        when: &[],
        commands: [RESOLV_CONF, ROUTE_TO_DNS, DNS_ENDPOINTS],
        sources: &["RFC 1122 §4.1.3.3", "udp(7)"],
    },
];
