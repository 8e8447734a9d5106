//! Which fault a handshake is: by rustls' variant, by the alert (RFC 8446 §6.2), by the first bytes.

use std::io;

use rustls::{
    AlertDescription as A, CertificateError as C, Error, InvalidMessage, PeerIncompatible,
    PeerMisbehaved,
};

use crate::model::{Fault, FaultCode, Key};
use crate::net::spoke;
use crate::net::tls::ocsp::Staple;
use crate::net::tls::{Session, Trust, certificate, problems, verify::Presented};
use crate::net::wire::{Traffic, broken, first_bytes};

/// What we know of our own side of a handshake.
#[derive(Clone, Copy, Debug)]
pub(super) struct OurSide {
    /// The peer asked for a client certificate.
    pub(super) asked: bool,
    /// We gave one.
    pub(super) gave: bool,
}

/// The rustls error inside an I/O error.
pub fn inner(error: &io::Error) -> Option<&Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Error>())
}

/// The fault of a handshake that did not end.
pub(super) fn handshake(error: &io::Error, raw: &Traffic, ours: OurSide) -> Fault {
    let fault = match inner(error) {
        Some(tls) => by_variant(tls, raw, ours),
        None => broken(error, raw, None),
    };
    fault.with_some(Key::ClientCertificate, asked(ours))
}

fn asked(ours: OurSide) -> Option<&'static str> {
    match (ours.asked, ours.gave) {
        (false, _) => None,
        (true, true) => Some("asked for, sent"),
        (true, false) => Some("asked for, not sent"),
    }
}

fn by_variant(error: &Error, raw: &Traffic, ours: OurSide) -> Fault {
    match error {
        Error::AlertReceived(alert) => by_alert(*alert, ours),
        Error::InvalidMessage(
            InvalidMessage::MessageTooLarge | InvalidMessage::CertificatePayloadTooLarge,
        )
        | Error::PeerSentOversizedRecord => {
            malformed("the peer's handshake passes the size that TLS allows", error)
        }
        Error::InvalidMessage(_) => not_tls(error, raw),
        Error::PeerIncompatible(why) => incompatible(why),
        Error::NoApplicationProtocol
        | Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
            Fault::new(
                FaultCode::TlsAlpn,
                "the peer chose an application protocol we did not offer",
            )
        }
        Error::InvalidCertificate(why) => Fault::new(
            FaultCode::TlsInvalidCertificate,
            format!("a certificate can't be read: {why:?}"),
        ),
        Error::NoCertificatesPresented => {
            Fault::new(FaultCode::TlsMalformed, "the peer presents no certificate")
        }
        _ => malformed("the peer's handshake breaks RFC 8446", error),
    }
}

fn malformed(what: &str, error: &Error) -> Fault {
    Fault::new(FaultCode::TlsMalformed, what)
        .with(Key::Found, crate::model::clean::line(&format!("{error:?}"), 120))
}

/// Something answered a ClientHello that is no TLS, or TLS that can't be read.
fn not_tls(error: &Error, raw: &Traffic) -> Fault {
    let first = raw.first_bytes();
    match spoke::recognise(&first) {
        "tls" => malformed("the peer's handshake can't be read", error),
        spoke => {
            let what = match spoke {
                "unknown" => "the peer does not speak TLS here".to_owned(),
                name => format!("the peer speaks {name}, not TLS"),
            };
            Fault::new(FaultCode::TlsNotTls, what)
                .with(Key::Spoke, spoke)
                .with(Key::FirstBytes, first_bytes(raw))
        }
    }
}

fn incompatible(why: &PeerIncompatible) -> Fault {
    use PeerIncompatible as P;
    match why {
        P::ServerDoesNotSupportTls12Or13
        | P::ServerTlsVersionIsDisabledByOurConfig
        | P::Tls12NotOffered
        | P::Tls12NotOfferedOrEnabled => {
            Fault::new(FaultCode::TlsVersion, "the peer chose a version of TLS older than allowed")
        }
        other => Fault::new(
            FaultCode::TlsNoCommonParameters,
            format!("no parameters in common: {other:?}"),
        ),
    }
}

/// The name of an alert, as RFC 8446 spells it.
pub fn alert_name(alert: A) -> String {
    let name = format!("{alert:?}");
    let mut out = String::new();
    for c in
        name.replace("CA", "Ca").replace("PSK", "Psk").replace("Recognised", "recognized").chars()
    {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn by_alert(alert: A, ours: OurSide) -> Fault {
    let name = alert_name(alert);
    let fault = match alert {
        A::CertificateRequired => required(),
        A::BadCertificate
        | A::UnsupportedCertificate
        | A::CertificateRevoked
        | A::CertificateExpired
        | A::CertificateUnknown
        | A::UnknownCA
        | A::AccessDenied
            if ours.gave =>
        {
            rejected(&name)
        }
        // TLS 1.2 has no alert of its own for a missing certificate.
        A::HandshakeFailure
        | A::BadCertificate
        | A::NoCertificate
        | A::AccessDenied
        | A::CertificateUnknown
            if ours.asked && !ours.gave =>
        {
            required()
        }
        A::HandshakeFailure if ours.gave => rejected(&name),
        A::ProtocolVersion => Fault::new(
            FaultCode::TlsVersion,
            "the peer speaks none of the versions offered (TLS 1.2, 1.3)",
        ),
        A::HandshakeFailure | A::InsufficientSecurity => Fault::new(
            FaultCode::TlsNoCommonParameters,
            "the peer has no cipher suite, group or signature scheme in common with us",
        ),
        A::NoApplicationProtocol => Fault::new(
            FaultCode::TlsAlpn,
            "the peer speaks none of the application protocols offered",
        ),
        A::UnrecognisedName => {
            Fault::new(FaultCode::TlsUnknownServerName, "the peer does not know the server name")
        }
        _ => Fault::new(FaultCode::TlsAlert, format!("the peer ended the handshake: {name}")),
    };
    fault.with(Key::TlsAlert, name)
}

fn required() -> Fault {
    Fault::new(
        FaultCode::TlsClientCertificateRequired,
        "the peer asks for a client certificate, and none was given",
    )
}

fn rejected(alert: &str) -> Fault {
    Fault::new(
        FaultCode::TlsClientCertificateRejected,
        format!("the peer rejects our client certificate: {alert}"),
    )
}

/// The fault of a stream that broke after its handshake, where TLS tells why. Under TLS 1.3 a
/// missing client certificate shows only here.
pub fn late(error: &io::Error, traffic: &Traffic, session: Option<&Session>) -> Option<Fault> {
    let ours = session.map_or(OurSide { asked: false, gave: false }, |session| OurSide {
        asked: session.client_asked,
        gave: session.client_sent,
    });
    if let Some(Error::AlertReceived(alert)) = inner(error) {
        let fault = match by_alert(*alert, ours) {
            fault if fault.code == FaultCode::TlsNoCommonParameters => {
                Fault { code: FaultCode::TlsAlert, ..fault }
            }
            fault => fault,
        };
        return Some(fault.with_some(Key::ClientCertificate, asked(ours)));
    }
    if inner(error).is_some() {
        return Some(Fault::new(FaultCode::TlsMalformed, "a TLS record can't be read"));
    }
    // Some servers close without an alert; the certificate that they asked for is then the likely
    // cause. A time-out is no close, and before TLS 1.3 a certificate was judged in the handshake.
    if !ours.asked || traffic.received() > 0 || error.kind() == io::ErrorKind::TimedOut {
        return None;
    }
    if !ours.gave {
        let how = "asked for, not sent; closed without an alert";
        return Some(required().with(Key::ClientCertificate, how));
    }
    session.filter(|session| session.tls13).map(|_| {
        rejected("closed without an alert")
            .with(Key::ClientCertificate, "asked for, sent; closed without an alert")
    })
}

/// The fault of a certificate, where it is not accepted.
pub(super) fn certificate(
    presented: &Presented,
    trust: &Trust,
    name: &str,
    now_s: i64,
) -> Option<Fault> {
    let leaf = presented.chain.first();
    if let Some(error) = &presented.refusal {
        let why = match error {
            Error::InvalidCertificate(why) => why,
            other => {
                let detail = format!("the certificate is not accepted: {other:?}");
                return Some(Fault::new(FaultCode::TlsInvalidCertificate, detail));
            }
        };
        let fault = by_reason(why, presented, trust, now_s);
        return Some(fault.with(Key::Problems, problems::of(&presented.chain, trust, name, now_s)));
    }
    presented.signature.as_ref().map(|error| match leaf.and_then(certificate::weakness) {
        Some(weakness) => {
            Fault::new(FaultCode::TlsWeak, format!("the peer's key is too weak: {weakness}"))
        }
        None => Fault::new(
            FaultCode::TlsBadSignature,
            format!("the peer's signature over the handshake does not match: {error:?}"),
        ),
    })
}

/// The fault of a staple that is believed and says that the certificate was revoked.
pub(super) fn staple(staple: &Staple) -> Option<Fault> {
    let Staple::Revoked { at, reason } = staple else { return None };
    let at = certificate::rfc3339(*at);
    let detail = format!("the certificate was revoked at {at} (stapled OCSP): {reason}");
    Some(Fault::new(FaultCode::TlsRevoked, detail))
}

#[expect(deprecated, reason = "the variants without context may still come")]
fn by_reason(why: &C, presented: &Presented, trust: &Trust, now_s: i64) -> Fault {
    match why {
        C::Expired | C::ExpiredContext { .. } => expired(presented, now_s),
        C::NotValidYet | C::NotValidYetContext { .. } => {
            Fault::new(FaultCode::TlsNotYetValid, "a certificate's validity has not begun")
        }
        C::Revoked => Fault::new(FaultCode::TlsRevoked, "a certificate was revoked (CRL)"),
        C::UnknownIssuer => unknown_issuer(presented, &trust.authorities.describe()),
        C::BadSignature => bad_signature(presented, trust),
        C::UnsupportedSignatureAlgorithm
        | C::UnsupportedSignatureAlgorithmContext { .. }
        | C::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            let weakness = presented.chain.iter().find_map(certificate::weakness);
            let what = weakness.unwrap_or_else(|| "an algorithm that is not accepted".to_owned());
            Fault::new(FaultCode::TlsWeak, format!("the chain is too weak: {what}"))
        }
        C::NotValidForName | C::NotValidForNameContext { .. } => name_mismatch(why),
        C::InvalidPurpose | C::InvalidPurposeContext { .. } => Fault::new(
            FaultCode::TlsBadPurpose,
            "the certificate is not made for servers (extended key usage)",
        ),
        C::Other(other) => match other.0.downcast_ref::<webpki::Error>() {
            Some(webpki::Error::CaUsedAsEndEntity) if self_issued(presented) => self_signed(),
            Some(error) => invalid(&format!("{error:?}")),
            None => invalid("another reason"),
        },
        other => invalid(&format!("{other:?}")),
    }
}

/// rustls calls a signature by a key that is too short a bad one: the issuers' keys tell.
fn bad_signature(presented: &Presented, trust: &Trust) -> Fault {
    let above = presented.chain.iter().skip(1).chain(trust.authorities.certificates());
    let names: Vec<_> = presented.chain.iter().filter_map(certificate::issuer).collect();
    let mut issuers = above.filter(|authority| {
        certificate::subject(authority).is_some_and(|subject| names.contains(&subject))
    });
    match issuers.find_map(certificate::weak_key) {
        Some(weakness) => {
            Fault::new(FaultCode::TlsWeak, format!("an issuer's key is too weak: {weakness}"))
        }
        None => Fault::new(
            FaultCode::TlsBadSignature,
            "a signature in the chain does not match the issuer's key",
        ),
    }
}

fn invalid(why: &str) -> Fault {
    Fault::new(FaultCode::TlsInvalidCertificate, format!("the chain breaks RFC 5280: {why}"))
}

fn self_issued(presented: &Presented) -> bool {
    presented.chain.first().is_some_and(certificate::is_self_issued)
}

fn self_signed() -> Fault {
    Fault::new(
        FaultCode::TlsSelfSigned,
        "the peer's certificate is its own issuer and is not trusted here",
    )
}

fn unknown_issuer(presented: &Presented, trusted: &str) -> Fault {
    if self_issued(presented) && presented.chain.len() == 1 {
        return self_signed();
    }
    let issuer = presented.chain.last().and_then(certificate::issuer).unwrap_or_default();
    Fault::new(
        FaultCode::TlsUnknownIssuer,
        format!("the chain leads to `{issuer}`, which {trusted} does not hold"),
    )
    .with(Key::ChainEnd, certificate::chain_end(&presented.chain))
}

fn expired(presented: &Presented, now_s: i64) -> Fault {
    let ended = presented
        .chain
        .iter()
        .filter_map(certificate::validity)
        .map(|(_, not_after)| not_after)
        .filter(|not_after| *not_after < now_s)
        .min();
    let detail = match ended {
        Some(not_after) => {
            let days = (now_s - not_after) / 86_400;
            let at = certificate::rfc3339(not_after);
            format!("a certificate's validity ended {days} days ago ({at})")
        }
        None => "a certificate's validity has ended".to_owned(),
    };
    Fault::new(FaultCode::TlsExpired, detail)
}

fn name_mismatch(why: &C) -> Fault {
    let detail = match why {
        C::NotValidForNameContext { expected, presented } => {
            let expected = expected.to_str();
            let names = match presented.is_empty() {
                true => "no name at all".to_owned(),
                false => presented.iter().take(8).cloned().collect::<Vec<_>>().join(", "),
            };
            let names = crate::model::clean::line(&names, 300);
            format!("the certificate is for {names}, not for {expected}")
        }
        _ => "the certificate is for other names".to_owned(),
    };
    Fault::new(FaultCode::TlsNameMismatch, detail)
}
