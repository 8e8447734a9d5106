//! The form of a site's file.
#![expect(dead_code, reason = "the fields are read for the schema alone")]

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::forms::{Alternate, Pods, Timeouts};
use super::parts::{
    Day, EnvName, Expect, Host, Id, Level, OneOrMany, OnePort, Pin, Port, Probe, ProxyUrl, Reason,
    SchemaName, Time,
};
use crate::model::{Addresses, Classification, Family, FaultCode, MinVersion, VerifyMode};

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

/// What an endpoint, an instance and a row may all say.
#[derive(JsonSchema)]
struct Settings {
    /// Name or address.
    host: Option<Host>,
    /// Several, each of which is probed.
    hosts: Option<OneOrMany<Host>>,
    /// How many of the resolved addresses must pass.
    addresses: Option<Addresses>,
    /// Which families are probed.
    family: Option<Family>,
    /// TLS.
    tls: Option<Tls>,
    /// Credentials.
    auth: Option<Auth>,
    /// Whether credentials may travel without TLS.
    allow_cleartext: Option<bool>,
    /// The proxy to go through.
    proxy: Option<Proxy>,
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

/// TLS.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Tls {
    /// How the peer is verified, in libpq's words.
    mode: Option<VerifyMode>,
    /// Authorities to trust in place of the system's (PEM).
    ca_file: Option<String>,
    /// Name to ask for and to verify.
    server_name: Option<Host>,
    /// Lowest version accepted.
    min_version: Option<MinVersionWord>,
    /// Warn when a certificate ends within this time.
    expires_within: Option<Time>,
    /// Public keys, one of which the peer must have.
    pins: Option<OneOrMany<Pin>>,
    /// Texts of which one must be part of the issuer's name.
    issuers: Option<OneOrMany<String>>,
    /// Revocation lists.
    crl_files: Option<OneOrMany<String>>,
    /// Our certificate chain (PEM).
    client_cert_file: Option<String>,
    /// Its key (PEM).
    client_key_file: Option<String>,
}

/// A version, in quotes or as a number.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum MinVersionWord {
    Word(MinVersion),
    Number(#[schemars(extend("enum" = [1.2, 1.3]))] f64),
}

/// Where a secret is: never the secret itself.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Secret {
    /// A variable of the environment.
    Env(SecretEnv),
    /// A file.
    File(SecretFile),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct SecretEnv {
    /// Its name.
    env: EnvName,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct SecretFile {
    /// Its path.
    file: String,
    /// Whether a final newline belongs to the secret.
    exact: Option<bool>,
}

/// Credentials of one kind. Parts that are missing may stand at the instance or the endpoint.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Auth {
    /// User name, password, database.
    Login(Login),
    /// OAuth2 client credentials.
    Client(Client),
    /// A bearer token.
    Token(Token),
    /// An API key.
    ApiKey(ApiKey),
    /// S3 keys.
    Keys(Keys),
    /// An Azure Storage account.
    Account(Account),
    /// The token of another endpoint's client credentials.
    OAuth2(OAuth2),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
struct Login {
    /// Name of the account.
    username: Option<String>,
    /// Its password.
    password: Option<Secret>,
    /// Name of the database.
    database: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
struct Client {
    /// Client identifier.
    client_id: Option<String>,
    /// Client secret.
    client_secret: Option<Secret>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Token {
    /// The token.
    token: Secret,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ApiKey {
    /// The key.
    api_key: Secret,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
struct Keys {
    /// Access key id.
    access_key: Option<String>,
    /// Secret access key.
    secret_key: Option<Secret>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
struct Account {
    /// Name of the account.
    account: Option<String>,
    /// Its key.
    account_key: Option<Secret>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct OAuth2 {
    /// The endpoint that gives the token.
    oauth2: String,
}

/// A proxy, as a URL or with trust and credentials.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Proxy {
    Url(ProxyUrl),
    Map(ProxyMap),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ProxyMap {
    /// `http`, `https` or `socks5`, host and port.
    url: ProxyUrl,
    /// Authorities for the proxy's own certificate (PEM).
    ca_file: Option<String>,
    /// Credentials for the proxy.
    auth: Option<ProxyAuth>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ProxyAuth {
    /// Name of the account.
    username: String,
    /// Its password.
    password: Secret,
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
