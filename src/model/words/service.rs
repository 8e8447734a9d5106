//! What services say of themselves.

use crate::model::evidence::Key as K;
use crate::model::fault::{Fault, FaultCode as C};
use crate::model::words::command::{
    CLOCK, CURL_BODY, ENDPOINTS, EVENTS, HEALTH, INGRESS, LOGS, PG_ISREADY, POOLS, PSQL,
    PSQL_ACTIVITY, PSQL_LIST, PSQL_RECOVERY, S_CLIENT, SERVICE, TRY,
};
use crate::model::words::{When, Words};

fn skewed(fault: &Fault) -> bool {
    fault.evidence.number(K::SkewS).is_some_and(|seconds| seconds.abs() > 300)
}

pub(super) const WORDS: &[Words] = &[
    Words {
        code: C::ServiceNoSuchDatabase,
        decided: "SQLSTATE 3D000",
        means: "The login worked, and the database of that name does not exist.",
        is_not: "Not a wrong password: that is told before.",
        evidence: &[K::Database, K::Sqlstate, K::Phase, K::Pooler],
        hint: "create the database, or correct auth.database",
        when: &[When {
            holds: |fault| fault.evidence.get(K::Pooler).is_some(),
            hint: "look at the pooler's [databases]: it, or the server behind it, knows no database of this name",
        }],
        commands: [PSQL_LIST, PSQL, LOGS],
        sources: &["PostgreSQL: appendix A, 3D000 invalid_catalog_name"],
    },
    Words {
        code: C::ServiceTooManyConnections,
        decided: "SQLSTATE 53300",
        means: "The server, the role or the database has no connection left.",
        is_not: "Not a network that loses packets: the server said so.",
        evidence: &[K::Sqlstate, K::Phase, K::Message],
        hint: "look at who holds the connections; raise the limit or close idle ones",
        when: &[],
        commands: [PSQL_ACTIVITY, PG_ISREADY, POOLS],
        sources: &["PostgreSQL: appendix A, 53300", "PostgreSQL: max_connections"],
    },
    Words {
        code: C::ServiceNotReady,
        decided: "SQLSTATE 57P01 to 57P03, temporarily_unavailable, the service's own 503 while starting",
        means: "The service is starting, stopping or recovering, and says so.",
        is_not: "Not down: something answers in its own protocol.",
        evidence: &[K::Sqlstate, K::Message, K::Status],
        hint: "wait and try again; if it lasts, look at the service's log",
        when: &[],
        commands: [PG_ISREADY, LOGS, EVENTS],
        sources: &["PostgreSQL: appendix A, class 57", "RFC 9110 §15.6.4"],
    },
    Words {
        code: C::ServiceReadOnly,
        decided: "in_hot_standby or default_transaction_read_only, or SQLSTATE 25006",
        means: "The server answers and logs us in, and takes no writes, where the row needs them.",
        is_not: "Not a missing privilege.",
        evidence: &[K::InRecovery, K::ReadOnly, K::Sqlstate],
        hint: "connect to the primary: a standby answers here",
        when: &[When {
            holds: |fault| {
                fault.evidence.get(K::InRecovery) == Some(&crate::model::Value::Flag(false))
            },
            hint: "the primary answers and is switched to read-only: look at default_transaction_read_only and at a full disk",
        }],
        commands: [PSQL_RECOVERY, ENDPOINTS, SERVICE],
        sources: &["PostgreSQL: Hot Standby", "PostgreSQL: appendix A, 25006"],
    },
    Words {
        code: C::ServiceBackendDown,
        decided: "silence of a pooler at login or query, or its constant phrase for a dead server",
        means: "A pooler answers on the port, and the server behind it does not.",
        is_not: "Not the way from here: that ends at the pooler and works.",
        evidence: &[K::Pooler, K::Phase, K::Bytes, K::WaitedMs, K::Message],
        hint: "look at the server behind the pooler, and the pooler's log",
        when: &[],
        commands: [POOLS, LOGS, PG_ISREADY],
        sources: &["PgBouncer: configuration, query_wait_timeout", "PgBouncer: SHOW POOLS"],
    },
    Words {
        code: C::ServiceUnhealthy,
        decided: "health below what the row accepts, or the service's own 5xx",
        means: "The service itself answers, and says that it is not well.",
        is_not: "Not a gateway in between: the answer has the service's own marks.",
        evidence: &[K::ClusterHealth, K::ClusterName, K::Status, K::Body],
        hint: "look at the service's own health page and log",
        when: &[When {
            holds: |fault| fault.evidence.text(K::ClusterHealth) == Some("red"),
            hint: "a primary shard is missing: look at _cluster/allocation/explain and at nodes that left",
        }],
        commands: [HEALTH, LOGS, EVENTS],
        sources: &["Elasticsearch: Cluster health API", "RFC 9110 §15.6"],
    },
    Words {
        code: C::ServiceNotSticky,
        decided: "Bayeux 402 to a connect with the cookie of the handshake",
        means: "The requests of one session reach different servers, and the second does not know it.",
        is_not: "Not a lost login: the handshake was accepted.",
        evidence: &[K::BayeuxError, K::Connects, K::Advice],
        hint: "switch session affinity on in the ingress or load balancer",
        when: &[],
        commands: [INGRESS, SERVICE, ENDPOINTS],
        sources: &["CometD: reference, clustering and stickiness", "Kubernetes: sessionAffinity"],
    },
    Words {
        code: C::ServiceWrongPeer,
        decided: "product marks of another product, an issuer that the site does not expect, a block page",
        means: "The right protocol answers, and it is not the peer that the row means.",
        is_not: "Not another protocol: that is protocol.mismatch.",
        evidence: &[
            K::Product,
            K::Expected,
            K::Found,
            K::Issuer,
            K::ServerHeader,
            K::Gateway,
            K::Status,
            K::Location,
            K::Body,
        ],
        hint: "check host, port and what stands in between",
        when: &[
            When {
                holds: |fault| fault.evidence.get(K::Issuer).is_some(),
                hint: "somebody in between may break TLS open: compare the issuer with tls.issuers, and ask the proxy's keepers",
            },
            When {
                holds: |fault| fault.evidence.get(K::Gateway).is_some(),
                hint: "a firewall, proxy or portal answers with a page of its own: ask its keepers for a rule for this host, and name the mark",
            },
        ],
        commands: [TRY, S_CLIENT, CURL_BODY],
        sources: &["RFC 9110 §10.2.4", "RFC 7469 §1"],
    },
    Words {
        code: C::ServiceError,
        decided: "another SQLSTATE, service code or error word; evidence has it",
        means: "The service answers with an error of its own that has no code here.",
        is_not: "Not the network and not the login, as far as was seen.",
        evidence: &[K::Sqlstate, K::ServiceCode, K::OauthError, K::BayeuxError, K::Message],
        hint: "look at the service's log for the code in the evidence",
        when: &[When {
            holds: skewed,
            hint: "the clocks differ by more than five minutes, and signatures depend on time: set the clock of this host",
        }],
        commands: [LOGS, CURL_BODY, CLOCK],
        sources: &["PostgreSQL: appendix A", "Amazon S3: error responses"],
    },
];
