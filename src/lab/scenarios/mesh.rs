//! A sidecar in place of the service.

use std::io;

use serde_json::json;

use crate::lab::envoy;
use crate::lab::scenario::{Scenario, Served, Start};
use crate::model::{FaultCode as F, Key};

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "http", code, about, start)
}

/// What gives Envoy away.
const ENVOY: &[(Key, &str)] = &[(Key::Gateway, "envoy")];

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    Scenario::good("mesh-envoy", "http", "Envoy, and a service that lives behind it", |_| {
        Box::pin(asked(envoy::PEER, "/"))
    }),
    bad("mesh-envoy-dead", F::ProtocolGateway, "Envoy: the service behind it is dead", |_| {
        Box::pin(asked(envoy::DEAD, "/"))
    })
    .near(F::ServiceError)
    .showing(ENVOY),
    bad("mesh-envoy-denied", F::AuthForbidden, "Envoy: a rule denies the path", |_| {
        Box::pin(asked(envoy::PEER, envoy::DENIED))
    })
    .near(F::ProtocolUnexpectedStatus)
    .showing(ENVOY),
    bad("mesh-envoy-no-route", F::ProtocolUnexpectedStatus, "Envoy knows no such host", |_| {
        Box::pin(asked("unknown.test", "/"))
    })
    .near(F::ProtocolGateway)
    .showing(&[(Key::Status, "404")]),
    bad("mesh-envoy-tcp", F::PeerClosed, "Envoy accepts, and has nobody behind it", |_| {
        Box::pin(async {
            let probe = json!({"http": {"path": "/"}});
            Ok(Served::at(envoy::accepting().await?, &probe, "identified"))
        })
    })
    .near(F::TcpRefused),
];

async fn asked(host: &str, path: &str) -> io::Result<Served> {
    let probe = json!({"http": {"path": path, "host": host, "status": [200]}});
    Ok(Served::at(envoy::routing().await?, &probe, "identified"))
}
