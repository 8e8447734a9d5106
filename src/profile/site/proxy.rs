//! A proxy as a site says it.

use crate::model::SecretRef;
use crate::profile::site::FileRef;

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
