//! The stand-in servers: product (`connprobe lab`, `connprobe demo`) and oracle of the tests.
//!
//! Floor rule: this module uses [`crate::model`] and outside crates, and nothing else of the house.
//! It shares no code with what it checks, so a mistake of the prober can't hide behind the same
//! mistake here: HTTP, PostgreSQL's wire, the DNS's, SCRAM, `SigV4` and `SharedKey` are written out a second
//! time.
//!
//! Each stand-in is one file that says which answers it has; they are those of the real servers.
//! Every server listens on loopback, bounds what it holds, and ends when its handle is dropped.
//!
//! To add a scenario, add a [`scenario::Scenario`] to the file of its protocol in `scenarios/`:
//! a name, what it must be classified as, and a function that starts what it needs on a
//! [`ground::Ground`]. To add a protocol, add its stand-in here and its array to
//! [`scenario::ALL`]. `tests/lab.rs` runs them all in one loop.

pub mod azure_blob;
pub mod cometd;
pub mod crypto;
pub mod demo;
pub mod dns;
pub mod elasticsearch;
pub mod envoy;
pub mod ground;
pub mod http;
pub mod oauth2;
pub mod pgbouncer;
pub mod pki;
pub mod postgres;
pub mod prometheus;
pub mod proxy;
pub mod raw;
pub mod s3;
pub mod scenario;
mod scenarios;
pub mod server;

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    /// A client that shares nothing with the prober; it trusts `ca`, where one is given.
    pub(super) fn client(ca: Option<&str>) -> reqwest::Client {
        builder(ca).build().unwrap()
    }

    /// A client that trusts `ca` and finds `host` at `address`.
    pub(super) fn client_at(ca: &str, host: &str, address: SocketAddr) -> reqwest::Client {
        builder(Some(ca)).resolve(host, address).build().unwrap()
    }

    fn builder(ca: Option<&str>) -> reqwest::ClientBuilder {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder().no_proxy();
        let builder = builder.redirect(reqwest::redirect::Policy::none());
        match ca {
            None => builder.tls_certs_only([]),
            Some(pem) => {
                builder.tls_certs_only([reqwest::Certificate::from_pem(pem.as_bytes()).unwrap()])
            }
        }
    }
}
