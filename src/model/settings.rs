//! Choices that files, options and layers of the network share.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a peer's certificate is judged; the words are libpq's (PostgreSQL, chapter "SSL Support").
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum VerifyMode {
    /// No TLS.
    Disable,
    /// TLS where the peer offers it, unverified.
    Prefer,
    /// TLS, unverified.
    Require,
    /// TLS, with a chain to a trusted authority.
    VerifyCa,
    /// TLS, with a chain to a trusted authority and the right name.
    VerifyFull,
}

impl VerifyMode {
    /// The words in files.
    pub const WORDS: &[(&str, Self)] = &[
        ("disable", Self::Disable),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, mode)| *mode == self).map_or("", |(word, _)| word)
    }
}

/// The lowest version of TLS that is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MinVersion {
    /// TLS 1.2 (RFC 5246).
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3 (RFC 8446).
    #[serde(rename = "1.3")]
    Tls13,
}

impl MinVersion {
    /// The words in files.
    pub const WORDS: &[(&str, Self)] = &[("1.2", Self::Tls12), ("1.3", Self::Tls13)];
}

/// Which families of addresses are probed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Every family that has a route.
    #[default]
    Any,
    /// IPv4 alone.
    Ipv4,
    /// IPv6 alone.
    Ipv6,
    /// Both must work.
    Both,
}

impl Family {
    /// The words in files.
    pub const WORDS: &[(&str, Self)] =
        &[("any", Self::Any), ("ipv4", Self::Ipv4), ("ipv6", Self::Ipv6), ("both", Self::Both)];
}

/// How long each step may take; what is not given is inherited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeoutSettings {
    /// For a name.
    pub dns: Option<Duration>,
    /// For the TCP handshake.
    pub tcp: Option<Duration>,
    /// For the TLS handshake.
    pub tls: Option<Duration>,
    /// For each answer.
    pub answer: Option<Duration>,
}

impl TimeoutSettings {
    /// These, and where they say nothing, those.
    #[must_use]
    pub fn or(self, base: Self) -> Self {
        Self {
            dns: self.dns.or(base.dns),
            tcp: self.tcp.or(base.tcp),
            tls: self.tls.or(base.tls),
            answer: self.answer.or(base.answer),
        }
    }

    /// The same for every step.
    pub fn all(time: Duration) -> Self {
        Self { dns: Some(time), tcp: Some(time), tls: Some(time), answer: Some(time) }
    }

    /// Filled up with the defaults.
    pub fn filled(self) -> Timeouts {
        let default = Timeouts::default();
        Timeouts {
            dns: self.dns.unwrap_or(default.dns),
            tcp: self.tcp.unwrap_or(default.tcp),
            tls: self.tls.unwrap_or(default.tls),
            answer: self.answer.unwrap_or(default.answer),
        }
    }
}

/// How long each step may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a name.
    pub dns: Duration,
    /// For the TCP handshake.
    pub tcp: Duration,
    /// For the TLS handshake.
    pub tls: Duration,
    /// For each answer.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            dns: Duration::from_secs(5),
            // A lost SYN is sent again after 1 s, so five seconds see at least three of them.
            tcp: Duration::from_secs(5),
            tls: Duration::from_secs(5),
            answer: Duration::from_secs(10),
        }
    }
}
