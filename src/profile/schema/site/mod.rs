//! The form of a site's file.
#![expect(dead_code, reason = "the fields are read for the schema alone")]

mod auth;
mod proxy;
mod settings;

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::forms::{Alternate, Pods, Timeouts};
use super::parts::{
    Day, Expect, Host, Id, Level, OneOrMany, OnePort, Port, Probe, Reason, SchemaName,
};
use crate::model::{Classification, FaultCode};
use settings::Settings;

/// One installation: where each endpoint is, trust, credentials by reference, deviations.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct SiteFile {
    /// What this file is.
    schema: SchemaName,
    /// The profile that it is for.
    profile: Option<String>,
    /// What differs per endpoint, by name.
    endpoints: Option<BTreeMap<String, Option<SiteEndpoint>>>,
    /// Overrides for rows, by id.
    connections: Option<BTreeMap<String, Option<Override>>>,
    /// Rows of this site alone.
    extra: Option<Vec<Extra>>,
    /// What must work from a source, and what must not, by source.
    controls: Option<BTreeMap<String, Option<Controls>>>,
    /// Known faults, told in every report and not counted until a day.
    waivers: Option<Vec<Waiver>>,
    /// How long each step of every row may take.
    timeouts: Option<Timeouts>,
}

/// An endpoint at this site.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct SiteEndpoint {
    #[serde(flatten)]
    settings: Settings,
    /// How its pods are found here.
    pods: Option<Pods>,
    /// Several of it, each a case of its own.
    instances: Option<BTreeMap<String, Option<Instance>>>,
}

/// One of several of an endpoint.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Instance {
    #[serde(flatten)]
    settings: Settings,
}

/// Overrides for one row.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Override {
    #[serde(flatten)]
    settings: Settings,
    /// Another port.
    port: Option<Port>,
    /// Why the row is not probed here.
    skip: Option<Reason>,
    /// Another proof; less than the profile's needs a reason.
    proof: Option<Level>,
    /// Why.
    reason: Option<String>,
    /// What the row expects of the network.
    expect: Option<Expect>,
    /// With `expect: blocked`: faults that count as a block beside silence and prohibition.
    by: Option<OneOrMany<FaultCode>>,
    /// Another way to prove it.
    probe: Option<Probe>,
    /// Other alternates.
    alternates: Option<Vec<Alternate>>,
}

/// A row of this site alone.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Extra {
    /// Its number or word; no other row has it.
    id: Id,
    /// The endpoint that connects.
    source: String,
    /// An endpoint, or any word beside a host.
    destination: String,
    /// TCP where nothing is said.
    protocol: Option<String>,
    /// The port, or the ports.
    port: Port,
    /// Which way it goes.
    classification: Option<Classification>,
    /// The data that travels.
    data: Option<String>,
    /// How to prove it; without, a TCP connect.
    probe: Option<Probe>,
    /// What a pass needs; `connected` where nothing is said.
    proof: Option<Level>,
    /// What is good to know about it.
    notes: Option<OneOrMany<String>>,
    /// What to try when it fails.
    alternates: Option<Vec<Alternate>>,
    /// What the row expects of the network.
    expect: Option<Expect>,
    /// With `expect: blocked`: faults that count as a block beside silence and prohibition.
    by: Option<OneOrMany<FaultCode>>,
    #[serde(flatten)]
    settings: Settings,
}

/// What must work from a source, and what must not.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Controls {
    /// Rows of that source that must pass.
    positive: Option<OneOrMany<Id>>,
    /// Targets that no network has.
    negative: Option<Vec<Negative>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Negative {
    /// Name or address.
    host: Host,
    /// Port.
    port: OnePort,
}

/// A fault that is known.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Waiver {
    /// A row, with or without its instance: `18` or `18[t100]`.
    row: WaivedRow,
    /// The fault.
    code: FaultCode,
    /// Why it is known.
    reason: String,
    /// The last day on which it holds.
    until: Day,
}

/// A row, with or without its instance.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum WaivedRow {
    Number(u32),
    Word(String),
}
