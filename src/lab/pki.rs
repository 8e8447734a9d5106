//! Certificate authorities made at start, and leaves with whatever flaw a scenario needs.

use std::io;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use time::{Duration, OffsetDateTime};

use crate::lab::crypto::sha256;

type Authority = CertifiedIssuer<'static, KeyPair>;

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
    key: Vec<u8>,
}

impl Identity {
    /// The pin of its public key, as curl has it.
    pub fn pin(&self) -> String {
        format!("sha256//{}", BASE64_STANDARD.encode(sha256(&self.public_key)))
    }
}

/// What a server asks of a client's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificate {
    /// Nothing.
    Ignored,
    /// Asked for, and verified if it comes.
    Optional,
    /// The handshake fails without one.
    Required,
}

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

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
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

    /// A good server certificate for `sans`.
    pub fn server(&self, sans: &[&str]) -> io::Result<Identity> {
        self.leaf(&Leaf { sans, ..Leaf::GOOD })
    }

    /// The leaf that is asked for.
    pub fn leaf(&self, leaf: &Leaf<'_>) -> io::Result<Identity> {
        self.make_leaf(leaf).map_err(failed)
    }

    fn make_leaf(&self, leaf: &Leaf<'_>) -> Result<Identity, rcgen::Error> {
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
        let key = KeyPair::generate()?;
        let (certificate, above) = match leaf.signer {
            Signer::Trusted => (params.signed_by(&key, &self.trusted)?, None),
            Signer::Other => (params.signed_by(&key, &self.other)?, None),
            Signer::MissingIntermediate => (params.signed_by(&key, &self.intermediate)?, None),
            Signer::Intermediate => {
                (params.signed_by(&key, &self.intermediate)?, Some(&self.intermediate))
            }
            Signer::ExpiredIntermediate => (
                params.signed_by(&key, &self.expired_intermediate)?,
                Some(&self.expired_intermediate),
            ),
            Signer::Itself => (params.self_signed(&key)?, None),
        };
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

    /// A server's TLS with this identity.
    pub fn tls(&self, identity: &Identity) -> io::Result<Arc<ServerConfig>> {
        self.tls_with(identity, ClientCertificate::Ignored, rustls::ALL_VERSIONS)
    }

    /// A server's TLS, with what it asks of clients and the versions that it speaks.
    pub fn tls_with(
        &self,
        identity: &Identity,
        client: ClientCertificate,
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<Arc<ServerConfig>> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .map_err(io::Error::other)?;
        let mut roots = RootCertStore::empty();
        roots.add(self.trusted.der().clone()).map_err(io::Error::other)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        let builder = match client {
            ClientCertificate::Ignored => builder.with_no_client_auth(),
            ClientCertificate::Optional => builder.with_client_cert_verifier(
                verifier.allow_unauthenticated().build().map_err(io::Error::other)?,
            ),
            ClientCertificate::Required => {
                builder.with_client_cert_verifier(verifier.build().map_err(io::Error::other)?)
            }
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.clone()));
        let config =
            builder.with_single_cert(identity.chain.clone(), key).map_err(io::Error::other)?;
        Ok(Arc::new(config))
    }
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

    #[test]
    fn a_revocation_list_is_of_version_2() {
        let pki = Pki::new().unwrap();
        assert!(pki.crl_pem(&[66]).unwrap().contains("BEGIN X509 CRL"));
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
