//! Rows 1, 2, 5 to 8 and 11: the gateways, UDM and the object store.

use std::io;

use serde_json::json;

use crate::lab::demo::Lab;
use crate::lab::demo::site::{BROWSER, IWD, STORAGE, STORAGE_KEY, UDM, UDM_GATEWAY};
use crate::lab::http::Answer;
use crate::lab::http::routes::{Route, serve_routes};
use crate::lab::prometheus::Exporter;
use crate::lab::raw::{self, Manner, banner};
use crate::lab::s3::{Access, S3};
use crate::lab::server::Server;

pub(super) async fn start(lab: &mut Lab) -> io::Result<()> {
    inbound(lab).await?;
    udm_gateway(lab).await?;
    udm(lab).await?;
    iwd(lab).await?;
    storage(lab).await
}

/// Row 1. Broken: the certificate behind the redirect has ended.
async fn inbound(lab: &mut Lab) -> io::Result<()> {
    let redirect = Route::redirect("/", 308, "https://udm.demo.example/");
    lab.place(BROWSER, 80, serve_routes(None, vec![redirect]).await?);
    let identity = if lab.broken { lab.expired(BROWSER)? } else { lab.identity(BROWSER)? };
    let tls = lab.ground.pki.tls(&identity)?;
    let page = Route::get("/", Answer::html(200, "User Data Management"));
    lab.place(BROWSER, 443, serve_routes(Some(tls), vec![page]).await?);
    Ok(())
}

/// Rows 2 and 7. Broken: the ingress has no endpoint to pass requests to, and a sign-in page stands
/// before the metrics.
async fn udm_gateway(lab: &mut Lab) -> io::Result<()> {
    let page = if lab.broken {
        Answer::html(503, "503 Service Temporarily Unavailable").header("Server", "nginx")
    } else {
        Answer::json(200, &json!({"service": "udm-gateway", "status": "up"}))
    };
    lab.place(UDM_GATEWAY, 80, serve_routes(None, vec![Route::get("/", page)]).await?);
    let metrics = if lab.broken {
        let page = Answer::html(200, "Sign in to continue");
        serve_routes(None, vec![Route::get("/metrics", page)]).await?
    } else {
        Exporter::new().gauge("udm_gateway_jobs", "", 3.0).serve(None).await?
    };
    lab.place(UDM_GATEWAY, 10052, metrics);
    Ok(())
}

/// Rows 8 and 11. Broken: the Service's port leads to an SSH server, and nobody listens for
/// Prometheus.
async fn udm(lab: &mut Lab) -> io::Result<()> {
    let api = if lab.broken {
        raw::serve(Manner::Greets(banner::SSH.into())).await?
    } else {
        serve_routes(None, vec![Route::json("/", &json!({"service": "udm"}))]).await?
    };
    lab.place(UDM, 8080, api);
    let metrics = if lab.broken {
        Server::refusing()?
    } else {
        Exporter::new().gauge("udm_exports_running", "", 1.0).serve(None).await?
    };
    lab.place(UDM, 10052, metrics);
    Ok(())
}

/// The alternate of row 8: very likely UDM asks iWD, and not the other way round. It works also
/// after the bad change, so the finding that the table may be wrong can be seen.
async fn iwd(lab: &mut Lab) -> io::Result<()> {
    let (kind, text) = Exporter::new().gauge("iwd_queue_length", "", 12.0).exposition("");
    let metrics = Route::get("/iwd/v3/metrics", Answer::of(200, kind, text));
    lab.place(IWD, 4024, serve_routes(None, vec![metrics]).await?);
    Ok(())
}

/// Rows 5 and 6. Broken: a proxy on the way out opens TLS.
async fn storage(lab: &mut Lab) -> io::Result<()> {
    let identity =
        if lab.broken { lab.intercepted(STORAGE)? } else { lab.external.server(&[STORAGE])? };
    let tls = lab.external.tls(&identity)?;
    let store = S3::new("udm-exports", "eu-central-1").key(
        "AKIADEMOEXPORTS00001",
        STORAGE_KEY.1,
        Access::Full,
    );
    lab.place(STORAGE, 443, store.serve(Some(tls)).await?);
    Ok(())
}
