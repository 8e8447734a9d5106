//! PostgreSQL 15 as a client sees it: TLS within the protocol, real SCRAM, the order of messages
//! and the SQLSTATEs of the real one, simple queries.
//!
//! [`crate::lab::pgbouncer`] speaks through the same wire with a pooler's manners.

mod login;
mod scram;
mod session;
mod sql;
mod wire;

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;

use crate::lab::pgbouncer::Pooler;
use crate::lab::server::Server;
pub use wire::Refusal;

/// How a role proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Not at all.
    Trust,
    /// The password itself.
    Cleartext,
    /// A salted MD5 of it.
    Md5,
    /// SCRAM-SHA-256, over TLS with -PLUS.
    Scram,
    /// As SCRAM, and the server's own proof is wrong.
    FalseScram,
    /// A client certificate.
    Certificate,
    /// Kerberos, which no probe has.
    Gss,
}

/// What state the server is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It reads and writes.
    Running,
    /// A hot standby.
    Standby,
    /// Read-only by configuration.
    ReadOnly,
    /// Starting up.
    Starting,
    /// A standby that takes no connections.
    ColdStandby,
    /// Shutting down.
    Stopping,
    /// Out of slots.
    Full,
    /// No line of `pg_hba.conf` matches.
    NoHbaLine,
    /// A line of `pg_hba.conf` rejects.
    HbaReject,
    /// Its postmaster was stopped: the kernel accepts, nobody answers.
    Hung,
    /// Authentication is as ever, then queries are never answered.
    QueriesHang,
}

/// What it does with `SSLRequest`.
#[derive(Clone, Debug)]
pub enum Encryption {
    /// Answers `N`.
    Declined,
    /// Answers `S`; connections without TLS are taken too.
    Offered(Arc<ServerConfig>, CertificateDer<'static>),
    /// As offered; without TLS no line of `pg_hba.conf` matches.
    Required(Arc<ServerConfig>, CertificateDer<'static>),
}

/// A role.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its password.
    pub password: String,
    /// Why it is refused after `AuthenticationOk`, if it is.
    pub refused: Option<Refusal>,
}

/// A server to be.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// TLS.
    pub encryption: Encryption,
    /// Authentication.
    pub method: Method,
    /// State.
    pub state: State,
    /// Those who may log in.
    pub roles: Vec<Role>,
    /// What exists.
    pub databases: Vec<String>,
    /// Extensions with their versions.
    pub extensions: Vec<(String, String)>,
    /// Tables with the privileges that everyone has on them.
    pub tables: Vec<(String, Vec<&'static str>)>,
    /// What it says of its version.
    pub version: String,
    /// The pooler that stands before it.
    pub pooler: Option<Pooler>,
}

impl Postgres {
    /// A running server with SCRAM, without TLS, roles and databases.
    pub fn new() -> Self {
        Self {
            encryption: Encryption::Declined,
            method: Method::Scram,
            state: State::Running,
            roles: Vec::new(),
            databases: Vec::new(),
            extensions: vec![("plpgsql".into(), "1.0".into())],
            tables: Vec::new(),
            version: "15.20 (Debian 15.20-0+deb12u1)".into(),
            pooler: None,
        }
    }

    /// Adds a role.
    #[must_use]
    pub fn role(mut self, name: &str, password: &str) -> Self {
        self.roles.push(Role { name: name.into(), password: password.into(), refused: None });
        self
    }

    /// Adds a role whose password is right and which is refused all the same.
    #[must_use]
    pub fn refused_role(mut self, name: &str, password: &str, refusal: Refusal) -> Self {
        let refused = Some(refusal);
        self.roles.push(Role { name: name.into(), password: password.into(), refused });
        self
    }

    /// Adds a database.
    #[must_use]
    pub fn database(mut self, name: &str) -> Self {
        self.databases.push(name.into());
        self
    }

    /// Adds an extension.
    #[must_use]
    pub fn extension(mut self, name: &str, version: &str) -> Self {
        self.extensions.push((name.into(), version.into()));
        self
    }

    /// Adds a table and what may be done with it.
    #[must_use]
    pub fn table(mut self, name: &str, privileges: &[&'static str]) -> Self {
        self.tables.push((name.into(), privileges.to_vec()));
        self
    }

    /// Sets TLS.
    #[must_use]
    pub fn encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = encryption;
        self
    }

    /// Sets authentication.
    #[must_use]
    pub const fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Sets the state.
    #[must_use]
    pub const fn state(mut self, state: State) -> Self {
        self.state = state;
        self
    }

    /// Serves on a free port.
    pub async fn serve(self) -> io::Result<Server> {
        let server = Arc::new(self);
        Server::start(move |peer| {
            let server = Arc::clone(&server);
            async move { login::connection(&server, peer).await }
        })
        .await
    }
}

impl Default for Postgres {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
