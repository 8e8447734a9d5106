//! How the scenes are set: a server, and the row that is to meet it.

use std::io;

use serde_json::{Value, json};

use crate::lab::ground::{Ground, HOST};
use crate::lab::pki::{ClientCertificate, Leaf};
use crate::lab::postgres::{Encryption, Method, Postgres, Refusal, State};
use crate::lab::raw::{self, Manner};
use crate::lab::scenario::Served;
use crate::lab::server::Server;

pub(super) const USER: &str = "ucsx_t100";
pub(super) const PASSWORD: &str = "right-password-5x";
pub(super) const GOOD: Leaf<'static> = Leaf { sans: &[HOST], ..Leaf::GOOD };

pub(super) fn server() -> Postgres {
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

pub(super) async fn plain(ground: &Ground, postgres: Postgres) -> io::Result<Served> {
    served(ground, postgres.serve().await?, no_tls())
}

fn offered(ground: &Ground, leaf: &Leaf<'_>) -> io::Result<Encryption> {
    let identity = ground.pki.leaf(leaf)?;
    Ok(Encryption::Offered(ground.pki.tls(&identity)?, identity.chain[0].clone()))
}

pub(super) async fn secured(
    ground: &Ground,
    postgres: Postgres,
    leaf: Leaf<'static>,
) -> io::Result<Served> {
    let server = postgres.encryption(offered(ground, &leaf)?).serve().await?;
    served(ground, server, ground.verify_full())
}

pub(super) async fn certificate(ground: &Ground) -> io::Result<Served> {
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

pub(super) async fn writable(ground: &Ground, postgres: Postgres) -> io::Result<Served> {
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

pub(super) async fn login(
    ground: &Ground,
    user: &str,
    password: &str,
    database: &str,
) -> io::Result<Served> {
    let scene = plain(ground, server()).await?;
    Ok(scene.with("auth", auth(ground, user, password, database)?))
}

pub(super) async fn refused(ground: &Ground, refusal: Refusal) -> io::Result<Served> {
    plain(ground, Postgres::new().refused_role(USER, PASSWORD, refusal).database("ucsx")).await
}

pub(super) async fn state(ground: &Ground, state: State) -> io::Result<Served> {
    plain(ground, server().state(state)).await
}

pub(super) async fn hung(ground: &Ground) -> io::Result<Served> {
    Ok(state(ground, State::Hung).await?.impatient())
}

/// Answers `SSLRequest` so.
pub(super) async fn asked_for_tls(ground: &Ground, answer: &[u8]) -> io::Result<Served> {
    let scene = peer(ground, Manner::Answers(answer.into())).await?;
    Ok(scene.with("tls", json!({"mode": "prefer"})))
}

pub(super) async fn dialogue(ground: &Ground, words: &[&[u8]]) -> io::Result<Served> {
    let words = words.iter().map(|words| words.to_vec()).collect();
    peer(ground, Manner::Dialogue(words)).await
}

pub(super) async fn anonymous(_: &Ground) -> io::Result<Served> {
    let server = server().serve().await?;
    let scene = Served::at(server, &json!("postgres"), "operational").with("tls", no_tls());
    Ok(scene.with("auth", json!({"username": USER, "database": "ucsx"})))
}

pub(super) async fn cleartext(ground: &Ground) -> io::Result<Served> {
    plain(ground, server().method(Method::Cleartext)).await
}

pub(super) async fn declined(ground: &Ground) -> io::Result<Served> {
    served(ground, server().serve().await?, ground.verify_full())
}

pub(super) async fn tls_needed(ground: &Ground) -> io::Result<Served> {
    let identity = ground.pki.leaf(&GOOD)?;
    let required = Encryption::Required(ground.pki.tls(&identity)?, identity.chain[0].clone());
    plain(ground, server().encryption(required)).await
}

pub(super) async fn peer(ground: &Ground, manner: Manner) -> io::Result<Served> {
    served(ground, raw::serve(manner).await?, no_tls())
}
