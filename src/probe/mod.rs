//! The protocols: one file (or folder) each, named in [`PROTOCOLS`], its options beside it.
//!
//! To add one, write its file with a `PROTOCOL` constant and name it in the registry: `list`, hints,
//! schemas and documentation follow from there.

pub mod cometd;
pub mod elasticsearch;
pub mod http;
pub mod oauth2;
pub mod object_store;
pub mod postgres;
pub mod prometheus;
pub mod tcp;
pub mod tls;

use std::future::Future;
use std::pin::Pin;

use crate::model::read::Problems;
use crate::model::{Fault, Layer, Node, Secret, SecretRef};
use crate::net::Dialer;

/// A future in a box, so that a probe can be an object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// When a protocol speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsUse {
    /// Never.
    Never,
    /// From the first byte, always.
    Always,
    /// From the first byte, where the site says anything about TLS or the port is 443 or 8443.
    WhenAsked,
    /// Offered within the protocol; `prefer` where the site says nothing.
    Negotiated,
}

/// Reads the options of a row; every mistake goes to the problems.
pub type ReadOptions = fn(Option<&Node>, &mut Problems) -> Option<Box<dyn Probe>>;

/// How to prove rows of one protocol.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    /// The word under `probe:`.
    pub name: &'static str,
    /// What it proves, in one line.
    pub about: &'static str,
    /// Schemes of URLs for `try`.
    pub schemes: &'static [&'static str],
    /// Port where a URL has none.
    pub default_port: u16,
    /// When it speaks TLS.
    pub tls: TlsUse,
    /// The layers that a full climb passes, above DNS.
    pub layers: &'static [Layer],
    /// How many connections a healthy row opens for each address, in words.
    pub connections: &'static str,
    /// Reads the options under `probe: {NAME: ..}`.
    pub options: ReadOptions,
    /// JSON Schema of the options.
    pub schema: fn() -> serde_json::Value,
}

/// A row's protocol with its options read: something that climbs.
pub trait Probe: std::fmt::Debug + Send + Sync {
    /// Climbs one address as far as is wanted, and leaves at the rung that fails.
    fn run<'a>(&'a self, dialer: &'a mut Dialer) -> BoxFuture<'a, Result<(), Fault>>;

    /// Climbs until it has a token for other rows; `None` where the protocol gives none.
    fn token<'a>(
        &'a self,
        _dialer: &'a mut Dialer,
    ) -> Option<BoxFuture<'a, Result<Secret, Fault>>> {
        None
    }

    /// What is sent, in words, for `--dry-run`: no secret in it.
    fn sends(&self) -> String;

    /// How many connections one address gets at most while nothing fails: counter-checks, redirects and
    /// sessions included.
    fn dials(&self) -> usize {
        1
    }

    /// Secrets of its own options, beside the row's credentials.
    fn own_secrets(&self) -> Vec<&SecretRef> {
        Vec::new()
    }

    /// Whether redirects are followed, so that trust may be meant for where they lead.
    fn follows_redirects(&self) -> bool {
        false
    }

    /// Whether connecting is all that it does, so that a connect is its answer.
    fn is_plain_tcp(&self) -> bool {
        false
    }
}

/// Every protocol.
pub const PROTOCOLS: &[Protocol] = &[
    tcp::PROTOCOL,
    tls::PROTOCOL,
    http::PROTOCOL,
    http::HTTPS,
    postgres::PROTOCOL,
    elasticsearch::PROTOCOL,
    prometheus::PROTOCOL,
    oauth2::PROTOCOL,
    cometd::PROTOCOL,
    object_store::PROTOCOL,
];

/// The protocol of this name.
pub fn protocol(name: &str) -> Option<&'static Protocol> {
    PROTOCOLS.iter().find(|protocol| protocol.name == name)
}

/// Reads where a secret is: `{env: NAME}` or `{file: PATH, exact: true}`.
pub(crate) fn secret_ref(node: &Node, problems: &mut Problems) -> Option<SecretRef> {
    let mut fields = problems.fields(node, "secret")?;
    let env = fields.text("env", problems);
    let file = fields.text("file", problems);
    let exact = fields.flag("exact", problems).unwrap_or(false);
    fields.finish(problems);
    match (env, file) {
        (Some(name), None) => Some(SecretRef::Env { name, place: Some(node.place()) }),
        (None, Some(path)) => {
            Some(SecretRef::File { path: path.into(), exact, place: node.place() })
        }
        _ => {
            problems.push(
                node.wrong("a secret has either `env` or `file`")
                    .help("write {env: NAME} or {file: /run/secrets/NAME}"),
            );
            None
        }
    }
}
