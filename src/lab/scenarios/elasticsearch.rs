//! Elasticsearch and OpenSearch: health, who may ask, and which of the two it is.

use std::io;

use serde_json::{Value, json};

use crate::lab::elasticsearch::{Cluster, Product};
use crate::lab::ground::Ground;
use crate::lab::http::routes::{Auth, Route, serve_routes};
use crate::lab::http::{Answer, End, Reply, serve};
use crate::lab::scenario::{Scenario, Served, Start};
use crate::model::{FaultCode as F, Key, WarningCode};

const PASSWORD: &str = "elastic-password-2k";

const fn good(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::good(name, "elasticsearch", about, start)
}

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "elasticsearch", code, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("elasticsearch-green", "a green cluster", |_| Box::pin(health("green", "green"))),
    good("elasticsearch-yellow-accepted", "yellow, which is good enough", |_| {
        Box::pin(health("yellow", "yellow"))
    })
    .warning(&[WarningCode::ServiceDegraded]),
    good("elasticsearch-basic", "user and password over TLS", |ground| {
        Box::pin(secured(ground, PASSWORD))
    }),
    good("elasticsearch-api-key", "an API key", |ground| Box::pin(api_key(ground))),
    good("opensearch-accepted", "OpenSearch, where any will do", |_| {
        Box::pin(product(Product::OpenSearch, "any"))
    }),
    bad("elasticsearch-red", F::ServiceUnhealthy, "a red cluster", |_| {
        Box::pin(health("red", "yellow"))
    })
    .showing(&[(Key::ClusterHealth, "red")]),
    bad("elasticsearch-yellow", F::ServiceUnhealthy, "yellow, where green is needed", |_| {
        Box::pin(health("yellow", "green"))
    })
    .showing(&[(Key::ClusterHealth, "yellow")]),
    bad(
        "elasticsearch-no-master",
        F::ServiceUnhealthy,
        "503 master_not_discovered_exception",
        |_| Box::pin(no_master()),
    )
    .near(F::ProtocolGateway),
    bad("elasticsearch-503-of-another", F::ProtocolGateway, "503 without its marks", |_| {
        Box::pin(another_503())
    })
    .near(F::ServiceUnhealthy),
    bad("elasticsearch-unauthorized", F::AuthRequired, "401, and no credentials", |ground| {
        Box::pin(anonymous(ground))
    }),
    bad("elasticsearch-wrong-password", F::AuthRejected, "401 to a password", |ground| {
        Box::pin(secured(ground, "wrong-password"))
    }),
    bad("elasticsearch-forbidden", F::AuthForbidden, "403 security_exception", |ground| {
        Box::pin(forbidden(ground))
    }),
    bad(
        "elasticsearch-insecure",
        F::AuthInsecure,
        "a password, and no leave to send it in clear",
        |ground| Box::pin(insecure(ground)),
    ),
    bad("opensearch", F::ServiceWrongPeer, "OpenSearch", |_| {
        Box::pin(product(Product::OpenSearch, "elasticsearch"))
    }),
    bad("opensearch-in-disguise", F::ServiceWrongPeer, "OpenSearch that claims 7.10.2", |_| {
        Box::pin(product(Product::OpenSearchInDisguise, "elasticsearch"))
    }),
    bad("elasticsearch-502", F::ProtocolGateway, "the back end of a proxy is gone", |_| {
        Box::pin(gateway())
    })
    .near(F::ServiceUnhealthy),
    bad("elasticsearch-silent", F::PeerSilent, "no answer", |_| Box::pin(silent())),
];

async fn cluster(cluster: Cluster, options: &Value) -> io::Result<Served> {
    let server = cluster.serve(None).await?;
    let scene = Served::at(server, &json!({"elasticsearch": options}), "operational");
    Ok(scene.with("tls", json!({"mode": "disable"})))
}

async fn health(found: &'static str, worst: &'static str) -> io::Result<Served> {
    let cluster_ = Cluster { health: Some(found), ..Cluster::GREEN };
    cluster(cluster_, &json!({"health": worst})).await
}

async fn no_master() -> io::Result<Served> {
    cluster(Cluster { health: None, ..Cluster::GREEN }, &json!({"health": "yellow"})).await
}

async fn product(product: Product, wanted: &'static str) -> io::Result<Served> {
    cluster(Cluster { product, ..Cluster::GREEN }, &json!({"product": wanted})).await
}

async fn another_503() -> io::Result<Served> {
    let answer = |_: &_| Answer::of(503, "text/plain", "no healthy upstream").into();
    let server = serve(None, answer).await?;
    let scene = Served::at(server, &json!("elasticsearch"), "operational");
    Ok(scene.with("tls", json!({"mode": "disable"})))
}

fn basic() -> Auth {
    Auth::Basic("ucsx".into(), PASSWORD.into())
}

fn login(ground: &Ground, password: &str) -> io::Result<Value> {
    let secret = ground.secret(&format!("elastic-{password}"), password)?;
    Ok(json!({"username": "ucsx", "password": secret}))
}

async fn tls(ground: &Ground, cluster: Cluster) -> io::Result<Served> {
    let server = cluster.serve(Some(ground.tls()?)).await?;
    let scene = Served::at(server, &json!("elasticsearch"), "operational");
    Ok(scene.with("tls", ground.verify_full()))
}

async fn secured(ground: &Ground, password: &str) -> io::Result<Served> {
    let scene = tls(ground, Cluster { auth: basic(), ..Cluster::GREEN }).await?;
    Ok(scene.with("auth", login(ground, password)?))
}

async fn anonymous(ground: &Ground) -> io::Result<Served> {
    tls(ground, Cluster { auth: basic(), ..Cluster::GREEN }).await
}

async fn api_key(ground: &Ground) -> io::Result<Served> {
    let key = "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw==";
    let scene = tls(ground, Cluster { auth: Auth::ApiKey(key.into()), ..Cluster::GREEN }).await?;
    Ok(scene.with("auth", json!({"api_key": ground.secret("elastic-key", key)?})))
}

async fn forbidden(ground: &Ground) -> io::Result<Served> {
    let cluster = Cluster { auth: basic(), forbidden: true, ..Cluster::GREEN };
    Ok(tls(ground, cluster).await?.with("auth", login(ground, PASSWORD)?))
}

async fn insecure(ground: &Ground) -> io::Result<Served> {
    let scene = cluster(Cluster { auth: basic(), ..Cluster::GREEN }, &json!({})).await?;
    Ok(scene.with("auth", login(ground, PASSWORD)?))
}

async fn gateway() -> io::Result<Served> {
    let page = Answer::html(502, "502 Bad Gateway").header("Server", "nginx");
    let routes = vec![Route::get("/", page.clone()), Route::get("/_cluster/health", page)];
    let scene =
        Served::at(serve_routes(None, routes).await?, &json!("elasticsearch"), "operational");
    Ok(scene.with("tls", json!({"mode": "disable"})))
}

async fn silent() -> io::Result<Served> {
    let server = serve(None, |_| Reply::raw("", End::Hold)).await?;
    let scene = Served::at(server, &json!("elasticsearch"), "operational");
    Ok(scene.with("tls", json!({"mode": "disable"})).impatient())
}
