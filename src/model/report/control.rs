//! Controls: what had to work, or not to work, for the verdicts to mean anything.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::attempt::Attempt;

/// Whether a control has to work or must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ControlKind {
    /// A row that must pass, so that a block means something.
    Positive,
    /// An address that must not connect, so that a connect means something.
    Negative,
}

/// What had to work, or not to work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlReport {
    /// The run that it belongs to.
    pub run: Arc<str>,
    /// The source that it speaks for.
    pub source: String,
    /// Positive or negative.
    pub kind: ControlKind,
    /// The row, for a positive control.
    pub row: Option<String>,
    /// `host:port`, for a negative control.
    pub target: Option<String>,
    /// Whether it behaved as it had to.
    pub held: bool,
    /// How it ended.
    pub detail: String,
    /// The attempt, for a negative control.
    pub attempt: Option<Attempt>,
}
