//! Leaves, good or with a flaw.

use std::io;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};

use crate::lab::crypto::sha256;
use crate::lab::pki::{Authority, Pki, failed};

/// Who signs a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The authority that clients are told to trust.
    Trusted,
    /// An intermediate of that authority, presented with the leaf.
    Intermediate,
    /// The same intermediate, which the server forgets to present.
    MissingIntermediate,
    /// An intermediate whose own validity has ended.
    ExpiredIntermediate,
    /// An authority that nobody trusts.
    Other,
    /// Its own key.
    Itself,
}

/// What a leaf looks like.
#[derive(Clone, Debug)]
pub struct Leaf<'a> {
    /// Names and addresses it is for.
    pub sans: &'a [&'a str],
    /// Common name.
    pub common_name: &'a str,
    /// Start of validity, in days from now.
    pub from_days: i64,
    /// End of validity, in days from now.
    pub until_days: i64,
    /// Who signs it.
    pub signer: Signer,
    /// Whether it is for clients in place of servers.
    pub client: bool,
    /// Whether it says of itself that it is an authority.
    pub authority: bool,
    /// Serial number; a revocation list names it.
    pub serial: u64,
    /// Whether a bit of the signature is wrong.
    pub broken_signature: bool,
}

impl Leaf<'_> {
    /// A good leaf of the trusted authority.
    pub const GOOD: Leaf<'static> = Leaf {
        sans: &[],
        common_name: "connprobe lab",
        from_days: -30,
        until_days: 365,
        signer: Signer::Trusted,
        client: false,
        authority: false,
        serial: 1000,
        broken_signature: false,
    };
}

/// A certificate chain with its key.
#[derive(Debug)]
pub struct Identity {
    /// The chain as presented, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf in PEM.
    pub certificate_pem: String,
    /// Its key in PEM (PKCS #8).
    pub key_pem: String,
    /// Its `SubjectPublicKeyInfo` in DER.
    public_key: Vec<u8>,
    /// Its key in DER (PKCS #8).
    pub(super) key: Vec<u8>,
}

impl Identity {
    /// The pin of its public key, as curl has it.
    pub fn pin(&self) -> String {
        format!("sha256//{}", BASE64_STANDARD.encode(sha256(&self.public_key)))
    }
}

impl Pki {
    /// A good server certificate for `sans`.
    pub fn server(&self, sans: &[&str]) -> io::Result<Identity> {
        self.leaf(&Leaf { sans, ..Leaf::GOOD })
    }

    /// The leaf that is asked for.
    pub fn leaf(&self, leaf: &Leaf<'_>) -> io::Result<Identity> {
        self.make_leaf(leaf).map_err(failed)
    }

    fn make_leaf(&self, leaf: &Leaf<'_>) -> Result<Identity, rcgen::Error> {
        let key = KeyPair::generate()?;
        let (certificate, above) = self.signed(leaf, &key)?;
        let mut der = certificate.der().to_vec();
        if leaf.broken_signature
            && let Some(last) = der.last_mut()
        {
            // The last bytes of an ECDSA signature are those of its number `s`: still well-formed.
            *last ^= 1;
        }
        let mut chain = vec![CertificateDer::from(der)];
        chain.extend(above.map(|issuer| issuer.der().clone()));
        Ok(Identity {
            chain,
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            public_key: rcgen::PublicKeyData::subject_public_key_info(&key),
            key: key.serialize_der(),
        })
    }

    /// The certificate, and the intermediate that is presented with it.
    fn signed(
        &self,
        leaf: &Leaf<'_>,
        key: &KeyPair,
    ) -> Result<(Certificate, Option<&Authority>), rcgen::Error> {
        let params = params(leaf)?;
        Ok(match leaf.signer {
            Signer::Trusted => (params.signed_by(key, &self.trusted)?, None),
            Signer::Other => (params.signed_by(key, &self.other)?, None),
            Signer::MissingIntermediate => (params.signed_by(key, &self.intermediate)?, None),
            Signer::Intermediate => {
                (params.signed_by(key, &self.intermediate)?, Some(&self.intermediate))
            }
            Signer::ExpiredIntermediate => (
                params.signed_by(key, &self.expired_intermediate)?,
                Some(&self.expired_intermediate),
            ),
            Signer::Itself => (params.self_signed(key)?, None),
        })
    }
}

/// What the certificate says, before it is signed.
fn params(leaf: &Leaf<'_>) -> Result<CertificateParams, rcgen::Error> {
    let sans: Vec<String> = leaf.sans.iter().map(|&name| name.into()).collect();
    let mut params = CertificateParams::new(sans)?;
    params.distinguished_name.push(DnType::CommonName, leaf.common_name);
    params.not_before = OffsetDateTime::now_utc() + Duration::days(leaf.from_days);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(leaf.until_days);
    params.serial_number = Some(SerialNumber::from(leaf.serial));
    params.use_authority_key_identifier_extension = leaf.signer != Signer::Itself;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![if leaf.client {
        ExtendedKeyUsagePurpose::ClientAuth
    } else {
        ExtendedKeyUsagePurpose::ServerAuth
    }];
    if leaf.authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages.push(KeyUsagePurpose::KeyCertSign);
    }
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::http::{Answer, Request, serve};

    #[test]
    fn a_leaf_presents_its_intermediate_only_where_it_should() {
        let pki = Pki::new().unwrap();
        let length = |signer| {
            pki.leaf(&Leaf { sans: &["a.example"], signer, ..Leaf::GOOD }).unwrap().chain.len()
        };
        assert_eq!(length(Signer::Trusted), 1);
        assert_eq!(length(Signer::Intermediate), 2);
        assert_eq!(length(Signer::MissingIntermediate), 1);
    }

    /// Whether a client that trusts the lab's authority accepts this leaf.
    async fn accepted(leaf: Leaf<'static>) -> bool {
        let pki = Pki::new().unwrap();
        let tls = pki.tls(&pki.leaf(&leaf).unwrap()).unwrap();
        let page = |request: &Request| Answer::new(204).reply_to(request);
        let server = serve(Some(tls), page).await.unwrap();
        let address = server.address();
        let client = crate::lab::tests::client_at(&pki.ca_pem(), "a.example", address);
        client.get(format!("https://a.example:{}/", address.port())).send().await.is_ok()
    }

    #[tokio::test]
    async fn a_client_accepts_the_good_leaves_and_none_of_the_others() {
        const GOOD: Leaf<'static> = Leaf { sans: &["a.example"], ..Leaf::GOOD };
        assert!(accepted(GOOD).await);
        assert!(accepted(Leaf { signer: Signer::Intermediate, ..GOOD }).await);
        for flaw in [
            Leaf { until_days: -1, ..GOOD },
            Leaf { from_days: 1, ..GOOD },
            Leaf { signer: Signer::MissingIntermediate, ..GOOD },
            Leaf { signer: Signer::ExpiredIntermediate, ..GOOD },
            Leaf { signer: Signer::Other, ..GOOD },
            Leaf { signer: Signer::Itself, ..GOOD },
            Leaf { sans: &["b.example"], ..GOOD },
            Leaf { client: true, ..GOOD },
            Leaf { broken_signature: true, ..GOOD },
        ] {
            assert!(!accepted(flaw.clone()).await, "{flaw:?}");
        }
    }
}
