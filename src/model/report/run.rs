//! One execution: when, where and for which site.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
