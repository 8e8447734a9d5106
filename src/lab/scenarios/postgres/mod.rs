//! PostgreSQL: every method, every state, and what is refused before and after the password.

mod scenes;

use serde_json::json;

use crate::lab::pki::{Leaf, Signer};
use crate::lab::postgres::{Method, Refusal, State};
use crate::lab::raw::{Manner, banner};
use crate::lab::scenario::{Scenario, Start};
use crate::model::{FaultCode as F, Key};
use scenes::{
    GOOD, PASSWORD, USER, anonymous, asked_for_tls, certificate, cleartext, declined, dialogue,
    hung, login, peer, plain, refused, secured, server, state, tls_needed, writable,
};

const fn good(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::good(name, "postgres", about, start)
}

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "postgres", code, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("postgres-scram-plus", "SCRAM bound to TLS", |ground| {
        Box::pin(secured(ground, server(), GOOD))
    }),
    good("postgres-scram", "SCRAM without TLS", |ground| Box::pin(plain(ground, server()))),
    good("postgres-md5", "MD5 without TLS", |ground| {
        Box::pin(plain(ground, server().method(Method::Md5)))
    }),
    good("postgres-cleartext-in-tls", "the password itself, within TLS", |ground| {
        Box::pin(secured(ground, server().method(Method::Cleartext), GOOD))
    }),
    good("postgres-certificate", "a client certificate", |ground| Box::pin(certificate(ground))),
    good("postgres-standby", "a standby, where reading is enough", |ground| {
        Box::pin(plain(ground, server().state(State::Standby)))
    }),
    good("postgres-writable", "a primary with its extensions and privileges", |ground| {
        Box::pin(writable(ground, server()))
    }),
    bad("postgres-wrong-password", F::AuthRejected, "28P01", |ground| {
        Box::pin(login(ground, USER, "wrong-password", "ucsx"))
    })
    .showing(&[(Key::Sqlstate, "28P01")]),
    bad("postgres-unknown-role", F::AuthRejected, "28P01 too", |ground| {
        Box::pin(login(ground, "nobody", PASSWORD, "ucsx"))
    })
    .showing(&[(Key::Sqlstate, "28P01")]),
    bad(
        "postgres-no-database",
        F::ServiceNoSuchDatabase,
        "3D000 after AuthenticationOk",
        |ground| Box::pin(login(ground, USER, PASSWORD, "missing")),
    )
    .showing(&[(Key::Sqlstate, "3D000")]),
    bad("postgres-no-connect", F::AuthForbidden, "42501 after AuthenticationOk", |ground| {
        Box::pin(refused(
            ground,
            Refusal::new("42501", "permission denied for database \"ucsx\"")
                .detail("User does not have CONNECT privilege."),
        ))
    })
    .near(F::ServiceNoSuchDatabase)
    .showing(&[(Key::Sqlstate, "42501")]),
    bad("postgres-nologin", F::AuthForbidden, "28000 after AuthenticationOk", |ground| {
        Box::pin(refused(
            ground,
            Refusal::new("28000", "role \"ucsx_t100\" is not permitted to log in"),
        ))
    })
    .showing(&[(Key::Sqlstate, "28000")]),
    bad(
        "postgres-role-limit",
        F::ServiceTooManyConnections,
        "53300 after AuthenticationOk",
        |ground| {
            Box::pin(refused(
                ground,
                Refusal::new("53300", "too many connections for role \"ucsx_t100\""),
            ))
        },
    )
    .showing(&[(Key::Sqlstate, "53300")]),
    bad("postgres-full", F::ServiceTooManyConnections, "53300 before it", |ground| {
        Box::pin(state(ground, State::Full))
    }),
    bad("postgres-no-hba", F::AuthForbidden, "no line of pg_hba.conf", |ground| {
        Box::pin(state(ground, State::NoHbaLine))
    })
    .showing(&[(Key::Sqlstate, "28000")]),
    bad("postgres-hba-reject", F::AuthForbidden, "a line that rejects", |ground| {
        Box::pin(state(ground, State::HbaReject))
    }),
    bad("postgres-starting", F::ServiceNotReady, "57P03 starting up", |ground| {
        Box::pin(state(ground, State::Starting))
    })
    .near(F::ServiceTooManyConnections)
    .showing(&[(Key::Sqlstate, "57P03")]),
    bad("postgres-cold-standby", F::ServiceNotReady, "57P03 not accepting", |ground| {
        Box::pin(state(ground, State::ColdStandby))
    }),
    bad("postgres-stopping", F::ServiceNotReady, "57P03 shutting down", |ground| {
        Box::pin(state(ground, State::Stopping))
    }),
    bad(
        "postgres-not-primary",
        F::ServiceReadOnly,
        "a standby, where writing is needed",
        |ground| Box::pin(writable(ground, server().state(State::Standby))),
    ),
    bad("postgres-read-only", F::ServiceReadOnly, "read-only by configuration", |ground| {
        Box::pin(writable(ground, server().state(State::ReadOnly)))
    }),
    bad(
        "postgres-false-proof",
        F::ServiceWrongPeer,
        "takes any password, and does not prove that it knows ours",
        |ground| Box::pin(plain(ground, server().method(Method::FalseScram))),
    )
    .near(F::AuthRejected),
    bad("postgres-error-to-tls", F::ServiceNotReady, "57P03 in place of S or N", |ground| {
        Box::pin(asked_for_tls(ground, b"E\0\0\0\x2bSFATAL\0C57P03\0Mstopping\0Fx.c\0L1\0Rf\0\0"))
    })
    .near(F::ProtocolMismatch)
    .showing(&[(Key::Sqlstate, "57P03"), (Key::Phase, "startup")]),
    bad("postgres-no-process", F::ServiceError, "words of protocol 2 to SSLRequest", |ground| {
        Box::pin(asked_for_tls(ground, b"Ecould not fork new process for connection: ENOMEM\n\0"))
    })
    .near(F::ProtocolMismatch),
    bad("postgres-rubbish-in-login", F::ProtocolMalformed, "a challenge, then rubbish", |ground| {
        Box::pin(dialogue(ground, &[b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0", b"\xff rubbish"]))
    })
    .near(F::ProtocolMismatch),
    bad("postgres-rubbish-in-query", F::ProtocolMalformed, "ready, then rubbish", |ground| {
        Box::pin(dialogue(ground, &[b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I", b"\xff rubbish"]))
    })
    .near(F::PeerClosed),
    bad("postgres-hung", F::PeerSilent, "a stopped postmaster", |ground| Box::pin(hung(ground)))
        .near(F::ServiceNotReady),
    bad(
        "postgres-no-credentials",
        F::AuthRequired,
        "asks for a password, and none is there",
        |ground| Box::pin(anonymous(ground)),
    )
    .near(F::AuthInsecure),
    bad(
        "postgres-cleartext",
        F::AuthInsecure,
        "wants the password itself, without TLS",
        |ground| Box::pin(cleartext(ground)),
    )
    .near(F::AuthMethodUnsupported),
    bad("postgres-gss", F::AuthMethodUnsupported, "wants Kerberos", |ground| {
        Box::pin(plain(ground, server().method(Method::Gss)))
    }),
    bad("postgres-tls-declined", F::TlsNotOffered, "N to SSLRequest", |ground| {
        Box::pin(declined(ground))
    }),
    bad("postgres-tls-needed", F::AuthForbidden, "hostssl alone, and no TLS of ours", |ground| {
        Box::pin(tls_needed(ground))
    })
    .near(F::TlsNotOffered)
    .showing(&[(Key::Sqlstate, "28000")]),
    bad("postgres-expired", F::TlsExpired, "an expired certificate", |ground| {
        Box::pin(secured(ground, server(), Leaf { until_days: -3, ..GOOD }))
    }),
    bad("postgres-self-signed", F::TlsSelfSigned, "autoGenerated: true", |ground| {
        Box::pin(secured(ground, server(), Leaf { signer: Signer::Itself, ..GOOD }))
    }),
    bad("postgres-other-name", F::TlsNameMismatch, "another name", |ground| {
        Box::pin(secured(ground, server(), Leaf { sans: &["pg.other.example"], ..GOOD }))
    }),
    bad("postgres-http", F::ProtocolMismatch, "HTTP on the port", |ground| {
        Box::pin(peer(ground, Manner::Answers(banner::HTTP.into())))
    })
    .showing(&[(Key::Spoke, "http")]),
    bad("postgres-mysql", F::ProtocolMismatch, "MySQL on the port", |ground| {
        Box::pin(peer(ground, Manner::Greets(banner::MYSQL.into())))
    })
    .showing(&[(Key::Spoke, "mysql")]),
    bad("postgres-ssh", F::ProtocolMismatch, "SSH on the port", |ground| {
        Box::pin(peer(ground, Manner::Greets(banner::SSH.into())))
    })
    .showing(&[(Key::Spoke, "ssh")]),
    bad(
        "postgres-ssh-asked-for-tls",
        F::ProtocolMismatch,
        "SSH, whose first letter looks like a yes to TLS",
        |ground| {
            Box::pin(async move {
                let scene = peer(ground, Manner::Greets(banner::SSH.into())).await?;
                Ok(scene.with("tls", json!({"mode": "prefer"})))
            })
        },
    )
    .showing(&[(Key::Spoke, "ssh")]),
    bad("postgres-closed", F::PeerClosed, "closed at the first packet", |ground| {
        Box::pin(peer(ground, Manner::ClosesOnData))
    }),
    bad("postgres-reset", F::PeerReset, "reset at the first packet", |ground| {
        Box::pin(peer(ground, Manner::ResetsOnData))
    }),
];
