//! Peers of another protocol that meet the row's first words with silence or a close, and answer only
//! their own; and peers that say nothing to anybody.

use std::io;

use serde_json::{Value, json};

use crate::lab::ground::Ground;
use crate::lab::raw::{Manner, banner, serve};
use crate::lab::scenario::{Scenario, Served};
use crate::model::{FaultCode as F, Key};

/// PostgreSQL, to `SSLRequest`.
const POSTGRES: (&[u8], &[u8]) = (&[0, 0, 0, 8, 4, 210, 22, 47], b"N");
/// A server of TLS that is too new for our hello: alert `protocol_version`.
const TLS: (&[u8], &[u8]) = (&[22, 3], &banner::alert(70));
/// slapd, to an anonymous bind.
const LDAP: (&[u8], &[u8]) = (&[0x30, 12], banner::LDAP);
/// Kafka, to `ApiVersions`: our correlation id, no error, no keys.
const KAFKA: (&[u8], &[u8]) =
    (&[0, 0, 0, 10, 0, 18], &[0, 0, 0, 10, 0x63, 0x70, 0, 1, 0, 0, 0, 0, 0, 0]);
/// Redis, to a line.
const REDIS: (&[u8], &[u8]) = (b"GET ", banner::REDIS);
/// A server of TLS, to HTTP in clear text.
const BAD_REQUEST: (&[u8], &[u8]) = (b"GET ", banner::HTTP);
/// A server of HTTP, to a request.
const HTTP: (&[u8], &[u8]) = (b"GET ", b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n");

const fn closing(words: &'static [(&'static [u8], &'static [u8])]) -> Manner {
    Manner::Understands { words, closes: true }
}

const fn silent(words: &'static [(&'static [u8], &'static [u8])]) -> Manner {
    Manner::Understands { words, closes: false }
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    Scenario::bad("http-postgres", "http", F::ProtocolMismatch, "closes on HTTP", |_| {
        Box::pin(http(closing(&[POSTGRES])))
    })
    .showing(&[(Key::Spoke, "postgres"), (Key::Cause, "peer.closed")]),
    Scenario::bad("http-tls-port", "http", F::ProtocolMismatch, "a port of TLS closes", |_| {
        Box::pin(http(closing(&[TLS])))
    })
    .showing(&[(Key::Spoke, "tls")]),
    Scenario::bad(
        "http-tls-400",
        "http",
        F::ProtocolMismatch,
        "TLS, and 400 to clear text",
        |_| Box::pin(http(closing(&[TLS, BAD_REQUEST]))),
    )
    .showing(&[(Key::Spoke, "tls"), (Key::Status, "400")]),
    Scenario::bad("http-400", "http", F::ProtocolUnexpectedStatus, "400 to everything", |_| {
        Box::pin(http(closing(&[BAD_REQUEST, (&[22, 3], banner::HTTP)])))
    }),
    Scenario::bad("http-ldap", "http", F::ProtocolMismatch, "slapd is silent", |_| {
        Box::pin(http(silent(&[LDAP])))
    })
    .showing(&[(Key::Spoke, "ldap"), (Key::Cause, "peer.silent")]),
    Scenario::bad("http-kafka", "http", F::ProtocolMismatch, "Kafka closes", |_| {
        Box::pin(http(closing(&[KAFKA])))
    })
    .showing(&[(Key::Spoke, "kafka")]),
    Scenario::bad("http-silent-redis", "http", F::ProtocolMismatch, "Redis closes on HTTP", |_| {
        Box::pin(http(closing(&[(b"PING\r\n", b"-NOAUTH Authentication required.\r\n")])))
    })
    .showing(&[(Key::Spoke, "redis")]),
    Scenario::bad("http-says-nothing", "http", F::PeerSilent, "silent to all words", |_| {
        Box::pin(http(silent(&[])))
    }),
    Scenario::bad("http-hangs-up", "http", F::PeerClosed, "closes on all words", |_| {
        Box::pin(http(closing(&[])))
    }),
    // It answers another protocol's words in its own: it is at home, and the request hangs.
    Scenario::bad("http-hangs", "http", F::PeerSilent, "HTTP, and this request hangs", |_| {
        Box::pin(http(silent(&[(&[22, 3], banner::HTTP), (&[0x30], banner::HTTP)])))
    }),
    Scenario::bad("tls-redis", "tls", F::TlsNotTls, "Redis is silent on a ClientHello", |ground| {
        Box::pin(tls(ground, silent(&[REDIS])))
    })
    .showing(&[(Key::Spoke, "redis"), (Key::Cause, "peer.silent")]),
    Scenario::bad("tls-postgres", "tls", F::TlsNotTls, "closes on a ClientHello", |ground| {
        Box::pin(tls(ground, closing(&[POSTGRES])))
    })
    .showing(&[(Key::Spoke, "postgres"), (Key::Cause, "peer.closed")]),
    Scenario::bad("tls-ldap", "tls", F::TlsNotTls, "slapd closes", |ground| {
        Box::pin(tls(ground, closing(&[LDAP])))
    })
    .showing(&[(Key::Spoke, "ldap")]),
    Scenario::bad("postgres-silent-http", "postgres", F::ProtocolMismatch, "silent HTTP", |_| {
        Box::pin(postgres(silent(&[HTTP]), "require"))
    })
    .showing(&[(Key::Spoke, "http"), (Key::Cause, "peer.silent")]),
    Scenario::bad("postgres-redis", "postgres", F::ProtocolMismatch, "Redis is silent", |_| {
        Box::pin(postgres(silent(&[REDIS]), "disable"))
    })
    .showing(&[(Key::Spoke, "redis")]),
    Scenario::bad("postgres-tls-port", "postgres", F::ProtocolMismatch, "a port of TLS", |_| {
        Box::pin(postgres(closing(&[TLS]), "disable"))
    })
    .showing(&[(Key::Spoke, "tls"), (Key::Cause, "peer.closed")]),
    Scenario::bad("postgres-old-tls", "postgres", F::TlsVersion, "TLS 1.1 after S", |_| {
        Box::pin(postgres(closing(&[(POSTGRES.0, b"S"), (&[22, 3], &SERVER_HELLO)]), "require"))
    })
    .showing(&[(Key::PeerVersion, "TLS 1.1")]),
];

/// A `ServerHello` of TLS 1.1 (RFC 4346 §7.4.1.3) with a random of zeros and the suite 0x002f.
const SERVER_HELLO: [u8; 47] = {
    let mut hello = [0; 47];
    let head = [22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    let mut at = 0;
    while at < head.len() {
        hello[at] = head[at];
        at += 1;
    }
    hello[45] = 0x2f;
    hello
};

/// A peer that is given time: half of it is waited before anybody else is sought.
async fn peer(manner: Manner, probe: &Value, proof: &'static str) -> io::Result<Served> {
    let timeouts = json!({"tls": "3s", "answer": "3s"});
    Ok(Served::at(serve(manner).await?, probe, proof).with("timeouts", timeouts))
}

async fn http(manner: Manner) -> io::Result<Served> {
    peer(manner, &json!("http"), "spoken").await
}

async fn tls(ground: &Ground, manner: Manner) -> io::Result<Served> {
    Ok(peer(manner, &json!("tls"), "identified").await?.with("tls", ground.verify_full()))
}

async fn postgres(manner: Manner, mode: &str) -> io::Result<Served> {
    Ok(peer(manner, &json!("postgres"), "spoken").await?.with("tls", json!({"mode": mode})))
}
