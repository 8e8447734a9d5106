//! The whole table of Universal Contact Service on loopback: 21 rows, good or after a bad change.
//!
//! [`start`] serves every destination on a free port of 127.0.0.1. The site file keeps real names
//! and the table's ports; [`Demo::resolves`] says where each of them is, as curl's `--connect-to`
//! does. Healthy and broken differ in the servers alone: the site file says the same in both.

mod databases;
mod gateways;
mod services;
mod site;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::lab::ground::Ground;
use crate::lab::pki::{Identity, Leaf, Pki, Signer};
use crate::lab::server::Server;
use crate::model::FaultCode::{self, self as F};

/// What each row must be classified as after the bad change. The other rows pass.
pub const BROKEN: &[(&str, FaultCode)] = &[
    ("1", F::TlsExpired),
    ("2", F::ProtocolGateway),
    ("3", F::AuthRejected),
    ("4", F::ServiceTooManyConnections),
    ("5", F::TlsUnknownIssuer),
    ("6", F::TlsUnknownIssuer),
    ("7", F::ProtocolUnexpectedBody),
    ("8", F::ProtocolMismatch),
    ("9", F::AuthRejected),
    ("10", F::AuthForbidden),
    ("11", F::TcpRefused),
    ("13", F::ServiceNotSticky),
    ("14", F::PeerSilent),
    ("15", F::PeerReset),
    ("17", F::ServiceUnhealthy),
    ("18", F::ServiceReadOnly),
    ("19", F::ServiceBackendDown),
    ("20", F::ServiceNoSuchDatabase),
    ("21", F::TlsNotTls),
];

/// The rows that pass although the change was made.
pub const UNHARMED: &[&str] = &["12", "16"];

/// The bearer token that the Authentication Service hands out.
pub(super) const TOKEN: &str = "demo-issued-token-3f7a90c2";

/// A demo that runs. Dropping it ends its servers and removes its directory.
#[derive(Debug)]
pub struct Demo {
    /// The site file (YAML, `connprobe/site/v1`).
    pub site: String,
    /// Where each host and port really is.
    pub resolves: Vec<(String, u16, SocketAddr)>,
    /// Certificate authorities and secrets; private, removed with the demo.
    pub directory: PathBuf,
    servers: Vec<Server>,
    _ground: Ground,
}

impl Demo {
    /// How many connections its servers accepted.
    pub fn connections(&self) -> usize {
        self.servers.iter().map(Server::connections).sum()
    }

    /// How many requests its servers read.
    pub fn requests(&self) -> usize {
        self.servers.iter().map(Server::requests).sum()
    }
}

/// Starts it; `broken` is the same site after a bad change.
pub async fn start(broken: bool) -> io::Result<Demo> {
    let ground = Ground::new()?;
    // The object store is another company's, and so is the authority of its certificate.
    let external = Pki::new()?;
    ground.file("external-ca.pem", &external.ca_pem())?;
    for (name, secret) in site::SECRETS {
        ground.file(name, secret)?;
    }
    let site = site::text(ground.directory());
    let directory = ground.directory().to_path_buf();
    let mut lab = Lab { ground, external, broken, servers: Vec::new(), resolves: Vec::new() };
    gateways::start(&mut lab).await?;
    databases::start(&mut lab).await?;
    services::start(&mut lab).await?;
    let Lab { ground, servers, resolves, .. } = lab;
    Ok(Demo { site, resolves, directory, servers, _ground: ground })
}

/// A demo in the making.
struct Lab {
    ground: Ground,
    external: Pki,
    broken: bool,
    servers: Vec<Server>,
    resolves: Vec<(String, u16, SocketAddr)>,
}

impl Lab {
    /// Makes a server answer for a name and a port.
    fn place(&mut self, host: &str, port: u16, server: Server) {
        self.resolves.push((host.into(), port, server.address()));
        self.servers.push(server);
    }

    /// A certificate of the internal authority.
    fn identity(&self, host: &str) -> io::Result<Identity> {
        self.ground.pki.server(&[host])
    }

    /// One that ended when nobody looked.
    fn expired(&self, host: &str) -> io::Result<Identity> {
        self.ground.pki.leaf(&Leaf { sans: &[host], until_days: -2, ..Leaf::GOOD })
    }

    /// One of an authority that nobody trusts.
    fn intercepted(&self, host: &str) -> io::Result<Identity> {
        let leaf = Leaf { sans: &[host], signer: Signer::Other, ..Leaf::GOOD };
        self.external.leaf(&leaf)
    }
}

#[cfg(test)]
mod tests;
