//! PostgreSQL: every method, every state, and what is refused before and after the password.

use std::io;

use serde_json::{Value, json};

use crate::lab::ground::{Ground, HOST};
use crate::lab::pki::{ClientCertificate, Leaf, Signer};
use crate::lab::postgres::{Encryption, Method, Postgres, Refusal, State};
use crate::lab::raw::{self, Manner, banner};
use crate::lab::scenario::{Scenario, Served, Start};
use crate::lab::server::Server;
use crate::model::{FaultCode as F, Key};

const USER: &str = "ucsx_t100";
const PASSWORD: &str = "right-password-5x";
const GOOD: Leaf<'static> = Leaf { sans: &[HOST], ..Leaf::GOOD };

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

fn server() -> Postgres {
    Postgres::new().role(USER, PASSWORD).database("ucsx").table("contacts", &["SELECT", "INSERT"])
}

fn no_tls() -> Value {
    json!({"mode": "disable"})
}

fn auth(ground: &Ground, user: &str, password: &str, database: &str) -> io::Result<Value> {
    let secret = ground.secret(&format!("pg-{password}"), password)?;
    Ok(json!({"username": user, "password": secret, "database": database}))
}

fn served(ground: &Ground, server: Server, tls: Value) -> io::Result<Served> {
    let scene = Served::at(server, &json!("postgres"), "operational").with("tls", tls);
    Ok(scene.with("auth", auth(ground, USER, PASSWORD, "ucsx")?))
}

async fn plain(ground: &Ground, postgres: Postgres) -> io::Result<Served> {
    served(ground, postgres.serve().await?, no_tls())
}

fn offered(ground: &Ground, leaf: &Leaf<'_>) -> io::Result<Encryption> {
    let identity = ground.pki.leaf(leaf)?;
    Ok(Encryption::Offered(ground.pki.tls(&identity)?, identity.chain[0].clone()))
}

async fn secured(ground: &Ground, postgres: Postgres, leaf: Leaf<'static>) -> io::Result<Served> {
    let server = postgres.encryption(offered(ground, &leaf)?).serve().await?;
    served(ground, server, ground.verify_full())
}

async fn certificate(ground: &Ground) -> io::Result<Served> {
    let identity = ground.pki.leaf(&GOOD)?;
    let tls = ground.pki.tls_with(&identity, ClientCertificate::Optional, rustls::ALL_VERSIONS)?;
    let encryption = Encryption::Required(tls, identity.chain[0].clone());
    let server = server().method(Method::Certificate).encryption(encryption).serve().await?;
    let own = ground.pki.leaf(&Leaf { client: true, common_name: USER, ..Leaf::GOOD })?;
    let mut trust = ground.verify_full();
    trust["client_cert_file"] = json!(ground.file("pg-client.pem", &own.certificate_pem)?);
    trust["client_key_file"] = json!(ground.file("pg-client.key", &own.key_pem)?);
    served(ground, server, trust)
}

async fn writable(ground: &Ground, postgres: Postgres) -> io::Result<Served> {
    let postgres = postgres.extension("intarray", "1.5").extension("pg_prewarm", "1.2");
    let server = postgres.serve().await?;
    let probe = json!({"postgres": {
        "writable": true,
        "extensions": ["intarray", "pg_prewarm"],
        "privileges": {"contacts": ["SELECT"]},
    }});
    let scene = Served::at(server, &probe, "operational").with("tls", no_tls());
    Ok(scene.with("auth", auth(ground, USER, PASSWORD, "ucsx")?))
}

async fn login(ground: &Ground, user: &str, password: &str, database: &str) -> io::Result<Served> {
    let scene = plain(ground, server()).await?;
    Ok(scene.with("auth", auth(ground, user, password, database)?))
}

async fn refused(ground: &Ground, refusal: Refusal) -> io::Result<Served> {
    plain(ground, Postgres::new().refused_role(USER, PASSWORD, refusal).database("ucsx")).await
}

async fn state(ground: &Ground, state: State) -> io::Result<Served> {
    plain(ground, server().state(state)).await
}

async fn hung(ground: &Ground) -> io::Result<Served> {
    Ok(state(ground, State::Hung).await?.impatient())
}

/// Answers `SSLRequest` so.
async fn asked_for_tls(ground: &Ground, answer: &[u8]) -> io::Result<Served> {
    let scene = peer(ground, Manner::Answers(answer.into())).await?;
    Ok(scene.with("tls", json!({"mode": "prefer"})))
}

async fn dialogue(ground: &Ground, words: &[&[u8]]) -> io::Result<Served> {
    let words = words.iter().map(|words| words.to_vec()).collect();
    peer(ground, Manner::Dialogue(words)).await
}

async fn anonymous(_: &Ground) -> io::Result<Served> {
    let server = server().serve().await?;
    let scene = Served::at(server, &json!("postgres"), "operational").with("tls", no_tls());
    Ok(scene.with("auth", json!({"username": USER, "database": "ucsx"})))
}

async fn cleartext(ground: &Ground) -> io::Result<Served> {
    plain(ground, server().method(Method::Cleartext)).await
}

async fn declined(ground: &Ground) -> io::Result<Served> {
    served(ground, server().serve().await?, ground.verify_full())
}

async fn tls_needed(ground: &Ground) -> io::Result<Served> {
    let identity = ground.pki.leaf(&GOOD)?;
    let required = Encryption::Required(ground.pki.tls(&identity)?, identity.chain[0].clone());
    plain(ground, server().encryption(required)).await
}

async fn peer(ground: &Ground, manner: Manner) -> io::Result<Served> {
    served(ground, raw::serve(manner).await?, no_tls())
}
