//! From settings to what is dialled: trust, proxy, time-outs, credentials, the probe.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::read::Problems;
use crate::model::{Diagnostic, Fault, MinVersion, Ports, Proof, VerifyMode, Warning, WarningCode};
use crate::net::proxy::{Proxy, Scheme};
use crate::net::tls::trust::{client, revocation_lists};
use crate::net::tls::{Authorities, Trust, TrustError};
use crate::net::{Target, tcp};
use crate::probe::{PROTOCOLS, Probe, Protocol, TlsUse, protocol};
use crate::profile::{FileRef, ProbeNode, ProxyScheme, ProxySettings, Settings, TlsSettings};
use crate::runner::credentials::{Login, load, login, unsafe_secret};
use crate::runner::plan::{Aim, Options, is_short};

/// Makes aims, and remembers what rows share.
#[derive(Debug)]
pub(super) struct Maker<'o> {
    pub(super) options: &'o Options,
    pub(super) errors: Vec<Diagnostic>,
    trusts: HashMap<String, Arc<Trust>>,
}

/// What one aim is made of.
pub(super) struct Parts<'p> {
    pub(super) endpoint: &'p str,
    pub(super) hosts: Vec<Arc<str>>,
    pub(super) ports: &'p Ports,
    pub(super) settings: &'p Settings,
    pub(super) probe: Option<&'p ProbeNode>,
}

impl<'o> Maker<'o> {
    pub(super) fn new(options: &'o Options) -> Self {
        Self { options, errors: Vec::new(), trusts: HashMap::new() }
    }

    /// The protocol of a row with its options read; a plain connect where nothing is said.
    pub(super) fn probe(
        &mut self,
        node: Option<&ProbeNode>,
    ) -> Option<(&'static Protocol, Arc<dyn Probe>)> {
        let name = node.map_or("tcp", |node| node.name.as_str());
        let Some(found) = protocol(name) else {
            let place = node.map(|node| node.place.clone())?;
            let names = PROTOCOLS.iter().map(|protocol| protocol.name);
            let near = crate::model::diagnostic::did_you_mean(name, names.clone())
                .unwrap_or_else(|| format!("known are: {}", names.collect::<Vec<_>>().join(", ")));
            self.errors.push(Diagnostic::at(place, format!("no protocol `{name}`")).help(near));
            return None;
        };
        let mut problems = Problems::default();
        let options = node.and_then(|node| node.options.as_ref());
        let probe = (found.options)(options, &mut problems);
        let wrong = !problems.errors.is_empty() || !problems.unset.is_empty();
        self.errors.append(&mut problems.errors);
        self.errors.append(&mut problems.unset);
        let probe = probe.filter(|_| !wrong)?;
        Some((found, Arc::from(probe)))
    }

    /// What is dialled; `None` where something is wrong, which is then among the errors.
    pub(super) fn aim(&mut self, parts: &Parts<'_>, warnings: &mut Vec<Warning>) -> Option<Aim> {
        let settings = parts.settings;
        let proxy = settings.proxy.as_ref().map(|proxy| self.proxy(proxy));
        let Some((protocol, probe)) = self.probe(parts.probe) else {
            // Its files are read all the same: every mistake is told at once.
            let _ = self.read_trust(&settings.tls, VerifyMode::VerifyFull);
            return None;
        };
        self.in_the_clear(protocol, &settings.tls);
        let (protocol, probe) = self.capped(protocol, probe)?;
        let tls = speaks_tls(protocol, &*probe, parts.ports, &settings.tls);
        let trust = self.trust(&settings.tls, protocol, tls)?;
        let proxy = match proxy {
            Some(proxy) => Some(Arc::new(proxy?)),
            None => None,
        };
        let mut timeouts = settings.timeouts;
        if let Some(time) = self.options.timeout {
            timeouts = crate::model::TimeoutSettings::all(time);
        }
        let timeouts = timeouts.filled();
        if is_short(&timeouts) {
            let detail = "a TCP time-out under 3.5 s sees fewer than three SYNs".to_owned();
            warnings.push(Warning { code: WarningCode::TcpShortTimeout, detail });
        }
        let auth = settings.auth.as_ref().and_then(crate::profile::Auth::whole);
        let (credentials, token_of) = match login(auth.as_ref(), parts.endpoint) {
            Login::Ready(ready) => (ready, None),
            Login::TokenOf(endpoint, place) => {
                (Ok(crate::model::Credentials::None), Some((endpoint, place)))
            }
        };
        let known = credentials.as_ref().unwrap_or(&crate::model::Credentials::None);
        warnings.extend(unsafe_secret(known, &probe.own_secrets()));
        let plain = probe.is_plain_tcp();
        Some(Aim {
            hosts: parts.hosts.clone(),
            ports: parts.ports.sample(),
            target: Target {
                host: "".into(),
                port: 0,
                tls,
                trust,
                credentials,
                allow_cleartext: settings.allow_cleartext.unwrap_or(false),
                proxy,
                timeouts,
                tcp: tcp::Options {
                    bind: self.options.bind.clone(),
                    connect_only: plain,
                    tracer: self.options.tracer.clone(),
                    max_segment: None,
                },
                required: Proof::None,
                cap: self.options.proof.unwrap_or(Proof::Operational),
                watch: None,
            },
            token_of,
            protocol,
            probe,
            addresses: settings.addresses.unwrap_or_default(),
            family: settings.family.unwrap_or_default(),
            retries: self.options.retries.or(settings.retries).unwrap_or(0),
        })
    }

    /// A site that switches TLS off, and a row that is TLS from its first byte, contradict each other.
    fn in_the_clear(&mut self, protocol: &Protocol, tls: &TlsSettings) {
        if protocol.tls != TlsUse::Always || tls.mode != Some(VerifyMode::Disable) {
            return;
        }
        let name = protocol.name;
        let message =
            format!("`disable`, and the probe `{name}` of a row speaks TLS from the first byte");
        let wrong = match &tls.mode_place {
            Some(place) => Diagnostic::at(place.clone(), message),
            None => Diagnostic::plain(message),
        };
        let help =
            "leave the mode out, name another for this row, or probe clear text with http or tcp";
        self.errors.push(wrong.help(help));
    }

    /// Where no more than a connect is wanted, a connect is made, whatever the row's protocol is.
    fn capped(
        &mut self,
        protocol: &'static Protocol,
        probe: Arc<dyn Probe>,
    ) -> Option<(&'static Protocol, Arc<dyn Probe>)> {
        match self.options.proof {
            Some(cap) if cap <= Proof::Connected => self.probe(None),
            _ => Some((protocol, probe)),
        }
    }

    fn trust(
        &mut self,
        tls: &TlsSettings,
        protocol: &Protocol,
        speaks: bool,
    ) -> Option<Arc<Trust>> {
        let mode = effective_mode(tls, protocol, speaks);
        let files = |file: &Option<FileRef>| file.as_ref().map(|file| file.path.clone());
        let key = format!(
            "{mode:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            files(&tls.ca_file),
            tls.server_name,
            tls.min_version,
            tls.expires_within,
            tls.pins,
            tls.issuers,
            tls.crl_files.iter().map(|file| &file.path).collect::<Vec<_>>(),
            files(&tls.client_cert_file),
            files(&tls.client_key_file),
        );
        if let Some(known) = self.trusts.get(&key) {
            return Some(Arc::clone(known));
        }
        let trust = Arc::new(self.read_trust(tls, mode)?);
        self.trusts.insert(key, Arc::clone(&trust));
        Some(trust)
    }

    fn read_trust(&mut self, tls: &TlsSettings, mode: VerifyMode) -> Option<Trust> {
        let mut trust = Trust { mode, ..Trust::default() };
        if let Some(file) = &tls.ca_file {
            trust.authorities = self.file(file, Authorities::read(&file.path))?;
        }
        for file in &tls.crl_files {
            let lists = self.file(file, revocation_lists(&file.path))?;
            trust.crls.extend(lists);
        }
        match (&tls.client_cert_file, &tls.client_key_file) {
            (Some(cert), key) => {
                // A file may hold both, as curl has it.
                let key = key.as_ref().unwrap_or(cert);
                let pair = self.file(cert, client(&cert.path, &key.path))?;
                trust.client = Some(Arc::new(pair));
            }
            // A map with the key alone was refused when it was read.
            (None, Some(_)) => return None,
            (None, None) => {}
        }
        trust.server_name.clone_from(&tls.server_name);
        trust.min_version = tls.min_version.unwrap_or(MinVersion::Tls12);
        trust.expires_within = tls.expires_within.unwrap_or(trust.expires_within);
        trust.pins.clone_from(&tls.pins);
        trust.issuers.clone_from(&tls.issuers);
        Some(trust)
    }

    fn file<T>(&mut self, file: &FileRef, read: Result<T, TrustError>) -> Option<T> {
        read.map_err(|error| {
            self.errors.push(Diagnostic::at(file.place.clone(), error.to_string()));
        })
        .ok()
    }

    fn proxy(&mut self, settings: &ProxySettings) -> Option<Proxy> {
        let mut trust = Trust::default();
        if let Some(file) = &settings.ca_file {
            trust.authorities = self.file(file, Authorities::read(&file.path))?;
        }
        let auth = settings.auth.as_ref().map(|(user, secret)| {
            let password = load(secret).map_err(|fault| Fault {
                detail: format!("the proxy's password: {}", fault.detail),
                ..fault
            });
            password.map(|password| (user.clone(), password))
        });
        Some(Proxy {
            scheme: match settings.url.scheme {
                ProxyScheme::Http => Scheme::Http,
                ProxyScheme::Https => Scheme::Https,
                ProxyScheme::Socks5 => Scheme::Socks5,
            },
            host: settings.url.host.clone(),
            port: settings.url.port,
            auth: auth.transpose(),
            trust: Arc::new(trust),
        })
    }
}

/// Whether TLS is spoken: by the protocol's nature, the site's word, or the port.
fn speaks_tls(protocol: &Protocol, probe: &dyn Probe, ports: &Ports, tls: &TlsSettings) -> bool {
    match (protocol.tls, tls.mode) {
        (TlsUse::Never, _) => false,
        (TlsUse::Always, _) => true,
        (_, Some(mode)) => mode != VerifyMode::Disable,
        (TlsUse::Negotiated, None) => true,
        (TlsUse::WhenAsked, None) => {
            // Trust alone turns TLS on, unless it is for where redirects lead, or the port is that of
            // clear text.
            (tls.says_something() && !probe.follows_redirects() && ports.single() != Some(80))
                || matches!(ports.single(), Some(443 | 8443))
        }
    }
}

/// The mode where the site names none: `prefer` where a protocol negotiates, else `verify-full`. As
/// libpq has it, `require` with authorities at hand verifies against them.
fn effective_mode(tls: &TlsSettings, protocol: &Protocol, speaks: bool) -> VerifyMode {
    match tls.mode {
        Some(VerifyMode::Require) if tls.ca_file.is_some() => VerifyMode::VerifyCa,
        Some(VerifyMode::Disable) if speaks => VerifyMode::VerifyFull,
        Some(mode) => mode,
        None if protocol.tls == TlsUse::Negotiated && !tls.says_something() => VerifyMode::Prefer,
        None => VerifyMode::VerifyFull,
    }
}

/// The fault of a row that waits for a token which nobody gives.
pub(super) fn no_token(row: &str, cause: &Fault) -> Fault {
    use crate::model::{FaultCode, Key};
    Fault::new(
        FaultCode::AuthNoToken,
        format!("row {row} gives no token: {} ({})", cause.detail, cause.code),
    )
    .with(Key::TokenRow, row)
    .with(Key::Cause, cause.code.as_str())
}
