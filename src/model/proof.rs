//! How far an attempt got, and how far a row must get.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much an attempt has proved about the target. Ordered: each includes those before it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// Nothing is proved.
    #[default]
    None,
    /// The name has an address.
    Resolved,
    /// A TCP connection stands. A sidecar that accepts everything gives this much.
    Connected,
    /// The right protocol answered.
    Spoken,
    /// The right peer answered.
    Identified,
    /// Our credentials were accepted.
    Authenticated,
    /// A harmless operation worked.
    Operational,
}

impl Proof {
    /// Every level, from the lowest to the highest.
    pub const ALL: &[Self] = &[
        Self::None,
        Self::Resolved,
        Self::Connected,
        Self::Spoken,
        Self::Identified,
        Self::Authenticated,
        Self::Operational,
    ];

    /// The word in files and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Resolved => "resolved",
            Self::Connected => "connected",
            Self::Spoken => "spoken",
            Self::Identified => "identified",
            Self::Authenticated => "authenticated",
            Self::Operational => "operational",
        }
    }

    /// Reads the word; `None` where it is none of them.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|level| level.as_str() == word)
    }
}

impl std::fmt::Display for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
