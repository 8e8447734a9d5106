//! TLS alone (RFC 8446): a handshake and the peer's certificate, nothing said within.
//!
//! - *spoken*: the handshake ended, with one of the application protocols that the row states.
//! - *identified*: chain and name were verified, or a pin matched.
//!
//! Under TLS 1.3 a client certificate is judged after the handshake, so where one was asked for, the
//! answer is waited for: a session ticket says at once that the peer is content (RFC 8446 §4.6.1), an alert or a
//! close that it is not, and silence until the time-out nothing. One connection; another where the peer speaks only old versions, to tell which.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::Poll;

use tokio::io::{AsyncRead, ReadBuf};

use crate::model::read::Problems;
use crate::model::{Fault, FaultCode, Key, Layer, Node, Proof};
use crate::net::Dialer;
use crate::net::tls::TlsRequest;
use crate::net::tls::classify::inner;
use crate::net::wire::{Wire, broken};
use crate::probe::{BoxFuture, Probe, Protocol, TlsUse};

/// TLS alone.
pub const PROTOCOL: Protocol = Protocol {
    name: "tls",
    about: "a TLS handshake and the peer's certificate",
    schemes: &["tls"],
    default_port: 443,
    tls: TlsUse::Always,
    layers: &[Layer::Tcp, Layer::Tls],
    connections: "one",
    options: read,
    schema,
};

#[derive(Debug)]
struct Tls {
    alpn: Vec<Vec<u8>>,
}

fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Box<dyn Probe>> {
    let mut alpn = Vec::new();
    if let Some(node) = node {
        let mut fields = problems.fields(node, "tls")?;
        alpn = fields.texts("alpn", problems).into_iter().map(String::into_bytes).collect();
        fields.finish(problems);
    }
    Some(Box::new(Tls { alpn }))
}

impl Probe for Tls {
    fn run<'a>(&'a self, dialer: &'a mut Dialer) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let wire = dialer.tcp().await?;
            if !dialer.wants(Proof::Spoken) {
                return Ok(());
            }
            let alpn = self.alpn.clone();
            let ask = TlsRequest { alpn, alpn_stated: true, ..TlsRequest::default() };
            let mut wire = dialer.tls(wire, &ask).await?;
            let session = dialer.session().cloned();
            if let Some(session) = session.filter(|session| session.client_asked && session.tls13) {
                // A little less than the step may take, which would else be over first.
                let limit = dialer.target().timeouts.answer * 19 / 20;
                let verdict = tokio::time::timeout(limit, verdict(&mut wire));
                let verdict = async { verdict.await.unwrap_or(Ok(Content::Silent)) };
                let content = dialer.step(Layer::Tls, FaultCode::PeerSilent, verdict).await?;
                if content == Content::Silent {
                    let sent = if session.client_sent { "sent" } else { "not sent" };
                    let words =
                        format!("asked for, {sent}; neither a ticket nor an objection came");
                    dialer.note(Key::ClientCertificate, words);
                }
            }
            dialer.reach(Proof::Spoken);
            super::http::identify_by_tls(dialer);
            Ok(())
        })
    }

    fn sends(&self) -> String {
        "a ClientHello".to_owned()
    }
}

/// What a peer says of our certificate, or of its absence, where it does not object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    /// A ticket or data came.
    Said,
    /// Nothing came.
    Silent,
}

/// Waits for the peer to object, or to say anything else.
async fn verdict(wire: &mut Wire) -> Result<Content, Fault> {
    let session = wire.session().cloned();
    let content = || session.as_ref().is_some_and(|s| s.accepted.load(Ordering::Relaxed));
    let mut byte = [0_u8; 1];
    let heard = std::future::poll_fn(|cx| {
        let mut buffer = ReadBuf::new(&mut byte);
        match Pin::new(&mut *wire).poll_read(cx, &mut buffer) {
            Poll::Ready(read) => Poll::Ready(read.map(|()| buffer.filled().len())),
            // Tickets are no data: they have been read, and nothing follows them.
            Poll::Pending if content() => Poll::Ready(Ok(1)),
            Poll::Pending => Poll::Pending,
        }
    });
    let end = match heard.await {
        Ok(0) => std::io::ErrorKind::UnexpectedEof.into(),
        Ok(_) => return Ok(Content::Said),
        Err(error) => error,
    };
    // After tickets it was content with us, and ends only for want of a request.
    if content() && inner(&end).is_none() {
        return Ok(Content::Said);
    }
    Err(broken(&end, wire.traffic(), session.as_deref()))
}

fn schema() -> serde_json::Value {
    serde_json::json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {"alpn": {
            "description": "Application protocols to offer, of which the peer has to choose one (RFC 7301).",
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        }},
    })
}
