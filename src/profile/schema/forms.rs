//! The form of a profile's file.
#![expect(dead_code, reason = "the fields are read for the schema alone")]

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::parts::{Expect, Host, Id, Level, OneOrMany, Port, Probe, SchemaName, Time};
use crate::model::{Classification, FaultCode};
use crate::profile::table::Confidence;

/// The published table of connections, and how to prove each.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct ProfileFile {
    /// What this file is.
    schema: SchemaName,
    /// Short name.
    name: String,
    /// Title of the product.
    title: Option<String>,
    /// What is odd about the table as a whole.
    notes: Option<OneOrMany<String>>,
    /// The boxes of the diagram, by name.
    endpoints: BTreeMap<String, Option<Endpoint>>,
    /// The lines of the table, in its order.
    connections: Vec<Connection>,
}

/// A box of the diagram.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Endpoint {
    /// Its title in the table.
    title: Option<String>,
    /// Other names that people and tables have for it.
    aliases: Option<OneOrMany<String>>,
    /// Where installations usually have it.
    host: Option<Host>,
    /// How sure that is.
    confidence: Option<Confidence>,
    /// What that rests on, and what else is good to know.
    about: Option<String>,
    /// How its pods are found.
    pods: Option<Pods>,
    /// Who runs it.
    owner: Option<String>,
    /// What to do when it fails.
    runbook: Option<String>,
}

/// How the pods of an endpoint are found.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Pods {
    /// Their namespace.
    namespace: Option<String>,
    /// Labels that they carry.
    labels: Option<BTreeMap<String, String>>,
}

/// A line of the table.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Connection {
    /// Its number or word.
    id: Id,
    /// The endpoint that connects.
    source: String,
    /// The endpoint that is connected to.
    destination: String,
    /// As the table has it.
    protocol: String,
    /// The port, or the ports.
    port: Port,
    /// As the table has it, or absent as there.
    classification: Option<Classification>,
    /// The data that travels.
    data: Option<String>,
    /// How to prove it; without, a TCP connect.
    probe: Option<Probe>,
    /// What a pass needs.
    proof: Level,
    /// What is odd about the row in the published table.
    notes: Option<OneOrMany<String>>,
    /// What to try when the documented way fails: a finding, never a pass.
    alternates: Option<Vec<Alternate>>,
    /// What the row expects of the network.
    expect: Option<Expect>,
    /// With `expect: blocked`: faults that count as a block beside silence and prohibition.
    by: Option<OneOrMany<FaultCode>>,
    /// How long each step may take.
    timeouts: Option<Timeouts>,
    /// How often a faulty attempt is made again (0 to 10).
    #[schemars(range(min = 0, max = 10))]
    retries: Option<u32>,
    /// Who runs it.
    owner: Option<String>,
    /// What to do when it fails.
    runbook: Option<String>,
}

/// Something to try when the documented way fails.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
pub(super) struct Alternate {
    /// Another endpoint.
    destination: Option<String>,
    /// Another host.
    host: Option<Host>,
    /// Another port.
    port: Option<Port>,
    /// Another protocol.
    probe: Option<Probe>,
}

/// How long each step may take.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Timeouts {
    /// For a name (5s).
    dns: Option<Time>,
    /// For the TCP handshake (5s); under 3.5 s a lost SYN may pass for a filter.
    tcp: Option<Time>,
    /// For the TLS handshake (5s).
    tls: Option<Time>,
    /// For each answer (10s).
    answer: Option<Time>,
}
