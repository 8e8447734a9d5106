//! The ladder of one attempt: each call times, bounds and records one step, and `?` leaves at the
//! rung that failed.

mod connect;
mod record;
mod secure;
mod stranger;

use std::net::SocketAddr;
use std::sync::Arc;

use crate::model::{
    Attempt, Credentials, Family, Fault, FaultCode, Key, Proof, Timeouts, Warning, WarningCode,
};
use crate::net::names::Names;
use crate::net::proxy::Proxy;
use crate::net::redact::Redactor;
use crate::net::slots::{Place, Slots};
use crate::net::tcp;
use crate::net::tls::{self, Trust};
use crate::net::watch::{Watch, Watched};
use crate::net::wire::Traffic;

pub use record::millis;
pub use stranger::{SSL_REQUEST, Stranger};

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
    last: tcp::Last,
    watched: Option<Watched>,
    /// Whether it is a connection beside the climb.
    aside: bool,
    secrets: Redactor,
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
            last: tcp::Last::default(),
            watched,
            aside: false,
            secrets: Redactor::default(),
        }
    }

    /// Another connection to the same address, recorded apart: for counter-checks. It shares the
    /// place among those that work, so it can't wait for itself.
    #[must_use]
    pub fn side(&self) -> Self {
        Self::beside(&self.target, &self.names, self.address)
    }

    fn beside(target: &Arc<Target>, names: &Arc<Names>, address: SocketAddr) -> Self {
        let slots = Arc::new(Slots::new(u64::MAX));
        let side = Self::new(Arc::clone(target), Arc::clone(names), slots, address);
        Self { watched: None, aside: true, ..side }
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
            // It is verified by its own name, not by the one that the site gives the first.
            if target.trust.server_name.is_some() {
                let trust = Trust::clone(&target.trust);
                target.trust = Arc::new(Trust { server_name: None, ..trust });
            }
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

    /// What the kernel knew of the last connection, once that is closed; nothing of one that nothing
    /// was to be said on.
    pub fn ended(&self) -> Option<tcp::Info> {
        self.last.get().map(|ending| ending.info)
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

    /// The credentials, or the fault that there are none because a secret or token can't be had.
    pub fn credentials(&self) -> Result<Credentials, Fault> {
        self.target.credentials.clone()
    }

    /// Takes a secret that is none of the credentials out of what is told of this attempt.
    pub fn conceal(&mut self, secret: &[u8]) {
        self.secrets.add(secret);
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
        self.warn_once(WarningCode::AuthCleartext, format!("{what} travels without TLS"));
        Ok(())
    }
}
