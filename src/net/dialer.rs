//! The ladder of one attempt: each call times, bounds and records one step, and `?` leaves at the
//! rung that failed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::{
    Attempt, Credentials, Evidence, Family, Fault, FaultCode, Key, Layer, Outcome, Proof, Step,
    Timeouts, Value, Warning, WarningCode,
};
use crate::net::names::Names;
use crate::net::proxy::{Proxy, Scheme};
use crate::net::redact::Redactor;
use crate::net::slots::{Place, Slots};
use crate::net::tcp;
use crate::net::tls::{self, TlsRequest, Trust};
use crate::net::watch::{Watch, Watched};
use crate::net::wire::{Traffic, Wire};

/// What is dialled, and with what.
#[derive(Clone, Debug)]
pub struct Target {
    /// Name or address, as the site has it: for SNI and the Host field.
    pub host: Arc<str>,
    /// Port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// What the peer's certificate is judged by, where TLS is spoken or a redirect leads to it.
    pub trust: Arc<Trust>,
    /// Credentials in hand, or why there are none.
    pub credentials: Result<Credentials, Fault>,
    /// Whether they may travel without TLS.
    pub allow_cleartext: bool,
    /// The proxy to go through.
    pub proxy: Option<Arc<Proxy>>,
    /// How long each step may take.
    pub timeouts: Timeouts,
    /// How to connect.
    pub tcp: tcp::Options,
    /// What the row requires.
    pub required: Proof,
    /// How far to go.
    pub cap: Proof,
    /// Who is told each step as it lands.
    pub watch: Option<Arc<dyn Watch>>,
}

impl Target {
    /// `host:port`, as the Host field has it (RFC 9110 §7.2); the port is left out where it is
    /// `default`.
    pub fn authority(&self, default: u16) -> String {
        let host = match self.host.contains(':') && !self.host.starts_with('[') {
            true => format!("[{}]", self.host),
            false => self.host.to_string(),
        };
        if self.port == default { host } else { format!("{host}:{}", self.port) }
    }
}

/// The ladder of one attempt.
#[derive(Debug)]
pub struct Dialer {
    target: Arc<Target>,
    names: Arc<Names>,
    slots: Arc<Slots>,
    address: SocketAddr,
    attempt: Attempt,
    warnings: Vec<Warning>,
    traffic: Option<Arc<Traffic>>,
    session: Option<Arc<tls::Session>>,
    place: Place,
    watched: Option<Watched>,
}

impl Dialer {
    /// A dialer for one address: the target's, or the proxy's where there is one.
    pub fn new(
        target: Arc<Target>,
        names: Arc<Names>,
        slots: Arc<Slots>,
        address: SocketAddr,
    ) -> Self {
        let shown = match &target.proxy {
            Some(_) => format!("{}:{}", target.host, target.port),
            None => address.to_string(),
        };
        let watched = target.watch.clone().map(Watched::new);
        Self {
            target,
            names,
            slots,
            address,
            attempt: Attempt::new(Some(shown)),
            warnings: Vec::new(),
            traffic: None,
            session: None,
            place: Place::default(),
            watched,
        }
    }

    /// Another connection to the same address, recorded apart: for counter-checks. It shares the
    /// place among those that work, so it can't wait for itself.
    #[must_use]
    pub fn side(&self) -> Self {
        let slots = Arc::new(Slots::new(u64::MAX));
        let names = Arc::clone(&self.names);
        let side = Self::new(Arc::clone(&self.target), names, slots, self.address);
        Self { watched: None, ..side }
    }

    /// Turns to another target, as a redirect that the row follows demands; what was recorded stays.
    /// The credentials stay behind where the host is another one.
    ///
    /// # Errors
    /// A fault of `dns.` where the name has no address.
    pub async fn turn_to(&mut self, host: &str, port: u16, tls: bool) -> Result<(), Fault> {
        let same_host = self.target.host.eq_ignore_ascii_case(host);
        let mut target = Target::clone(&self.target);
        (target.host, target.port, target.tls) = (host.into(), port, tls);
        if !same_host {
            target.credentials = Ok(Credentials::None);
        }
        if target.proxy.is_none() {
            let known = same_host && !self.names.overrides(host, port);
            self.address = if known {
                SocketAddr::new(self.address.ip(), port)
            } else {
                let within = target.timeouts.dns;
                let resolved = self.names.resolve(host, port, Family::Any, within).await?;
                *resolved.addresses.first().ok_or_else(|| {
                    Fault::new(FaultCode::DnsNoData, format!("{host} has no address"))
                })?
            };
        }
        self.place = Place::default();
        self.session = None;
        self.target = Arc::new(target);
        Ok(())
    }

    /// What is dialled.
    pub fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// The address that is dialled: the target's, or the proxy's.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The TLS session, once there is one.
    pub fn session(&self) -> Option<&Arc<tls::Session>> {
        self.session.as_ref()
    }

    /// Whether this much proof is wanted: a probe stops below what is not.
    pub fn wants(&self, proof: Proof) -> bool {
        proof <= self.target.cap
    }

    /// Whether a harmless operation that worked proves all that is asked: with our credentials, or
    /// where the row asks for the operation alone and the service asks nobody for credentials.
    pub fn operation_counts(&self, given: bool) -> bool {
        given || self.target.required == Proof::Operational
    }

    /// The proof so far.
    pub fn proof(&self) -> Proof {
        self.attempt.proof
    }

    /// Notes that this much is proved.
    pub fn reach(&mut self, proof: Proof) {
        self.attempt.proof = self.attempt.proof.max(proof);
    }

    /// Adds evidence to the last step.
    pub fn note(&mut self, key: Key, value: impl Into<Value>) {
        if let Some(step) = self.attempt.steps.last_mut() {
            step.evidence.set(key, value);
        }
    }

    /// Adds evidence to the last step.
    pub fn note_all(&mut self, evidence: Evidence) {
        if let Some(step) = self.attempt.steps.last_mut() {
            step.evidence.absorb(evidence);
        }
    }

    /// Adds a warning to the row.
    pub fn warn(&mut self, code: WarningCode, detail: impl Into<String>) {
        self.warnings.push(Warning { code, detail: detail.into() });
    }

    /// The credentials, or the fault that there are none because a secret or token can't be had.
    pub fn credentials(&self) -> Result<Credentials, Fault> {
        self.target.credentials.clone()
    }

    /// Whether a secret may be sent as it is.
    ///
    /// # Errors
    /// `auth.insecure` without TLS, unless the site allows clear text.
    pub fn may_send_secret(&mut self, what: &str) -> Result<(), Fault> {
        if self.session.is_some() {
            return Ok(());
        }
        if !self.target.allow_cleartext {
            let detail = format!("{what} would travel without TLS, so it was not sent");
            return Err(
                Fault::new(FaultCode::AuthInsecure, detail).with(Key::Option, "allow_cleartext")
            );
        }
        if !self.warnings.iter().any(|warning| warning.code == WarningCode::AuthCleartext) {
            self.warn(WarningCode::AuthCleartext, format!("{what} travels without TLS"));
        }
        Ok(())
    }

    /// Connects, through the proxy where there is one.
    ///
    /// # Errors
    /// A fault of `tcp.`, `proxy.` or `local.`.
    pub async fn tcp(&mut self) -> Result<Wire, Fault> {
        let wire = self.connect().await?;
        let Some(proxy) = self.target.proxy.clone() else {
            self.reach(Proof::Connected);
            return Ok(self.topmost(wire));
        };
        let wire = match proxy.scheme {
            Scheme::Https => self.secure_proxy(wire, &proxy).await?,
            Scheme::Http | Scheme::Socks5 => wire,
        };
        self.traffic = Some(Arc::clone(wire.traffic()));
        let (host, port) = (Arc::clone(&self.target.host), self.target.port);
        let work = crate::net::proxy::tunnel(wire, &proxy, &host, port);
        let (wire, evidence) =
            self.step(Layer::Proxy, FaultCode::ProxyTargetUnreachable, work).await?;
        self.note_all(evidence);
        self.reach(Proof::Connected);
        Ok(self.topmost(Wire::new(wire)))
    }

    fn topmost(&mut self, wire: Wire) -> Wire {
        if self.watched.is_some() {
            wire.traffic().watch();
        }
        self.traffic = Some(Arc::clone(wire.traffic()));
        wire
    }

    async fn connect(&mut self) -> Result<Wire, Fault> {
        let limit = self.target.timeouts.tcp;
        let (address, options) = (self.address, self.target.tcp.clone());
        let connect_only = options.connect_only;
        let slots = Arc::clone(&self.slots);
        let started = Instant::now();
        let mut spent = Duration::ZERO;
        let connect = async {
            let begun = Instant::now();
            let connected = tokio::time::timeout(limit, tcp::connect(address, &options)).await;
            spent = begun.elapsed();
            connected.unwrap_or_else(|_| Err(tcp::filtered(address, limit)))
        };
        let connected = if connect_only {
            slots.connect_only(connect).await.map(|stream| (stream, Place::default()))
        } else {
            slots.connect(address, connect).await
        };
        let spent = if spent.is_zero() { started.elapsed() } else { spent };
        match connected {
            Ok((stream, place)) => {
                self.place = place;
                let info = tcp::info(&stream);
                let evidence = info.as_ref().map(tcp::evidence).unwrap_or_default();
                if let Some(count) = info.map(|info| info.retransmits).filter(|count| *count > 0) {
                    let detail = format!("the SYN had to be sent again {count} times");
                    self.warn(WarningCode::TcpRetransmits, detail);
                }
                self.record(Layer::Tcp, spent, Outcome::Ok, evidence);
                Ok(Wire::new(stream))
            }
            Err(fault) => {
                self.record(Layer::Tcp, spent, Outcome::Fault, Evidence::new());
                Err(self.by_proxy(fault))
            }
        }
    }

    /// A fault on the way to the proxy is the proxy's.
    fn by_proxy(&self, fault: Fault) -> Fault {
        match &self.target.proxy {
            Some(proxy) if !fault.code.as_str().starts_with("local.") => Fault {
                code: FaultCode::ProxyUnreachable,
                detail: format!("the proxy {} can't be reached: {}", proxy.url(), fault.detail),
                evidence: fault
                    .evidence
                    .with(Key::Cause, fault.code.as_str())
                    .with(Key::Proxy, self.address.to_string()),
            },
            _ => fault,
        }
    }

    async fn secure_proxy(&mut self, wire: Wire, proxy: &Proxy) -> Result<Wire, Fault> {
        let ask = TlsRequest::default();
        let work = tls::shake(wire, &proxy.host, &proxy.trust, &ask);
        let limit = self.target.timeouts.tls;
        let shaken = match tokio::time::timeout(limit, work).await {
            Ok(Ok(shaken)) => match shaken.refusal {
                None => Ok(shaken.wire),
                Some(fault) => Err(fault),
            },
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(Fault::new(FaultCode::PeerSilent, "no TLS handshake in time")),
        };
        shaken.map_err(|fault| self.by_proxy(fault))
    }

    /// Shakes hands over a wire, and judges the peer's certificate before anything is sent.
    ///
    /// # Errors
    /// A fault of `tls.`, `peer.`, or `service.wrong-peer` for an unexpected issuer.
    pub async fn tls(&mut self, wire: Wire, ask: &TlsRequest) -> Result<Wire, Fault> {
        self.tell();
        let trust = Arc::clone(&self.target.trust);
        let raw = Arc::clone(wire.traffic());
        let host = Arc::clone(&self.target.host);
        let begun = Instant::now();
        let limit = self.target.timeouts.tls;
        let shaken = tokio::time::timeout(limit, tls::shake(wire, &host, &trust, ask)).await;
        let shaken = match shaken {
            Ok(Ok(shaken)) => shaken,
            Ok(Err(fault)) => return Err(self.failed(Layer::Tls, begun, fault)),
            Err(_) => {
                let name = trust.server_name.as_deref().unwrap_or(&host);
                return Err(self.failed(Layer::Tls, begun, tls::late(&raw, name)));
            }
        };
        self.warnings.extend(shaken.warnings);
        let Some(mut refusal) = shaken.refusal else {
            self.record(Layer::Tls, begun.elapsed(), Outcome::Ok, shaken.evidence);
            self.session = shaken.wire.session().cloned();
            return Ok(self.topmost(shaken.wire));
        };
        let mut evidence = shaken.evidence.clone();
        evidence.absorb(std::mem::take(&mut refusal.evidence));
        refusal.evidence = evidence;
        self.record(Layer::Tls, begun.elapsed(), Outcome::Fault, shaken.evidence);
        Err(refusal)
    }

    /// Does one step of a protocol, bounded by its time-out. `late` is the fault of running out of
    /// time; `peer.silent` becomes `peer.stalled` where the peer had begun to answer.
    ///
    /// # Errors
    /// Whatever `work` gives, or the fault of running out of time.
    pub async fn step<T>(
        &mut self,
        layer: Layer,
        late: FaultCode,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        if self.attempt.steps.last().is_none_or(|last| last.layer != layer) {
            self.tell();
        }
        let received = || self.traffic.as_ref().map_or(0, |traffic| traffic.received());
        let before = received();
        let begun = Instant::now();
        let limit = self.target.timeouts.answer;
        match tokio::time::timeout(limit, work).await {
            Ok(Ok(value)) => {
                self.record(layer, begun.elapsed(), Outcome::Ok, Evidence::new());
                Ok(value)
            }
            Ok(Err(fault)) => Err(self.failed(layer, begun, fault)),
            Err(_) => {
                let bytes = received() - before;
                let fault = ran_out(late, bytes, limit);
                Err(self.failed(layer, begun, fault))
            }
        }
    }

    /// Records that a layer did what it should, for protocols that time several layers themselves.
    pub fn passed(&mut self, layer: Layer, begun: Instant) {
        self.record(layer, begun.elapsed(), Outcome::Ok, Evidence::new());
    }

    /// Records that the attempt stops at a layer, and hands the fault on.
    pub fn failed(&mut self, layer: Layer, begun: Instant, fault: Fault) -> Fault {
        self.record(layer, begun.elapsed(), Outcome::Fault, Evidence::new());
        fault
    }

    fn record(&mut self, layer: Layer, elapsed: Duration, outcome: Outcome, evidence: Evidence) {
        let elapsed_ms = millis(elapsed);
        if self.attempt.steps.last().is_none_or(|last| last.layer != layer) {
            self.tell();
        }
        if let Some(watched) = &mut self.watched {
            watched.passed(layer, self.traffic.as_ref());
        }
        // A protocol may take a layer in several goes: they are one step of the report.
        match self.attempt.steps.iter_mut().find(|step| step.layer == layer) {
            Some(step) => {
                step.elapsed_ms += elapsed_ms;
                step.outcome = outcome;
                step.evidence.absorb(evidence);
            }
            None => self.attempt.steps.push(Step { layer, elapsed_ms, outcome, evidence }),
        }
    }

    /// The attempt as it stands, with the layers that were not reached, and the row's warnings.
    pub fn finish(
        mut self,
        result: Result<(), Fault>,
        layers: &[Layer],
    ) -> (Attempt, Vec<Warning>) {
        if let Err(fault) = result {
            self.stop_at(fault.code.layer());
            self.attempt.fault = Some(fault);
        }
        self.redact();
        self.tell();
        for layer in layers {
            if !self.attempt.steps.iter().any(|step| step.layer == *layer) {
                self.attempt.steps.push(Step {
                    layer: *layer,
                    elapsed_ms: 0.0,
                    outcome: Outcome::NotRun,
                    evidence: Evidence::new(),
                });
            }
        }
        (self.attempt, self.warnings)
    }
}

impl Dialer {
    /// Tells whoever watches the steps that are over.
    fn tell(&mut self) {
        let Some(mut watched) = self.watched.take() else { return };
        let address = self.attempt.address.as_deref().unwrap_or_default();
        watched.tell(address, &self.attempt.steps, &self.redactor());
        self.watched = Some(watched);
    }

    /// What seeks our own secrets.
    fn redactor(&self) -> Redactor {
        let mut redactor = self.target.credentials.as_ref().map(Redactor::of).unwrap_or_default();
        let proxy = self.target.proxy.as_ref().and_then(|proxy| proxy.auth.as_ref());
        if let Some((_, password)) = proxy {
            redactor.add(password.bytes());
        }
        redactor
    }

    /// Takes our own secrets out of what the peer said.
    fn redact(&mut self) {
        let redactor = self.redactor();
        if redactor.is_empty() {
            return;
        }
        let other = |text: &str| redactor.text(text);
        for step in &mut self.attempt.steps {
            step.evidence.replace(other);
        }
        if let Some(fault) = &mut self.attempt.fault {
            fault.evidence.replace(other);
            fault.detail =
                other(&fault.detail).unwrap_or_else(|| std::mem::take(&mut fault.detail));
        }
        for warning in &mut self.warnings {
            warning.detail =
                other(&warning.detail).unwrap_or_else(|| std::mem::take(&mut warning.detail));
        }
    }

    /// Marks the layer at which the attempt stopped, where a probe judged an answer after its step.
    fn stop_at(&mut self, layer: Layer) {
        if !self.attempt.steps.iter().any(|step| step.outcome == Outcome::Fault) {
            self.record(layer, Duration::ZERO, Outcome::Fault, Evidence::new());
        }
    }
}

/// Milliseconds, rounded to microseconds so that a report is not full of noise.
pub fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

fn ran_out(late: FaultCode, bytes: u64, limit: Duration) -> Fault {
    let seconds = limit.as_secs_f64();
    let fault = match (late, bytes) {
        (FaultCode::PeerSilent, 0) => {
            Fault::new(late, format!("accepted, and no answer within {seconds:.1} s"))
        }
        (FaultCode::PeerSilent | FaultCode::PeerStalled, bytes) => Fault::new(
            FaultCode::PeerStalled,
            format!("the answer stopped after {bytes} bytes, and {seconds:.1} s were over"),
        ),
        (late, _) => Fault::new(late, format!("{}, within {seconds:.1} s", late.about())),
    };
    fault.with(Key::Bytes, bytes).with(Key::WaitedMs, seconds * 1_000.0)
}
