//! The form of a proxy.

use schemars::JsonSchema;

use super::auth::Secret;
use crate::profile::schema::parts::ProxyUrl;

/// A proxy, as a URL or with trust and credentials.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Proxy {
    Url(ProxyUrl),
    Map(ProxyMap),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct ProxyMap {
    /// `http`, `https` or `socks5`, host and port.
    url: ProxyUrl,
    /// Authorities for the proxy's own certificate (PEM).
    ca_file: Option<String>,
    /// Credentials for the proxy.
    auth: Option<ProxyAuth>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ProxyAuth {
    /// Name of the account.
    username: String,
    /// Its password.
    password: Secret,
}
