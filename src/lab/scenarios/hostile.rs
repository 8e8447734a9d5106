//! Peers that send without an end, or more than anybody needs: each is bounded in bytes and time.

use std::io::{self, Write as _};

use serde_json::{Value, json};

use crate::lab::ground::Ground;
use crate::lab::raw::{self, Manner};
use crate::lab::scenario::{Scenario, Served};
use crate::model::{FaultCode as F, Key};

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    Scenario::good("hostile-128-fields", "http", "as many fields as are read", |_| {
        Box::pin(http(Manner::Answers(fields(127))))
    }),
    Scenario::bad("hostile-129-fields", "http", F::ProtocolTooLarge, "a field more", |_| {
        Box::pin(http(Manner::Answers(fields(128))))
    })
    .showing(&[(Key::Limit, "128")]),
    Scenario::bad("hostile-endless-head", "http", F::ProtocolTooLarge, "fields for ever", |_| {
        Box::pin(http(Manner::Floods(OK.into(), filler("X-Filler: ", "\r\n"))))
    })
    .showing(&[(Key::Limit, "65536")]),
    Scenario::bad("hostile-huge-field", "http", F::ProtocolTooLarge, "a field of 1 MB", |_| {
        Box::pin(http(Manner::Answers([OK, b"X-Filler: ", &[b'x'; 1 << 20], END].concat())))
    }),
    Scenario::bad("hostile-endless-body", "http", F::ProtocolTooLarge, "a body for ever", |_| {
        Box::pin(http(Manner::Floods([OK, END].concat(), filler("", ""))))
    }),
    Scenario::bad("hostile-endless-100", "http", F::PeerStalled, "100 Continue for ever", |_| {
        let head = b"HTTP/1.1 100 Continue\r\n\r\n";
        Box::pin(async { Ok(http(Manner::Floods(vec![], head.into())).await?.impatient()) })
    })
    .near(F::ProtocolTooLarge),
    Scenario::bad("hostile-drip", "http", F::PeerStalled, "a body, byte by byte", |_| {
        let head = [OK, b"Content-Length: 1000\r\n\r\n"].concat();
        Box::pin(async { Ok(http(Manner::Drips(head)).await?.impatient()) })
    }),
    Scenario::bad("hostile-gzip", "http", F::ProtocolTooLarge, "64 MB in 64 KB of gzip", |_| {
        Box::pin(async { http(Manner::Answers(bomb("application/json")?)).await })
    }),
    Scenario::bad("hostile-gzip-metrics", "prometheus", F::ProtocolTooLarge, "the same", |_| {
        let text = "text/plain; version=0.0.4";
        Box::pin(async {
            serve(Manner::Answers(bomb(text)?), &json!({"prometheus": {"path": "/"}})).await
        })
    }),
    Scenario::bad("hostile-banner", "tcp", F::ProtocolTooLarge, "a banner for ever", |_| {
        let probe = json!({"tcp": {"send": "HELLO\r\n", "expect": "ready"}});
        Box::pin(async move { serve(Manner::Floods(vec![], filler("", "\r\n")), &probe).await })
    }),
    Scenario::bad("hostile-chain", "tls", F::TlsMalformed, "a chain of 10 MB", |ground| {
        Box::pin(chain(ground))
    }),
    Scenario::bad(
        "hostile-postgres-message",
        "postgres",
        F::ProtocolTooLarge,
        "a notice of 2 MB",
        |ground| {
            Box::pin(postgres(ground, Manner::Answers([AUTHENTICATED, &notice(2 << 20)].concat())))
        },
    ),
    Scenario::bad(
        "hostile-postgres-notices",
        "postgres",
        F::ProtocolTooLarge,
        "notices for ever",
        |ground| Box::pin(postgres(ground, Manner::Floods(AUTHENTICATED.into(), notice(60_000)))),
    ),
    Scenario::bad("hostile-proxy", "http", F::ProxyMalformed, "a proxy's head for ever", |_| {
        Box::pin(proxy())
    })
    .showing(&[(Key::Limit, "16384")]),
    Scenario::bad(
        "hostile-words",
        "http",
        F::ProtocolUnexpectedStatus,
        "escape sequences and turned text in every field",
        |_| Box::pin(http(Manner::Answers(words()))),
    )
    .showing(&[(Key::ServerHeader, "·[2J"), (Key::ContentType, "a·b")]),
];

const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";
const END: &[u8] = b"\r\n\r\n";

fn filler(before: &str, after: &str) -> Vec<u8> {
    format!("{before}{}{after}", "x".repeat(1_000)).into_bytes()
}

/// An answer with one field for its length, and so many more.
fn fields(more: usize) -> Vec<u8> {
    let more: String = (0..more).map(|number| format!("X-{number}: 1\r\n")).collect();
    format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{more}\r\n").into_bytes()
}

/// Zeros, a thousand to one.
fn bomb(kind: &str) -> io::Result<Vec<u8>> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        gzip.write_all(&vec![0; 1 << 20])?;
    }
    let body = gzip.finish()?;
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Encoding: gzip\r\nContent-Length: {}",
        body.len()
    );
    Ok([head.as_bytes(), END, &body].concat())
}

fn words() -> Vec<u8> {
    let odd = "\u{9b}[2J\u{202e}evil\u{200b}";
    format!(
        "HTTP/1.1 418 {odd}\r\nServer: {odd}\r\nContent-Type: a\u{ad}b\r\nContent-Length: {}\r\n\r\n{odd}",
        odd.len()
    )
    .into_bytes()
}

async fn serve(manner: Manner, probe: &Value) -> io::Result<Served> {
    Ok(Served::at(raw::serve(manner).await?, probe, "spoken"))
}

async fn http(manner: Manner) -> io::Result<Served> {
    serve(manner, &json!({"http": {"path": "/", "status": [200]}})).await
}

const AUTHENTICATED: &[u8] = &[b'R', 0, 0, 0, 8, 0, 0, 0, 0];

/// A NoticeResponse whose text has that many bytes.
fn notice(bytes: usize) -> Vec<u8> {
    let body = [b"SNOTICE\0C00000\0M", "x".repeat(bytes).as_bytes(), b"\0\0"].concat();
    let [.., a, b, c, d] = (body.len() + 4).to_be_bytes();
    [&[b'N', a, b, c, d][..], &body].concat()
}

async fn postgres(ground: &Ground, manner: Manner) -> io::Result<Served> {
    let password = ground.secret("hostile", "hostile-password")?;
    let served = Served::at(raw::serve(manner).await?, &json!("postgres"), "authenticated");
    let served = served.with("auth", json!({"username": "ucsx", "password": password}));
    Ok(served.with("tls", json!({"mode": "disable"})))
}

async fn proxy() -> io::Result<Served> {
    let server = raw::serve(Manner::Floods(OK.into(), filler("X: ", "\r\n"))).await?;
    let url = format!("http://{}", server.address());
    Ok(Served::at(server, &json!({"http": {"path": "/"}}), "spoken").with("proxy", url.into()))
}

/// A `ServerHello` of TLS 1.2 (RFC 5246 §7.4.1.3), and a `Certificate` whose length says ten million.
async fn chain(ground: &Ground) -> io::Result<Served> {
    let mut hello = vec![2, 0, 0, 38, 3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x2f, 0]);
    let mut said = record(&hello);
    said.extend(record(&[&[11, 0x98, 0x96, 0x80, 0x98, 0x96, 0x7d][..], &[0; 9_000]].concat()));
    let more = record(&[0; 16_000]);
    let served = serve(Manner::Floods(said, more), &json!("tls")).await?;
    Ok(served.with("tls", ground.verify_full()))
}

/// A record of handshake messages (RFC 8446 §5.1).
fn record(message: &[u8]) -> Vec<u8> {
    let [.., high, low] = message.len().to_be_bytes();
    [&[22, 3, 3, high, low], message].concat()
}
