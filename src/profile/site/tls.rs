//! TLS as a site says it.

use std::time::Duration;

use crate::model::{MinVersion, Place, VerifyMode};
use crate::profile::site::FileRef;

/// TLS as a site says it.
#[derive(Clone, Debug, Default)]
pub struct TlsSettings {
    /// How the peer is verified.
    pub mode: Option<VerifyMode>,
    /// Where the mode stands.
    pub mode_place: Option<Place>,
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
            mode_place: self.mode.map_or(&base.mode_place, |_| &self.mode_place).clone(),
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
