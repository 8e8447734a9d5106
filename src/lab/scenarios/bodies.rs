//! Bodies that are broken, or whose end alone is not certain: what the status says stays true.

use std::io;

use serde_json::{Value, json};

use crate::lab::ground::Ground;
use crate::lab::http::{Answer, End, Reply, serve};
use crate::lab::scenario::{Scenario, Served, Start};
use crate::model::{FaultCode as F, Key};

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "http", code, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    bad("http-404-no-gzip", F::ProtocolUnexpectedStatus, "404, in gzip that is none", |_| {
        Box::pin(plain(no_gzip(404).reply()))
    })
    .near(F::ProtocolMalformed)
    .showing(&[(Key::Status, "404"), (Key::BodyProblem, "protocol.malformed")]),
    bad("http-200-no-gzip", F::ProtocolMalformed, "200, in gzip that is none", |_| {
        Box::pin(plain(no_gzip(200).reply()))
    }),
    bad("http-500-half-body", F::ProtocolUnexpectedStatus, "500, half its body, FIN", |_| {
        Box::pin(plain(Answer::json(500, &json!({"error": "boom"})).half(End::Close)))
    })
    .near(F::PeerClosed)
    .showing(&[(Key::Status, "500"), (Key::BodyProblem, "peer.closed")]),
    bad("http-500-huge-body", F::ProtocolUnexpectedStatus, "500, and a body of 2 MB", |_| {
        Box::pin(plain(Answer::of(500, "text/plain", vec![b'x'; 2 << 20]).reply()))
    })
    .near(F::ProtocolTooLarge),
    Scenario::good("http-302-no-gzip", "http", "a redirect whose body is broken", |_| {
        Box::pin(redirect())
    }),
    Scenario::bad(
        "prometheus-500-no-gzip",
        "prometheus",
        F::ProtocolUnexpectedStatus,
        "500, in gzip that is none",
        |_| Box::pin(metrics()),
    )
    .showing(&[(Key::Status, "500")]),
    Scenario::good(
        "https-unclosed",
        "https",
        "no close_notify, and JSON that is whole",
        |ground| Box::pin(unclosed(ground, "", json!({"json": {"/status": "up"}}))),
    )
    .showing(&[(Key::BodyProblem, "close_notify")]),
    Scenario::good("https-unclosed-status", "https", "the row asks for a status alone", |ground| {
        Box::pin(unclosed(ground, "", json!({})))
    })
    .showing(&[(Key::BodyProblem, "close_notify")]),
    cut("https-unclosed-gzip", "no close_notify, and gzip without its end", |ground| {
        Box::pin(gzip_without_end(ground))
    }),
    cut("https-unclosed-missing", "no close_notify, and not what is asked for", |ground| {
        Box::pin(unclosed(ground, "", json!({"body": {"contains": "queue"}})))
    })
    .near(F::ProtocolUnexpectedBody),
    cut("https-cut-length", "what is asked for, and less than Content-Length says", |ground| {
        let row = json!({"body": {"contains": "up"}});
        Box::pin(unclosed(ground, "Content-Length: 99\r\n", row))
    }),
    cut("https-cut-chunks", "what is asked for, and no last chunk", |ground| {
        let row = json!({"body": {"contains": "up"}});
        Box::pin(unclosed(ground, "Transfer-Encoding: chunked\r\n", row))
    }),
    Scenario::good(
        "prometheus-unclosed",
        "prometheus",
        "no close_notify, and the families that are asked for",
        |ground| Box::pin(exposition(ground, "a_total 1\nb_total 2\n")),
    )
    .showing(&[(Key::BodyProblem, "close_notify")]),
    Scenario::bad(
        "prometheus-cut",
        "prometheus",
        F::PeerClosed,
        "no close_notify, in the middle of a line",
        |ground| Box::pin(exposition(ground, "a_total 1\nb_total 2")),
    )
    .near(F::ProtocolMalformed),
];

/// A body whose end its peer does not tell.
const fn cut(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "https", F::PeerClosed, about, start)
}

/// JSON that says that it is compressed, and is not.
fn no_gzip(status: u16) -> Answer {
    Answer::json(status, &up()).header("Content-Encoding", "gzip")
}

fn up() -> Value {
    json!({"status": "up"})
}

async fn plain(reply: Reply) -> io::Result<Served> {
    let server = serve(None, move |_| reply.clone()).await?;
    Ok(Served::at(server, &json!({"http": {"path": "/", "status": [200]}}), "identified"))
}

async fn redirect() -> io::Result<Served> {
    let server = serve(None, |request| match request.path.as_str() {
        "/" => no_gzip(302).header("Location", "/new").reply(),
        _ => Answer::json(200, &up()).reply(),
    })
    .await?;
    let probe = json!({"http": {"path": "/", "status": [200], "redirects": "follow"}});
    Ok(Served::at(server, &probe, "identified"))
}

async fn metrics() -> io::Result<Served> {
    let server = serve(None, |_| no_gzip(500).reply()).await?;
    Ok(Served::at(server, &json!({"prometheus": {"path": "/"}}), "identified"))
}

/// JSON that ends where TCP does, without a word of TLS; `field` says how long it should have been.
async fn unclosed(ground: &Ground, field: &'static str, row: Value) -> io::Result<Served> {
    let body = up().to_string();
    let body = match field.starts_with("Transfer-Encoding") {
        true => format!("{:x}\r\n{body}\r\n", body.len()),
        false => body,
    };
    let kind = "Content-Type: application/json";
    let said = format!("HTTP/1.1 200 OK\r\n{kind}\r\n{field}\r\n{body}");
    let server = serve(Some(ground.tls()?), move |_| Reply::raw(said.clone(), End::Cut)).await?;
    let mut options = json!({"path": "/", "status": [200]});
    if let (Some(options), Some(row)) = (options.as_object_mut(), row.as_object()) {
        options.extend(row.clone());
    }
    let served = Served::at(server, &json!({"https": options}), "identified");
    Ok(served.with("tls", ground.verify_full()))
}

/// What the row states is there, and gzip's trailer is not (RFC 1952 §2.3.1).
async fn gzip_without_end(ground: &Ground) -> io::Result<Served> {
    let text = up().to_string();
    let length = u16::try_from(text.len()).map_err(io::Error::other)?;
    let mut said = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n".to_vec();
    said.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
    // A last block that is stored as it is (RFC 1951 §3.2.4).
    said.push(1);
    said.extend_from_slice(&length.to_le_bytes());
    said.extend_from_slice(&(!length).to_le_bytes());
    said.extend_from_slice(text.as_bytes());
    let server = serve(Some(ground.tls()?), move |_| Reply::raw(said.clone(), End::Cut)).await?;
    let options = json!({"path": "/", "status": [200], "body": {"contains": "up"}});
    let served = Served::at(server, &json!({"https": options}), "identified");
    Ok(served.with("tls", ground.verify_full()))
}

/// As Python's simple servers give their metrics: HTTP/1.0, and no `close_notify`.
async fn exposition(ground: &Ground, text: &'static str) -> io::Result<Served> {
    let said = format!("HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\r\n{text}");
    let server = serve(Some(ground.tls()?), move |_| Reply::raw(said.clone(), End::Cut)).await?;
    let probe = json!({"prometheus": {"path": "/", "families": ["a_total", "b_total"]}});
    Ok(Served::at(server, &probe, "identified").with("tls", ground.verify_full()))
}
