//! HTTP/1.1 as a server speaks it, by hand: what a stand-in sends is what is written here.
//!
//! A handler answers each request with a [`Reply`], which may also break the rules: fall silent,
//! stop in the middle, close, reset. Bodies of requests need a Content-Length.

pub mod routes;

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rustls::ServerConfig;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::lab::server::{Peer, Server, Stream, reset};

/// The longest head of a request, in bytes.
const HEAD: usize = 64 * 1024;

/// The longest body of a request, in bytes.
const BODY: usize = 8 * 1024 * 1024;

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// GET, POST, …
    pub method: String,
    /// Path as sent, without the query.
    pub path: String,
    /// Query as sent, without `?`.
    pub query: String,
    /// Fields in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Which connection of this server it came on, from 0.
    pub connection: usize,
    /// Whether it came over TLS.
    pub tls: bool,
    /// Whether the client showed a certificate.
    pub client_certificate: bool,
}

impl Request {
    /// The value of a header field; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The pairs of the query, decoded.
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        pairs(&self.query)
    }

    /// The value of a query parameter, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.query_pairs().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// User and password of HTTP Basic.
    pub fn basic(&self) -> Option<(String, String)> {
        let token = self.header("authorization")?.strip_prefix("Basic ")?;
        let text = String::from_utf8(BASE64_STANDARD.decode(token).ok()?).ok()?;
        text.split_once(':').map(|(user, password)| (user.into(), password.into()))
    }
}

/// The pairs of `a=1&b=2`, decoded (a form's `+` is a blank).
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (form_decode(name), form_decode(value))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

/// Undoes the encoding of forms, in which `+` is a blank.
pub fn form_decode(text: &str) -> String {
    decode(&text.replace('+', " "))
}

/// Undoes percent-encoding (RFC 3986 §2.1).
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What happens to the connection after the bytes of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The next request is read.
    Keep,
    /// FIN.
    Close,
    /// RST.
    Reset,
    /// Nothing more is said, and nothing is closed.
    Hold,
}

/// The bytes of an answer, and what then happens.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What then happens.
    pub end: End,
}

impl Reply {
    /// Bytes as they are.
    pub fn raw(bytes: impl Into<Vec<u8>>, end: End) -> Self {
        Self { bytes: bytes.into(), end }
    }
}

/// A well-formed answer in the making.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// An answer without a body.
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// An answer with a body of some type.
    pub fn of(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status).header("Content-Type", content_type).body(body)
    }

    /// An answer with JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::of(status, "application/json", body.to_string())
    }

    /// An answer with an HTML page as gateways make it.
    pub fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1>\
             </center>\r\n</body>\r\n</html>\r\n"
        );
        Self::of(status, "text/html", page)
    }

    /// Adds a field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn bytes(&self, with_body: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if self.status != 204 && self.status != 304 {
            let _ = write!(head, "Content-Length: {}\r\n", self.body.len());
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if with_body {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }

    /// The whole answer, after which the connection stays.
    pub fn reply(&self) -> Reply {
        Reply::raw(self.bytes(true), End::Keep)
    }

    /// As [`Self::reply`], without the body if `request` is HEAD (RFC 9110 §9.3.2).
    pub fn reply_to(&self, request: &Request) -> Reply {
        Reply::raw(self.bytes(request.method != "HEAD"), End::Keep)
    }

    /// The answer up to the middle of its body, and then `end`.
    pub fn half(&self, end: End) -> Reply {
        let mut bytes = self.bytes(true);
        bytes.truncate(bytes.len() - self.body.len().div_ceil(2));
        Reply::raw(bytes, end)
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        answer.reply()
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}

/// Answers requests.
pub type Handler = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// Serves HTTP, or HTTPS where there is a configuration for it.
pub async fn serve<F>(tls: Option<Arc<ServerConfig>>, handler: F) -> io::Result<Server>
where
    F: Fn(&Request) -> Reply + Send + Sync + 'static,
{
    let handler: Handler = Arc::new(handler);
    Server::start(move |peer| connection(peer, tls.clone(), Arc::clone(&handler))).await
}

async fn connection(
    peer: Peer,
    tls: Option<Arc<ServerConfig>>,
    handler: Handler,
) -> io::Result<()> {
    let (seen, serial) = (Arc::clone(&peer.seen), peer.serial);
    let secured = tls.is_some();
    let mut stream: Box<dyn Stream> = match tls {
        Some(config) => {
            if plain(&peer).await? {
                let mut stream = peer.stream;
                // As nginx answers plain HTTP on its TLS port.
                let answer = Answer::html(400, "400 The plain HTTP request was sent to HTTPS port");
                return finish(&mut stream, &answer.reply().bytes).await;
            }
            peer.secure(&config).await?
        }
        None => Box::new(peer.stream),
    };
    let mut buffer = Vec::new();
    loop {
        let mut request = match read_request(&mut stream, &mut buffer).await? {
            Heard::Request(request) => *request,
            Heard::End => return Ok(()),
            Heard::Nonsense => {
                let answer = Answer::html(400, "400 Bad Request").header("Connection", "close");
                return finish(stream.as_mut(), &answer.reply().bytes).await;
            }
        };
        seen.request();
        request.connection = serial;
        request.tls = secured;
        request.client_certificate = stream.client_certificate();
        let reply = handler(&request);
        stream.write_all(&reply.bytes).await?;
        stream.flush().await?;
        match reply.end {
            End::Keep if request.header("connection") == Some("close") => break,
            End::Keep => {}
            End::Close => break,
            End::Reset => {
                reset(stream.tcp());
                return Ok(());
            }
            End::Hold => std::future::pending().await,
        }
    }
    stream.shutdown().await
}

/// Whether the client speaks without TLS.
async fn plain(peer: &Peer) -> io::Result<bool> {
    let mut first = [0];
    let read = peer.stream.peek(&mut first).await?;
    Ok(read == 1 && first[0].is_ascii_uppercase())
}

/// Says the last words and closes, without losing them to a RST for what was not read.
async fn finish(stream: &mut dyn Stream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.shutdown().await?;
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

enum Heard {
    Request(Box<Request>),
    End,
    Nonsense,
}

async fn read_request(stream: &mut Box<dyn Stream>, buffer: &mut Vec<u8>) -> io::Result<Heard> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        // What doesn't begin like a request will not become one.
        let odd = buffer.first().is_some_and(|byte| !byte.is_ascii_alphabetic());
        if odd || buffer.len() > HEAD {
            return Ok(Heard::Nonsense);
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(Heard::End);
        }
    };
    let Some(mut request) = parse(&buffer[..head_end]) else { return Ok(Heard::Nonsense) };
    let length = match request.header("content-length").map(str::parse::<usize>) {
        None => 0,
        Some(Ok(length)) if length <= BODY => length,
        Some(_) => return Ok(Heard::Nonsense),
    };
    let end = head_end + 4 + length;
    while buffer.len() < end {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(Heard::End);
        }
    }
    request.body = buffer[head_end + 4..end].to_vec();
    buffer.drain(..end);
    Ok(Heard::Request(Box::new(request)))
}

fn parse(head: &[u8]) -> Option<Request> {
    let text = std::str::from_utf8(head).ok()?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if !version.starts_with("HTTP/1.") {
        return None;
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    Some(Request {
        method: method.into(),
        path: path.into(),
        query: query.into(),
        headers: lines.map(field).collect::<Option<_>>()?,
        ..Request::default()
    })
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn hand_written_requests_are_answered_on_one_connection() {
        let server = serve(None, |request| {
            Answer::of(200, "text/plain", format!("{} {}", request.method, request.path)).into()
        })
        .await
        .unwrap();
        let mut client = TcpStream::connect(server.address()).await.unwrap();
        client.write_all(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        client
            .write_all(b"POST /b?c=d HTTP/1.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
            .await
            .unwrap();
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        assert!(said.contains("\r\n\r\nGET /a") && said.ends_with("POST /b"), "{said}");
        assert_eq!((server.connections(), server.requests()), (1, 2));
    }

    #[test]
    fn half_an_answer_promises_more_than_it_holds() {
        let answer = Answer::of(200, "text/plain", "0123456789");
        let half = String::from_utf8(answer.half(End::Close).bytes).unwrap();
        assert!(half.contains("Content-Length: 10") && half.ends_with("\r\n\r\n01234"), "{half}");
    }

    #[test]
    fn percent_encoding_is_undone() {
        assert_eq!(decode("a%2Fb%zz%"), "a/b%zz%");
        assert_eq!(pairs("a+b=c%3D&d"), [("a b".into(), "c=".into()), ("d".into(), String::new())]);
    }
}
