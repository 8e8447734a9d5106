//! CometD: sessions, stickiness and denials.

use std::io;

use serde_json::json;

use crate::lab::cometd::CometdServer;
use crate::lab::ground::Ground;
use crate::lab::http::routes::{Route, serve_routes};
use crate::lab::http::{Answer, End, Reply};
use crate::lab::scenario::{Scenario, Served, Start};
use crate::lab::server::Server;
use crate::model::{FaultCode as F, Key};

const PATH: &str = "/workspace/v3/notifications";
const TOKEN: &str = "workspace-token-6b1f";

const fn good(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::good(name, "cometd", about, start)
}

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "cometd", code, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("cometd-good", "a session over several connections", |_| {
        Box::pin(server(CometdServer::new(PATH)))
    }),
    good("cometd-token", "a handshake with a token", |ground| Box::pin(token(ground, TOKEN))),
    bad("cometd-not-sticky", F::ServiceNotSticky, "two servers, no stickiness", |_| {
        Box::pin(server(CometdServer::new(PATH).stores(2)))
    })
    .showing(&[(Key::BayeuxError, "402")]),
    bad("cometd-wrong-token", F::AuthRejected, "HTTP 200 with 403::handshake_denied", |ground| {
        Box::pin(token(ground, "another-token"))
    })
    .showing(&[(Key::BayeuxError, "403")]),
    bad("cometd-no-token", F::AuthRequired, "the same, and no token of ours", |_| {
        Box::pin(server(CometdServer::new(PATH).token(TOKEN)))
    }),
    bad("cometd-gateway-401", F::AuthRejected, "401 before Bayeux is reached", |ground| {
        Box::pin(gateway_401(ground))
    })
    .showing(&[(Key::Status, "401")]),
    bad("cometd-404", F::ProtocolUnexpectedStatus, "another path", |_| {
        Box::pin(server(CometdServer::new("/cometd")))
    }),
    bad("cometd-html", F::ProtocolUnexpectedBody, "a page in place of Bayeux", |_| {
        Box::pin(page(Answer::html(200, "Welcome").reply()))
    }),
    bad("cometd-503", F::ProtocolGateway, "503 of an ingress", |_| {
        Box::pin(page(
            Answer::html(503, "503 Service Temporarily Unavailable")
                .header("Server", "nginx")
                .reply(),
        ))
    }),
    bad("cometd-silent", F::PeerSilent, "no answer to the handshake", |_| Box::pin(silent())),
];

fn served(server: Server) -> Served {
    let probe = json!({"cometd": {"path": PATH, "sticky": 5}});
    Served::at(server, &probe, "operational").with("tls", json!({"mode": "disable"}))
}

async fn server(server: CometdServer) -> io::Result<Served> {
    Ok(served(server.serve(None).await?))
}

async fn token(ground: &Ground, token: &str) -> io::Result<Served> {
    let scene = server(CometdServer::new(PATH).token(TOKEN)).await?;
    let secret = ground.secret(&format!("cometd-{token}"), token)?;
    Ok(scene.with("auth", json!({"token": secret})).in_clear())
}

async fn gateway_401(ground: &Ground) -> io::Result<Served> {
    let gated = CometdServer { gateway_denies: true, ..CometdServer::new(PATH).token(TOKEN) };
    let secret = ground.secret("cometd-gateway", "another-token")?;
    Ok(server(gated).await?.with("auth", json!({"token": secret})).in_clear())
}

async fn page(reply: Reply) -> io::Result<Served> {
    let paths = ["", "/handshake"].map(|name| Route::post(format!("{PATH}{name}"), reply.clone()));
    Ok(served(serve_routes(None, paths.into()).await?))
}

async fn silent() -> io::Result<Served> {
    Ok(page(Reply::raw("", End::Hold)).await?.impatient())
}
