//! CometD, Elasticsearch, Prometheus and nginx.

use connprobe::lab::cometd::CometdServer;
use connprobe::lab::elasticsearch::Cluster;
use connprobe::lab::ground::Ground;
use connprobe::lab::http::routes::{Auth, Route, serve_routes};
use connprobe::lab::prometheus::Exporter;
use serde_json::{Value, json};

use crate::account::Recorded;
use crate::tokens::basic;

#[tokio::test]
async fn the_cometd_stand_in_answers_as_cometd_8_does() {
    let recorded = Recorded::of(
        "cometd.json",
        &[],
        &[("handshake by the sticky balancer", "the stand-in's balancer is the one that isn't")],
    );
    let path = "/workspace/v3/notifications";
    let open = CometdServer::new(path).serve(None).await.unwrap();
    let greeted = recorded.ask("handshake", &open, &[], "").await;
    let body: Value = serde_json::from_str(&greeted.body).unwrap();
    let id = body[0]["clientId"].as_str().unwrap();
    let cookie = greeted.header("set-cookie").unwrap().split(';').next().unwrap();
    let with = [("Cookie", cookie)];
    recorded.ask("connect", &open, &with, id).await;
    recorded.ask("connect without the cookie", &open, &[], id).await;
    recorded.ask("connect with an unknown client", &open, &with, id).await;
    recorded.ask("disconnect", &open, &with, id).await;
    recorded.ask("connect after the disconnect", &open, &with, id).await;
    recorded.ask("GET", &open, &[], "").await;
    recorded.ask("body that is no JSON", &open, &[], "").await;

    let guarded = CometdServer::new(path).token("good").serve(None).await.unwrap();
    recorded.ask("handshake without the token", &guarded, &[], "").await;
    let other = [("Authorization", "Bearer other")];
    recorded.ask("handshake with another token", &guarded, &other, "").await;
    let good = [("Authorization", "Bearer good")];
    recorded.ask("handshake with the token", &guarded, &good, "").await;
    recorded.settle();
}

#[tokio::test]
async fn the_elasticsearch_stand_in_answers_as_elasticsearch_7_17_does() {
    const TWO_PATHS: &str = "the stand-in has root and health, which are what a probe asks for";
    const NGINX: &str = "it is nginx that answers for the password, and not the cluster";
    let recorded = Recorded::of(
        "elasticsearch.json",
        &[],
        &[
            ("red: search", TWO_PATHS),
            ("no such index", TWO_PATHS),
            ("red: waiting for green", "no probe waits for a status"),
            ("behind nginx: password missing", NGINX),
            ("behind nginx: password wrong", NGINX),
            ("behind nginx: password right", NGINX),
        ],
    );
    let health = [
        ("green", Some("green")),
        ("yellow", Some("yellow")),
        ("red", Some("red")),
        ("no master", None),
    ];
    for (name, health) in health {
        let cluster = Cluster { health, ..Cluster::GREEN }.serve(None).await.unwrap();
        recorded.ask(&format!("{name}: root"), &cluster, &[], "").await;
        recorded.ask(&format!("{name}: health"), &cluster, &[], "").await;
        if health.is_none() {
            recorded.ask("no master: local health", &cluster, &[], "").await;
        }
    }
    let green = Cluster::GREEN.serve(None).await.unwrap();
    recorded.ask("HEAD", &green, &[], "").await;
    let basic = [("Authorization", "Basic ZWxhc3RpYzp3cm9uZw==")];
    recorded.ask("open: any password is taken", &green, &basic, "").await;
    recorded.settle();
}

#[tokio::test]
async fn the_metrics_stand_in_answers_as_prometheus_and_its_exporter_do() {
    let recorded = Recorded::of(
        "prometheus.json",
        &[],
        &[("page of the exporter", "the stand-in's root leads on, as that of Prometheus does")],
    );
    let server = Exporter::ucsx(1.0, 1.0, 1.0).serve(None).await.unwrap();
    let metrics = recorded.ask("metrics of the exporter", &server, &[], "").await;
    let real = recorded.cases["metrics of the exporter"]["body"].as_str().unwrap();
    let own = |line: &&str| line.starts_with("ucsx_") || line.starts_with("# TYPE ucsx_");
    for line in real.lines().filter(own) {
        assert!(metrics.body.lines().any(|ours| ours == line), "no {line:?} in {metrics:?}");
    }
    for case in ["metrics of Prometheus", "page of Prometheus", "unknown path"] {
        recorded.ask(case, &server, &[], "").await;
    }
    recorded.settle();
}

#[tokio::test]
async fn the_http_stand_in_refuses_as_nginx_does() {
    const JSON: &str = "routes refuse as services do, in JSON; nginx has a page for it";
    const TOLD: &str = "what a route answers is for its scenario to say";
    let recorded = Recorded::of(
        "nginx.json",
        &[
            ("login asked for", "lacks header content-type text/html", JSON),
            ("login asked for", "adds header content-type application/json", JSON),
            ("login wrong", "lacks header content-type text/html", JSON),
            ("login wrong", "adds header content-type application/json", JSON),
            ("*", "adds key .error = \"unauthorized\"", JSON),
            ("*", "lacks key .status.code = 401", "the words are the product's"),
            ("*", "lacks key .status.message: string", "the words are the product's"),
        ],
        &[
            ("page", TOLD),
            ("login right", TOLD),
            ("token right", TOLD),
            ("nobody behind", TOLD),
            ("silence behind", TOLD),
            ("client certificate missing", "the stand-in ends the handshake, as other servers do"),
        ],
    );
    let moved = vec![Route::redirect("/", 301, "https://127.0.0.1/")];
    let moved = serve_routes(None, moved).await.unwrap();
    recorded.ask("redirect to https", &moved, &[], "").await;
    let none = serve_routes(None, Vec::new()).await.unwrap();
    recorded.ask("default back end", &none, &[], "").await;
    let shut = vec![
        Route::json("/", &json!({})).behind(Auth::Basic("probe".into(), "good-word".into())),
        Route::json("/ucs/v3/healthcheck", &json!({})).behind(Auth::Bearer("good".into())),
    ];
    let shut = serve_routes(None, shut).await.unwrap();
    recorded.ask("login asked for", &shut, &[], "").await;
    recorded.ask("login wrong", &shut, &[("Authorization", &basic("probe", "wrong"))], "").await;
    recorded.ask("token missing", &shut, &[], "").await;
    recorded.ask("token wrong", &shut, &[("Authorization", "Bearer wrong")], "").await;
    let secured = serve_routes(Some(Ground::new().unwrap().tls().unwrap()), Vec::new());
    let secured = secured.await.unwrap();
    recorded.ask("http to a TLS port", &secured, &[], "").await;
    recorded.settle();
}
