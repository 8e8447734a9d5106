//! The scenarios, one file per protocol.

pub(super) mod answers;
pub(super) mod bodies;
pub(super) mod client_certificates;
pub(super) mod cometd;
pub(super) mod dns;
pub(super) mod elasticsearch;
pub(super) mod hostile;
pub(super) mod http;
pub(super) mod https;
pub(super) mod mesh;
pub(super) mod near;
pub(super) mod oauth2;
pub(super) mod object_store;
pub(super) mod pgbouncer;
pub(super) mod postgres;
pub(super) mod prometheus;
pub(super) mod proxy;
pub(super) mod stranger;
pub(super) mod tcp;
pub(super) mod tls;
