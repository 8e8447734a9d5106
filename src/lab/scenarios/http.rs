//! HTTP in clear text: statuses, bodies, credentials, redirects, and answers that break off.

use std::io;

use serde_json::{Value, json};

use crate::lab::ground::Ground;
use crate::lab::http::routes::{Auth, Route, serve_routes};
use crate::lab::http::{Answer, End, Reply, serve};
use crate::lab::raw::{self, Manner, banner};
use crate::lab::scenario::{Scenario, Served, Start};
use crate::model::{FaultCode as F, Key};

const TOKEN: &str = "lab-bearer-token-8fb1";

const fn good(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::good(name, "http", about, start)
}

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "http", code, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("http-good", "a page", |_| Box::pin(health(Answer::json(200, &up()).reply()))),
    good("http-json", "the value at a JSON pointer", |_| Box::pin(json_value("up"))),
    good("http-bearer", "a bearer token", |ground| Box::pin(bearer(ground, Some(TOKEN), true))),
    good("http-basic", "user and password", |ground| Box::pin(basic(ground, "right-password"))),
    good("http-api-key", "an X-Api-Key", |ground| Box::pin(api_key(ground, "lab-api-key-77aa"))),
    good("http-redirect-followed", "a redirect within the host", |_| Box::pin(redirect("follow"))),
    bad("http-unauthorized", F::AuthRequired, "401, and no token", |ground| {
        Box::pin(bearer(ground, None, true))
    })
    .showing(&[(Key::Status, "401")]),
    bad("http-wrong-token", F::AuthRejected, "401 to a token", |ground| {
        Box::pin(bearer(ground, Some("another-token-000"), true))
    }),
    bad("http-wrong-password", F::AuthRejected, "401 to user and password", |ground| {
        Box::pin(basic(ground, "wrong-password"))
    })
    .near(F::LocalSecretUnreadable),
    bad("http-forbidden", F::AuthForbidden, "403 to a token", |ground| Box::pin(forbidden(ground)))
        .near(F::AuthRejected),
    bad("http-insecure", F::AuthInsecure, "a token, and no leave to send it in clear", |ground| {
        Box::pin(bearer(ground, Some(TOKEN), false))
    }),
    bad("http-502", F::ProtocolGateway, "502 of nginx", |_| {
        Box::pin(gateway(502, "502 Bad Gateway"))
    })
    .near(F::ProtocolUnexpectedStatus),
    bad("http-503", F::ProtocolGateway, "503 of nginx", |_| {
        Box::pin(gateway(503, "503 Service Temporarily Unavailable"))
    })
    .showing(&[(Key::Status, "503"), (Key::ServerHeader, "nginx")]),
    bad("http-504", F::ProtocolGateway, "504 of nginx", |_| {
        Box::pin(gateway(504, "504 Gateway Time-out"))
    }),
    bad("http-404", F::ProtocolUnexpectedStatus, "the default back end", |_| {
        Box::pin(health(Answer::of(404, "text/plain", "default backend - 404").reply()))
    })
    .showing(&[(Key::Status, "404")]),
    bad("http-500", F::ProtocolUnexpectedStatus, "500", |_| {
        Box::pin(health(Answer::json(500, &json!({"error": "boom"})).reply()))
    }),
    bad("http-redirect", F::ProtocolRedirect, "a redirect that may not be followed", |_| {
        Box::pin(redirect("refuse"))
    })
    .showing(&[(Key::Location, "/new")]),
    bad("http-redirect-loop", F::ProtocolRedirect, "a redirect to itself", |_| {
        Box::pin(redirect_loop())
    }),
    bad("http-other-json", F::ProtocolUnexpectedBody, "another value at the pointer", |_| {
        Box::pin(json_value("down"))
    }),
    bad("http-captive", F::ProtocolUnexpectedBody, "a page in place of JSON", |_| {
        Box::pin(captive())
    }),
    bad("http-blocked-page", F::ServiceWrongPeer, "a firewall's page, with status 200", |_| {
        Box::pin(health(Answer::html(200, "Web Page Blocked!").reply()))
    })
    .showing(&[(Key::Gateway, "web page blocked")]),
    bad("http-squid-denies", F::ServiceWrongPeer, "squid's page: access denied", |_| {
        let page = Answer::html(403, "ERROR: The requested URL could not be retrieved")
            .header("Server", "squid/5.7")
            .header("X-Squid-Error", "ERR_ACCESS_DENIED 0");
        Box::pin(health(page.reply()))
    })
    .showing(&[(Key::Gateway, "ERR_ACCESS_DENIED")]),
    bad("http-squid-503", F::ProtocolGateway, "squid's page: no connection", |_| {
        let page = Answer::html(503, "ERROR: The requested URL could not be retrieved")
            .header("Server", "squid/5.7")
            .header("X-Squid-Error", "ERR_CONNECT_FAIL 111");
        Box::pin(health(page.reply()))
    }),
    bad("http-portal", F::ServiceWrongPeer, "a redirect to a portal's login", |_| {
        let page = Answer::new(302).header("Location", "http://192.0.2.1:1000/fgtauth?0a1b2c");
        Box::pin(health(page.reply()))
    })
    .showing(&[(Key::Gateway, "/fgtauth")]),
    bad("http-511", F::ServiceWrongPeer, "network authentication required", |_| {
        Box::pin(health(Answer::html(511, "Network Authentication Required").reply()))
    })
    .showing(&[(Key::Status, "511")]),
    bad("http-linkerd-503", F::ProtocolGateway, "Linkerd without an endpoint", |_| {
        let page = Answer::new(503).header("l5d-proxy-error", "no endpoints");
        Box::pin(health(page.reply()))
    })
    .showing(&[(Key::Gateway, "l5d-proxy-error")]),
    bad("http-linkerd-403", F::AuthForbidden, "Linkerd's policy", |_| {
        let page = Answer::new(403).header("l5d-proxy-error", "unauthorized request on route");
        Box::pin(health(page.reply()))
    })
    .showing(&[(Key::Gateway, "l5d-proxy-error")]),
    bad("http-silent", F::PeerSilent, "no answer", |_| Box::pin(silent())),
    bad("http-stalled", F::PeerStalled, "half a body, then nothing", |_| Box::pin(stalled()))
        .near(F::PeerSilent),
    bad("http-half-body", F::PeerClosed, "half a body, then FIN", |_| {
        Box::pin(health(Answer::json(200, &up()).half(End::Close)))
    })
    .near(F::PeerStalled),
    bad("http-closed", F::PeerClosed, "FIN in place of an answer", |_| {
        Box::pin(health(Reply::raw("", End::Close)))
    }),
    bad("http-reset", F::PeerReset, "RST in place of an answer", |_| {
        Box::pin(health(Reply::raw("", End::Reset)))
    })
    .near(F::PeerClosed),
    bad("http-garbage", F::ProtocolMalformed, "a status line that can't be read", |_| {
        Box::pin(health(Reply::raw("HTTP/1.1 abc nonsense\r\n\r\n", End::Close)))
    })
    .near(F::ProtocolMismatch),
    bad("http-huge-head", F::ProtocolTooLarge, "a head without an end", |_| Box::pin(huge_head())),
    bad("http-huge-body", F::ProtocolTooLarge, "a body without an end", |_| Box::pin(huge_body())),
    bad("http-ssh", F::ProtocolMismatch, "SSH", |_| {
        Box::pin(other(Manner::Greets(banner::SSH.into())))
    })
    .showing(&[(Key::Spoke, "ssh")]),
    bad("http-redis", F::ProtocolMismatch, "Redis", |_| {
        Box::pin(other(Manner::Answers(banner::REDIS.into())))
    })
    .showing(&[(Key::Spoke, "redis")]),
    bad("http-tls", F::ProtocolMismatch, "TLS", |_| {
        Box::pin(other(Manner::Answers(banner::TLS_ALERT.into())))
    })
    .showing(&[(Key::Spoke, "tls")]),
];

fn up() -> Value {
    json!({"status": "up", "checks": [{"name": "database", "ok": true}]})
}

/// A server whose health path answers so.
async fn health(reply: Reply) -> io::Result<Served> {
    let server = serve_routes(None, vec![Route::get("/health", reply)]).await?;
    Ok(Served::at(server, &json!({"http": {"path": "/health", "status": [200]}}), "identified"))
}

async fn json_value(found: &'static str) -> io::Result<Served> {
    let server =
        serve_routes(None, vec![Route::json("/health", &json!({"status": found}))]).await?;
    let probe = json!({"http": {"path": "/health", "json": {"/status": "up"}}});
    Ok(Served::at(server, &probe, "identified"))
}

async fn guarded(auth: Auth) -> io::Result<Served> {
    let routes = vec![Route::json("/api", &up()).behind(auth)];
    let server = serve_routes(None, routes).await?;
    Ok(Served::at(server, &json!({"http": {"path": "/api"}}), "authenticated"))
}

async fn bearer(ground: &Ground, token: Option<&str>, in_clear: bool) -> io::Result<Served> {
    let mut scene = guarded(Auth::Bearer(TOKEN.into())).await?;
    if let Some(token) = token {
        let name = format!("token-{}", token.len());
        scene = scene.with("auth", json!({"token": ground.secret(&name, token)?}));
    }
    Ok(if in_clear { scene.in_clear() } else { scene })
}

async fn basic(ground: &Ground, password: &str) -> io::Result<Served> {
    let scene = guarded(Auth::Basic("ucs".into(), "right-password".into())).await?;
    let secret = ground.secret(&format!("http-{password}"), password)?;
    Ok(scene.with("auth", json!({"username": "ucs", "password": secret})).in_clear())
}

async fn api_key(ground: &Ground, key: &str) -> io::Result<Served> {
    let scene = guarded(Auth::XApiKey(key.into())).await?;
    Ok(scene.with("auth", json!({"api_key": ground.secret("api-key", key)?})).in_clear())
}

async fn forbidden(ground: &Ground) -> io::Result<Served> {
    let server = serve(None, |request| match request.header("authorization") {
        Some(_) => Answer::json(403, &json!({"error": "forbidden"})).reply(),
        None => Answer::json(401, &json!({})).header("WWW-Authenticate", "Bearer").reply(),
    })
    .await?;
    let scene = Served::at(server, &json!({"http": {"path": "/api"}}), "authenticated");
    Ok(scene.with("auth", json!({"token": ground.secret("token-forbidden", TOKEN)?})).in_clear())
}

async fn gateway(status: u16, title: &'static str) -> io::Result<Served> {
    health(Answer::html(status, title).header("Server", "nginx").reply()).await
}

async fn redirect(redirects: &'static str) -> io::Result<Served> {
    let routes = vec![Route::redirect("/health", 302, "/new"), Route::json("/new", &up())];
    let server = serve_routes(None, routes).await?;
    let probe = json!({"http": {"path": "/health", "status": [200], "redirects": redirects}});
    Ok(Served::at(server, &probe, "identified"))
}

async fn redirect_loop() -> io::Result<Served> {
    let routes = vec![Route::redirect("/health", 302, "/health")];
    let server = serve_routes(None, routes).await?;
    let probe = json!({"http": {"path": "/health", "redirects": "follow"}});
    Ok(Served::at(server, &probe, "identified"))
}

async fn captive() -> io::Result<Served> {
    let page = Answer::html(200, "Welcome to the guest network").reply();
    let server = serve_routes(None, vec![Route::get("/health", page)]).await?;
    let probe = json!({"http": {"path": "/health", "body": {"contains": "\"status\""}}});
    Ok(Served::at(server, &probe, "identified"))
}

async fn silent() -> io::Result<Served> {
    let server = serve_routes(None, vec![Route::silent("/health")]).await?;
    Ok(Served::at(server, &json!({"http": {"path": "/health"}}), "identified").impatient())
}

async fn stalled() -> io::Result<Served> {
    Ok(health(Answer::json(200, &up()).half(End::Hold)).await?.impatient())
}

async fn huge_head() -> io::Result<Served> {
    let field = format!("X-Filler: {}\r\n", "x".repeat(1000));
    health(Reply::raw(format!("HTTP/1.1 200 OK\r\n{}\r\n", field.repeat(2000)), End::Close)).await
}

/// JSON that is asked for a value, in a body that never comes to it.
async fn huge_body() -> io::Result<Served> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"filler\": \"";
    let body = "x".repeat(4 << 20);
    let reply = Reply::raw(format!("{head}{body}\"}}"), End::Close);
    let server = serve_routes(None, vec![Route::get("/health", reply)]).await?;
    let probe = json!({"http": {"path": "/health", "json": {"/status": "up"}}});
    Ok(Served::at(server, &probe, "identified"))
}

async fn other(manner: Manner) -> io::Result<Served> {
    let server = raw::serve(manner).await?;
    Ok(Served::at(server, &json!({"http": {"path": "/"}}), "identified"))
}
