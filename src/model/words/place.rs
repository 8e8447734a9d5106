//! The blanks of a command, and what a row of a report puts into them.
//!
//! A report may be anybody's, and what it names is hostile text that a person is about to paste into a
//! shell. So a value is filled in only where every character of it is harmless *to the commands* too:
//! shell quotes protect no one from a host called `-f/etc/passwd`. What does not pass stays a blank.

use std::net::SocketAddr;

use crate::model::clean;
use crate::model::evidence::Key;
use crate::model::fault::Fault;
use crate::model::report::{ConnectionReport, PortInfo, Vantage};

/// A blank in a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blank {
    /// Name or address of the destination.
    Host,
    /// Its port.
    Port,
    /// `host:port`, an IPv6 address in brackets.
    Authority,
    /// The address that was dialled.
    Address,
    /// The name that TLS asks for.
    ServerName,
    /// A name server.
    Server,
    /// Name of an account.
    User,
    /// Name of a database.
    Database,
    /// The file of trusted authorities.
    Ca,
    /// The proxy, `host:port`.
    Proxy,
    /// Name of the Service in Kubernetes.
    Service,
    /// Its namespace.
    Namespace,
    /// The pod that the probe ran in.
    Pod,
    /// Namespace of that pod.
    PodNamespace,
    /// A file of ours.
    File,
    /// Start of a URL: `https` or `http`.
    Scheme,
    /// Path of the request.
    Path,
    /// A row of the report.
    Row,
}

impl Blank {
    /// Every blank.
    pub const ALL: &[Self] = &[
        Self::Host,
        Self::Port,
        Self::Authority,
        Self::Address,
        Self::ServerName,
        Self::Server,
        Self::User,
        Self::Database,
        Self::Ca,
        Self::Proxy,
        Self::Service,
        Self::Namespace,
        Self::Pod,
        Self::PodNamespace,
        Self::File,
        Self::Scheme,
        Self::Path,
        Self::Row,
    ];

    /// The word within braces, and what a command shows where nothing fills it.
    pub const fn word(self) -> (&'static str, &'static str) {
        match self {
            Self::Host => ("{HOST}", "HOST"),
            Self::Port => ("{PORT}", "PORT"),
            Self::Authority => ("{AUTHORITY}", "HOST:PORT"),
            Self::Address => ("{ADDRESS}", "ADDRESS"),
            Self::ServerName => ("{SERVER_NAME}", "HOST"),
            Self::Server => ("{SERVER}", "NAME_SERVER"),
            Self::User => ("{USER}", "USER"),
            Self::Database => ("{DATABASE}", "DATABASE"),
            Self::Ca => ("{CA}", "CA_FILE"),
            Self::Proxy => ("{PROXY}", "PROXY:PORT"),
            Self::Service => ("{SERVICE}", "SERVICE"),
            Self::Namespace => ("{NAMESPACE}", "NAMESPACE"),
            Self::Pod => ("{POD}", "POD"),
            Self::PodNamespace => ("{POD_NAMESPACE}", "POD_NAMESPACE"),
            Self::File => ("{FILE}", "FILE"),
            Self::Scheme => ("{SCHEME}", "https"),
            Self::Path => ("{PATH}", "/"),
            Self::Row => ("{ROW}", "ROW"),
        }
    }

    /// What may stand in it beside ASCII letters and digits, and what it may begin with.
    const fn allowed(self) -> (&'static [u8], &'static [u8]) {
        match self {
            Self::Port => (b"", b""),
            Self::File | Self::Ca | Self::Path => (b"/._-+@:,", b"/"),
            Self::User | Self::Database => (b"._-@+", b"_"),
            Self::Authority | Self::Proxy => (b".-_:[]", b"_["),
            _ => (b".-_:", b"_:"),
        }
    }

    /// The value, where it is harmless in this blank.
    fn harmless(self, value: &str) -> Option<String> {
        let (within, first) = self.allowed();
        let fits = |byte: u8, more: &[u8]| byte.is_ascii_alphanumeric() || more.contains(&byte);
        let begins = value.bytes().next().is_some_and(|byte| fits(byte, first));
        // 253 bytes are the longest name of DNS (RFC 1035 §2.3.4) and longer than paths that one types.
        let whole = value.len() <= 253 && value.bytes().all(|byte| fits(byte, within));
        (begins && whole).then(|| value.to_owned())
    }
}

/// What fills the blanks.
#[derive(Clone, Debug, Default)]
pub struct Filled(Vec<(Blank, String)>);

impl Filled {
    /// Nothing: every blank is shown by its word.
    pub const fn nothing() -> Self {
        Self(Vec::new())
    }

    /// What a row and its fault give.
    pub fn by(row: &ConnectionReport, fault: &Fault, vantage: Option<&Vantage>) -> Self {
        let mut filled = Self::default();
        let steps = || row.attempts.iter().flat_map(|attempt| &attempt.steps);
        let seen = |key: Key| {
            let within = steps().filter_map(|step| step.evidence.text(key)).next_back();
            fault.evidence.text(key).or(within)
        };
        let host = row.host.as_deref().and_then(|hosts| hosts.split(", ").next());
        filled.host(host, &row.port);
        let dialled = row.attempts.iter().rev().find_map(|attempt| attempt.address.as_deref());
        let dialled = dialled.and_then(|address| address.parse::<SocketAddr>().ok());
        filled.set(Blank::Address, dialled.map(|address| address.ip().to_string()).as_deref());
        filled.set(Blank::ServerName, seen(Key::ServerName).or(host));
        filled.set(
            Blank::Server,
            seen(Key::Resolver).map(|server| without_port(server).to_owned()).as_deref(),
        );
        filled.set(Blank::User, seen(Key::Username));
        filled.set(Blank::Database, seen(Key::Database));
        filled.set(Blank::Proxy, seen(Key::Proxy));
        filled.set(Blank::File, seen(Key::Path));
        filled.set(Blank::Row, seen(Key::TokenRow).or(seen(Key::Row)).or(Some(&row.id)));
        let secure = steps().any(|step| step.layer == crate::model::Layer::Tls);
        filled.set(Blank::Scheme, Some(if secure { "https" } else { "http" }));
        filled.set(Blank::Path, seen(Key::Request).and_then(|request| request.split(' ').nth(1)));
        if let Some(vantage) = vantage {
            filled.set(Blank::Pod, vantage.pod.as_deref());
            filled.set(Blank::PodNamespace, vantage.namespace.as_deref());
        }
        filled
    }

    fn host(&mut self, host: Option<&str>, port: &PortInfo) {
        let port = port.to_string();
        let port = port.split([',', '-']).next().unwrap_or_default().trim().to_owned();
        self.set(Blank::Host, host);
        self.set(Blank::Port, Some(&port));
        let Some(host) = host else { return };
        let known = Blank::Host.harmless(host).is_some();
        let authority = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        self.set(Blank::Authority, Some(authority.as_str()).filter(|_| known));
        // SERVICE.NAMESPACE.svc, with or without the domain of the cluster.
        if let [service, namespace, "svc", ..] = host.split('.').collect::<Vec<_>>()[..] {
            self.set(Blank::Service, Some(service));
            self.set(Blank::Namespace, Some(namespace));
        }
    }

    fn set(&mut self, blank: Blank, value: Option<&str>) {
        if let Some(value) = value.and_then(|value| blank.harmless(value)) {
            self.0.push((blank, value));
        }
    }

    /// A command with its blanks filled, or shown by their words.
    pub fn fill(&self, command: &str) -> String {
        let mut text = command.to_owned();
        for blank in Blank::ALL {
            let (word, shown) = blank.word();
            if !text.contains(word) {
                continue;
            }
            let value = self.0.iter().find(|(known, _)| known == blank);
            text = text.replace(word, value.map_or(shown, |(_, value)| value));
        }
        // Nothing hidden comes through the letters that are allowed; this holds it for all to come.
        clean::line(&text, 1_000)
    }
}

/// `192.0.2.1` of `192.0.2.1:53`.
fn without_port(server: &str) -> &str {
    match server.parse::<SocketAddr>() {
        Ok(_) => server.rsplit_once(':').map_or(server, |(host, _)| host.trim_matches(['[', ']'])),
        Err(_) => server,
    }
}
