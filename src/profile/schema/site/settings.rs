//! The form of what an endpoint, an instance and a row may all say.

use schemars::JsonSchema;

use super::auth::Auth;
use super::proxy::Proxy;
use crate::model::{Addresses, Family, MinVersion, VerifyMode};
use crate::profile::schema::forms::Timeouts;
use crate::profile::schema::parts::{Host, OneOrMany, Pin, Time};

/// What an endpoint, an instance and a row may all say.
#[derive(JsonSchema)]
pub(super) struct Settings {
    /// Name or address.
    host: Option<Host>,
    /// Several, each of which is probed.
    hosts: Option<OneOrMany<Host>>,
    /// How many of the resolved addresses must pass.
    addresses: Option<Addresses>,
    /// Which families are probed.
    family: Option<Family>,
    /// TLS.
    tls: Option<Tls>,
    /// Credentials.
    auth: Option<Auth>,
    /// Whether credentials may travel without TLS.
    allow_cleartext: Option<bool>,
    /// The proxy to go through.
    proxy: Option<Proxy>,
    /// How long each step may take.
    timeouts: Option<Timeouts>,
    /// How often a faulty attempt is made again (0 to 10).
    #[schemars(range(min = 0, max = 10))]
    retries: Option<u32>,
    /// Who runs it.
    owner: Option<String>,
    /// What to do when it fails.
    runbook: Option<String>,
}

/// TLS.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Tls {
    /// How the peer is verified, in libpq's words.
    mode: Option<VerifyMode>,
    /// Authorities to trust in place of the system's (PEM).
    ca_file: Option<String>,
    /// Name to ask for and to verify.
    server_name: Option<Host>,
    /// Lowest version accepted.
    min_version: Option<MinVersionWord>,
    /// Warn when a certificate ends within this time.
    expires_within: Option<Time>,
    /// Public keys, one of which the peer must have.
    pins: Option<OneOrMany<Pin>>,
    /// Texts of which one must be part of the issuer's name.
    issuers: Option<OneOrMany<String>>,
    /// Revocation lists.
    crl_files: Option<OneOrMany<String>>,
    /// Our certificate chain (PEM).
    client_cert_file: Option<String>,
    /// Its key (PEM).
    client_key_file: Option<String>,
}

/// A version, in quotes or as a number.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum MinVersionWord {
    Word(MinVersion),
    Number(#[schemars(extend("enum" = [1.2, 1.3]))] f64),
}
