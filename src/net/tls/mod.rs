//! The TLS handshake (RFC 8446, RFC 5246) and the verification of the peer's certificate.
//!
//! One pass is enough: the recording verifier lets the handshake end whatever the certificate is, so
//! that chain, version, cipher, group and ALPN are evidence also when verification fails. The verdict
//! is read here, before a byte of ours is sent. Tickets are never kept: a session would carry a
//! verdict from one row to another.

pub mod certificate;
pub mod classify;
mod der;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzz;
mod ocsp;
pub(super) mod old;
mod problems;
mod stream;
pub mod trust;
mod verdict;
pub mod verify;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, ClientConfig, ProtocolVersion};
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::model::{Evidence, Fault, FaultCode, Key, VerifyMode, Warning, WarningCode, clean};
use crate::net::wire::{Traffic, Wire};
pub use trust::{Authorities, Trust, TrustError};

/// What a protocol asks of the handshake.
#[derive(Clone, Debug, Default)]
pub struct TlsRequest {
    /// Application protocols to offer (RFC 7301); none where the protocol has no name.
    pub alpn: Vec<Vec<u8>>,
    /// Whether the row states them, so that the peer has to choose one: one without ALPN passes over the
    /// offer and says nothing (RFC 7301 §3.1).
    pub alpn_stated: bool,
    /// What asked for TLS within another protocol, so that a second connection can ask too; empty
    /// where TLS comes first. The peer's one byte in answer is not judged again.
    pub lead_in: &'static [u8],
}

impl TlsRequest {
    /// Offers one application protocol.
    pub fn alpn(protocol: &str) -> Self {
        Self { alpn: vec![protocol.as_bytes().to_vec()], ..Self::default() }
    }
}

/// A finished handshake.
#[derive(Debug)]
pub struct Session {
    /// The peer's certificate.
    pub leaf: Option<CertificateDer<'static>>,
    /// Whether the chain was verified and the name with it: the right peer.
    pub name_verified: bool,
    /// Whether the peer asked for a client certificate.
    pub client_asked: bool,
    /// Whether one was sent.
    pub client_sent: bool,
    /// Whether the version is 1.3, where a client certificate is judged after the handshake.
    pub tls13: bool,
    /// Whether the peer has sent tickets since: it is content with us.
    pub accepted: AtomicBool,
}

/// A handshake that ended: its stream, what was seen, and what is wrong.
pub(super) struct Shaken {
    pub(super) wire: Wire,
    pub(super) evidence: Evidence,
    pub(super) warnings: Vec<Warning>,
    pub(super) refusal: Option<Fault>,
}

/// Shakes hands over a wire.
///
/// # Errors
/// A fault where the handshake does not end. A certificate that is not accepted is no error here: it
/// comes as `refusal` beside the evidence.
pub(super) async fn shake(
    wire: Wire,
    host: &str,
    trust: &Arc<Trust>,
    ask: &TlsRequest,
) -> Result<Shaken, Fault> {
    let name = trust.server_name.as_deref().unwrap_or(host);
    let server_name = ServerName::try_from(bare(name).to_owned()).map_err(|_| {
        let detail = format!("`{name}` is no name for SNI (RFC 6066 §3)");
        Fault::new(FaultCode::LocalInternal, detail)
    })?;
    let recorder = Arc::new(verify::Recorder::new(Arc::clone(trust)));
    let client =
        Arc::new(verify::ClientCertificate { key: trust.client.clone(), asked: false.into() });
    let mut config = ClientConfig::builder_with_provider(trust::provider())
        .with_protocol_versions(trust.versions())
        .map_err(|error| Fault::new(FaultCode::LocalInternal, error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&recorder) as Arc<_>)
        .with_client_cert_resolver(Arc::clone(&client) as Arc<_>);
    config.alpn_protocols.clone_from(&ask.alpn);
    config.resumption = Resumption::disabled();
    let raw = Arc::clone(wire.traffic());
    let connecting =
        TlsConnector::from(Arc::new(config)).connect(server_name, wire).into_fallible();
    let ours = || classify::OurSide {
        asked: client.asked.load(Ordering::Relaxed),
        gave: client.asked.load(Ordering::Relaxed) && trust.client.is_some(),
    };
    match connecting.await {
        Ok(stream) => {
            let unchosen = unchosen(&stream, ask);
            let mut shaken = judged(stream, name, trust, &recorder.presented(), ours());
            shaken.refusal = shaken.refusal.or(unchosen);
            Ok(shaken)
        }
        Err((error, mut wire)) => {
            let fault = match last_alert(&error, &mut wire).await {
                Some(alert) => classify::by_alert(alert, ours())
                    .with_some(Key::ClientCertificate, ours().words()),
                None => classify::handshake(&error, &raw, ours()),
            };
            let offered = match fault.code {
                FaultCode::TlsAlpn => protocols(ask),
                _ => offered(trust),
            };
            Err(fault.with(Key::ServerName, name).with(Key::Offered, offered))
        }
    }
}

/// The alert before an end that broke our writing: a peer that rejects our certificate under TLS 1.2 says
/// so and closes while we are still sending, and rustls reads no more after that (RFC 5246 §7.2).
async fn last_alert(error: &io::Error, wire: &mut Wire) -> Option<AlertDescription> {
    if !matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) {
        return None;
    }
    let mut record = [0_u8; 7];
    wire.read_exact(&mut record).await.ok()?;
    match record {
        [21, 3, _, 0, 2, 2, description] => Some(description.into()),
        _ => None,
    }
}

/// A name as certificates have it: no brackets around an address, no dot of the root at its end.
pub(super) fn bare(name: &str) -> &str {
    name.trim_matches(['[', ']']).trim_end_matches('.')
}

fn offered(trust: &Trust) -> Vec<String> {
    trust.versions().iter().map(|version| version_name(version.version)).collect()
}

/// The application protocols that were offered, cleaned.
fn protocols(ask: &TlsRequest) -> Vec<String> {
    ask.alpn.iter().map(|protocol| clean::bytes(protocol, 40)).collect()
}

/// The fault of a peer that chose none of the application protocols that the row states.
fn unchosen(stream: &TlsStream<Wire>, ask: &TlsRequest) -> Option<Fault> {
    if !ask.alpn_stated || ask.alpn.is_empty() || stream.get_ref().1.alpn_protocol().is_some() {
        return None;
    }
    let offered = protocols(ask);
    let detail =
        format!("the peer chose no application protocol; the row states {}", offered.join(", "));
    Some(Fault::new(FaultCode::TlsAlpn, detail).with(Key::Offered, offered).with(Key::Alpn, "none"))
}

fn version_name(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_2 => "TLS 1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "TLS 1.3".to_owned(),
        other => format!("{other:?}"),
    }
}

fn judged(
    stream: TlsStream<Wire>,
    name: &str,
    trust: &Trust,
    presented: &verify::Presented,
    ours: classify::OurSide,
) -> Shaken {
    let now_s = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    let verified = trust.mode >= VerifyMode::VerifyCa;
    let known = trust.authorities.certificates();
    let staple = ocsp::read(&presented.staple, &presented.chain, known, now_s);
    let refusal = verdict::certificate(presented, trust, name, now_s)
        .or_else(|| verdict::staple(&staple).filter(|_| verified))
        .or_else(|| pins(trust, presented))
        .or_else(|| issuers(trust, presented));
    let connection = stream.get_ref().1;
    let tls13 = connection.protocol_version() == Some(ProtocolVersion::TLSv1_3);
    let mut evidence = Evidence::new()
        .with_some(Key::TlsVersion, connection.protocol_version().map(version_name))
        .with_some(
            Key::CipherSuite,
            connection.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite())),
        )
        .with_some(
            Key::Group,
            connection.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name())),
        )
        .with_some(Key::Alpn, connection.alpn_protocol().map(|alpn| clean::bytes(alpn, 40)))
        .with(Key::ServerName, name)
        .with(
            Key::Verification,
            match (&refusal, trust.mode) {
                (Some(_), _) => "failed",
                (None, VerifyMode::VerifyFull) => "verified",
                (None, VerifyMode::VerifyCa) => "ca-verified",
                (None, _) => "not-verified",
            },
        );
    evidence.absorb(certificate::evidence(&presented.chain, now_s));
    if let Some(words) = staple.words() {
        evidence.set(Key::Ocsp, words);
    }
    if let Some(asked) = ours.words() {
        evidence.set(Key::ClientCertificate, asked);
    }
    let session = Session {
        leaf: presented.chain.first().cloned(),
        name_verified: refusal.is_none()
            && (trust.mode == VerifyMode::VerifyFull || !trust.pins.is_empty()),
        client_asked: ours.asked,
        client_sent: ours.gave,
        tls13,
        accepted: AtomicBool::new(false),
    };
    let warnings = warnings(trust, presented, now_s, verified);
    let session = Arc::new(session);
    let secured = stream::Secured { io: stream, session: Arc::clone(&session) };
    Shaken { wire: Wire::secure(secured, session), evidence, warnings, refusal }
}

fn pins(trust: &Trust, presented: &verify::Presented) -> Option<Fault> {
    if trust.pins.is_empty() {
        return None;
    }
    let digest = presented.chain.first().and_then(certificate::key_digest);
    if digest.is_some_and(|digest| trust.pins.contains(&digest)) {
        return None;
    }
    let found = digest.as_ref().map(certificate::pin);
    let fault =
        Fault::new(FaultCode::TlsPinMismatch, "the peer's public key is none of the pinned ones");
    Some(fault.with_some(Key::KeyPin, found))
}

fn issuers(trust: &Trust, presented: &verify::Presented) -> Option<Fault> {
    if trust.issuers.is_empty() {
        return None;
    }
    let issuer = presented.chain.first().and_then(certificate::issuer).unwrap_or_default();
    if trust.issuers.iter().any(|expected| issuer.contains(expected.as_str())) {
        return None;
    }
    let detail = format!(
        "the certificate was issued by `{issuer}`, none of those expected here: \
                          somebody in between presents a certificate of their own"
    );
    let fault = Fault::new(FaultCode::ServiceWrongPeer, detail);
    Some(fault.with(Key::Issuer, issuer).with(Key::Expected, trust.issuers.join(", ")))
}

fn warnings(
    trust: &Trust,
    presented: &verify::Presented,
    now_s: i64,
    verified: bool,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let within = i64::try_from(trust.expires_within.as_secs()).unwrap_or(i64::MAX);
    let ends = presented.chain.iter().filter_map(certificate::validity).map(|(_, end)| end).min();
    if let Some(end) = ends.filter(|end| *end >= now_s && *end - now_s < within) {
        let days = (end - now_s) / 86_400;
        let at = certificate::rfc3339(end);
        warnings.push(Warning {
            code: WarningCode::TlsExpiresSoon,
            detail: format!("a certificate of the chain ends in {days} days ({at})"),
        });
    }
    if !verified && trust.pins.is_empty() {
        warnings.push(Warning {
            code: WarningCode::TlsNotVerified,
            detail: format!("tls.mode {} does not verify the peer", trust.mode.as_str()),
        });
    }
    warnings
}

/// The fault of a handshake that was not done in time: silence, or a start and then silence.
pub(super) fn late(raw: &Traffic, server_name: &str) -> Fault {
    let fault = match raw.received() {
        0 => Fault::new(FaultCode::PeerSilent, "no answer to the ClientHello in time"),
        bytes => Fault::new(
            FaultCode::PeerStalled,
            format!("the TLS handshake stopped after {bytes} bytes of the peer's"),
        ),
    };
    fault.with(Key::Bytes, raw.received()).with(Key::ServerName, server_name)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// The alert that is found where the peer said this before an error of this kind.
    async fn found(kind: io::ErrorKind, said: &[u8]) -> Option<AlertDescription> {
        let (ours, mut theirs) = tokio::io::duplex(64);
        theirs.write_all(said).await.unwrap();
        drop(theirs);
        last_alert(&kind.into(), &mut Wire::new(ours)).await
    }

    #[tokio::test]
    async fn what_a_peer_said_before_it_broke_our_writing_is_read() {
        let alert = [21, 3, 3, 0, 2, 2, 48];
        let broken = io::ErrorKind::BrokenPipe;
        assert_eq!(found(broken, &alert).await, Some(AlertDescription::UnknownCA));
        assert_eq!(found(broken, &alert[..6]).await, None);
        assert_eq!(found(broken, b"HTTP/1.").await, None);
        assert_eq!(found(io::ErrorKind::UnexpectedEof, &alert).await, None);
    }
}
