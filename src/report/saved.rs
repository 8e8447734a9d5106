//! Saved reports, read back. They may be anybody's: bounded, and strict in form.

use crate::model::clean;
use crate::model::report::{Report, SCHEMA};

/// Largest report that is read, in bytes: 100,000 rows with their evidence have room.
pub const LARGEST: u64 = 256 << 20;

/// Why a report can't be read.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// It is no JSON, or not of this form.
    #[error("it is no report: {0}")]
    Form(String),
    /// It has another schema.
    #[error("its schema is `{0}`, and this program reads `{SCHEMA}`")]
    Schema(String),
    /// Its totals and its rows don't agree.
    #[error("it contradicts itself: {0}")]
    Unreconciled(String),
}

/// Reads a report.
///
/// # Errors
/// Why it can't be read, in words that hold nothing hidden.
pub fn read(bytes: &[u8]) -> Result<Report, SavedError> {
    let told = |error: serde_json::Error| SavedError::Form(clean::line(&error.to_string(), 300));
    let report: Report = match serde_json::from_slice(bytes) {
        Ok(report) => report,
        Err(error) => {
            // A report of another version fails by its fields: its schema says more.
            let value = serde_json::from_slice::<serde_json::Value>(bytes).unwrap_or_default();
            return Err(match value.get("schema").and_then(serde_json::Value::as_str) {
                Some(schema) if schema != SCHEMA => SavedError::Schema(clean::line(schema, 60)),
                _ => told(error),
            });
        }
    };
    if report.schema != SCHEMA {
        return Err(SavedError::Schema(clean::line(&report.schema, 60)));
    }
    match report.unreconciled() {
        Some(why) => Err(SavedError::Unreconciled(why)),
        None => Ok(report),
    }
}
