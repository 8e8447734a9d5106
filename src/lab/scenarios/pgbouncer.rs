//! PgBouncer: one SQLSTATE for all, and what its pool hides.

use std::io;

use serde_json::json;

use crate::lab::ground::{Ground, HOST};
use crate::lab::pgbouncer::{Pooler, before};
use crate::lab::pki::Leaf;
use crate::lab::postgres::{Encryption, Postgres};
use crate::lab::scenario::{Scenario, Served, Start};
use crate::model::{FaultCode as F, Key};

const PASSWORD: &str = "pooler-password-7q";

const fn good(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::good(name, "postgres", about, start)
}

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "postgres", code, about, start).showing(&[(Key::Sqlstate, "08P01")])
}

/// A fault without words: it is told by silence.
const fn mute(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "postgres", F::ServiceBackendDown, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("pgbouncer-good", "a query through the pool", |ground| {
        Box::pin(pooler(ground, Pooler::Healthy))
    }),
    good("pgbouncer-tls", "TLS, and SCRAM that is not bound to it", |ground| {
        Box::pin(secured(ground))
    }),
    mute("pgbouncer-cold", "its server is gone, its pool was never warm", |ground| {
        Box::pin(stuck(ground, Pooler::ColdDead))
    }),
    mute("pgbouncer-warm", "its server is gone, and it greets from its cache", |ground| {
        Box::pin(stuck(ground, Pooler::WarmDead))
    }),
    bad("pgbouncer-failing", F::ServiceBackendDown, "its server has been failing", |ground| {
        Box::pin(at_query(
            ground,
            "server login has been failing, try again later (server_login_retry)",
        ))
    }),
    bad("pgbouncer-wait", F::ServiceBackendDown, "no server in time", |ground| {
        Box::pin(at_query(ground, "query_wait_timeout"))
    }),
    bad("pgbouncer-starting", F::ServiceNotReady, "its server is starting up", |ground| {
        Box::pin(after_login(ground, "the database system is starting up"))
    })
    .near(F::ServiceBackendDown),
    bad("pgbouncer-wrong-password", F::AuthRejected, "SASL authentication failed", |ground| {
        Box::pin(login(ground, "wrong-password", "ucsx"))
    }),
    bad("pgbouncer-no-database", F::ServiceNoSuchDatabase, "after the password", |ground| {
        Box::pin(login(ground, PASSWORD, "missing"))
    }),
    bad("pgbouncer-full", F::ServiceTooManyConnections, "max_client_conn", |ground| {
        Box::pin(first(ground, "no more connections allowed (max_client_conn)"))
    }),
    bad("pgbouncer-hba", F::AuthForbidden, "its own hba file rejects", |ground| {
        Box::pin(first(ground, "login rejected"))
    }),
    bad("pgbouncer-no-role", F::AuthForbidden, "the server's 28000, its code lost", |ground| {
        Box::pin(first(ground, "role \"ucsx\" does not exist"))
    })
    .near(F::ServiceNoSuchDatabase),
    bad("pgbouncer-no-server", F::ServiceBackendDown, "the server can't be had", |ground| {
        Box::pin(after_login(ground, "pgbouncer cannot connect to server"))
    }),
];

async fn pooler(ground: &Ground, pooler: Pooler) -> io::Result<Served> {
    at(ground, Postgres::new().role("ucsx", PASSWORD).database("ucsx"), pooler).await
}

async fn at(ground: &Ground, server: Postgres, pooler: Pooler) -> io::Result<Served> {
    let server = before(server, pooler).serve().await?;
    let secret = ground.secret("pooler-password", PASSWORD)?;
    let auth = json!({"username": "ucsx", "password": secret, "database": "ucsx"});
    let scene = Served::at(server, &json!("postgres"), "operational");
    Ok(scene.with("tls", json!({"mode": "disable"})).with("auth", auth))
}

async fn secured(ground: &Ground) -> io::Result<Served> {
    let identity = ground.pki.leaf(&Leaf { sans: &[HOST], ..Leaf::GOOD })?;
    let tls = Encryption::Offered(ground.pki.tls(&identity)?, identity.chain[0].clone());
    let server = Postgres::new().role("ucsx", PASSWORD).database("ucsx").encryption(tls);
    let scene = at(ground, server, Pooler::Healthy).await?;
    Ok(scene.with("tls", ground.verify_full()))
}

async fn stuck(ground: &Ground, state: Pooler) -> io::Result<Served> {
    let patience = json!({"dns": "1s", "tcp": "5s", "tls": "5s", "answer": "2s"});
    Ok(pooler(ground, state).await?.with("timeouts", patience))
}

async fn at_query(ground: &Ground, words: &str) -> io::Result<Served> {
    pooler(ground, Pooler::SaysAtQuery(words.into())).await
}

async fn after_login(ground: &Ground, words: &str) -> io::Result<Served> {
    pooler(ground, Pooler::SaysAfterLogin(words.into())).await
}

async fn first(ground: &Ground, words: &str) -> io::Result<Served> {
    pooler(ground, Pooler::SaysFirst(words.into())).await
}

async fn login(ground: &Ground, password: &str, database: &str) -> io::Result<Served> {
    let secret = ground.secret(&format!("pooler-{password}"), password)?;
    let auth = json!({"username": "ucsx", "password": secret, "database": database});
    Ok(pooler(ground, Pooler::Healthy).await?.with("auth", auth))
}
