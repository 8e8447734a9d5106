//! CometD: Bayeux over HTTP long-polling: handshake, connects over new connections, disconnect.
//!
//! - *spoken*: a Bayeux answer came.
//! - *identified*: the handshake succeeded, or the name was verified by TLS.
//! - *authenticated*: the handshake succeeded with our token. One without it is the counter-check.
//! - *operational*: as many connects as the row asks for, each over a new connection with the
//!   session's cookies, were answered well: the sessions are sticky.
//!
//! Without a token a row that requires *authenticated* falls short; one that requires the operation
//! gets it. It says goodbye also after a fault. Connections: one to
//! prove the address and the certificate, one for the handshake, one for each connect, one for the
//! disconnect, and two for the counter-check where a token is given.

mod bayeux;
mod client;

use schemars::JsonSchema;

use crate::model::read::Problems;
use crate::model::{Credentials, Fault, FaultCode, Key, Layer, Node, Proof, WarningCode};
use crate::net::Dialer;
use crate::probe::http::exchange::Answer;
use crate::probe::http::{self as web, options, status};
use crate::probe::{BoxFuture, Probe, Protocol, TlsUse};
use bayeux::Reply;
use client::Client;

/// CometD.
pub const PROTOCOL: Protocol = Protocol {
    name: "cometd",
    about: "CometD (Bayeux) long-polling: a session and its stickiness",
    schemes: &["cometd"],
    default_port: 443,
    tls: TlsUse::WhenAsked,
    layers: &[Layer::Tcp, Layer::Protocol, Layer::Auth, Layer::Operation],
    connections: "three, one more for each sticky connect, two more for the counter-check of a token",
    options: read,
    schema,
};

/// Connects over new connections where the row does not say how many.
const STICKY: usize = 5;
/// And at most.
const MOST: usize = 50;

#[derive(Debug)]
struct Cometd {
    path: String,
    sticky: usize,
}

fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Box<dyn Probe>> {
    let mut probe = Cometd { path: "/cometd".to_owned(), sticky: STICKY };
    if let Some(node) = node {
        let mut fields = problems.fields(node, "cometd")?;
        if let Some(path) = fields.parse("path", problems, options::path) {
            probe.path = path;
        }
        let count = fields.parse("sticky", problems, |text| {
            let count = text.parse::<usize>().ok().filter(|count| *count <= MOST);
            count.ok_or_else(|| format!("`{text}` is no number of connects from 0 to {MOST}"))
        });
        probe.sticky = count.unwrap_or(STICKY);
        fields.finish(problems);
    }
    Some(Box::new(probe))
}

impl Probe for Cometd {
    fn run<'a>(&'a self, dialer: &'a mut Dialer) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.climb(dialer))
    }

    fn sends(&self) -> String {
        format!("POST {}: handshake, {} connects, disconnect", self.path, self.sticky)
    }
}

impl Cometd {
    async fn climb(&self, dialer: &mut Dialer) -> Result<(), Fault> {
        // The dialer's own connection proves the address and the certificate, and is given up.
        let Some(proved) = web::connect(dialer).await? else { return Ok(()) };
        drop(proved);
        let mut client = Client::new(dialer, &self.path)?;
        let (given, kept_back) = match token(dialer) {
            Ok(Some(credentials)) => {
                client.authorize(&credentials)?;
                (true, None)
            }
            Ok(None) => (false, None),
            Err(fault) => (false, Some(fault)),
        };
        let exchange = client.post_handshake();
        let answer = dialer.step(Layer::Protocol, FaultCode::PeerSilent, exchange).await?;
        let shaken = self.shaken(dialer, &answer, given);
        let session = match (shaken, &kept_back) {
            (Err(fault), Some(why)) if fault.code.layer() == Layer::Auth => return Err(why.clone()),
            (shaken, _) => shaken?,
        };
        let result = match kept_back {
            Some(why) => Err(why),
            None => self.session(dialer, &client, &session, given).await,
        };
        // Goodbye, also after a fault; nobody waits for the answer's verdict.
        let _ = client.post(&bayeux::disconnect(&session)).await;
        result
    }

    /// Judges the answer to the handshake; gives the session.
    fn shaken(&self, dialer: &mut Dialer, answer: &Answer, given: bool) -> Result<String, Fault> {
        dialer.note(Key::Status, answer.status);
        if answer.status != 200 {
            let fault = status::fault(answer, dialer, "200", given);
            if fault.code.layer() == Layer::Auth {
                dialer.reach(Proof::Spoken);
                web::identify_by_tls(dialer);
            }
            return Err(fault);
        }
        let Some(reply) = Reply::read(&answer.body, bayeux::HANDSHAKE) else {
            let fault =
                Fault::new(FaultCode::ProtocolUnexpectedBody, "the answer is no Bayeux message");
            return Err(fault.with(Key::Body, answer.excerpt()));
        };
        dialer.reach(Proof::Spoken);
        web::identify_by_tls(dialer);
        match (reply.successful, reply.client_id.clone()) {
            (true, Some(session)) => {
                if dialer.wants(Proof::Identified) {
                    dialer.reach(Proof::Identified);
                }
                Ok(session)
            }
            (true, None) => Err(Fault::new(
                FaultCode::ProtocolUnexpectedBody,
                "the handshake succeeds without a clientId",
            )),
            (false, _) => Err(bayeux::refused(&reply, given)),
        }
    }

    async fn session(
        &self,
        dialer: &mut Dialer,
        client: &Client,
        session: &str,
        given: bool,
    ) -> Result<(), Fault> {
        if given && dialer.wants(Proof::Authenticated) {
            dialer.step(Layer::Auth, FaultCode::PeerSilent, async { Ok(()) }).await?;
            dialer.reach(Proof::Authenticated);
            self.counter_check(dialer).await;
        }
        if !dialer.wants(Proof::Operational) {
            return Ok(());
        }
        for turn in 0..self.sticky {
            let message = bayeux::connect(session, turn + 2);
            let exchange = client.post(&message);
            let answer = dialer.step(Layer::Operation, FaultCode::PeerSilent, exchange).await?;
            if answer.status != 200 {
                return Err(status::fault(&answer, dialer, "200", given));
            }
            match Reply::read(&answer.body, bayeux::CONNECT) {
                Some(reply) if reply.successful => {}
                Some(reply) => return Err(bayeux::lost(&reply, turn, client.has_cookies())),
                None => {
                    let detail = "the answer to a connect is no Bayeux message";
                    return Err(Fault::new(FaultCode::ProtocolUnexpectedBody, detail)
                        .with(Key::Body, answer.excerpt()));
                }
            }
        }
        dialer.step(Layer::Operation, FaultCode::PeerSilent, async { Ok(()) }).await?;
        dialer.note(Key::Connects, self.sticky);
        if dialer.operation_counts(given) {
            dialer.reach(Proof::Operational);
        }
        Ok(())
    }

    /// A handshake without the token: accepted too, it proves nothing.
    async fn counter_check(&self, dialer: &mut Dialer) {
        let Ok(stranger) = Client::new(dialer, &self.path) else { return };
        let Ok(answer) = stranger.post_handshake().await else { return };
        let reply = Reply::read(&answer.body, bayeux::HANDSHAKE).unwrap_or_default();
        if let (true, Some(session)) = (reply.successful, reply.client_id) {
            dialer.warn(WarningCode::AuthNotEnforced, "a handshake without a token succeeds too");
            let _ = stranger.post(&bayeux::disconnect(&session)).await;
        }
    }
}

impl Client {
    async fn post_handshake(&self) -> Result<Answer, Fault> {
        self.post(&bayeux::handshake()).await
    }
}

/// The credentials, once it is certain that they may be sent.
fn token(dialer: &mut Dialer) -> Result<Option<Credentials>, Fault> {
    if !dialer.wants(Proof::Authenticated) {
        return Ok(None);
    }
    let credentials = dialer.credentials()?;
    if !credentials.given() {
        return Ok(None);
    }
    dialer.may_send_secret(web::credentials_name(&credentials))?;
    Ok(Some(credentials))
}

/// The options, as JSON Schema describes them.
#[derive(JsonSchema)]
#[schemars(rename = "CometdOptions", deny_unknown_fields)]
#[expect(dead_code, reason = "it is read for its schema alone")]
struct Form {
    /// Path of the servlet; /cometd where nothing is said.
    path: Option<String>,
    /// Connects over new connections, 0 to 50; five where nothing is said.
    sticky: Option<u8>,
}

fn schema() -> serde_json::Value {
    serde_json::to_value(schemars::schema_for!(Form)).unwrap_or_default()
}
