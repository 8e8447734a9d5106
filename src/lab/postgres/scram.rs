//! SCRAM-SHA-256 as the server does it (RFC 5802, RFC 7677), with the channel binding
//! `tls-server-end-point` (RFC 5929 §4.1). Passwords are ASCII, so `SASLprep` changes nothing.

use std::io;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit, Mac};
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use crate::lab::crypto::{hmac, random};

/// PostgreSQL's default.
const ITERATIONS: u32 = 4096;

/// The mechanism without channel binding.
pub(super) const PLAIN: &str = "SCRAM-SHA-256";

/// The mechanism with channel binding.
pub(super) const PLUS: &str = "SCRAM-SHA-256-PLUS";

/// `Hi()` of RFC 5802 §2.2: PBKDF2 of one block.
fn salted(password: &[u8], salt: &[u8]) -> io::Result<[u8; 32]> {
    let keyed = Hmac::<Sha256>::new_from_slice(password).map_err(io::Error::other)?;
    let step = |data: &[&[u8]]| -> [u8; 32] {
        let mut mac = keyed.clone();
        for part in data {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    };
    let mut last = step(&[salt, &1_u32.to_be_bytes()]);
    let mut sum = last;
    for _ in 1..ITERATIONS {
        last = step(&[&last]);
        sum.iter_mut().zip(last).for_each(|(sum, byte)| *sum ^= byte);
    }
    Ok(sum)
}

/// An exchange after the client's first message.
#[derive(Debug)]
pub(super) struct Exchange {
    gs2: String,
    binding: Option<Vec<u8>>,
    first_bare: String,
    server_first: String,
    nonce: String,
    salt: [u8; 16],
}

impl Exchange {
    /// Reads the client's first message; `None` where it breaks the rules.
    ///
    /// `certificate` is ours, if the connection has TLS and binding is offered.
    pub(super) fn begin(
        mechanism: &str,
        message: &[u8],
        certificate: Option<&CertificateDer<'_>>,
    ) -> io::Result<Option<Self>> {
        let Ok(message) = std::str::from_utf8(message) else { return Ok(None) };
        let mut parts = message.splitn(3, ',');
        let (Some(flag), Some(_), Some(bare)) = (parts.next(), parts.next(), parts.next()) else {
            return Ok(None);
        };
        let binding = match (mechanism, flag, certificate) {
            (PLUS, "p=tls-server-end-point", Some(certificate)) => {
                Some(Sha256::digest(certificate).to_vec())
            }
            // `y` says "you offer no binding": where we do, someone in between took it away.
            (PLAIN, "n", _) | (PLAIN, "y", None) => None,
            _ => return Ok(None),
        };
        let Some(client) = bare.split(',').find_map(|part| part.strip_prefix("r=")) else {
            return Ok(None);
        };
        let salt = random::<16>()?;
        let nonce = format!("{client}{}", BASE64_STANDARD.encode(random::<18>()?));
        let server_first = format!("r={nonce},s={},i={ITERATIONS}", BASE64_STANDARD.encode(salt));
        let gs2 = format!("{flag},,");
        let first_bare = bare.to_owned();
        Ok(Some(Self { gs2, binding, first_bare, server_first, nonce, salt }))
    }

    /// What the server says next.
    pub(super) fn server_first(&self) -> &str {
        &self.server_first
    }

    /// Whether the exchange is bound to the TLS channel.
    #[cfg(test)]
    pub(super) const fn bound(&self) -> bool {
        self.binding.is_some()
    }

    /// Verifies the client's last message: the server's last one, or `None` where the proof does
    /// not hold. An unknown role has no password, and nothing verifies against it.
    pub(super) fn finish(
        &self,
        message: &[u8],
        password: Option<&str>,
    ) -> io::Result<Option<String>> {
        let (Ok(message), Some(password)) = (std::str::from_utf8(message), password) else {
            return Ok(None);
        };
        let Some((without_proof, proof)) = message.rsplit_once(",p=") else { return Ok(None) };
        let mut input = self.gs2.clone().into_bytes();
        input.extend(self.binding.iter().flatten());
        let expected = format!("c={},r={}", BASE64_STANDARD.encode(input), self.nonce);
        let Ok(proof) = BASE64_STANDARD.decode(proof) else { return Ok(None) };
        if without_proof != expected || proof.len() != 32 {
            return Ok(None);
        }
        let salted = salted(password.as_bytes(), &self.salt)?;
        let auth = format!("{},{},{without_proof}", self.first_bare, self.server_first);
        let stored = Sha256::digest(hmac(&salted, b"Client Key")?);
        let signature = hmac(&stored, auth.as_bytes())?;
        let client_key: Vec<u8> = proof.iter().zip(signature).map(|(a, b)| a ^ b).collect();
        if Sha256::digest(client_key) != stored {
            return Ok(None);
        }
        let server = hmac(&hmac(&salted, b"Server Key")?, auth.as_bytes())?;
        Ok(Some(format!("v={}", BASE64_STANDARD.encode(server))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7677_verifies() {
        let exchange = Exchange {
            gs2: "n,,".into(),
            binding: None,
            first_bare: "n=user,r=rOprNGfwEbeRWgbNEkqO".into(),
            server_first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                           s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
                .into(),
            nonce: "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".into(),
            salt: BASE64_STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap().try_into().unwrap(),
        };
        assert!(!exchange.bound());
        let last = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
            p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        let answer = exchange.finish(last, Some("pencil")).unwrap();
        assert_eq!(answer.as_deref(), Some("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        assert_eq!(exchange.finish(last, Some("pencils")).unwrap(), None);
        assert_eq!(exchange.finish(last, None).unwrap(), None);
    }

    #[test]
    fn a_binding_that_was_taken_away_is_noticed() {
        let certificate = CertificateDer::from(vec![1, 2, 3]);
        let first = b"y,,n=,r=abc";
        assert!(Exchange::begin(PLAIN, first, Some(&certificate)).unwrap().is_none());
        assert!(Exchange::begin(PLAIN, first, None).unwrap().is_some());
    }
}
