//! OAuth2: a token by client credentials (RFC 6749 §4.4) of the row's own client.
//!
//! - *spoken*: an HTTP answer came that is no gateway's excuse; of the token endpoint, an OAuth
//!   document or a refusal (401).
//! - *identified*: the name was verified by TLS, or an OAuth document came, or the envelope with
//!   which GAUTH answers its ping.
//! - *authenticated*, *operational*: a token was issued. It is never kept in a report.
//!
//! It stops with proof short, after a ping, where no client is given. The client goes as HTTP Basic,
//! and where that is `invalid_client`, once more in the body, since some servers take one form
//! alone. A healthy row opens one connection; another where the server wants the client in the body
//! and closes after each answer.

mod document;

use std::time::Instant;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use schemars::JsonSchema;
use zeroize::{Zeroize, Zeroizing};

use crate::model::read::Problems;
use crate::model::{Credentials, Fault, FaultCode, Key, Layer, Node, Proof, Secret, clean};
use crate::net::Dialer;
use crate::probe::http::exchange::{Answer, Connection, Request};
use crate::probe::http::{self as web, options, status};
use crate::probe::{BoxFuture, Probe, Protocol, TlsUse};
use document::{Document, Grant};

/// A token by client credentials.
pub const PROTOCOL: Protocol = Protocol {
    name: "oauth2",
    about: "OAuth2: a token by client credentials",
    schemes: &["oauth2"],
    default_port: 443,
    tls: TlsUse::WhenAsked,
    layers: &[Layer::Tcp, Layer::Protocol, Layer::Auth],
    connections: "one; another where the server wants the client in the body and closes after \
                  each answer",
    options: read,
    schema,
};

/// Where the token endpoint is, where the row does not say.
const PATH: &str = "/oauth/token";
/// Largest answer of a token endpoint that is read, in bytes.
const LIMIT: usize = 256 * 1024;

#[derive(Debug)]
struct OAuth2 {
    path: String,
    scope: Option<String>,
}

fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Box<dyn Probe>> {
    let Some(node) = node else {
        return Some(Box::new(OAuth2 { path: PATH.to_owned(), scope: None }));
    };
    let mut fields = problems.fields(node, "oauth2")?;
    let path = fields.parse("path", problems, options::path);
    let scope = fields.text("scope", problems);
    fields.finish(problems);
    Some(Box::new(OAuth2 { path: path.unwrap_or_else(|| PATH.to_owned()), scope }))
}

impl Probe for OAuth2 {
    fn run<'a>(&'a self, dialer: &'a mut Dialer) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move { self.climb(dialer).await.map(drop) })
    }

    fn token<'a>(&'a self, dialer: &'a mut Dialer) -> Option<BoxFuture<'a, Result<Secret, Fault>>> {
        Some(Box::pin(async move {
            self.climb(dialer).await?.ok_or_else(|| {
                Fault::new(FaultCode::AuthNoToken, "no client is given that could get a token")
            })
        }))
    }

    fn dials(&self) -> usize {
        2
    }

    fn sends(&self) -> String {
        format!("POST {} grant_type=client_credentials with the client of the site", self.path)
    }
}

impl OAuth2 {
    async fn climb(&self, dialer: &mut Dialer) -> Result<Option<Secret>, Fault> {
        let Some(connection) = web::connect(dialer).await? else { return Ok(None) };
        match client(dialer) {
            Ok(Some((id, secret))) => self.grant(dialer, connection, &id, &secret).await.map(Some),
            Ok(None) => self.ping(dialer, connection).await.map(|()| None),
            Err(kept_back) => {
                match self.ping(dialer, connection).await {
                    // Asked for what we keep back: the reason for keeping it is the fault.
                    Err(fault) if fault.code.layer() != Layer::Auth => return Err(fault),
                    _ => {}
                }
                Err(dialer.failed(Layer::Auth, Instant::now(), kept_back))
            }
        }
    }

    /// Whether something that may be the right peer is alive: a request without a secret.
    async fn ping(&self, dialer: &mut Dialer, mut connection: Connection) -> Result<(), Fault> {
        let request = Request::get(&ping_path(&self.path), web::authority(dialer));
        let answer = web::ask(dialer, &mut connection, &request).await?;
        if (502..=504).contains(&answer.status) {
            let fault = status::fault(&answer, dialer, "any but 502 to 504", false);
            if fault.code == FaultCode::ProtocolGateway {
                return Err(fault);
            }
        }
        dialer.reach(Proof::Spoken);
        web::identify_by_tls(dialer);
        if answer.status == 401 {
            return Err(status::fault(&answer, dialer, "an answer", false));
        }
        let envelope = answer.json().is_some_and(|body| body.pointer("/status/code").is_some());
        if envelope && dialer.wants(Proof::Identified) {
            dialer.reach(Proof::Identified);
        }
        Ok(())
    }

    async fn grant(
        &self,
        dialer: &mut Dialer,
        mut connection: Connection,
        id: &str,
        secret: &Secret,
    ) -> Result<Secret, Fault> {
        let mut request = self.request(dialer);
        let encoded = Secret::new(form(secret.bytes()).as_bytes().to_vec());
        let client = web::basic(&form(id.as_bytes()), &encoded)?;
        request.set(AUTHORIZATION, client);
        let mut answer = web::ask(dialer, &mut connection, &request).await?;
        let begun = Instant::now();
        if Document::of(&answer).word == Some("invalid_client".to_owned()) {
            let request = self.with_body(dialer, id, secret);
            if let Some(second) = web::ask_aside(dialer, connection, &request).await
                && (second.status == 200 || Document::of(&second).says_more())
            {
                dialer.note_all(second.evidence(&request));
                answer = second;
            }
        }
        let judged = judge(dialer, &answer);
        answer.body.zeroize();
        match judged {
            Ok(grant) => {
                prove(dialer, begun, &grant);
                Ok(grant.token)
            }
            Err(fault) if fault.code.layer() == Layer::Auth => {
                Err(dialer.failed(Layer::Auth, begun, fault))
            }
            Err(fault) => Err(fault),
        }
    }

    /// The request for a token, without the client.
    fn request(&self, dialer: &Dialer) -> Request {
        let mut request = Request::get(&self.path, web::authority(dialer));
        request.method = Method::POST;
        request.limit = LIMIT;
        request.set(ACCEPT, HeaderValue::from_static("application/json"));
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.set(CONTENT_TYPE, form);
        request.body = self.fields().into();
        request
    }

    /// The request with the client in its body (RFC 6749 §2.3.1).
    fn with_body(&self, dialer: &Dialer, id: &str, secret: &Secret) -> Request {
        let mut request = self.request(dialer);
        let (id, secret) = (form(id.as_bytes()), form(secret.bytes()));
        let body = [
            self.fields().as_bytes(),
            b"&client_id=",
            id.as_bytes(),
            b"&client_secret=",
            secret.as_bytes(),
        ]
        .concat();
        request.body = Bytes::from_owner(Zeroizing::new(body));
        request
    }

    fn fields(&self) -> String {
        let scope = self.scope.as_ref().map(|scope| format!("&scope={}", *form(scope.as_bytes())));
        format!("grant_type=client_credentials{}", scope.unwrap_or_default())
    }
}

/// The client, once it is certain that its secret may be sent; `None` where none is given or wanted.
fn client(dialer: &mut Dialer) -> Result<Option<(String, Secret)>, Fault> {
    if !dialer.wants(Proof::Authenticated) {
        return Ok(None);
    }
    let credentials = dialer.credentials()?;
    match credentials {
        Credentials::None => Ok(None),
        Credentials::Client { id, secret } => {
            dialer.may_send_secret("the client secret")?;
            Ok(Some((id, secret)))
        }
        other => Err(Fault::new(
            FaultCode::AuthMethodUnsupported,
            format!("{} can't be used to get a token", other.what()),
        )),
    }
}

fn prove(dialer: &mut Dialer, begun: Instant, grant: &Grant) {
    dialer.passed(Layer::Auth, begun);
    dialer.note(Key::TokenType, clean::line(&grant.kind, 40));
    if let Some(seconds) = grant.expires_in {
        dialer.note(Key::ExpiresIn, seconds);
    }
    for proof in [Proof::Identified, Proof::Authenticated, Proof::Operational] {
        if dialer.wants(proof) {
            dialer.reach(proof);
        }
    }
}

/// Judges the answer of a token endpoint, and notes what it proves.
fn judge(dialer: &mut Dialer, answer: &Answer) -> Result<Grant, Fault> {
    if answer.status == 200 {
        let grant = Grant::of(answer)?;
        dialer.reach(Proof::Spoken);
        return Ok(grant);
    }
    let document = Document::of(answer);
    if let Some(fault) = document.fault() {
        dialer.reach(Proof::Spoken);
        if dialer.wants(Proof::Identified) {
            dialer.reach(Proof::Identified);
        }
        return Err(fault);
    }
    if answer.status == 401 {
        dialer.reach(Proof::Spoken);
        web::identify_by_tls(dialer);
    }
    Err(status::fault(answer, dialer, "200", true))
}

/// GAUTH's ping beside its token endpoint; elsewhere the token endpoint itself.
fn ping_path(path: &str) -> String {
    match path.find("/oauth/token") {
        Some(at) => format!("{}/ping", &path[..at]),
        None => path.to_owned(),
    }
}

/// As `application/x-www-form-urlencoded` has it.
fn form(bytes: &[u8]) -> Zeroizing<String> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Zeroizing::new(String::with_capacity(bytes.len() * 3));
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(*byte));
            }
            b' ' => out.push('+'),
            byte => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    out
}

/// The options, as JSON Schema describes them.
#[derive(JsonSchema)]
#[schemars(rename = "OAuth2Options", deny_unknown_fields)]
#[expect(dead_code, reason = "it is read for its schema alone")]
struct Form {
    /// Path of the token endpoint; /oauth/token where nothing is said.
    path: Option<String>,
    /// Scope to ask for.
    scope: Option<String>,
}

fn schema() -> serde_json::Value {
    serde_json::to_value(schemars::schema_for!(Form)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_encoded_and_the_ping_is_beside_its_endpoint() {
        assert_eq!(form(b"ucs api:%").as_str(), "ucs+api%3A%25");
        assert_eq!(ping_path("/auth/v3/oauth/token"), "/auth/v3/ping");
        assert_eq!(ping_path("/token"), "/token");
    }
}
