//! A profile as types: the published table plus how to prove each row.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Classification, Diagnostic, FaultCode, Node, Place, Ports, Proof};

/// The published table, and how to prove its rows.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Short name.
    pub name: String,
    /// Title of the product.
    pub title: String,
    /// SHA-256 of the file's bytes, in hex.
    pub digest: String,
    /// What is odd about the table as a whole: connections that it lacks, for instance.
    pub notes: Vec<String>,
    /// The boxes of the diagram, in the order of the file.
    pub endpoints: Vec<Endpoint>,
    /// The lines of the table, in its order.
    pub connections: Vec<Connection>,
    /// What of the file could not be read.
    pub missing: Missing,
}

/// What of a file could not be read: that another place then misses it is no further mistake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// An endpoint, or something that is said of one.
    pub endpoints: bool,
    /// A row, or something that is said of one.
    pub rows: bool,
}

impl Missing {
    /// What is missing here or there.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self { endpoints: self.endpoints || other.endpoints, rows: self.rows || other.rows }
    }
}

impl Profile {
    /// The endpoint of this name.
    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| &*endpoint.name == name)
    }
}

/// A box of the diagram.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its name in files.
    pub name: Arc<str>,
    /// Its title in the table.
    pub title: Arc<str>,
    /// Other names that the table has for it.
    pub aliases: Vec<String>,
    /// Name or address where installations usually have it.
    pub host: Option<String>,
    /// How sure the profile is of that host.
    pub confidence: Option<Confidence>,
    /// What the host rests on, and what else is good to know of the endpoint.
    pub about: Option<Arc<str>>,
    /// How its pods are found.
    pub pods: Option<Pods>,
    /// Who runs it.
    pub owner: Option<Arc<str>>,
    /// What to do when it fails.
    pub runbook: Option<Arc<str>>,
    /// Variables without a value that it names.
    pub unset: Vec<Diagnostic>,
    /// Where it stands.
    pub place: Place,
}

/// How sure a profile is of where an endpoint usually is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The vendor's own files say so.
    High,
    /// A sibling product does it so, or one step of inference leads there.
    Medium,
    /// A reading that a site should confirm.
    Assumed,
}

impl Confidence {
    /// The words in files.
    pub const WORDS: &[(&str, Self)] =
        &[("high", Self::High), ("medium", Self::Medium), ("assumed", Self::Assumed)];
}

/// How the pods of an endpoint are found.
#[derive(Clone, Debug, Default)]
pub struct Pods {
    /// Their namespace.
    pub namespace: Option<String>,
    /// Labels that they carry.
    pub labels: BTreeMap<String, String>,
}

/// A line of the table.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Number or word.
    pub id: Arc<str>,
    /// The endpoint that connects.
    pub source: Arc<str>,
    /// The endpoint that is connected to; for an extra row it may be a mere word.
    pub destination: Arc<str>,
    /// As the table has it.
    pub protocol: Arc<str>,
    /// The port, or the ports.
    pub port: Ports,
    /// As the table has it, or absent as there.
    pub classification: Option<Classification>,
    /// The data that travels.
    pub data: Option<Arc<str>>,
    /// How to prove it; a plain TCP connect where nothing is said.
    pub probe: Option<ProbeNode>,
    /// What a pass needs; where an extra row says nothing, `connected`.
    pub proof: Proof,
    /// What is odd about the row in the published table.
    pub notes: Vec<String>,
    /// What to try when the documented way fails.
    pub alternates: Vec<Alternate>,
    /// What the row expects of the network.
    pub expect: Option<Expected>,
    /// What an extra row says of itself, as a site says it of others; `None` for a row of the table.
    pub settings: Option<Box<super::site::Settings>>,
    /// Variables without a value that the row names.
    pub unset: Vec<Diagnostic>,
    /// Where its id stands.
    pub place: Place,
}

/// What a row expects of the network, as a file says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The connection works.
    Reachable,
    /// It is blocked, by a filter or by one of these.
    Blocked(Vec<FaultCode>),
}

/// The `probe:` of a row: the protocol's name and, still as a node, its options.
#[derive(Clone, Debug)]
pub struct ProbeNode {
    /// Name of the protocol.
    pub name: String,
    /// Its options, for the protocol to read.
    pub options: Option<Node>,
    /// Where the name stands.
    pub place: Place,
}

/// Something to try when the documented way fails. What works then is a finding, never a pass.
#[derive(Clone, Debug)]
pub struct Alternate {
    /// Another endpoint.
    pub destination: Option<Arc<str>>,
    /// Another host.
    pub host: Option<String>,
    /// Another port.
    pub port: Option<Ports>,
    /// Another protocol.
    pub probe: Option<ProbeNode>,
    /// Where it stands.
    pub place: Place,
}
