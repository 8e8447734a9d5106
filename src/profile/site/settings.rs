//! What an endpoint, an instance and a row may all say, and what it inherits.

use std::path::PathBuf;
use std::sync::Arc;

use crate::model::{Addresses, Diagnostic, Family, Place, TimeoutSettings};
use crate::profile::auth::Auth;
use crate::profile::site::{ProxySettings, TlsSettings};

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
