//! A site as types: where each endpoint is, trust, credentials by reference, deviations.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use crate::model::SecretRef;
use crate::model::{
    Addresses, Diagnostic, Family, FaultCode, MinVersion, Place, Ports, Proof, TimeoutSettings,
    VerifyMode,
};
use crate::profile::auth::Auth;
use crate::profile::table::{Alternate, Connection, Expected, Missing, Pods, ProbeNode};

/// One installation.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// SHA-256 of the file's bytes before expansion, in hex.
    pub digest: String,
    /// The profile that it is for, and where it says so.
    pub profile: Option<(String, Place)>,
    /// Settings of endpoints, by name.
    pub endpoints: BTreeMap<String, EndpointSettings>,
    /// Overrides for rows, by id.
    pub connections: BTreeMap<String, RowSettings>,
    /// Rows of this site alone.
    pub extra: Vec<Connection>,
    /// Controls, by source.
    pub controls: BTreeMap<String, ControlSettings>,
    /// Faults that are known and don't count until a day.
    pub waivers: Vec<Waiver>,
    /// Time-outs of every row.
    pub timeouts: TimeoutSettings,
    /// What of the file could not be read.
    pub missing: Missing,
}

impl Site {
    /// A site that could not be read at all.
    pub fn unread() -> Self {
        Self { missing: Missing { endpoints: true, rows: true }, ..Self::default() }
    }
}

/// What a site says of an endpoint.
#[derive(Clone, Debug)]
pub struct EndpointSettings {
    /// Settings of the endpoint itself.
    pub settings: Settings,
    /// How its pods are found here, in place of what the profile says.
    pub pods: Option<Pods>,
    /// Its instances, in the order of the file; each is a case of its own.
    pub instances: Vec<InstanceSettings>,
    /// Where its name stands.
    pub place: Place,
}

/// One of several instances of an endpoint.
#[derive(Clone, Debug)]
pub struct InstanceSettings {
    /// Its name.
    pub name: Arc<str>,
    /// What differs from the endpoint.
    pub settings: Settings,
}

/// What an endpoint, an instance and a row may all say. What is not said is inherited.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Names or addresses, each of which is probed. `(text, where it stands)`.
    pub hosts: Vec<(String, Place)>,
    /// How many of the resolved addresses must pass.
    pub addresses: Option<Addresses>,
    /// Which families are probed.
    pub family: Option<Family>,
    /// TLS. Merged key by key.
    pub tls: TlsSettings,
    /// Credentials. Merged key by key within a kind.
    pub auth: Option<Auth>,
    /// Whether credentials may travel without TLS.
    pub allow_cleartext: Option<bool>,
    /// The proxy to go through.
    pub proxy: Option<ProxySettings>,
    /// Time-outs.
    pub timeouts: TimeoutSettings,
    /// How often a faulty attempt is made again.
    pub retries: Option<u32>,
    /// Who runs it.
    pub owner: Option<Arc<str>>,
    /// What to do when it fails.
    pub runbook: Option<Arc<str>>,
    /// Variables without a value that these settings name.
    pub unset: Vec<Diagnostic>,
}

impl Settings {
    /// These, and where they say nothing, those of `base`.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        Self {
            hosts: if self.hosts.is_empty() { base.hosts.clone() } else { self.hosts.clone() },
            addresses: self.addresses.or(base.addresses),
            family: self.family.or(base.family),
            tls: self.tls.over(&base.tls),
            auth: Auth::merged(self.auth.as_ref(), base.auth.as_ref()),
            allow_cleartext: self.allow_cleartext.or(base.allow_cleartext),
            proxy: self.proxy.clone().or_else(|| base.proxy.clone()),
            timeouts: self.timeouts.or(base.timeouts),
            retries: self.retries.or(base.retries),
            owner: self.owner.clone().or_else(|| base.owner.clone()),
            runbook: self.runbook.clone().or_else(|| base.runbook.clone()),
            unset: [self.unset.as_slice(), base.unset.as_slice()].concat(),
        }
    }
}

/// A file that a setting names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRef {
    /// Its path; a relative one is relative to the working directory.
    pub path: PathBuf,
    /// Where the setting stands.
    pub place: Place,
}

/// TLS as a site says it.
#[derive(Clone, Debug, Default)]
pub struct TlsSettings {
    /// How the peer is verified.
    pub mode: Option<VerifyMode>,
    /// Authorities to trust in place of the system's (PEM).
    pub ca_file: Option<FileRef>,
    /// Name to ask for and to verify, in place of the host.
    pub server_name: Option<String>,
    /// Lowest version accepted.
    pub min_version: Option<MinVersion>,
    /// Warn when a certificate ends within this time.
    pub expires_within: Option<Duration>,
    /// SHA-256 digests of public keys, one of which the peer must have.
    pub pins: Vec<[u8; 32]>,
    /// Issuers that are expected: texts of which one must be part of the leaf's issuer.
    pub issuers: Vec<String>,
    /// Revocation lists (PEM or DER).
    pub crl_files: Vec<FileRef>,
    /// Our certificate chain (PEM).
    pub client_cert_file: Option<FileRef>,
    /// Its key (PEM).
    pub client_key_file: Option<FileRef>,
}

impl TlsSettings {
    /// These, and where they say nothing, those of `base`.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        let list = |own: &Vec<FileRef>, base: &Vec<FileRef>| {
            if own.is_empty() { base.clone() } else { own.clone() }
        };
        Self {
            mode: self.mode.or(base.mode),
            ca_file: self.ca_file.clone().or_else(|| base.ca_file.clone()),
            server_name: self.server_name.clone().or_else(|| base.server_name.clone()),
            min_version: self.min_version.or(base.min_version),
            expires_within: self.expires_within.or(base.expires_within),
            pins: if self.pins.is_empty() { base.pins.clone() } else { self.pins.clone() },
            issuers: if self.issuers.is_empty() {
                base.issuers.clone()
            } else {
                self.issuers.clone()
            },
            crl_files: list(&self.crl_files, &base.crl_files),
            client_cert_file: self
                .client_cert_file
                .clone()
                .or_else(|| base.client_cert_file.clone()),
            client_key_file: self.client_key_file.clone().or_else(|| base.client_key_file.clone()),
        }
    }

    /// Whether anything is said but `mode`.
    pub fn says_something(&self) -> bool {
        self.ca_file.is_some()
            || self.server_name.is_some()
            || self.min_version.is_some()
            || self.expires_within.is_some()
            || !self.pins.is_empty()
            || !self.issuers.is_empty()
            || !self.crl_files.is_empty()
            || self.client_cert_file.is_some()
    }
}

/// Credentials by reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthSettings {
    /// User name and password; for PostgreSQL also the database.
    Login {
        /// Name of the account.
        username: Option<String>,
        /// Its password.
        password: Option<SecretRef>,
        /// Name of the database.
        database: Option<String>,
    },
    /// OAuth2 client credentials (RFC 6749 §4.4).
    Client {
        /// Client identifier.
        client_id: String,
        /// Client secret.
        client_secret: SecretRef,
    },
    /// A bearer token (RFC 6750).
    Token(SecretRef),
    /// An API key: Elasticsearch's `ApiKey`, elsewhere the header `x-api-key`.
    ApiKey(SecretRef),
    /// S3 keys.
    Keys {
        /// Access key id.
        access_key: String,
        /// Secret access key.
        secret_key: SecretRef,
    },
    /// Azure Storage account.
    Account {
        /// Name of the account.
        account: String,
        /// Its key (base64).
        account_key: SecretRef,
    },
    /// The token of another endpoint's client credentials.
    OAuth2 {
        /// The endpoint that gives the token.
        endpoint: String,
        /// Where it is named.
        place: Place,
    },
}

/// A proxy for every protocol.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// `http`, `https` or `socks5`, host and port.
    pub url: ProxyUrl,
    /// Authorities that the proxy's own certificate is verified with.
    pub ca_file: Option<FileRef>,
    /// User name and password for the proxy.
    pub auth: Option<(String, SecretRef)>,
}

/// The address of a proxy, as the URL says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyUrl {
    /// `http`, `https` or `socks5`.
    pub scheme: ProxyScheme,
    /// Name or address.
    pub host: String,
    /// Port; where the URL has none: 3128 for http and https, 1080 for socks5.
    pub port: u16,
}

/// How to speak to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyScheme {
    /// CONNECT in clear text (RFC 9110 §9.3.6).
    Http,
    /// CONNECT within TLS.
    Https,
    /// SOCKS5 (RFC 1928).
    Socks5,
}

/// Overrides for one row.
#[derive(Clone, Debug, Default)]
pub struct RowSettings {
    /// What endpoints and instances may say too.
    pub settings: Settings,
    /// Another port.
    pub port: Option<Ports>,
    /// Why the row is not probed here.
    pub skip: Option<String>,
    /// Another proof, with the reason.
    pub proof: Option<(Proof, Option<String>)>,
    /// What the row expects of the network.
    pub expect: Option<Expected>,
    /// Another way to prove it.
    pub probe: Option<ProbeNode>,
    /// Other alternates.
    pub alternates: Option<Vec<Alternate>>,
    /// Where the row's id stands.
    pub place: Option<Place>,
}

/// What must work from a source, and what must not.
#[derive(Clone, Debug, Default)]
pub struct ControlSettings {
    /// Ids of rows.
    pub positive: Vec<(String, Place)>,
    /// Targets.
    pub negative: Vec<NegativeControl>,
    /// Variables without a value that these controls name.
    pub unset: Vec<Diagnostic>,
    /// Where the source is named.
    pub place: Option<Place>,
}

/// An address and port that no network has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NegativeControl {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// A fault that is known and doesn't count until a day.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// Id of the row, with or without its instance: `18` or `18[t100]`.
    pub row: String,
    /// The fault.
    pub code: FaultCode,
    /// Why.
    pub reason: String,
    /// The last day on which it holds (ISO 8601 date, UTC), as the file has it.
    pub until: String,
    /// Where it stands.
    pub place: Place,
}
