//! OAuth2: tokens, and every word with which they are refused.

use std::io;

use serde_json::{Value, json};

use crate::lab::ground::{Ground, HOST};
use crate::lab::http::routes::{Route, serve_routes};
use crate::lab::http::{Answer, Reply};
use crate::lab::oauth2::{Manners, TOKEN_PATH, TokenServer};
use crate::lab::pki::{Leaf, Signer};
use crate::lab::scenario::{Scenario, Served, Start};
use crate::lab::server::Server;
use crate::model::{FaultCode as F, Key};

const ID: &str = "ucsx_api_client";
const SECRET: &str = "client-secret-9w/=+";
const TOKEN: &str = "issued-token-5d2c81";

const fn good(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::good(name, "oauth2", about, start)
}

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "oauth2", code, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("oauth2-good", "a token over TLS", |ground| Box::pin(secured(ground, Leaf::GOOD))),
    good("oauth2-in-clear", "a token without TLS, which the site allows", |ground| {
        Box::pin(token(ground, known(), SECRET))
    }),
    bad("oauth2-wrong-secret", F::AuthRejected, "401 invalid_client", |ground| {
        Box::pin(token(ground, known(), "wrong-secret"))
    })
    .showing(&[(Key::OauthError, "invalid_client"), (Key::Status, "401")]),
    bad(
        "oauth2-keycloak",
        F::AuthRejected,
        "401 unauthorized_client to a wrong secret",
        |ground| Box::pin(token(ground, known().manners(Manners::Keycloak), "wrong-secret")),
    )
    .near(F::AuthForbidden)
    .showing(&[(Key::OauthError, "unauthorized_client")]),
    bad("oauth2-400", F::AuthRejected, "400 invalid_client", |ground| {
        Box::pin(token(ground, known().manners(Manners::BadRequest), "wrong-secret"))
    })
    .showing(&[(Key::Status, "400")]),
    bad("oauth2-invalid-grant", F::AuthRejected, "400 invalid_grant", |ground| {
        Box::pin(refused(ground, 400, "invalid_grant"))
    }),
    bad("oauth2-grant-not-allowed", F::AuthForbidden, "400 unauthorized_client", |ground| {
        Box::pin(refused(ground, 400, "unauthorized_client"))
    }),
    bad("oauth2-access-denied", F::AuthForbidden, "400 access_denied", |ground| {
        Box::pin(refused(ground, 400, "access_denied"))
    }),
    bad("oauth2-scope", F::AuthForbidden, "400 invalid_scope", |ground| Box::pin(scope(ground)))
        .showing(&[(Key::OauthError, "invalid_scope")]),
    bad("oauth2-grant", F::AuthMethodUnsupported, "400 unsupported_grant_type", |ground| {
        Box::pin(refused(ground, 400, "unsupported_grant_type"))
    }),
    bad("oauth2-unavailable", F::ServiceNotReady, "400 temporarily_unavailable", |ground| {
        Box::pin(refused(ground, 400, "temporarily_unavailable"))
    })
    .near(F::ServiceError),
    good("oauth2-no-credentials", "no client of ours: alive, and no more is claimed", |_| {
        Box::pin(anonymous())
    }),
    bad(
        "oauth2-insecure",
        F::AuthInsecure,
        "a secret, and no leave to send it in clear",
        |ground| Box::pin(insecure(ground)),
    ),
    bad("oauth2-unknown-issuer", F::TlsUnknownIssuer, "no secret for this peer", |ground| {
        Box::pin(secured(ground, Leaf { signer: Signer::Other, ..Leaf::GOOD }))
    }),
    bad("oauth2-login-page", F::ProtocolUnexpectedBody, "200 with a login page", |ground| {
        Box::pin(page(ground, Answer::html(200, "Sign in").reply()))
    })
    .near(F::ServiceWrongPeer),
    bad("oauth2-503", F::ProtocolGateway, "503 of an ingress", |ground| {
        let page_ =
            Answer::html(503, "503 Service Temporarily Unavailable").header("Server", "nginx");
        Box::pin(page(ground, page_.reply()))
    }),
];

fn known() -> TokenServer {
    TokenServer::new(TOKEN).client(ID, SECRET)
}

fn auth(ground: &Ground, secret: &str) -> io::Result<Value> {
    let name = if secret == SECRET { "client-secret" } else { "client-secret-wrong" };
    Ok(json!({"client_id": ID, "client_secret": ground.secret(name, secret)?}))
}

fn plain(server: Server, options: &Value) -> Served {
    let scene = Served::at(server, &json!({"oauth2": options}), "authenticated");
    scene.with("tls", json!({"mode": "disable"}))
}

async fn token(ground: &Ground, server: TokenServer, secret: &str) -> io::Result<Served> {
    let scene = plain(server.serve(None).await?, &json!({"path": TOKEN_PATH}));
    Ok(scene.with("auth", auth(ground, secret)?).in_clear())
}

async fn refused(ground: &Ground, status: u16, word: &'static str) -> io::Result<Served> {
    token(ground, TokenServer::new(TOKEN).refused_client(ID, SECRET, status, word), SECRET).await
}

async fn scope(ground: &Ground) -> io::Result<Served> {
    let server = known().serve(None).await?;
    let scene = plain(server, &json!({"path": TOKEN_PATH, "scope": "no-such-scope"}));
    Ok(scene.with("auth", auth(ground, SECRET)?).in_clear())
}

async fn anonymous() -> io::Result<Served> {
    let server = known().serve(None).await?;
    Ok(Served::at(server, &json!({"oauth2": {"path": TOKEN_PATH}}), "identified").in_clear())
}

async fn insecure(ground: &Ground) -> io::Result<Served> {
    let scene = plain(known().serve(None).await?, &json!({"path": TOKEN_PATH}));
    Ok(scene.with("auth", auth(ground, SECRET)?))
}

async fn secured(ground: &Ground, leaf: Leaf<'static>) -> io::Result<Served> {
    let tls = ground.tls_of(&Leaf { sans: &[HOST], ..leaf })?;
    let server = known().serve(Some(tls)).await?;
    let scene = Served::at(server, &json!({"oauth2": {"path": TOKEN_PATH}}), "authenticated");
    Ok(scene.with("tls", ground.verify_full()).with("auth", auth(ground, SECRET)?))
}

async fn page(ground: &Ground, reply: Reply) -> io::Result<Served> {
    let server = serve_routes(None, vec![Route::post(TOKEN_PATH, reply)]).await?;
    let scene = plain(server, &json!({"path": TOKEN_PATH}));
    Ok(scene.with("auth", auth(ground, SECRET)?).in_clear())
}
