//! The report: the JSON form *is* the run (design §6).

mod control;
mod row;
mod run;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use control::{ControlKind, ControlReport};
pub use row::{ConnectionReport, Expect, PortInfo, ProofReport, WaivedInfo};
pub use run::{Run, SiteInfo, Vantage};

use crate::model::fault::Finding;
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

/// A box of the diagram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointInfo {
    /// Its title.
    pub title: Arc<str>,
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
