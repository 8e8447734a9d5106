//! HTTP/1.1 as a server speaks it, by hand: what a stand-in sends is what is written here.
//!
//! A handler answers each request with a [`Reply`], which may also break the rules: fall silent,
//! stop in the middle, close, reset. Bodies of requests need a Content-Length.

mod answer;
pub mod routes;
mod wire;

use std::io;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::lab::http::wire::{Heard, read_request};
use crate::lab::server::{Peer, Server, Stream, reset};
pub use answer::{Answer, End, Reply};

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
        let mut request = match read_request(stream.as_mut(), &mut buffer).await? {
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
            End::Cut => return cut(stream.as_mut()).await,
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

/// Ends TCP beneath whatever runs over it, and waits for the client to go.
async fn cut(stream: &mut dyn Stream) -> io::Result<()> {
    socket2::SockRef::from(stream.tcp()).shutdown(std::net::Shutdown::Write)?;
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Says the last words and closes, without losing them to a RST for what was not read.
async fn finish(stream: &mut dyn Stream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.shutdown().await?;
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
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
