//! From `AuthenticationOk` to Terminate.

use std::io;

use crate::lab::pgbouncer::Pooler;
use crate::lab::postgres::login::{Connection, Then};
use crate::lab::postgres::wire::{Refusal, cstr, read};
use crate::lab::postgres::{State, sql};

/// What a server tells of itself when a session begins.
const TOLD: [&str; 10] = [
    "server_version",
    "server_encoding",
    "client_encoding",
    "in_hot_standby",
    "default_transaction_read_only",
    "is_superuser",
    "TimeZone",
    "DateStyle",
    "integer_datetimes",
    "standard_conforming_strings",
];

impl Connection<'_> {
    /// `AuthenticationOk`, what may be refused after it, and the greeting of a session.
    pub(super) async fn session(&mut self, parameters: &[(String, String)]) -> io::Result<Then> {
        let missing = !self.server.databases.contains(&self.database);
        match &self.server.pooler {
            Some(Pooler::ColdDead) => return std::future::pending().await,
            Some(Pooler::SaysAfterLogin(words)) => return self.pooler_says(words).await,
            Some(_) if missing => {
                let words = format!("no such database: {}", self.database);
                return self.pooler_says(&words).await;
            }
            _ => {}
        }
        self.out.authentication(0, b"");
        if let Some(refusal) = self.refused_after_login(parameters) {
            return self.fatal(&refusal).await;
        }
        for name in TOLD {
            self.out.parameter(name, &sql::setting(self.server, name).unwrap_or_default());
        }
        self.out.message(b'K', &[4242_u32.to_be_bytes(), 99_u32.to_be_bytes()].concat());
        self.out.ready();
        self.send().await?;
        Ok(Then::Go)
    }

    fn refused_after_login(&self, parameters: &[(String, String)]) -> Option<Refusal> {
        let role = self.server.roles.iter().find(|role| role.name == self.user);
        if let Some(refusal) = role.and_then(|role| role.refused.clone()) {
            return Some(refusal);
        }
        if !self.server.databases.contains(&self.database) {
            let words = format!("database \"{}\" does not exist", self.database);
            return Some(Refusal::new("3D000", words));
        }
        let known = |name: &str| {
            matches!(name, "user" | "database" | "options" | "replication" | "application_name")
                || name.contains('.')
                || sql::setting(self.server, name).is_some()
                || name.eq_ignore_ascii_case("extra_float_digits")
                || name.eq_ignore_ascii_case("statement_timeout")
        };
        let unknown = parameters.iter().find(|(name, _)| !known(name))?;
        let words = format!("unrecognized configuration parameter \"{}\"", unknown.0);
        Some(Refusal::new("42704", words))
    }

    pub(super) async fn queries(&mut self) -> io::Result<()> {
        loop {
            let (kind, body) = read(self.stream.as_mut()).await?;
            match kind {
                b'X' => return Ok(()),
                b'Q' => {
                    self.seen.request();
                    if let Then::End = self.query(&cstr(&body).0).await? {
                        return Ok(());
                    }
                }
                // The extended protocol: one refusal, and then what comes up to Sync is passed by.
                b'P' => {
                    let refusal = Refusal::new("0A000", "only simple queries are served here");
                    self.out.error("ERROR", &refusal);
                    while read(self.stream.as_mut()).await?.0 != b'S' {}
                    self.out.ready();
                    self.send().await?;
                }
                b'S' => {
                    self.out.ready();
                    self.send().await?;
                }
                _ => {}
            }
        }
    }

    async fn query(&mut self, text: &str) -> io::Result<Then> {
        match &self.server.pooler {
            Some(Pooler::WarmDead) => return std::future::pending().await,
            Some(Pooler::SaysAtQuery(words)) => return self.pooler_says(words).await,
            _ if self.server.state == State::QueriesHang => return std::future::pending().await,
            _ => {}
        }
        let session =
            sql::Session { server: self.server, user: &self.user, database: &self.database };
        match session.query(text) {
            Ok(Some(table)) => self.out.rows(&table.columns, &table.rows),
            Ok(None) => self.out.message(b'I', b""),
            Err(refusal) => self.out.error("ERROR", &refusal),
        };
        self.out.ready();
        self.send().await?;
        Ok(Then::Go)
    }
}
