//! What stands in certificates: evidence, whether or not they are accepted.

use base64::Engine;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::model::{Evidence, Key, clean};

/// Longest name that is kept, in characters.
const NAME: usize = 200;
/// Alternative names and certificates that are kept.
pub(super) const MANY: usize = 32;

/// Seconds since 1970 of the first and the last second of validity.
pub fn validity(certificate: &CertificateDer<'_>) -> Option<(i64, i64)> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let validity = parsed.validity();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

/// Whether a certificate names itself as its issuer.
pub fn is_self_issued(certificate: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(certificate)
        .is_ok_and(|(_, parsed)| parsed.subject().as_raw() == parsed.issuer().as_raw())
}

/// The issuer's name as text.
pub fn issuer(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(clean::line(&parsed.issuer().to_string(), NAME))
}

/// The subject's name as text.
pub fn subject(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(clean::line(&parsed.subject().to_string(), NAME))
}

/// SHA-256 of the public key (RFC 7469 §2.4).
pub fn key_digest(certificate: &CertificateDer<'_>) -> Option<[u8; 32]> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(Sha256::digest(parsed.public_key().raw).into())
}

/// A pin as curl writes it.
pub fn pin(digest: &[u8; 32]) -> String {
    format!("sha256//{}", base64::engine::general_purpose::STANDARD.encode(digest))
}

/// The weakness of a certificate's key, where there is one.
pub fn weak_key(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let Ok(PublicKey::RSA(key)) = parsed.public_key().parsed() else { return None };
    // The modulus may carry a leading zero byte.
    let bits = key.key_size();
    (bits < 2_048).then(|| format!("RSA key of {bits} bits"))
}

/// The weakness of a certificate's key or signature, where there is one.
pub fn weakness(certificate: &CertificateDer<'_>) -> Option<String> {
    if let Some(weakness) = weak_key(certificate) {
        return Some(weakness);
    }
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    // RFC 8446 §4.4.2.4 and CA/Browser Forum: MD5 and SHA-1 signatures are not accepted.
    let algorithm = parsed.signature_algorithm.algorithm.to_id_string();
    match algorithm.as_str() {
        "1.2.840.113549.1.1.4" => Some("signed with MD5".to_owned()),
        "1.2.840.113549.1.1.5" | "1.2.840.10045.4.1" => Some("signed with SHA-1".to_owned()),
        _ => None,
    }
}

/// All that is evidence in a chain.
pub fn evidence(chain: &[CertificateDer<'_>], now_s: i64) -> Evidence {
    let mut evidence = Evidence::new();
    let Some(leaf) = chain.first() else { return evidence };
    if let Ok((_, parsed)) = X509Certificate::from_der(leaf) {
        evidence.set(Key::Subject, clean::line(&parsed.subject().to_string(), NAME));
        evidence.set(Key::Issuer, clean::line(&parsed.issuer().to_string(), NAME));
        evidence.set(Key::Sans, alternative_names(&parsed));
        let validity = parsed.validity();
        evidence.set(Key::NotAfter, rfc3339(validity.not_after.timestamp()));
        evidence.set(Key::DaysLeft, (validity.not_after.timestamp() - now_s).div_euclid(86_400));
        let digest = Sha256::digest(parsed.public_key().raw).into();
        evidence.set(Key::KeyPin, pin(&digest));
    }
    if chain.len() > 1 {
        let subjects = chain.iter().take(MANY).filter_map(|certificate| {
            let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
            Some(clean::line(&parsed.subject().to_string(), NAME))
        });
        evidence.set(Key::Chain, subjects.collect::<Vec<_>>());
    }
    evidence
}

/// Where a chain that leads nowhere ends: at a root of its own, or below one.
pub fn chain_end(chain: &[CertificateDer<'_>]) -> String {
    match chain.last() {
        Some(last) if is_self_issued(last) => {
            format!("root: {}", issuer(last).unwrap_or_default())
        }
        Some(last) => format!("below a root: {}", issuer(last).unwrap_or_default()),
        None => "no certificate".to_owned(),
    }
}

pub(super) fn alternative_names(parsed: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = parsed.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => clean::line(name, NAME),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from).map(|ip| ip.to_string()),
            _ => <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from).map(|ip| ip.to_string()),
        }
        .unwrap_or_else(|_| "an address that can't be read".to_owned()),
        other => clean::line(&other.to_string(), NAME),
    };
    extension.value.general_names.iter().take(MANY).map(name).collect()
}

/// A point in time as RFC 3339 has it.
pub fn rfc3339(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("{seconds} s since 1970"))
}
