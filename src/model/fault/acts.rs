//! Who should act on a fault.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who should act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Acts {
    /// Firewalls, routes, proxies.
    Network,
    /// Name servers and zones.
    Dns,
    /// The cluster, its Services and its mesh.
    Platform,
    /// Whoever runs the destination.
    Service,
    /// Whoever runs the database.
    Database,
    /// Whoever issues and installs certificates.
    Certificates,
    /// Whoever hands out accounts and secrets.
    Credentials,
    /// Whoever runs this probe.
    Probe,
    /// Whoever keeps the table, the profile or the site file.
    Table,
}

impl Acts {
    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Dns => "dns",
            Self::Platform => "platform",
            Self::Service => "service",
            Self::Database => "database",
            Self::Certificates => "certificates",
            Self::Credentials => "credentials",
            Self::Probe => "probe",
            Self::Table => "table",
        }
    }
}
