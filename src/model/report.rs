//! The report: the JSON form *is* the run (design §6).

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::attempt::Attempt;
use crate::model::connection::Classification;
use crate::model::fault::{Fault, FaultCode, Finding, Warning};
use crate::model::proof::Proof;
use crate::model::verdict::Verdict;

/// The schema that this program writes.
pub const SCHEMA: &str = "connprobe/report/v1";

/// A report of one run or, after `merge`, of several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Always `connprobe/report/v1`.
    pub schema: String,
    /// The program that wrote it.
    pub probe: Program,
    /// The published table.
    pub profile: ProfileInfo,
    /// The executions that it is made of.
    pub runs: Vec<Run>,
    /// The endpoints that the rows name.
    pub endpoints: BTreeMap<Arc<str>, EndpointInfo>,
    /// Totals, reconciled with the rows.
    pub summary: Summary,
    /// A row for each case, in the order of the table.
    pub connections: Vec<ConnectionReport>,
    /// What had to work, or not to work, for the verdicts to mean anything.
    pub controls: Vec<ControlReport>,
    /// What is wrong in the table, the profile or the site.
    pub findings: Vec<Finding>,
}

/// The program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its version (semver).
    pub version: String,
}

/// The published table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileInfo {
    /// Its short name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// SHA-256 of the file's bytes, in hex; `null` where it could not be read.
    pub digest: Option<String>,
}

/// One execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Distinguishes the runs of a merged report.
    pub id: String,
    /// The sources whose rows were chosen.
    pub sources: Vec<String>,
    /// Where the probe ran.
    pub vantage: Vantage,
    /// The site file; `null` where there was none.
    pub site: Option<SiteInfo>,
    /// Start (RFC 3339, UTC).
    pub started_at: String,
    /// From the start to the last row, in milliseconds.
    pub elapsed_ms: f64,
    /// Whether a deadline or a signal cut it short.
    pub interrupted: bool,
    /// Why nothing could be run; `null` where something was.
    pub setup_error: Option<String>,
}

/// The site file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteInfo {
    /// SHA-256 of the file's bytes before expansion, in hex.
    pub digest: String,
}

/// Where the probe ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vantage {
    /// Name of the host.
    pub host: String,
    /// Name of the pod.
    pub pod: Option<String>,
    /// Namespace of the pod.
    pub namespace: Option<String>,
    /// Name of the node.
    pub node: Option<String>,
    /// Labels of the pod.
    pub labels: BTreeMap<String, String>,
    /// Addresses of this host's interfaces, loopback and link-local ones left out.
    pub addresses: Vec<String>,
    /// Age of the pod, in seconds.
    pub pod_age_s: Option<f64>,
}

/// A box of the diagram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointInfo {
    /// Its title.
    pub title: Arc<str>,
}

/// Totals; chosen = pass + fail + inconclusive + skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Cases that profile and site declare.
    pub declared: usize,
    /// Cases that were chosen.
    pub chosen: usize,
    /// Chosen cases that pass.
    pub pass: usize,
    /// Chosen cases that fail.
    pub fail: usize,
    /// Chosen cases that can't be told.
    pub inconclusive: usize,
    /// Chosen cases that the site skips.
    pub skipped: usize,
    /// Chosen cases that pass after a fault.
    pub flaky: usize,
    /// Chosen cases that a waiver covers.
    pub waived: usize,
}

impl Summary {
    /// Counts the rows.
    pub fn of(connections: &[ConnectionReport]) -> Self {
        let mut summary = Self { declared: connections.len(), ..Self::default() };
        for connection in connections.iter().filter(|connection| connection.chosen) {
            summary.chosen += 1;
            match connection.verdict {
                Verdict::Pass => summary.pass += 1,
                Verdict::Fail => summary.fail += 1,
                Verdict::Inconclusive => summary.inconclusive += 1,
                Verdict::Skipped => summary.skipped += 1,
            }
            summary.flaky += usize::from(connection.flaky);
            summary.waived += usize::from(connection.waived.is_some());
        }
        summary
    }
}

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

impl Report {
    /// What is wrong with the totals; `None` where they agree with the rows.
    pub fn unreconciled(&self) -> Option<String> {
        let counted = Summary::of(&self.connections);
        let sum = counted.pass + counted.fail + counted.inconclusive + counted.skipped;
        if counted.chosen != sum {
            return Some(format!("{} rows are chosen, {sum} have a verdict", counted.chosen));
        }
        (counted != self.summary)
            .then(|| format!("the summary says {:?}, the rows {counted:?}", self.summary))
    }
}
