//! What a peer's certificate is judged by.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, SupportedProtocolVersion};

use crate::model::{MinVersion, VerifyMode};

/// The one place that names the provider of cryptography. ring: its first handshake in a process
/// costs 0.4 ms of processor time, where aws-lc-rs takes 23 ms.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

/// Why a file of trust or a client certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It can't be read.
    #[error("can't read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nothing of the kind is in it.
    #[error("`{}` holds no {what}", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// What is in it can't be read.
    #[error("`{}` holds no {what} that can be read: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// Certificate and key don't belong together.
    #[error("the key in `{}` does not belong to the certificate in `{}`", key.display(), cert.display())]
    Mismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
}

/// The authorities that are trusted.
#[derive(Clone, Debug)]
pub enum Authorities {
    /// Those that the system trusts, `SSL_CERT_FILE` and `SSL_CERT_DIR` honoured. They are read when
    /// the first handshake needs them, since that takes longer than a whole row.
    System,
    /// Those of a file.
    File {
        /// The file.
        path: PathBuf,
        /// Its certificates.
        certificates: Vec<CertificateDer<'static>>,
    },
}

impl Authorities {
    /// Reads a file of PEM certificates.
    pub fn read(path: &Path) -> Result<Self, TrustError> {
        let certificates = certificates(path)?;
        let mut store = RootCertStore::empty();
        for certificate in &certificates {
            store.add(certificate.clone()).map_err(|error| TrustError::Malformed {
                path: path.to_owned(),
                what: "certificate",
                why: error.to_string(),
            })?;
        }
        Ok(Self::File { path: path.to_owned(), certificates })
    }

    fn store(&self) -> Arc<RootCertStore> {
        static SYSTEM: OnceLock<Arc<RootCertStore>> = OnceLock::new();
        match self {
            Self::System => Arc::clone(SYSTEM.get_or_init(|| {
                let mut store = RootCertStore::empty();
                store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                Arc::new(store)
            })),
            Self::File { certificates, .. } => {
                let mut store = RootCertStore::empty();
                store.add_parsable_certificates(certificates.iter().cloned());
                Arc::new(store)
            }
        }
    }

    /// Whether this very certificate is trusted, without an issuer above it.
    pub fn names(&self, leaf: &CertificateDer<'_>) -> bool {
        match self {
            Self::System => false,
            Self::File { certificates, .. } => certificates.iter().any(|known| known == leaf),
        }
    }

    /// The certificates of a file; of the system's authorities only names and keys are kept.
    pub(super) fn certificates(&self) -> &[CertificateDer<'static>] {
        match self {
            Self::System => &[],
            Self::File { certificates, .. } => certificates,
        }
    }

    /// Where they come from, in words.
    pub fn describe(&self) -> String {
        match self {
            Self::System => "the system's authorities".to_owned(),
            Self::File { path, .. } => format!("`{}`", path.display()),
        }
    }
}

/// What a peer's certificate is judged by, and how we identify ourselves.
#[derive(Clone, Debug)]
pub struct Trust {
    /// How strictly.
    pub mode: VerifyMode,
    /// Who is trusted.
    pub authorities: Authorities,
    /// Revocation lists.
    pub crls: Vec<CertificateRevocationListDer<'static>>,
    /// Name to ask for and to verify, in place of the host.
    pub server_name: Option<String>,
    /// Lowest version accepted.
    pub min_version: MinVersion,
    /// Warn when a certificate ends within this time.
    pub expires_within: Duration,
    /// SHA-256 digests of public keys, one of which the peer must have.
    pub pins: Vec<[u8; 32]>,
    /// Texts of which one must be part of the leaf's issuer.
    pub issuers: Vec<String>,
    /// Our certificate.
    pub client: Option<Arc<CertifiedKey>>,
    /// The verifier, made when the first handshake needs it.
    pub verifier: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            mode: VerifyMode::VerifyFull,
            authorities: Authorities::System,
            crls: Vec::new(),
            server_name: None,
            min_version: MinVersion::Tls12,
            expires_within: Duration::from_hours(336),
            pins: Vec::new(),
            issuers: Vec::new(),
            client: None,
            verifier: OnceLock::new(),
        }
    }
}

impl Trust {
    /// The versions that are offered.
    pub fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        static BOTH: [&SupportedProtocolVersion; 2] =
            [&rustls::version::TLS13, &rustls::version::TLS12];
        match self.min_version {
            MinVersion::Tls12 => &BOTH,
            MinVersion::Tls13 => &BOTH[..1],
        }
    }

    /// The verifier of chains; `None` where no authority is trusted at all.
    pub fn verifier(&self) -> Option<&Arc<WebPkiServerVerifier>> {
        self.verifier
            .get_or_init(|| {
                let store = self.authorities.store();
                let mut builder = WebPkiServerVerifier::builder_with_provider(store, provider());
                if !self.crls.is_empty() {
                    // A list of one issuer says nothing about the others.
                    builder = builder
                        .with_crls(self.crls.iter().cloned())
                        .allow_unknown_revocation_status();
                }
                builder.build().ok()
            })
            .as_ref()
    }
}

/// Reads a file of PEM certificates.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let bytes = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| malformed(path, "certificate", &error))?;
    match found.is_empty() {
        true => Err(TrustError::Empty { path: path.to_owned(), what: "certificate (PEM)" }),
        false => Ok(found),
    }
}

/// Reads a revocation list, PEM or DER.
pub fn revocation_lists(
    path: &Path,
) -> Result<Vec<CertificateRevocationListDer<'static>>, TrustError> {
    let bytes = read(path)?;
    let found: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
    let mut found = found.map_err(|error| malformed(path, "revocation list", &error))?;
    if found.is_empty() {
        found.push(CertificateRevocationListDer::from(bytes));
    }
    for list in &found {
        if let Err(error) = webpki::OwnedCertRevocationList::from_der(list) {
            return Err(malformed(path, "revocation list (RFC 5280 §5, version 2)", &error));
        }
    }
    Ok(found)
}

/// Reads our certificate and its key.
pub fn client(cert: &Path, key: &Path) -> Result<CertifiedKey, TrustError> {
    let chain = certificates(cert)?;
    let bytes = zeroize::Zeroizing::new(read(key)?);
    let private = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| TrustError::Empty {
        path: key.to_owned(),
        what: "private key (PEM, unencrypted)",
    })?;
    let mismatch = || TrustError::Mismatch { cert: cert.to_owned(), key: key.to_owned() };
    CertifiedKey::from_der(chain, private, &provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => mismatch(),
        error => malformed(key, "private key", &error),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TrustError> {
    std::fs::read(path).map_err(|source| TrustError::Read { path: path.to_owned(), source })
}

fn malformed(path: &Path, what: &'static str, error: &dyn std::fmt::Display) -> TrustError {
    TrustError::Malformed { path: path.to_owned(), what, why: error.to_string() }
}
