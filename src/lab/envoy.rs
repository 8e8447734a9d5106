//! Envoy, as a mesh has it beside each pod: what it answers in place of a service that a rule denies, that
//! is gone, or that it knows no route to (Envoy: HTTP filters, RBAC and router).

use std::io;

use crate::lab::http::{Answer, Reply, Request, serve};
use crate::lab::raw::{self, Manner};
use crate::lab::server::Server;

/// The host whose service lives.
pub const PEER: &str = "peer.test";
/// The host whose service is dead.
pub const DEAD: &str = "dead.test";
/// The path that a rule denies.
pub const DENIED: &str = "/denied";

/// A proxy that routes by the `Host` field.
pub async fn routing() -> io::Result<Server> {
    serve(None, route).await
}

/// A proxy that accepts, and closes since nobody is behind it.
pub async fn accepting() -> io::Result<Server> {
    raw::serve(Manner::Closes).await
}

fn route(request: &Request) -> Reply {
    let host = request.header("host").unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let answer = match (host, request.path.as_str()) {
        (PEER, DENIED) => Answer::of(403, "text/plain", "RBAC: access denied"),
        (PEER, _) => Answer::of(200, "text/html", "<!doctype html><title>UDM gateway</title>")
            .header("x-envoy-upstream-service-time", "1"),
        (DEAD, _) => Answer::of(
            503,
            "text/plain",
            "upstream connect error or disconnect/reset before headers. reset reason: remote \
             connection failure",
        ),
        _ => Answer::new(404),
    };
    answer.header("server", "envoy").reply_to(request)
}
