//! Near misses: what looks like one fault and is another. Those that a protocol's own scenarios are already
//! are marked there; here are the rest.

use std::io;

use serde_json::{Value, json};

use crate::lab::ground::{Ground, HOST};
use crate::lab::http::{Answer, serve};
use crate::lab::pki::{Leaf, Signer};
use crate::lab::raw::{self, Manner, banner};
use crate::lab::scenario::{Scenario, Served};
use crate::model::{FaultCode as F, Key};

const GOOD: Leaf<'static> = Leaf { sans: &[HOST], ..Leaf::GOOD };

/// The serial number that the revocation list of the trusted authority names.
const NUMBER: u64 = 666;

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    Scenario::good("near-list-of-another", "tls", "a list that names another number", |ground| {
        Box::pin(listed(ground, GOOD))
    }),
    Scenario::bad(
        "near-number-of-another",
        "tls",
        F::TlsUnknownIssuer,
        "another authority's certificate that has a listed number",
        |ground| Box::pin(listed(ground, Leaf { signer: Signer::Other, serial: NUMBER, ..GOOD })),
    )
    .near(F::TlsRevoked),
    Scenario::bad(
        "near-alert-decrypt-error",
        "tls",
        F::TlsAlert,
        "the peer says that a signature of ours is wrong",
        |ground| Box::pin(alert(ground, 51)),
    )
    .near(F::TlsBadSignature),
    Scenario::bad(
        "near-alert-bad-certificate",
        "tls",
        F::TlsAlert,
        "the peer says that a certificate is bad, and asked for none",
        |ground| Box::pin(alert(ground, 42)),
    )
    .near(F::TlsClientCertificateRejected),
    Scenario::bad(
        "near-expired-client",
        "tls",
        F::TlsExpired,
        "a client's certificate, which ended as well",
        |ground| Box::pin(site(ground, Leaf { client: true, until_days: -9, ..GOOD }, json!({}))),
    )
    .near(F::TlsBadPurpose),
    Scenario::bad(
        "near-pin-of-interceptor",
        "tls",
        F::TlsUnknownIssuer,
        "another key than the pinned one, for another authority signs it",
        |ground| Box::pin(intercepted(ground)),
    )
    .near(F::TlsPinMismatch),
    Scenario::bad(
        "near-bad-request",
        "https",
        F::ProtocolUnexpectedStatus,
        "400 of a server that asks for no certificate",
        |ground| Box::pin(bad_request(ground)),
    )
    .near(F::TlsClientCertificateRequired)
    .showing(&[(Key::Status, "400")]),
    Scenario::bad(
        "near-location",
        "http",
        F::ProtocolUnexpectedStatus,
        "201 with a Location",
        |_| Box::pin(created()),
    )
    .near(F::ProtocolRedirect)
    .showing(&[(Key::Location, "/made")]),
    Scenario::bad(
        "near-session-error",
        "cometd",
        F::ServiceError,
        "a session that is known, and a connect that fails",
        |_| Box::pin(session()),
    )
    .near(F::ServiceNotSticky),
    Scenario::bad(
        "near-target-403",
        "http",
        F::AuthForbidden,
        "the target's own 403, through the proxy's tunnel",
        |_| Box::pin(tunnel(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")),
    )
    .near(F::ProxyDenied),
    Scenario::bad(
        "near-target-502",
        "http",
        F::ProtocolGateway,
        "the target's own 502, through the proxy's tunnel",
        |_| Box::pin(tunnel(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")),
    )
    .near(F::ProxyTargetUnreachable),
    Scenario::bad(
        "near-target-ssh",
        "http",
        F::ProtocolMismatch,
        "SSH, through the proxy's tunnel",
        |_| Box::pin(tunnel(banner::SSH)),
    )
    .near(F::ProxyMalformed)
    .showing(&[(Key::Spoke, "ssh")]),
];

async fn site(ground: &Ground, leaf: Leaf<'static>, more: Value) -> io::Result<Served> {
    let page = |_: &_| Answer::of(200, "text/plain", "ok").reply();
    let server = serve(Some(ground.tls_of(&leaf)?), page).await?;
    let mut trust = ground.verify_full();
    if let (Some(trust), Value::Object(more)) = (trust.as_object_mut(), more) {
        trust.extend(more);
    }
    Ok(Served::at(server, &json!("tls"), "identified").with("tls", trust))
}

async fn listed(ground: &Ground, leaf: Leaf<'static>) -> io::Result<Served> {
    let list = ground.file("near.crl", &ground.pki.crl_pem(&[NUMBER])?)?;
    site(ground, leaf, json!({"crl_files": [list]})).await
}

async fn intercepted(ground: &Ground) -> io::Result<Served> {
    let pin = ground.pki.leaf(&GOOD)?.pin();
    site(ground, Leaf { signer: Signer::Other, ..GOOD }, json!({"pins": [pin]})).await
}

async fn alert(ground: &Ground, description: u8) -> io::Result<Served> {
    let server = raw::serve(Manner::Answers(banner::alert(description).into())).await?;
    Ok(Served::at(server, &json!("tls"), "identified").with("tls", ground.verify_full()))
}

async fn bad_request(ground: &Ground) -> io::Result<Served> {
    let page = |_: &_| Answer::html(400, "400 Bad Request").header("Server", "nginx").reply();
    let server = serve(Some(ground.tls()?), page).await?;
    let probe = json!({"https": {"path": "/", "status": [200]}});
    Ok(Served::at(server, &probe, "identified").with("tls", ground.verify_full()))
}

async fn created() -> io::Result<Served> {
    let page = |_: &_| Answer::json(201, &json!({})).header("Location", "/made").reply();
    let probe = json!({"http": {"path": "/", "status": [200]}});
    Ok(Served::at(serve(None, page).await?, &probe, "identified"))
}

async fn session() -> io::Result<Served> {
    let server = serve(None, |request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let answer = if body.contains("/meta/handshake") {
            json!({"channel": "/meta/handshake", "successful": true, "clientId": "9f1c", "id": "1",
                   "version": "1.0", "supportedConnectionTypes": ["long-polling"]})
        } else {
            json!({"channel": "/meta/connect", "successful": false, "error": "500::internal"})
        };
        Answer::json(200, &json!([answer])).reply()
    })
    .await?;
    let probe = json!({"cometd": {"path": "/notifications"}});
    Ok(Served::at(server, &probe, "operational").with("tls", json!({"mode": "disable"})))
}

/// A proxy that opens its tunnel, and what the target says through it.
async fn tunnel(target: &'static [u8]) -> io::Result<Served> {
    let opened = b"HTTP/1.1 200 Connection established\r\n\r\n";
    let server = raw::serve(Manner::Dialogue(vec![opened.to_vec(), target.to_vec()])).await?;
    let url = format!("http://{}", server.address());
    let probe = json!({"http": {"path": "/", "status": [200]}});
    Ok(Served::at(server, &probe, "authenticated").with("proxy", url.into()))
}
