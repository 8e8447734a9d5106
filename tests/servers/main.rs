//! Every row of the published table against real servers, on loopback.
//!
//! `tests/run servers` installs and starts them. By hand: `tests/servers/up DIR`, then
//! `CONNPROBE_SERVERS=DIR/env.json cargo test --test servers`, then `tests/servers/down DIR`.
//! Each row has a test in which it passes and one at least in which it fails for a cause that matters.

mod harness;

mod all;
mod certificates;
mod cometd;
mod manners;
mod metrics;
mod names;
mod pooler;
mod postgres;
mod proxies;
mod search;
mod storage;
mod strangers;
mod tokens;
mod web;
