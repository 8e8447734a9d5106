//! Client certificates under TLS: asked for, judged at once or late, and what a close means after that.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use crate::lab::ground::Ground;
use crate::lab::http::serve;
use crate::lab::pki::{ClientCertificate, Leaf, Signer};
use crate::lab::raw;
use crate::lab::scenario::{Scenario, Served, Start};
use crate::lab::scenarios::tls::{GOOD, page, served, trusting};
use crate::lab::server::Server;
use crate::model::{FaultCode as F, Key};

const fn good(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::good(name, "tls", about, start)
}

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "tls", code, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("tls-closed-after-tickets", "asks, is content, and closes", |ground| {
        Box::pin(closes_when_content(ground))
    }),
    good("tls-client-certificate", "our certificate is accepted", |ground| {
        Box::pin(client(ground, Some(Signer::Trusted)))
    }),
    bad(
        "tls-client-certificate-required",
        F::TlsClientCertificateRequired,
        "asks for ours",
        |ground| Box::pin(client(ground, None)),
    ),
    bad(
        "tls-client-certificate-rejected",
        F::TlsClientCertificateRejected,
        "ours is of another authority",
        |ground| Box::pin(client(ground, Some(Signer::Other))),
    ),
    bad(
        "tls-client-certificate-rejected-late",
        F::TlsClientCertificateRejected,
        "ours is of another authority, and that is said after 600 ms",
        |ground| Box::pin(hesitates(ground, Some(Signer::Other))),
    ),
    bad(
        "tls-client-certificate-required-late",
        F::TlsClientCertificateRequired,
        "asks for ours, and misses it after 600 ms",
        |ground| Box::pin(hesitates(ground, None)),
    ),
    good("tls-client-certificate-late", "our certificate is accepted after 600 ms", |ground| {
        Box::pin(hesitates(ground, Some(Signer::Trusted)))
    }),
    good("tls-client-certificate-silent", "our certificate, and no ticket", |ground| {
        Box::pin(says_nothing(ground))
    })
    .showing(&[(Key::ClientCertificate, "asked for, sent; neither a ticket")]),
];

/// A server that wants a certificate, and ours of `signer`, if we have one.
async fn client(ground: &Ground, signer: Option<Signer>) -> io::Result<Served> {
    let tls = wanting(ground)?;
    served(ground, tls, own(ground, signer)?).await
}

fn wanting(ground: &Ground) -> io::Result<Arc<ServerConfig>> {
    let identity = ground.pki.leaf(&GOOD)?;
    ground.pki.tls_with(&identity, ClientCertificate::Required, rustls::ALL_VERSIONS)
}

/// Our certificate of `signer`, as the site has it.
fn own(ground: &Ground, signer: Option<Signer>) -> io::Result<Value> {
    let Some(signer) = signer else { return Ok(json!({})) };
    let own = Leaf { client: true, signer, common_name: "probe", ..Leaf::GOOD };
    let own = ground.pki.leaf(&own)?;
    let name = format!("client-{signer:?}");
    Ok(json!({
        "client_cert_file": ground.file(&format!("{name}.pem"), &own.certificate_pem)?,
        "client_key_file": ground.file(&format!("{name}.key"), &own.key_pem)?,
    }))
}

/// The same through a relay that holds up what the server judges.
async fn hesitates(ground: &Ground, signer: Option<Signer>) -> io::Result<Served> {
    let tls = wanting(ground)?;
    let server = serve(Some(tls), |request| page().reply_to(request)).await?;
    let relay = raw::hesitating(server.address(), Duration::from_millis(600)).await?;
    Ok(trusting(Served::at(relay, &json!("tls"), "identified"), ground, own(ground, signer)?)
        .and(server))
}

/// A server that gives no tickets: its silence is all that there is.
async fn says_nothing(ground: &Ground) -> io::Result<Served> {
    let config = wanting(ground)?;
    let mut tls = ServerConfig::clone(&config);
    tls.send_tls13_tickets = 0;
    Ok(served(ground, Arc::new(tls), own(ground, Some(Signer::Trusted))?).await?.impatient())
}

/// The certificate that it asks for may be absent, and who says nothing is not waited for.
async fn closes_when_content(ground: &Ground) -> io::Result<Served> {
    let identity = ground.pki.leaf(&GOOD)?;
    let tls = ground.pki.tls_with(&identity, ClientCertificate::Optional, rustls::ALL_VERSIONS)?;
    let acceptor = TlsAcceptor::from(tls);
    let server = Server::start(move |peer| {
        let acceptor = acceptor.clone();
        async move { acceptor.accept(peer.stream).await?.shutdown().await }
    })
    .await?;
    Ok(Served::at(server, &json!("tls"), "identified").with("tls", ground.verify_full()))
}
