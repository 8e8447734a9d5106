//! PostgreSQL (frontend/backend protocol 3.0): the startup exchange, authentication, harmless
//! queries.
//!
//! TLS is asked for within the protocol. The upgrade is one packet of our own (`upgrade`); the handshake
//! is the dialer's as for every other protocol. The login is tokio-postgres', over our own stream: its
//! messages are watched, so that a cleartext request is stopped before the answer, and AuthOk is known
//! even where a later step fails.
//!
//! - *spoken*: a message of the protocol came.
//! - *identified*: the server's name was verified by TLS.
//! - *authenticated*: AuthOk came.
//! - *operational*: `SELECT 1` and what the row asks for reached the server.
//!
//! It stops with `auth.required` where a password is asked for and none is given. A healthy row
//! opens one connection and ends it with Terminate; after silence one more tells a pooler from a
//! server.

mod classify;
mod login;
mod options;
mod pooler;
mod session;
mod upgrade;
mod watch;

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio_postgres::Client;

use crate::model::read::Problems;
use crate::model::{Fault, FaultCode, Key, Layer, Node, Proof, WarningCode};
use crate::net::Dialer;
use crate::probe::{BoxFuture, Probe, Protocol, TlsUse};
use login::{
    Account, backend_down, binding, lied, login, login_fault, query_fault, refused, silent,
};
use options::Options;
use session::Wrong;
use upgrade::upgrade;
use watch::{Seen, Watched, lock};

/// PostgreSQL, and poolers that speak its protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "postgres",
    about: "PostgreSQL or a pooler before it: login and harmless queries",
    schemes: &["postgres", "postgresql"],
    default_port: 5432,
    tls: TlsUse::Negotiated,
    layers: &[Layer::Tcp, Layer::Protocol, Layer::Auth, Layer::Operation],
    connections: "one",
    options: read,
    schema: options::schema,
};

fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Box<dyn Probe>> {
    Options::read(node, problems).map(|options| Box::new(Postgres { options }) as Box<dyn Probe>)
}

#[derive(Debug)]
struct Postgres {
    options: Options,
}

impl Probe for Postgres {
    fn run<'a>(&'a self, dialer: &'a mut Dialer) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.climb(dialer))
    }

    fn sends(&self) -> String {
        "SSLRequest where TLS is wanted, a startup message, SELECT 1, Terminate".to_owned()
    }
}

impl Postgres {
    async fn climb(&self, dialer: &mut Dialer) -> Result<(), Fault> {
        let wire = dialer.tcp().await?;
        if !dialer.wants(Proof::Spoken) {
            return Ok(());
        }
        let (wire, _) = upgrade(dialer, wire).await?;
        let traffic = Arc::clone(wire.traffic());
        let (mut account, kept_back) = Account::of(dialer);
        if !dialer.wants(Proof::Authenticated) {
            account.password = None;
        }
        let cleartext = dialer.session().is_some() || dialer.target().allow_cleartext;
        let watched = Watched::new(wire, cleartext, binding(dialer));
        let seen = watched.seen();
        let begun = Instant::now();
        let limit = dialer.target().timeouts.answer;
        // After SSLRequest the peer has spoken; without TLS these are the first words.
        let stranger = (traffic.received() == 0 && dialer.session().is_none())
            .then(|| dialer.stranger("postgres"));
        let outcome = {
            let login = tokio::time::timeout(limit, login(dialer, watched, &account));
            let login = std::pin::pin!(login);
            match &stranger {
                None => Ok(login.await),
                Some(stranger) => stranger.beside(limit, login).await,
            }
        };
        let outcome = outcome.map_err(|fault| dialer.failed(Layer::Protocol, begun, fault))?;
        let mut seen_now = lock(&seen).clone();
        if let Ok(Err(error)) = &outcome {
            // An AuthOk behind a proof that does not hold is nobody's.
            seen_now.ok &= !lied(error, &seen_now);
        }
        Self::note_login(dialer, &seen_now, begun, &account);
        let (client, mut connection) = match outcome {
            Ok(Ok(session)) => session,
            Ok(Err(error)) => {
                let mut fault = refused(&error, &seen_now, &traffic, dialer, &account);
                if let Some(stranger) = &stranger {
                    fault = stranger.after_close(fault).await;
                }
                if fault.code == FaultCode::AuthRequired && !dialer.wants(Proof::Authenticated) {
                    return Ok(());
                }
                return Err(login_fault(dialer, begun, fault, &seen_now, &account, kept_back));
            }
            Err(_) => {
                let fault = silent(dialer, &seen_now, &traffic, &account).await;
                return Err(login_fault(dialer, begun, fault, &seen_now, &account, kept_back));
            }
        };
        dialer.passed(Layer::Auth, begun);
        Self::logged_in(dialer, &seen_now, &account);
        let (end, tls) = (Arc::new(OnceLock::new()), dialer.session().cloned());
        let driver = tokio::spawn({
            let end = Arc::clone(&end);
            async move {
                // Noted before the connection is dropped: then whoever asked hears that it is closed,
                // and not why.
                if let Err(error) = (&mut connection).await {
                    let _ = end.set(error);
                }
            }
        });
        let wrong = |error: &tokio_postgres::Error| {
            let why = end.get().filter(|_| error.is_closed()).unwrap_or(error);
            query_fault(why, &lock(&seen), &traffic, tls.as_deref())
        };
        let result = match account.given && dialer.wants(Proof::Operational) {
            true => self.operate(dialer, &client, &account, &wrong).await,
            false => Ok(()),
        };
        // Dropping the client makes the driver send Terminate; the server's log stays quiet.
        drop(client);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), driver).await;
        match kept_back {
            Some(fault) if result.is_ok() => Err(fault),
            _ => result,
        }
    }

    /// What is proved by the messages of the login, however it ended.
    fn note_login(dialer: &mut Dialer, seen: &Seen, begun: Instant, account: &Account) {
        if !seen.spoke {
            return;
        }
        dialer.passed(Layer::Protocol, begun);
        dialer.reach(Proof::Spoken);
        super::http::identify_by_tls(dialer);
        if let Some(method) = seen.method {
            dialer.note(Key::AuthMethod, method);
        }
        if seen.ok && account.given && dialer.wants(Proof::Authenticated) {
            dialer.reach(Proof::Authenticated);
        }
    }

    fn logged_in(dialer: &mut Dialer, seen: &Seen, account: &Account) {
        dialer.note(Key::Username, account.user.as_str());
        let tls = dialer.session().cloned();
        if let (Some(_), Some("scram-sha-256")) = (&tls, seen.method) {
            dialer.note(Key::ChannelBinding, seen.plus);
        }
        let by_certificate = tls.is_some_and(|session| session.client_sent);
        match seen.method {
            Some("trust") if account.given && !by_certificate => dialer.warn(
                WarningCode::AuthNotEnforced,
                "the server lets this user in without asking for a password",
            ),
            Some("md5") => dialer.warn(
                WarningCode::AuthWeak,
                "the password is checked by md5, which PostgreSQL has deprecated",
            ),
            Some("cleartext") if dialer.session().is_none() => {
                dialer.warn(WarningCode::AuthCleartext, "the password travels without TLS");
            }
            _ => {}
        }
    }

    async fn operate(
        &self,
        dialer: &mut Dialer,
        client: &Client,
        account: &Account,
        wrong: &Wrong<'_>,
    ) -> Result<(), Fault> {
        let done = session::operate(dialer, client, &self.options, &account.database, wrong).await;
        let stalled =
            |fault: &Fault| matches!(fault.code, FaultCode::PeerStalled | FaultCode::PeerSilent);
        match done {
            Ok(()) => {
                dialer.reach(Proof::Operational);
                Ok(())
            }
            Err(fault) if stalled(&fault) => Err(backend_down(dialer, account, fault).await),
            Err(fault) => Err(fault),
        }
    }
}
