//! Scenarios: a stand-in with one flaw or none, and what it must be classified as.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;

use serde_json::{Value, json};

use crate::lab::dns::NameServer;
use crate::lab::ground::{Ground, HOST};
use crate::lab::scenarios::{
    answers, bodies, client_certificates, cometd, dns, elasticsearch, hostile, http, https, mesh,
    near, oauth2, object_store, pgbouncer, postgres, prometheus, proxy, stranger, tcp, tls,
};
use crate::lab::server::Server;
use crate::model::{FaultCode, Key, WarningCode};

/// A boxed future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Starts what a scenario needs.
pub type Start = fn(&Ground) -> BoxFuture<'_, io::Result<Served>>;

/// One situation and its name in the closed list of faults.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name, unique and of use on a command line.
    pub name: &'static str,
    /// The probe that is pointed at it.
    pub protocol: &'static str,
    /// What it must be classified as; `None` for health.
    pub expect: Option<FaultCode>,
    /// The fault that it looks like and must not be classified as.
    pub near: Option<FaultCode>,
    /// Evidence that must be there, each containing this text.
    pub evidence: &'static [(Key, &'static str)],
    /// Warnings that must be given.
    pub warns: &'static [WarningCode],
    /// Whether it can only be made by root.
    pub needs_root: bool,
    /// What it is, in one line.
    pub about: &'static str,
    /// Starts it.
    pub start: Start,
}

impl Scenario {
    /// A healthy one.
    pub(super) const fn good(
        name: &'static str,
        protocol: &'static str,
        about: &'static str,
        start: Start,
    ) -> Self {
        let (expect, near, evidence, warns) = (None, None, &[], &[]);
        Self { name, protocol, expect, near, evidence, warns, needs_root: false, about, start }
    }

    /// A faulty one.
    pub(super) const fn bad(
        name: &'static str,
        protocol: &'static str,
        code: FaultCode,
        about: &'static str,
        start: Start,
    ) -> Self {
        Self { expect: Some(code), ..Self::good(name, protocol, about, start) }
    }

    /// Looking like this fault, which it is not.
    pub(super) const fn near(self, code: FaultCode) -> Self {
        Self { near: Some(code), ..self }
    }

    /// With evidence that must be there.
    pub(super) const fn showing(self, evidence: &'static [(Key, &'static str)]) -> Self {
        Self { evidence, ..self }
    }

    /// With warnings that must be given.
    pub(super) const fn warning(self, warns: &'static [WarningCode]) -> Self {
        Self { warns, ..self }
    }

    /// The scenario of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        all().find(|scenario| scenario.name == name)
    }
}

/// Every scenario, by protocol; strangers last.
pub const ALL: &[&[Scenario]] = &[
    tcp::SCENARIOS,
    tls::SCENARIOS,
    client_certificates::SCENARIOS,
    http::SCENARIOS,
    answers::SCENARIOS,
    https::SCENARIOS,
    bodies::SCENARIOS,
    postgres::SCENARIOS,
    pgbouncer::SCENARIOS,
    elasticsearch::SCENARIOS,
    prometheus::SCENARIOS,
    oauth2::SCENARIOS,
    cometd::SCENARIOS,
    object_store::SCENARIOS,
    proxy::SCENARIOS,
    mesh::SCENARIOS,
    dns::SCENARIOS,
    dns::strange::SCENARIOS,
    dns::several::SCENARIOS,
    dns::differing::SCENARIOS,
    stranger::SCENARIOS,
    hostile::SCENARIOS,
    near::SCENARIOS,
];

/// Every scenario in the order of [`ALL`].
pub fn all() -> impl Iterator<Item = &'static Scenario> {
    ALL.iter().copied().flatten()
}

/// A scenario that runs. Dropping it ends its servers.
#[derive(Debug)]
pub struct Served {
    /// The name that the probe is to be given.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What the name resolves to.
    pub addresses: Vec<SocketAddr>,
    /// The row's `probe:` (YAML, in flow style).
    pub probe: String,
    /// The endpoint's site keys (YAML, a mapping in flow style).
    pub site: String,
    /// The proof that the row requires.
    pub proof: &'static str,
    /// The `resolv.conf` of the run, where the name servers are part of the scene.
    pub resolv_conf: Option<PathBuf>,
    /// The hosts file of the run, likewise.
    pub hosts_file: Option<PathBuf>,
    servers: Vec<Server>,
    name_servers: Vec<NameServer>,
    settings: Value,
}

impl Served {
    /// What `server` is to be asked, and how much must be proved.
    ///
    /// `probe` is a name, or a mapping of one name to options.
    pub fn at(server: Server, probe: &Value, proof: &'static str) -> Self {
        let settings = json!({
            "host": HOST,
            // One machine serves and probes: patience for a loaded one, and none beyond.
            "timeouts": {"dns": "5s", "tcp": "5s", "tls": "8s", "answer": "8s"},
        });
        Self {
            host: HOST.into(),
            port: server.address().port(),
            addresses: vec![server.address()],
            probe: probe.to_string(),
            site: settings.to_string(),
            proof,
            resolv_conf: None,
            hosts_file: None,
            servers: vec![server],
            name_servers: Vec::new(),
            settings,
        }
    }

    /// Sets a key of the endpoint.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.settings[key] = value;
        self.site = self.settings.to_string();
        self
    }

    /// With another proof that the row requires.
    #[must_use]
    pub(super) const fn proving(mut self, proof: &'static str) -> Self {
        self.proof = proof;
        self
    }

    /// With another server that it needs: a proxy on the way.
    #[must_use]
    pub fn beside(mut self, server: Server) -> Self {
        self.servers.push(server);
        self
    }

    /// The name is asked of these servers, in this order, and looked for in this hosts file first.
    /// `more` is the rest of `resolv.conf`.
    pub(super) fn named_by(
        mut self,
        ground: &Ground,
        name_servers: Vec<NameServer>,
        more: &str,
        hosts: &str,
    ) -> io::Result<Self> {
        let mut conf = String::new();
        for server in &name_servers {
            conf.push_str(&format!("nameserver {}\n", server.address()));
        }
        conf.push_str(more);
        let port = self.port;
        self.resolv_conf = Some(ground.file(&format!("resolv-{port}.conf"), &conf)?);
        self.hosts_file = Some(ground.file(&format!("hosts-{port}"), hosts)?);
        self.addresses.clear();
        self.name_servers = name_servers;
        Ok(self)
    }

    /// With another server, which only the first one leads to.
    pub(super) fn and(mut self, server: Server) -> Self {
        self.servers.push(server);
        self
    }

    /// Under another name than the lab's own.
    pub(super) fn called(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self.with("host", host.into())
    }

    /// For peers that fall silent: time-outs that end soon.
    #[must_use]
    pub fn impatient(self) -> Self {
        self.with(
            "timeouts",
            json!({"dns": "2s", "tcp": "700ms", "tls": "700ms", "answer": "700ms"}),
        )
    }

    /// Lets credentials travel without TLS.
    #[must_use]
    pub fn in_clear(self) -> Self {
        self.with("allow_cleartext", true.into())
    }

    /// How many connections its servers accepted.
    pub fn connections(&self) -> usize {
        self.servers.iter().map(Server::connections).sum()
    }

    /// How many questions its name servers read over UDP.
    pub fn questions(&self) -> usize {
        self.name_servers.iter().map(NameServer::questions).sum()
    }

    /// How many requests its servers read.
    pub fn requests(&self) -> usize {
        self.servers.iter().map(Server::requests).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_of_their_protocol() {
        let mut seen = HashSet::new();
        for scenario in all() {
            assert!(seen.insert(scenario.name), "{} is there twice", scenario.name);
            assert!(Scenario::named(scenario.name).is_some());
        }
        assert!(seen.len() >= 60, "only {} scenarios", seen.len());
    }

    #[test]
    fn every_protocol_has_health_and_faults() {
        let protocols: HashSet<_> = all().map(|scenario| scenario.protocol).collect();
        for protocol in protocols {
            let of = |healthy: bool| {
                all().any(|s| s.protocol == protocol && s.expect.is_none() == healthy)
            };
            assert!(of(true) && of(false), "{protocol}");
        }
    }

    #[tokio::test]
    async fn every_scenario_starts_side_by_side() {
        let ground = Ground::new().unwrap();
        let mut running = Vec::new();
        for scenario in all().filter(|scenario| !scenario.needs_root) {
            let served = (scenario.start)(&ground).await;
            let served = served.unwrap_or_else(|error| panic!("{}: {error}", scenario.name));
            assert!(serde_json::from_str::<Value>(&served.site).is_ok(), "{}", scenario.name);
            assert_eq!(served.connections(), 0, "{}", scenario.name);
            running.push(served);
        }
    }
}
