//! The recording verifier: it lets every handshake end, and keeps what was presented and what is
//! wrong with it. The dialer reads the verdict before a byte of ours is sent.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use crate::model::VerifyMode;
use crate::net::tls::trust::{Trust, provider};

/// What a handshake presented, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Presented {
    /// The chain, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Why the chain or the name is not accepted.
    pub refusal: Option<Error>,
    /// Why the signature over the handshake is not accepted.
    pub signature: Option<Error>,
    /// The stapled OCSP answer, as it came; empty where there is none.
    pub staple: Vec<u8>,
}

/// Records, and refuses nothing.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) trust: Arc<Trust>,
    pub(super) presented: Mutex<Presented>,
}

impl Recorder {
    pub(super) fn new(trust: Arc<Trust>) -> Self {
        Self { trust, presented: Mutex::default() }
    }

    pub(super) fn presented(&self) -> Presented {
        self.presented.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn refusal(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Option<Error> {
        if self.trust.mode < VerifyMode::VerifyCa {
            return None;
        }
        let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let verdict = match self.trust.verifier() {
            Some(verifier) => verifier.verify_server_cert(leaf, intermediates, name, &[], now),
            None => Err(unknown),
        };
        let refusal = verdict.err()?;
        if self.trust.mode == VerifyMode::VerifyCa && is_name(&refusal) {
            return None;
        }
        // A certificate that the site trusts itself needs no issuer above it (as OpenSSL has it).
        // Only the lack of an issuer is cured by that: what is revoked or expired stays so.
        if self.trust.authorities.names(leaf) && lacks_issuer(&refusal) {
            return own_refusal(leaf, name, now, self.trust.mode);
        }
        Some(refusal)
    }

    fn note_signature(&self, result: Result<HandshakeSignatureValid, Error>) {
        if let Err(error) = result {
            let mut presented = self.presented.lock().unwrap_or_else(PoisonError::into_inner);
            presented.signature = Some(error);
        }
    }
}

fn is_name(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

/// Nobody above the leaf is trusted, or it is its own authority.
fn lacks_issuer(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => true,
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
        }
        _ => false,
    }
}

/// The judgement on a leaf that is itself trusted: its dates and its name remain.
fn own_refusal(
    leaf: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
    mode: VerifyMode,
) -> Option<Error> {
    let (not_before, not_after) = super::certificate::validity(leaf)?;
    let now_s = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now_s > not_after {
        return Some(Error::InvalidCertificate(CertificateError::Expired));
    }
    if now_s < not_before {
        return Some(Error::InvalidCertificate(CertificateError::NotValidYet));
    }
    if mode == VerifyMode::VerifyCa {
        return None;
    }
    ParsedCertificate::try_from(leaf).and_then(|leaf| verify_server_name(&leaf, name)).err()
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        staple: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let refusal = self.refusal(leaf, intermediates, name, now);
        let chain = std::iter::once(leaf).chain(intermediates);
        let mut presented = self.presented.lock().unwrap_or_else(PoisonError::into_inner);
        presented.chain = chain.map(|certificate| certificate.clone().into_owned()).collect();
        presented.refusal = refusal;
        presented.staple = staple.to_vec();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        self.note_signature(rustls::crypto::verify_tls12_signature(
            message,
            cert,
            dss,
            &algorithms,
        ));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        self.note_signature(rustls::crypto::verify_tls13_signature(
            message,
            cert,
            dss,
            &algorithms,
        ));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Accepts exactly one leaf: for clients that open connections of their own, after the dialer has
/// judged the certificate.
#[derive(Debug)]
pub struct Pinned {
    /// The leaf that was judged.
    pub leaf: CertificateDer<'static>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *leaf == self.leaf {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Gives our certificate, if there is one, and notes that it was asked for.
#[derive(Debug, Default)]
pub(super) struct ClientCertificate {
    pub(super) key: Option<Arc<CertifiedKey>>,
    pub(super) asked: std::sync::atomic::AtomicBool,
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, std::sync::atomic::Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}
