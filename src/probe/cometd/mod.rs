//! CometD: a Bayeux session by long polling, and whether every connection knows it.
//!
//! - *spoken*, *identified*: a Bayeux answer came, be it a denial. A refusal by status (401, 403)
//!   is *spoken*, and *identified* where TLS has verified the name.
//! - *authenticated*: a handshake with our token succeeded. One without is the counter-check:
//!   accepted too gives the warning `auth.not-enforced`.
//! - *operational*: the session's connects succeeded, each over a new connection with its cookies.
//!
//! Without a token a row that requires *authenticated* falls short; one that requires the operation
//! gets it. Every session is ended politely. A healthy row opens
//! one connection for handshakes and ends, or one for each where the peer closes after each answer,
//! and one for each of the `sticky` connects.

mod bayeux;
mod session;

use std::time::Instant;

use schemars::JsonSchema;

use crate::model::read::Problems;
use crate::model::{Fault, FaultCode, Key, Layer, Node, Proof, WarningCode};
use crate::net::Dialer;
use crate::probe::http::exchange::Connection;
use crate::probe::http::{self as web, options};
use crate::probe::{BoxFuture, Probe, Protocol, TlsUse};
use bayeux::Reply;
use session::Place;

/// A Bayeux session.
pub const PROTOCOL: Protocol = Protocol {
    name: "cometd",
    about: "CometD: a Bayeux session over several connections",
    schemes: &["cometd"],
    default_port: 443,
    tls: TlsUse::WhenAsked,
    layers: &[Layer::Tcp, Layer::Protocol, Layer::Auth, Layer::Operation],
    connections: "one, and one for each of the sticky connects (5); up to four more where the peer \
                  closes after each answer",
    options: read,
    schema,
};

/// Connects over new connections, where the row does not say.
const STICKY: usize = 5;
/// Connects at most.
const MOST: usize = 50;

#[derive(Debug)]
struct Cometd {
    path: String,
    sticky: usize,
}

fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Box<dyn Probe>> {
    let (mut path, mut sticky) = (None, None);
    if let Some(node) = node {
        let mut fields = problems.fields(node, "cometd")?;
        path = fields.parse("path", problems, options::path);
        sticky = fields.parse("sticky", problems, count);
        fields.finish(problems);
    }
    let path = path.unwrap_or_else(|| "/cometd".to_owned());
    Some(Box::new(Cometd { path, sticky: sticky.unwrap_or(STICKY) }))
}

fn count(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| *count <= MOST);
    count.ok_or_else(|| format!("`{text}` is no number of connects, which is 0 to {MOST}"))
}

impl Probe for Cometd {
    fn run<'a>(&'a self, dialer: &'a mut Dialer) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.climb(dialer))
    }

    fn dials(&self) -> usize {
        // Handshake, connects, disconnect; a peer that closes after each answer costs four more.
        1 + self.sticky.max(1) + 4
    }

    fn sends(&self) -> String {
        format!(
            "POST {}: /meta/handshake, {} times /meta/connect, /meta/disconnect",
            self.path,
            self.sticky.max(1)
        )
    }
}

impl Cometd {
    async fn climb(&self, dialer: &mut Dialer) -> Result<(), Fault> {
        let Some(mut connection) = web::connect(dialer).await? else { return Ok(()) };
        // Kept back until the end: what can be proved without the token is proved first.
        let (token, kept_back) = match session::token(dialer) {
            Ok(token) => (token, None),
            Err(fault) => (None, Some(fault)),
        };
        let given = token.is_some();
        let place = Place::new(dialer, &self.path, token)?;
        let begun = Instant::now();
        let greeted = self.handshake(dialer, &mut connection, &place, given).await;
        let result = match (&greeted, kept_back) {
            (Err(fault), Some(why)) if fault.code.layer() == Layer::Auth => Err(why),
            (Err(fault), _) => Err(fault.clone()),
            (Ok(_), Some(why)) => Err(why),
            (Ok(client), None) => self.within(dialer, &mut connection, &place, client, given).await,
        };
        if let Ok(client) = &greeted {
            self.leave(dialer, &mut connection, &place, client).await;
        }
        match result {
            Err(fault) if fault.code == FaultCode::AuthRequired => {
                if dialer.wants(Proof::Authenticated) {
                    return Err(dialer.failed(Layer::Auth, begun, fault));
                }
                Ok(())
            }
            Err(fault) if fault.code.layer() == Layer::Auth => {
                Err(dialer.failed(Layer::Auth, begun, fault))
            }
            other => other,
        }
    }

    /// Begins a session as the climb's own step; gives its client id.
    async fn handshake(
        &self,
        dialer: &mut Dialer,
        connection: &mut Connection,
        place: &Place,
        given: bool,
    ) -> Result<String, Fault> {
        let request = place.request(&self.path, bayeux::handshake());
        let answer = web::ask(dialer, connection, &request).await?;
        place.keep_cookies(&answer);
        let Some(reply) = Reply::read(&answer.body, bayeux::HANDSHAKE) else {
            if matches!(answer.status, 401 | 403) {
                dialer.reach(Proof::Spoken);
                web::identify_by_tls(dialer);
            }
            return Err(bayeux::no_bayeux(dialer, &answer, given));
        };
        dialer.reach(Proof::Spoken);
        if dialer.wants(Proof::Identified) {
            dialer.reach(Proof::Identified);
        }
        match reply.client {
            Some(client) if reply.successful => Ok(client),
            Some(_) | None if !reply.successful => Err(reply.denied(given)),
            _ => Err(Fault::new(
                FaultCode::ProtocolUnexpectedBody,
                "the handshake succeeded, and names no session",
            )),
        }
    }

    /// What a session is good for, once it has begun.
    async fn within(
        &self,
        dialer: &mut Dialer,
        connection: &mut Connection,
        place: &Place,
        client: &str,
        given: bool,
    ) -> Result<(), Fault> {
        if given {
            dialer.passed(Layer::Auth, Instant::now());
            dialer.reach(Proof::Authenticated);
            self.counter_check(dialer, connection, place).await;
        }
        if !dialer.wants(Proof::Operational) {
            return Ok(());
        }
        self.connects(dialer, connection, place, client).await?;
        if dialer.operation_counts(given) {
            dialer.reach(Proof::Operational);
        }
        Ok(())
    }

    /// The session's connects, each over a new connection; one over ours where stickiness is off.
    async fn connects(
        &self,
        dialer: &mut Dialer,
        connection: &mut Connection,
        place: &Place,
        client: &str,
    ) -> Result<(), Fault> {
        let fresh = session::client(dialer, place)?;
        let side = dialer.side();
        for good in 0..self.sticky.max(1) {
            let body = bayeux::connect(client, good + 1);
            let cookie = place.has_cookie();
            let work = async {
                let answer = if self.sticky == 0 {
                    connection.send(&place.request(&self.path, body)).await?
                } else {
                    session::anew(&side, &fresh, place, &self.path, body).await?
                };
                match Reply::read(&answer.body, bayeux::CONNECT) {
                    Some(reply) => reply.lost(good, cookie).map_or(Ok(()), Err),
                    None => Err(bayeux::no_bayeux(&side, &answer, true).with(Key::Connects, good)),
                }
            };
            dialer.step(Layer::Operation, FaultCode::PeerSilent, work).await?;
            dialer.note(Key::Connects, good + 1);
        }
        Ok(())
    }

    /// A handshake without token: accepted too, the token proves nothing.
    async fn counter_check(&self, dialer: &mut Dialer, connection: &mut Connection, place: &Place) {
        let bare = place.bare();
        let request = bare.request(&self.path, bayeux::handshake());
        let Some(answer) = web::aside(dialer, connection, &request).await else { return };
        bare.keep_cookies(&answer);
        let reply = Reply::read(&answer.body, bayeux::HANDSHAKE).filter(|reply| reply.successful);
        let Some(client) = reply.and_then(|reply| reply.client) else { return };
        self.leave(dialer, connection, &bare, &client).await;
        dialer.warn(WarningCode::AuthNotEnforced, "a handshake is accepted without a token too");
    }

    /// Ends a session; nobody is told whether it worked.
    async fn leave(&self, dialer: &Dialer, at: &mut Connection, place: &Place, client: &str) {
        let request = place.request(&self.path, bayeux::disconnect(client));
        let _ = web::aside(dialer, at, &request).await;
    }
}

/// The options, as JSON Schema describes them.
#[derive(JsonSchema)]
#[schemars(rename = "CometdOptions", deny_unknown_fields)]
#[expect(dead_code, reason = "it is read for its schema alone")]
struct Form {
    /// Path of the Bayeux server; /cometd where nothing is said.
    path: Option<String>,
    /// How many connects, each over a new connection: 5 where nothing is said; 0 turns it off.
    #[schemars(range(max = 50))]
    sticky: Option<u8>,
}

fn schema() -> serde_json::Value {
    serde_json::to_value(schemars::schema_for!(Form)).unwrap_or_default()
}
