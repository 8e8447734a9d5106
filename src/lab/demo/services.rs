//! Rows 9, 10, 12 to 16 and 21: authentication, Workspace, and Universal Contact Service itself.

use std::io;

use serde_json::json;

use crate::lab::cometd::CometdServer;
use crate::lab::demo::site::{GAUTH, GWS, UCS, UCS_CLIENT, UDM_CLIENT, UDM_GATEWAY_CLIENT};
use crate::lab::demo::{Lab, TOKEN};
use crate::lab::http::routes::{Auth, Route, serve_routes};
use crate::lab::oauth2::TokenServer;
use crate::lab::prometheus::Exporter;
use crate::lab::raw::{self, Manner, banner};

pub(super) async fn start(lab: &mut Lab) -> io::Result<()> {
    authentication(lab).await?;
    workspace(lab).await?;
    contacts(lab).await?;
    contacts_secured(lab).await?;
    metrics(lab).await
}

/// Rows 9, 10 and 12. Broken: UDM's secret was rotated, and its gateway lost the grant; the client
/// of UCS is as it was, so that rows with a token fail for causes of their own.
async fn authentication(lab: &mut Lab) -> io::Result<()> {
    let server = TokenServer::new(TOKEN).client("ucsx_api_client", UCS_CLIENT.1);
    let server = if lab.broken {
        server.client("udm_client", "rotated-and-not-told").refused_client(
            "udm_gateway_client",
            UDM_GATEWAY_CLIENT.1,
            400,
            "unauthorized_client",
        )
    } else {
        server.client("udm_client", UDM_CLIENT.1).client("udm_gateway_client", UDM_GATEWAY_CLIENT.1)
    };
    lab.place(GAUTH, 80, server.serve(None).await?);
    Ok(())
}

/// Row 13. Broken: the internal ingress forgot stickiness.
async fn workspace(lab: &mut Lab) -> io::Result<()> {
    let server = CometdServer::new("/workspace/v3/notifications").token(TOKEN);
    let server = server.stores(if lab.broken { 2 } else { 1 });
    lab.place(GWS, 80, server.serve(None).await?);
    Ok(())
}

fn healthcheck() -> Vec<Route> {
    let body = json!({"status": {"code": 0}, "data": {"service": "ucsx", "state": "up"}});
    vec![Route::json("/ucs/v3/healthcheck", &body).behind(Auth::Bearer(TOKEN.into()))]
}

/// Rows 14 and 15. Broken: one port is silent, the other resets.
async fn contacts(lab: &mut Lab) -> io::Result<()> {
    for (port, manner) in [(80, Manner::Silent), (8080, Manner::ResetsOnData)] {
        let server = if lab.broken {
            raw::serve(manner).await?
        } else {
            serve_routes(None, healthcheck()).await?
        };
        lab.place(UCS, port, server);
    }
    Ok(())
}

/// Row 21. Broken: the port speaks without TLS.
async fn contacts_secured(lab: &mut Lab) -> io::Result<()> {
    let server = if lab.broken {
        raw::serve(Manner::Answers(banner::HTTP.into())).await?
    } else {
        let tls = lab.ground.pki.tls(&lab.identity(UCS)?)?;
        serve_routes(Some(tls), healthcheck()).await?
    };
    lab.place(UCS, 443, server);
    Ok(())
}

/// Row 16. After the bad change it is as reachable as before, and what it says of its dependencies
/// bears rows 17 to 19 out.
async fn metrics(lab: &mut Lab) -> io::Result<()> {
    let exporter =
        if lab.broken { Exporter::ucsx(0.0, 0.0, 0.0) } else { Exporter::ucsx(1.0, 1.0, 1.0) };
    lab.place(UCS, 10052, exporter.serve(None).await?);
    Ok(())
}
