//! The rungs of the ladder: one [`Layer`] for each step of an attempt.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One layer of one attempt, in the order in which they are climbed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Name resolution (RFC 1035).
    Dns,
    /// The TCP handshake (RFC 9293).
    Tcp,
    /// CONNECT (RFC 9110 §9.3.6) or SOCKS5 (RFC 1928).
    Proxy,
    /// The TLS handshake and the verification of the peer's certificate (RFC 8446, RFC 5280).
    Tls,
    /// The row's own protocol answers.
    Protocol,
    /// Credentials are accepted.
    Auth,
    /// A harmless operation works.
    Operation,
}

impl Layer {
    /// Every layer, from the lowest to the highest.
    pub const ALL: &[Self] = &[
        Self::Dns,
        Self::Tcp,
        Self::Proxy,
        Self::Tls,
        Self::Protocol,
        Self::Auth,
        Self::Operation,
    ];

    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::Auth => "auth",
            Self::Operation => "operation",
        }
    }
}
