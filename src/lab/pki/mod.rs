//! Certificate authorities made at start, and leaves with whatever flaw a scenario needs.

mod leaf;
mod tls;

use std::io;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};

pub use leaf::{Identity, Leaf, Signer};
pub use tls::ClientCertificate;

type Authority = CertifiedIssuer<'static, KeyPair>;

/// The authorities of one lab.
#[derive(Debug)]
pub struct Pki {
    trusted: Authority,
    intermediate: Authority,
    expired_intermediate: Authority,
    other: Authority,
}

fn failed(error: rcgen::Error) -> io::Error {
    io::Error::other(error)
}

fn authority(name: &str, until_days: i64) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = OffsetDateTime::now_utc() - Duration::days(400);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(until_days);
    Ok(params)
}

impl Pki {
    /// Makes the authorities.
    pub fn new() -> io::Result<Self> {
        Self::make().map_err(failed)
    }

    fn make() -> Result<Self, rcgen::Error> {
        let root = |name| Authority::self_signed(authority(name, 3650)?, KeyPair::generate()?);
        let trusted = root("connprobe lab CA")?;
        let other = root("Some Other CA")?;
        let below = |name, days| {
            Authority::signed_by(authority(name, days)?, KeyPair::generate()?, &trusted)
        };
        let intermediate = below("connprobe lab intermediate", 1825)?;
        let expired_intermediate = below("connprobe lab old intermediate", -20)?;
        Ok(Self { trusted, intermediate, expired_intermediate, other })
    }

    /// The trusted authority in PEM.
    pub fn ca_pem(&self) -> String {
        self.trusted.pem()
    }

    /// The trusted authority.
    pub fn ca_der(&self) -> &CertificateDer<'static> {
        self.trusted.der()
    }

    /// A revocation list of the trusted authority that names these serial numbers, in PEM.
    pub fn crl_pem(&self, revoked: &[u64]) -> io::Result<String> {
        let now = OffsetDateTime::now_utc();
        let revoked_certs = revoked
            .iter()
            .map(|&serial| RevokedCertParams {
                serial_number: SerialNumber::from(serial),
                revocation_time: now - Duration::days(2),
                reason_code: None,
                invalidity_date: None,
            })
            .collect();
        let params = CertificateRevocationListParams {
            this_update: now - Duration::days(1),
            next_update: now + Duration::days(30),
            crl_number: SerialNumber::from(7),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.trusted).and_then(|list| list.pem()).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revocation_list_is_of_version_2() {
        let pki = Pki::new().unwrap();
        assert!(pki.crl_pem(&[66]).unwrap().contains("BEGIN X509 CRL"));
    }
}
