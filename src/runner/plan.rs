//! A plan: profile, site and options bound into cases that can't be wrong any more.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::model::report::Expect;
use crate::model::{
    Addresses, Classification, Expectation, Family, Finding, Place, Ports, Proof, Timeouts, Warning,
};
use crate::net::Target;
use crate::net::names::Override;
use crate::net::tcp::Bind;
use crate::net::trace::Tracer;
use crate::probe::{Probe, Protocol};
use crate::profile::Waiver;

/// What the command line says of a run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The source whose rows are run, as a person calls it.
    pub source: Option<String>,
    /// Whether the rows of every source are run from here.
    pub all_sources: bool,
    /// Only these rows.
    pub only: Vec<String>,
    /// Not these rows.
    pub skip: Vec<String>,
    /// Cap on what is required and how far a probe goes.
    pub proof: Option<Proof>,
    /// The same time-out for every step.
    pub timeout: Option<Duration>,
    /// How often a faulty attempt is made again, where no file says it.
    pub retries: Option<u32>,
    /// Where connections start from.
    pub bind: Bind,
    /// What finds out more about silences and refusals; nothing with `--no-trace`.
    pub tracer: Option<Arc<Tracer>>,
    /// Where names lead.
    pub resolve: Vec<Override>,
    /// When and how often a row is looked at.
    pub sampling: Sampling,
}

/// When and how often a row is looked at: a policy may arrive after the pod does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// How long nothing is sent at first.
    pub settle: Duration,
    /// How many samples are taken: a deny has to hold on all of them, an allow on any.
    pub samples: u32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { settle: Duration::ZERO, samples: 1 }
    }
}

/// Everything that will be done.
#[derive(Debug)]
pub struct Plan {
    /// A case for each row and instance, in the order of the table.
    pub cases: Vec<Case>,
    /// The sources of chosen rows, in the order of the table.
    pub sources: Vec<Arc<str>>,
    /// Controls of each of them.
    pub controls: BTreeMap<Arc<str>, SourceControls>,
    /// Where tokens for other rows come from, by the endpoint that gives them and the source that needs
    /// them: each source has a client of its own.
    pub tokens: BTreeMap<TokenKey, TokenSource>,
    /// Faults that don't count.
    pub waivers: Vec<Waiver>,
    /// What was found wrong while binding.
    pub findings: Vec<Finding>,
    /// Where names lead.
    pub resolve: Vec<Override>,
    /// Time for names.
    pub dns: Duration,
    /// When and how often a row is looked at.
    pub sampling: Sampling,
}

/// A row for one instance.
#[derive(Debug)]
pub struct Case {
    /// Number or word of the row.
    pub id: Arc<str>,
    /// The instance.
    pub instance: Option<Arc<str>>,
    /// The endpoint that connects.
    pub source: Arc<str>,
    /// The endpoint that is connected to.
    pub destination: Arc<str>,
    /// As the table has it.
    pub protocol: Arc<str>,
    /// The ports at this site.
    pub port: Ports,
    /// As the table has it.
    pub classification: Option<Classification>,
    /// The data that travels.
    pub data: Option<Arc<str>>,
    /// Names or addresses at this site, joined for people.
    pub host: Option<Arc<str>>,
    /// What the row expects.
    pub expectation: Expectation,
    /// What a pass needs.
    pub required: Proof,
    /// Whether it was chosen.
    pub chosen: bool,
    /// Why it is not run.
    pub skipped: Option<String>,
    /// Who runs the destination.
    pub owner: Option<Arc<str>>,
    /// What to do when it fails.
    pub runbook: Option<Arc<str>>,
    /// What was noticed while binding.
    pub warnings: Vec<Warning>,
    /// Whether its probe is a TCP connect and nothing else.
    pub plain_tcp: bool,
    /// What is dialled; `None` where nothing is.
    pub aim: Option<Box<Aim>>,
    /// What to try when the documented way fails.
    pub alternates: Vec<Alternative>,
}

/// What is dialled for a case, and how it climbs.
#[derive(Debug)]
pub struct Aim {
    /// Names or addresses.
    pub hosts: Vec<Arc<str>>,
    /// Ports to probe.
    pub ports: Vec<u16>,
    /// Everything but host and port.
    pub target: Target,
    /// The endpoint whose token is needed, and where the site says so.
    pub token_of: Option<(String, Place)>,
    /// The protocol.
    pub protocol: &'static Protocol,
    /// How it climbs.
    pub probe: Arc<dyn Probe>,
    /// How many addresses must pass.
    pub addresses: Addresses,
    /// Which families are probed.
    pub family: Family,
    /// How often a faulty attempt is made again.
    pub retries: u32,
}

impl Aim {
    /// The name that is asked for to reach a host, and the port: the proxy's where there is one.
    pub fn asked<'a>(&'a self, host: &'a str) -> (&'a str, u16) {
        match &self.target.proxy {
            Some(proxy) => (&proxy.host, proxy.port),
            None => (host, self.ports[0]),
        }
    }
}

/// Something to try when the documented way fails.
#[derive(Debug)]
pub struct Alternative {
    /// What is different, in words.
    pub what: String,
    /// How.
    pub aim: Aim,
}

/// The endpoint that gives a token, and the source that needs it.
pub type TokenKey = (String, Arc<str>);

/// Where tokens come from: a row of the oauth2 protocol.
#[derive(Debug)]
pub struct TokenSource {
    /// The row.
    pub row: Arc<str>,
    /// How it is asked.
    pub aim: Aim,
}

/// The controls of a source.
#[derive(Debug, Default)]
pub struct SourceControls {
    /// Rows that the site names as positive controls; none: any row that passes.
    pub positive: Vec<Arc<str>>,
    /// Addresses that must not connect.
    pub negative: Vec<(Arc<str>, u16)>,
}

impl Case {
    /// `18` or `18[t100]`.
    pub fn label(&self) -> String {
        match &self.instance {
            Some(instance) => format!("{}[{instance}]", self.id),
            None => self.id.to_string(),
        }
    }

    /// Whether it is dialled.
    pub fn runs(&self) -> bool {
        self.chosen && self.skipped.is_none()
    }

    /// The word of its expectation.
    pub fn expect(&self) -> Expect {
        match self.expectation {
            Expectation::Reachable => Expect::Reachable,
            Expectation::Blocked { .. } => Expect::Blocked,
        }
    }
}

impl Aim {
    /// How many connections its hosts get at most, with retries.
    fn dials(&self) -> usize {
        let attempts = 1 + self.retries as usize;
        self.hosts.len() * self.ports.len() * attempts * self.probe.dials()
    }
}

impl Plan {
    /// Drops all that only executing needs: of many rows it is most of the memory.
    pub(super) fn spend(&mut self) {
        for case in &mut self.cases {
            case.aim = None;
            case.alternates = Vec::new();
        }
    }

    /// How many connections are opened at most where each name has one address:
    /// retries, samples, alternates, tokens and controls included.
    pub fn dials(&self) -> usize {
        let rows = self.cases.iter().filter(|case| case.runs());
        let aims = rows.flat_map(|case| {
            case.aim.as_deref().into_iter().chain(case.alternates.iter().map(|other| &other.aim))
        });
        let sampled: usize = aims.map(Aim::dials).sum();
        let tokens: usize = self.tokens.values().map(|token| token.aim.dials()).sum();
        let controls: usize = self.controls.values().map(|source| source.negative.len()).sum();
        sampled * self.sampling.samples as usize + tokens + controls
    }
}

/// Where a family of addresses has a route; asked once for each address.
pub fn routed(address: IpAddr) -> bool {
    crate::net::tcp::has_route(address)
}

/// Time-outs shorter than this see fewer than three SYNs (tcp(7), `tcp_syn_retries`).
pub const SHORT_TCP: Duration = Duration::from_millis(3_500);

/// Whether the time-outs are too short for a lost SYN.
pub fn is_short(timeouts: &Timeouts) -> bool {
    timeouts.tcp < SHORT_TCP
}
