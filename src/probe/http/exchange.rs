//! One request and its answer over a wire of ours, by hyper (RFC 9112). Head and body are bounded;
//! what the peer breaks is classified by hyper's own kinds and by its first bytes.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, SERVER, VIA};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use http_body_util::Full;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use crate::model::{Evidence, Fault, FaultCode, Key, clean};
use crate::net::redact::Redactor;
use crate::net::spoke;
use crate::net::tls::Session;
use crate::net::wire::{Traffic, Wire, broken, closed, first_bytes};
use crate::probe::http::body::{Flaw, read, too_large};

/// Largest head that is read, in bytes.
const HEAD: usize = 64 * 1024;
/// Header fields that are read at most.
const FIELDS: usize = 128;
/// Largest body that is read where a protocol says nothing else, in bytes.
pub const BODY: usize = 1024 * 1024;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// The Host field.
    pub host: String,
    /// Other fields; those that hold a secret are marked sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Body.
    pub body: Bytes,
    /// Largest body of an answer that is read, in bytes.
    pub limit: usize,
}

impl Request {
    /// A GET.
    pub fn get(target: &str, host: String) -> Self {
        Self {
            method: Method::GET,
            target: target.to_owned(),
            host,
            headers: Vec::new(),
            body: Bytes::new(),
            limit: BODY,
        }
    }

    /// Adds a field, in place of one of that name.
    pub fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value));
    }

    /// `GET /path`, for the evidence.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, clean::line(&self.target, 200))
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Fields.
    pub headers: HeaderMap,
    /// Body, decompressed.
    pub body: Vec<u8>,
    /// What is wrong with the body.
    pub flaw: Option<Flaw>,
}

impl Answer {
    /// The values of a field as one list (RFC 9110 §5.3), whole and as the peer sent them.
    pub fn whole_field(&self, name: &HeaderName) -> Option<String> {
        let values = self.headers.get_all(name).iter();
        let values: Vec<_> =
            values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// The text of a field, cleaned; empty where there is none.
    pub fn field(&self, name: impl http::header::AsHeaderName) -> Option<String> {
        self.headers.get(name).map(|value| clean::bytes(value.as_bytes(), 300))
    }

    /// The start of the body, cleaned.
    pub fn excerpt(&self) -> String {
        clean::bytes(&self.body, 160)
    }

    /// The body as JSON, after a byte order mark where there is one (RFC 8259 §8.1).
    pub fn json(&self) -> Option<serde_json::Value> {
        let body = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body);
        serde_json::from_slice(body).ok()
    }

    /// Whether the body says that it is HTML.
    pub fn is_html(&self) -> bool {
        self.field(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html"))
    }

    /// Status and the fields that tell who answered.
    pub fn evidence(&self, request: &Request) -> Evidence {
        Evidence::new()
            .with(Key::Request, request.line())
            .with(Key::Status, self.status)
            .with_some(Key::ContentType, self.field(CONTENT_TYPE))
            .with_some(Key::ServerHeader, self.field(SERVER))
            .with_some(Key::Via, self.field(VIA))
            .with_some(Key::Location, self.field(LOCATION))
            .with_some(Key::BodyProblem, self.flaw.as_ref().map(Flaw::words))
    }
}

/// A connection that requests can be sent over, one after the other.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
    traffic: Arc<Traffic>,
    session: Option<Arc<Session>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Readies a wire for requests; nothing is sent yet.
    ///
    /// # Errors
    /// A fault where the wire is broken already.
    pub async fn open(wire: Wire) -> Result<Self, Fault> {
        let traffic = Arc::clone(wire.traffic());
        let session = wire.session().cloned();
        let mut builder = Builder::new();
        // A user agent takes folded fields (RFC 9112 §5.2).
        builder.allow_obsolete_multiline_headers_in_responses(true);
        builder.max_buf_size(HEAD).max_headers(FIELDS);
        let (sender, connection) = builder
            .handshake(TokioIo::new(wire))
            .await
            .map_err(|error| fault(&error, &traffic, session.as_deref()))?;
        let driver = tokio::spawn(async move {
            // The request's own future gets the error; the driver has nobody to tell.
            let _ = connection.await;
        });
        Ok(Self { sender, driver, traffic, session })
    }

    /// Whether another request can be sent.
    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends a request and reads the whole answer, whose body may be broken only where its status is not 2xx.
    ///
    /// # Errors
    /// A fault of `peer.`, `protocol.` or `tls.`; a status is no error here.
    pub async fn send(&mut self, request: &Request) -> Result<Answer, Fault> {
        self.exchange(request).await?.good_or_failing(|answer| answer.json().is_some())
    }

    /// As [`Self::send`], where the body may be broken whatever the status is.
    pub(super) async fn exchange(&mut self, request: &Request) -> Result<Answer, Fault> {
        let built = build(request)?;
        let wrong = |error: &hyper::Error, this: &Self| {
            fault(error, &this.traffic, this.session.as_deref())
        };
        if let Err(error) = self.sender.ready().await {
            return Err(wrong(&error, self));
        }
        let response = match self.sender.send_request(built).await {
            Ok(response) => response,
            Err(error) => return Err(wrong(&error, self)),
        };
        let (head, body) = response.into_parts();
        let (session, limit) = (self.session.as_deref(), request.limit);
        let wrong = |error: &hyper::Error| fault(error, &self.traffic, session);
        let (body, flaw) = read(&head.headers, body, limit, session.is_some(), wrong).await;
        let answer = Answer { status: head.status.as_u16(), headers: head.headers, body, flaw };
        Ok(redacted(answer, request))
    }
}

/// An answer without the secrets of its own request, before anything is cut out of it.
fn redacted(mut answer: Answer, request: &Request) -> Answer {
    let mut redactor = Redactor::default();
    for (_, value) in request.headers.iter().filter(|(_, value)| value.is_sensitive()) {
        redactor.add_field(value.as_bytes());
    }
    if redactor.is_empty() {
        return answer;
    }
    if let Some(body) = redactor.bytes(&answer.body) {
        answer.body = body;
    }
    for value in answer.headers.values_mut() {
        if let Some(Ok(clean)) =
            redactor.bytes(value.as_bytes()).map(|b| HeaderValue::from_bytes(&b))
        {
            *value = clean;
        }
    }
    answer
}

fn build(request: &Request) -> Result<http::Request<Full<Bytes>>, Fault> {
    let mut built = http::Request::builder()
        .method(request.method.clone())
        .uri(&request.target)
        .header(http::header::HOST, &request.host)
        .header(http::header::USER_AGENT, concat!("connprobe/", env!("CARGO_PKG_VERSION")));
    for (name, value) in &request.headers {
        built = built.header(name, value);
    }
    built.body(Full::new(request.body.clone())).map_err(|error| {
        Fault::new(FaultCode::LocalInternal, format!("the request can't be built: {error}"))
    })
}

/// hyper has one kind for bytes and for fields: the bytes that came tell them apart.
fn head_too_large(traffic: &Traffic) -> Fault {
    if traffic.received() >= HEAD as u64 {
        return too_large("the answer's head", HEAD);
    }
    let detail = format!("the answer's head has more than {FIELDS} fields");
    Fault::new(FaultCode::ProtocolTooLarge, detail).with(Key::Limit, FIELDS)
}

/// The fault of an exchange that broke, by hyper's kinds.
fn fault(error: &hyper::Error, traffic: &Traffic, session: Option<&Session>) -> Fault {
    let first = traffic.first_bytes();
    let is_http = first.len() < 5 && b"HTTP/".starts_with(&first) || first.starts_with(b"HTTP/");
    if error.is_parse_too_large() && is_http {
        return head_too_large(traffic);
    }
    if !is_http && !first.is_empty() {
        return spoke::mismatch(traffic, "HTTP");
    }
    if error.is_parse() || error.is_parse_status() {
        return Fault::new(FaultCode::ProtocolMalformed, "the answer breaks the rules of HTTP")
            .with(Key::FirstBytes, first_bytes(traffic));
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return match io.kind() {
                // hyper's own words for a body that breaks its coding.
                std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput
                    if crate::net::tls::classify::inner(io).is_none() =>
                {
                    Fault::new(FaultCode::ProtocolMalformed, "the answer's body breaks its coding")
                }
                _ => broken(io, traffic, session),
            };
        }
        source = cause.source();
    }
    // Incomplete: the peer closed. TLS may know better than the socket why.
    let end = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    match crate::net::tls::classify::late(&end, traffic, session) {
        Some(fault) => fault,
        None => closed(traffic),
    }
}
