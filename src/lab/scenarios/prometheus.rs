//! Metrics: what is exposed, what is missing, and pages in their place.

use std::io;

use serde_json::json;

use crate::lab::ground::Ground;
use crate::lab::http::routes::{Auth, Route, serve_routes};
use crate::lab::http::{Answer, End};
use crate::lab::prometheus::Exporter;
use crate::lab::scenario::{Scenario, Served, Start};
use crate::lab::server::Server;
use crate::model::{FaultCode as F, Key};

const fn good(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::good(name, "prometheus", about, start)
}

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "prometheus", code, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("prometheus-good", "the families that were asked for", |_| {
        Box::pin(exporter(Exporter::ucsx(1.0, 1.0, 1.0)))
    }),
    good("prometheus-dependency-down", "reachable, and it says that a dependency is not", |_| {
        Box::pin(exporter(Exporter::ucsx(1.0, 0.0, 1.0)))
    }),
    bad("prometheus-missing", F::ProtocolUnexpectedBody, "a family is missing", |_| {
        Box::pin(exporter(Exporter::new()))
    })
    .showing(&[(Key::Missing, "ucsx_masterdb_health_status")]),
    bad("prometheus-html", F::ProtocolUnexpectedBody, "a page in place of metrics", |_| {
        Box::pin(answer(Answer::html(200, "Please sign in")))
    })
    .near(F::ProtocolMalformed),
    bad("prometheus-garbage", F::ProtocolMalformed, "a line that can't be read", |_| {
        Box::pin(answer(Answer::of(
            200,
            "text/plain; version=0.0.4",
            "# TYPE a gauge\na 1\nthis is {no metric\n",
        )))
    })
    .showing(&[(Key::Line, "3")]),
    bad("prometheus-404", F::ProtocolUnexpectedStatus, "no such path", |_| {
        Box::pin(answer(Answer::of(404, "text/plain", "404 page not found")))
    }),
    bad("prometheus-unauthorized", F::AuthRequired, "401", |_| Box::pin(guarded())),
    bad("prometheus-half", F::PeerClosed, "half an exposition", |_| Box::pin(half())),
    bad(
        "prometheus-503",
        F::ProtocolGateway,
        "a Service without endpoints behind an ingress",
        |_| {
            Box::pin(answer(
                Answer::html(503, "503 Service Temporarily Unavailable").header("Server", "nginx"),
            ))
        },
    ),
    bad(
        "prometheus-insecure",
        F::AuthInsecure,
        "a token, and no leave to send it in clear",
        |ground| Box::pin(insecure(ground)),
    ),
];

fn served(server: Server) -> Served {
    let families = ["ucsx_masterdb_health_status", "ucsx_elasticsearch_health_status"];
    let probe = json!({"prometheus": {"path": "/metrics", "families": families}});
    Served::at(server, &probe, "identified").with("tls", json!({"mode": "disable"}))
}

async fn exporter(exporter: Exporter) -> io::Result<Served> {
    Ok(served(exporter.serve(None).await?))
}

async fn answer(answer: Answer) -> io::Result<Served> {
    Ok(served(serve_routes(None, vec![Route::get("/metrics", answer)]).await?))
}

async fn guarded() -> io::Result<Served> {
    let auth = Auth::Basic("prometheus".into(), "scrape-password".into());
    exporter(Exporter { auth, ..Exporter::ucsx(1.0, 1.0, 1.0) }).await
}

async fn insecure(ground: &Ground) -> io::Result<Served> {
    let token = ground.secret("scrape-token", "scrape-token-44f0")?;
    Ok(guarded().await?.with("auth", json!({"token": token})))
}

async fn half() -> io::Result<Served> {
    let (kind, text) = Exporter::ucsx(1.0, 1.0, 1.0).exposition("");
    let half = Answer::of(200, kind, text).half(End::Close);
    Ok(served(serve_routes(None, vec![Route::get("/metrics", half)]).await?))
}
