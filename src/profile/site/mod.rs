//! A site as types: where each endpoint is, trust, credentials by reference, deviations.

mod auth;
mod proxy;
mod settings;
mod tls;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use auth::AuthSettings;
pub use proxy::{ProxyScheme, ProxySettings, ProxyUrl};
pub use settings::{FileRef, Settings};
pub use tls::TlsSettings;

pub use crate::model::SecretRef;
use crate::model::{Diagnostic, FaultCode, Place, Ports, Proof, TimeoutSettings};
use crate::profile::table::{Alternate, Connection, Expected, Missing, Pods, ProbeNode};

/// One installation.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// SHA-256 of the file's bytes before expansion, in hex.
    pub digest: String,
    /// The profile that it is for, and where it says so.
    pub profile: Option<(String, Place)>,
    /// Settings of endpoints, by name.
    pub endpoints: BTreeMap<String, EndpointSettings>,
    /// Overrides for rows, by id.
    pub connections: BTreeMap<String, RowSettings>,
    /// Rows of this site alone.
    pub extra: Vec<Connection>,
    /// Controls, by source.
    pub controls: BTreeMap<String, ControlSettings>,
    /// Faults that are known and don't count until a day.
    pub waivers: Vec<Waiver>,
    /// Time-outs of every row.
    pub timeouts: TimeoutSettings,
    /// What of the file could not be read.
    pub missing: Missing,
}

impl Site {
    /// The instances of an endpoint; none where it is one.
    pub fn instances(&self, endpoint: &str) -> &[InstanceSettings] {
        self.endpoints.get(endpoint).map_or(&[], |endpoint| &endpoint.instances)
    }

    /// What holds for a row at an instance of its destination, the nearest first: what this site says of the
    /// row, the row itself, the instance, the endpoint, and for time-outs the whole site.
    pub fn settings(&self, row: &Connection, instance: Option<&InstanceSettings>) -> Settings {
        let bare = Settings::default();
        let over = self.connections.get(&*row.id).map_or(&bare, |over| &over.settings);
        let mut near = over.over(row.settings.as_deref().unwrap_or(&bare));
        if let Some(instance) = instance {
            near = near.over(&instance.settings);
        }
        let base = self.endpoints.get(&*row.destination).map_or(&bare, |base| &base.settings);
        let mut settings = near.over(base);
        settings.timeouts = settings.timeouts.or(self.timeouts);
        settings
    }

    /// A site that could not be read at all.
    pub fn unread() -> Self {
        Self { missing: Missing { endpoints: true, rows: true }, ..Self::default() }
    }
}

/// What a site says of an endpoint.
#[derive(Clone, Debug)]
pub struct EndpointSettings {
    /// Settings of the endpoint itself.
    pub settings: Settings,
    /// How its pods are found here, in place of what the profile says.
    pub pods: Option<Pods>,
    /// Its instances, in the order of the file; each is a case of its own.
    pub instances: Vec<InstanceSettings>,
    /// Where its name stands.
    pub place: Place,
}

/// One of several instances of an endpoint.
#[derive(Clone, Debug)]
pub struct InstanceSettings {
    /// Its name.
    pub name: Arc<str>,
    /// What differs from the endpoint.
    pub settings: Settings,
}

/// Overrides for one row.
#[derive(Clone, Debug, Default)]
pub struct RowSettings {
    /// What endpoints and instances may say too.
    pub settings: Settings,
    /// Another port.
    pub port: Option<Ports>,
    /// Why the row is not probed here.
    pub skip: Option<String>,
    /// Another proof, with the reason.
    pub proof: Option<(Proof, Option<String>)>,
    /// What the row expects of the network.
    pub expect: Option<Expected>,
    /// Another way to prove it.
    pub probe: Option<ProbeNode>,
    /// Other alternates.
    pub alternates: Option<Vec<Alternate>>,
    /// Where the row's id stands.
    pub place: Option<Place>,
}

/// What must work from a source, and what must not.
#[derive(Clone, Debug, Default)]
pub struct ControlSettings {
    /// Ids of rows.
    pub positive: Vec<(String, Place)>,
    /// Targets.
    pub negative: Vec<NegativeControl>,
    /// Variables without a value that these controls name.
    pub unset: Vec<Diagnostic>,
    /// Where the source is named.
    pub place: Option<Place>,
}

/// An address and port that no network has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NegativeControl {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// A fault that is known and doesn't count until a day.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// Id of the row, with or without its instance: `18` or `18[t100]`.
    pub row: String,
    /// The fault.
    pub code: FaultCode,
    /// Why.
    pub reason: String,
    /// The last day on which it holds (ISO 8601 date, UTC), as the file has it.
    pub until: String,
    /// Where it stands.
    pub place: Place,
}
