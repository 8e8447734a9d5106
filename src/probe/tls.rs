//! TLS alone (RFC 8446): a handshake and the peer's certificate, nothing said within.
//!
//! - *spoken*: the handshake ended, with one of the application protocols that the row states.
//! - *identified*: chain and name were verified, or a pin matched.
//!
//! Under TLS 1.3 a client certificate is judged after the handshake, so where one was asked for, the
//! answer is waited for. One connection; another where the peer speaks only old versions, to tell which.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::AsyncReadExt;

use crate::model::read::Problems;
use crate::model::{Fault, FaultCode, Layer, Node, Proof};
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

/// How long a verdict on the client certificate is waited for: it comes with the first answer, within
/// a round trip.
const VERDICT: Duration = Duration::from_millis(300);

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
            if session.is_some_and(|session| session.client_asked && session.tls13) {
                dialer.step(Layer::Tls, FaultCode::PeerSilent, verdict(&mut wire)).await?;
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

/// Waits for the peer to object to our certificate, or to its absence.
async fn verdict(wire: &mut Wire) -> Result<(), Fault> {
    let mut byte = [0_u8; 1];
    let end = match tokio::time::timeout(VERDICT, wire.read(&mut byte)).await {
        Ok(Err(error)) => error,
        Ok(Ok(0)) => std::io::ErrorKind::UnexpectedEof.into(),
        // Something was said, or nothing: either way no objection.
        Ok(Ok(_)) | Err(_) => return Ok(()),
    };
    let session = wire.session().cloned();
    // After tickets it was content with us, and ends only for want of a request.
    let content = session.as_ref().is_some_and(|s| s.accepted.load(Ordering::Relaxed));
    if content && inner(&end).is_none() {
        return Ok(());
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
