//! A row for one instance: what was probed and what is said of it.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::attempt::Attempt;
use crate::model::connection::Classification;
use crate::model::fault::{Fault, FaultCode, Warning};
use crate::model::proof::Proof;
use crate::model::verdict::Verdict;

/// The port of a row: a number, or a text where it names several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PortInfo {
    /// One port.
    One(u16),
    /// `8080, 8443` or `20000-45000`.
    Several(String),
}

impl std::fmt::Display for PortInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(port) => write!(f, "{port}"),
            Self::Several(ports) => f.write_str(ports),
        }
    }
}

/// What a row expects of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// The connection works.
    Reachable,
    /// The connection is blocked.
    Blocked,
}

impl Expect {
    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reachable => "reachable",
            Self::Blocked => "blocked",
        }
    }
}

/// A waiver that covers a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaivedInfo {
    /// The fault that is waived.
    pub code: FaultCode,
    /// Why.
    pub reason: String,
    /// The last day (ISO 8601 date, UTC).
    pub until: String,
}

/// How far a row must get, and how far it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofReport {
    /// What a pass needs.
    pub required: Proof,
    /// What was proved of the target.
    pub reached: Proof,
}

/// A row for one instance: what was probed and what is said of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionReport {
    /// Number or word of the row.
    pub id: Arc<str>,
    /// The instance, where the endpoint has several.
    pub instance: Option<Arc<str>>,
    /// The run that it belongs to.
    pub run: Arc<str>,
    /// The endpoint that connects.
    pub source: Arc<str>,
    /// The endpoint that is connected to.
    pub destination: Arc<str>,
    /// As the table has it.
    pub protocol: Arc<str>,
    /// The port, or the ports.
    pub port: PortInfo,
    /// As the table has it; `null` where it has none.
    pub classification: Option<Classification>,
    /// The data that travels, in words.
    pub data: Option<Arc<str>>,
    /// Name or address at this site; `null` where nothing gives one.
    pub host: Option<Arc<str>>,
    /// What the row expects.
    pub expect: Expect,
    /// Whether it was chosen for this run.
    pub chosen: bool,
    /// What is said of it.
    pub verdict: Verdict,
    /// Why, in words, where there is something to say beside the fault.
    pub reason: Option<String>,
    /// What blocked it, where it should be blocked and is.
    pub blocked_by: Option<FaultCode>,
    /// Another source that reached the same host and port.
    pub witness: Option<String>,
    /// The waiver that covers it.
    pub waived: Option<WaivedInfo>,
    /// How far it must get, and how far it got.
    pub proof: ProofReport,
    /// Why it does not pass.
    pub fault: Option<Fault>,
    /// Who runs the destination.
    pub owner: Option<Arc<str>>,
    /// What to do when it fails.
    pub runbook: Option<Arc<str>>,
    /// What else to know.
    pub warnings: Vec<Warning>,
    /// Whether it passes after a fault.
    pub flaky: bool,
    /// From its start to its end, in milliseconds.
    pub elapsed_ms: f64,
    /// What was tried, in the order of addresses, ports and retries.
    pub attempts: Vec<Attempt>,
}

impl ConnectionReport {
    /// The row's name for people: `18` or `18[t100]`.
    pub fn label(&self) -> String {
        match &self.instance {
            Some(instance) => format!("{}[{instance}]", self.id),
            None => self.id.to_string(),
        }
    }

    /// The whole line for people: `18 ucs → ucsx-tenant-db TCP/5432`.
    pub fn title(&self) -> String {
        let label = self.label();
        format!("{label} {} → {} {}/{}", self.source, self.destination, self.protocol, self.port)
    }

    /// Whether it counts towards the exit code.
    pub fn counts(&self) -> bool {
        self.chosen && self.waived.is_none()
    }
}
