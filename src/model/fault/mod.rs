//! Why an attempt stopped: a closed code with evidence. It is data, not an error of ours.

mod acts;
mod codes;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use acts::Acts;
pub use codes::{FaultCode, FindingCode, WarningCode};

use crate::model::evidence::{Evidence, Key, Value};
use crate::model::layer::Layer;

/// Why an attempt stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The closed code.
    pub code: FaultCode,
    /// One sentence with the particulars. Clean: see [`crate::model::clean`].
    pub detail: String,
    /// What a person needs to check it.
    pub evidence: Evidence,
}

impl Fault {
    /// A fault without evidence yet.
    pub fn new(code: FaultCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), evidence: Evidence::new() }
    }

    /// Adds a piece of evidence.
    #[must_use]
    pub fn with(mut self, key: Key, value: impl Into<Value>) -> Self {
        self.evidence.set(key, value);
        self
    }

    /// Adds a piece of evidence, where there is one.
    #[must_use]
    pub fn with_some(self, key: Key, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fault = serializer.serialize_struct("Fault", 6)?;
        fault.serialize_field("code", &self.code)?;
        fault.serialize_field("layer", &self.code.layer())?;
        fault.serialize_field("acts", &self.code.acts())?;
        fault.serialize_field("detail", &self.detail)?;
        fault.serialize_field("hint", crate::model::words::hint(self))?;
        fault.serialize_field("evidence", &self.evidence)?;
        fault.end()
    }
}

/// The form of a fault in a report; layer, acts and hint follow from the code.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Fault")]
#[expect(dead_code, reason = "the fields that follow from the code are read for the schema alone")]
struct FaultForm {
    /// The closed code.
    code: FaultCode,
    /// The layer at which it is booked.
    layer: Layer,
    /// Who should act.
    acts: Acts,
    /// One sentence with the particulars.
    detail: String,
    /// What to do about it.
    hint: String,
    /// What was seen.
    evidence: Evidence,
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = FaultForm::deserialize(deserializer)?;
        Ok(Self { code: form.code, detail: form.detail, evidence: form.evidence })
    }
}

impl JsonSchema for Fault {
    fn schema_name() -> Cow<'static, str> {
        FaultForm::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        FaultForm::json_schema(generator)
    }
}

/// A warning of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Warning {
    /// The closed code.
    pub code: WarningCode,
    /// One sentence with the particulars.
    pub detail: String,
}

/// Something wrong in the table, the profile or the site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The row that it is about; `null` for the whole.
    pub row: Option<String>,
    /// The closed code.
    pub code: FindingCode,
    /// One sentence with the particulars.
    pub detail: String,
}
