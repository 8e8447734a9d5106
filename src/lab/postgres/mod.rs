//! PostgreSQL 15 as a client sees it: TLS within the protocol, real SCRAM, the order of messages
//! and the SQLSTATEs of the real one, simple queries.
//!
//! [`crate::lab::pgbouncer`] speaks through the same wire with a pooler's manners.

mod login;
mod scram;
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
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

    use super::*;

    fn server() -> Postgres {
        Postgres::new().role("ucs", "right-password").database("ucsx")
    }

    async fn login(server: Postgres, password: &str) -> Result<String, tokio_postgres::Error> {
        let server = server.serve().await.unwrap();
        let mut config = Config::new();
        config.user("ucs").password(password).dbname("ucsx");
        let stream = TcpStream::connect(server.address()).await.unwrap();
        let (client, connection) = config.connect_raw(stream, NoTls).await?;
        let running = tokio::spawn(connection);
        let messages = client.simple_query("SELECT current_database()").await?;
        running.abort();
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        Ok(row.unwrap_or_default().into())
    }

    #[tokio::test]
    async fn tokio_postgres_logs_in_by_every_method() {
        for method in [Method::Scram, Method::Md5, Method::Cleartext, Method::Trust] {
            let database = login(server().method(method), "right-password").await.unwrap();
            assert_eq!(database, "ucsx", "{method:?}");
        }
    }

    #[tokio::test]
    async fn a_wrong_password_is_28p01_by_every_method() {
        for method in [Method::Scram, Method::Md5, Method::Cleartext] {
            let error = login(server().method(method), "wrong").await.unwrap_err();
            assert_eq!(error.code().unwrap().code(), "28P01", "{method:?}");
        }
    }

    #[tokio::test]
    async fn the_states_have_their_sqlstates() {
        for (state, code) in [
            (State::Starting, "57P03"),
            (State::Full, "53300"),
            (State::NoHbaLine, "28000"),
            (State::HbaReject, "28000"),
        ] {
            let error = login(server().state(state), "right-password").await.unwrap_err();
            assert_eq!(error.code().unwrap().code(), code, "{state:?}");
        }
    }

    #[tokio::test]
    async fn authentication_is_told_before_a_missing_database() {
        let server = server().method(Method::Trust).serve().await.unwrap();
        let mut client = TcpStream::connect(server.address()).await.unwrap();
        let parameters = b"user\0ucs\0database\0none\0\0";
        let mut packet = u32::try_from(parameters.len() + 8).unwrap().to_be_bytes().to_vec();
        packet.extend(196_608_u32.to_be_bytes());
        packet.extend(parameters);
        client.write_all(&packet).await.unwrap();
        let mut said = Vec::new();
        client.read_to_end(&mut said).await.unwrap();
        assert_eq!(said[..9], [b'R', 0, 0, 0, 8, 0, 0, 0, 0]);
        assert!(String::from_utf8_lossy(&said).contains("C3D000\0"));
    }

    #[tokio::test]
    async fn http_to_it_is_closed_without_a_word() {
        let server = server().serve().await.unwrap();
        let mut client = TcpStream::connect(server.address()).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut said = Vec::new();
        client.read_to_end(&mut said).await.unwrap();
        assert!(said.is_empty());
    }
}
