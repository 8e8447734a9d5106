//! Which fault a certificate is that is not accepted: by rustls' variant, and by what the chain holds.

use rustls::{CertificateError as C, Error};

use crate::model::{Fault, FaultCode, Key};
use crate::net::tls::ocsp::Staple;
use crate::net::tls::{Trust, certificate, problems, verify::Presented};

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
        C::NotValidForName | C::NotValidForNameContext { .. } => name_mismatch(why, presented),
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

fn name_mismatch(why: &C, presented: &Presented) -> Fault {
    let detail = match why {
        C::NotValidForNameContext { expected, .. } => {
            let parsed =
                presented.chain.first().map(|leaf| x509_parser::parse_x509_certificate(leaf));
            let names = match &parsed {
                Some(Ok((_, leaf))) => certificate::alternative_names(leaf),
                _ => Vec::new(),
            };
            let names = match names.is_empty() {
                true => "no name at all".to_owned(),
                false => names.into_iter().take(8).collect::<Vec<_>>().join(", "),
            };
            let names = crate::model::clean::line(&names, 300);
            format!("the certificate is for {names}, not for {}", expected.to_str())
        }
        _ => "the certificate is for other names".to_owned(),
    };
    Fault::new(FaultCode::TlsNameMismatch, detail)
}
