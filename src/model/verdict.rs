//! What is said of a row.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is said of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Proved as far as required.
    Pass,
    /// Disproved, for a cause that lies outside this probe.
    Fail,
    /// Could not tell.
    Inconclusive,
    /// Not tried, with a reason.
    Skipped,
}

impl Verdict {
    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Skipped => "skipped",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
