//! TLS as a server of the lab offers it.

use std::io;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use crate::lab::pki::{Identity, Pki};

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

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl Pki {
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
