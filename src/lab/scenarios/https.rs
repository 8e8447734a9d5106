//! HTTP over TLS: what the certificate says, and client certificates asked for within HTTP.

use std::io;

use serde_json::json;

use crate::lab::ground::{Ground, HOST};
use crate::lab::http::routes::{Auth, Route, serve_routes};
use crate::lab::http::{Answer, End, Reply, serve};
use crate::lab::pki::{ClientCertificate, Leaf, Signer};
use crate::lab::raw::{self, Manner, banner};
use crate::lab::scenario::{Scenario, Served, Start};
use crate::lab::server::Server;
use crate::model::{FaultCode as F, Key};

const GOOD: Leaf<'static> = Leaf { sans: &[HOST], ..Leaf::GOOD };

const fn good(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::good(name, "https", about, start)
}

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "https", code, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("https-good", "a page", |ground| Box::pin(page(ground, GOOD))),
    good("https-bearer", "a bearer token", |ground| Box::pin(bearer(ground, "lab-https-token-31"))),
    bad("https-wrong-token", F::AuthRejected, "401 to a token", |ground| {
        Box::pin(bearer(ground, "another-token-31"))
    }),
    bad("https-401-stated", F::AuthRequired, "401 where the row states 200", |ground| {
        Box::pin(refusing(ground, 401))
    })
    .near(F::ProtocolUnexpectedStatus)
    .showing(&[(Key::Status, "401")]),
    bad("https-403-stated", F::AuthForbidden, "403 where the row states 200", |ground| {
        Box::pin(refusing(ground, 403))
    })
    .showing(&[(Key::Status, "403")]),
    bad("https-expired", F::TlsExpired, "ended yesterday", |ground| {
        Box::pin(page(ground, Leaf { until_days: -1, ..GOOD }))
    }),
    bad("https-unknown-issuer", F::TlsUnknownIssuer, "a proxy that opens TLS", |ground| {
        Box::pin(page(ground, Leaf { signer: Signer::Other, ..GOOD }))
    }),
    bad("https-other-name", F::TlsNameMismatch, "for the ingress's own name", |ground| {
        Box::pin(page(ground, Leaf { sans: &["ingress.local"], ..GOOD }))
    }),
    bad(
        "https-client-certificate",
        F::TlsClientCertificateRequired,
        "asked for, then 400 (nginx)",
        |ground| Box::pin(client_certificate(ground)),
    ),
    bad("https-closed-after-tickets", F::PeerClosed, "asks, is content, and closes", |ground| {
        Box::pin(closes_when_content(ground))
    }),
    bad("https-plain", F::TlsNotTls, "plain HTTP on the port", |ground| Box::pin(plain(ground)))
        .showing(&[(Key::Spoke, "http")]),
    bad("https-503", F::ProtocolGateway, "503 of the ingress", |ground| Box::pin(gateway(ground))),
];

fn https(ground: &Ground, server: Server, proof: &'static str) -> Served {
    let probe = json!({"https": {"path": "/health", "status": [200]}});
    Served::at(server, &probe, proof).with("tls", ground.verify_full())
}

async fn page(ground: &Ground, leaf: Leaf<'static>) -> io::Result<Served> {
    let routes = vec![Route::json("/health", &json!({"status": "up"}))];
    let server = serve_routes(Some(ground.tls_of(&leaf)?), routes).await?;
    Ok(https(ground, server, "identified"))
}

async fn bearer(ground: &Ground, token: &str) -> io::Result<Served> {
    let route = Route::json("/health", &json!({"status": "up"}));
    let routes = vec![route.behind(Auth::Bearer("lab-https-token-31".into()))];
    let server = serve_routes(Some(ground.tls()?), routes).await?;
    let secret = ground.secret(&format!("https-{token}"), token)?;
    Ok(https(ground, server, "authenticated").with("auth", json!({"token": secret})))
}

/// As nginx does it: the handshake succeeds, and HTTP says what was missing.
async fn client_certificate(ground: &Ground) -> io::Result<Served> {
    let identity = ground.pki.leaf(&GOOD)?;
    let tls = ground.pki.tls_with(&identity, ClientCertificate::Optional, rustls::ALL_VERSIONS)?;
    let server = serve(Some(tls), |request| {
        if request.client_certificate {
            return Answer::json(200, &json!({"status": "up"})).reply();
        }
        Answer::html(400, "400 No required SSL certificate was sent")
            .header("Server", "nginx")
            .reply()
    })
    .await?;
    Ok(https(ground, server, "identified"))
}

/// The certificate that it asks for may be absent: what closes is the service, not TLS.
async fn closes_when_content(ground: &Ground) -> io::Result<Served> {
    let identity = ground.pki.leaf(&GOOD)?;
    let tls = ground.pki.tls_with(&identity, ClientCertificate::Optional, rustls::ALL_VERSIONS)?;
    let server = serve(Some(tls), |_| Reply::raw("", End::Close)).await?;
    Ok(https(ground, server, "identified"))
}

async fn plain(ground: &Ground) -> io::Result<Served> {
    let server = raw::serve(Manner::Answers(banner::HTTP.into())).await?;
    Ok(https(ground, server, "identified"))
}

async fn refusing(ground: &Ground, status: u16) -> io::Result<Served> {
    let server = serve(Some(ground.tls()?), move |_| Answer::new(status).reply()).await?;
    Ok(https(ground, server, "identified"))
}

async fn gateway(ground: &Ground) -> io::Result<Served> {
    let page = Answer::html(503, "503 Service Temporarily Unavailable").header("Server", "nginx");
    let server = serve_routes(Some(ground.tls()?), vec![Route::get("/health", page)]).await?;
    Ok(https(ground, server, "identified"))
}
