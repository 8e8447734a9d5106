//! What the fuzz targets reach of the certificates' readers.

use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};

use crate::model::Evidence;
use crate::net::tls::trust::{Authorities, Trust};
use crate::net::tls::{certificate, ocsp, old, problems};

/// The day on which the chains of the seeds are good, in seconds since 1970.
const TODAY: i64 = 1_795_000_000;
const NOW: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(TODAY.unsigned_abs()));
const NAME: &str = "db.test";

/// Everything that is said of a chain, one certificate of which the site trusts and lists as revoked.
pub(crate) fn chain(parts: &[&[u8]]) -> (Vec<String>, Evidence) {
    let [list, trusted, chain @ ..] = parts else { return Default::default() };
    let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(*der)).collect();
    let trust = Trust {
        authorities: Authorities::File {
            path: "ca.pem".into(),
            certificates: vec![CertificateDer::from(trusted.to_vec())],
        },
        crls: vec![CertificateRevocationListDer::from(list.to_vec())],
        ..Trust::default()
    };
    let mut said = problems::of(&chain, &trust, NAME, TODAY);
    said.push(certificate::chain_end(&chain));
    if let (Some(verifier), [leaf, above @ ..]) = (trust.verifier(), chain.as_slice())
        && let Ok(name) = ServerName::try_from(NAME)
    {
        let _ = verifier.verify_server_cert(leaf, above, &name, &[], NOW);
    }
    (said, certificate::evidence(&chain, TODAY))
}

/// What a staple says of a chain.
pub(crate) fn staple(parts: &[&[u8]]) -> Option<String> {
    let [staple, chain @ ..] = parts else { return None };
    let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(*der)).collect();
    ocsp::read(staple, &chain, &[], TODAY).words()
}

/// The version that the beginning of an answer chooses.
pub(crate) fn server_hello(bytes: &[u8]) -> Option<&'static str> {
    old::chosen(bytes.first_chunk()?)
}
