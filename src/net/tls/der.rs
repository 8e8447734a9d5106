//! As much DER as OCSP and signatures need (X.690 §8.1, §10.1): definite lengths, tags of one byte.

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::net::tls::trust::provider;

/// Tags (X.690 §8.1.2, X.680 §8.6).
pub(super) mod tag {
    pub(in crate::net::tls) const INTEGER: u8 = 0x02;
    pub(in crate::net::tls) const BIT_STRING: u8 = 0x03;
    pub(in crate::net::tls) const OCTET_STRING: u8 = 0x04;
    pub(in crate::net::tls) const OID: u8 = 0x06;
    pub(in crate::net::tls) const ENUMERATED: u8 = 0x0a;
    pub(in crate::net::tls) const TIME: u8 = 0x18;
    pub(in crate::net::tls) const SEQUENCE: u8 = 0x30;

    /// An explicit tag of the context.
    pub(in crate::net::tls) const fn context(number: u8) -> u8 {
        0xa0 | number
    }
}

/// One value: its tag, what is in it, and the whole of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    pub(super) tag: u8,
    pub(super) inner: &'a [u8],
    pub(super) whole: &'a [u8],
}

/// Values that follow each other.
#[derive(Clone, Debug)]
pub(super) struct Values<'a>(pub(super) &'a [u8]);

impl<'a> Values<'a> {
    /// The next value if it has this tag.
    pub(super) fn value(&mut self, tag: u8) -> Option<Value<'a>> {
        let mut ahead = self.clone();
        let value = ahead.next().filter(|value| value.tag == tag)?;
        *self = ahead;
        Some(value)
    }

    /// What is within the next value, if that has this tag.
    pub(super) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.value(tag).map(|value| Self(value.inner))
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    /// `None` at the end, and where the rest is no DER.
    fn next(&mut self) -> Option<Value<'a>> {
        let bytes = self.0;
        let (&tag, rest) = bytes.split_first()?;
        let (&first, rest) = rest.split_first()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x83 => {
                let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (inner, left) = rest.split_at_checked(length)?;
        self.0 = left;
        Some(Value { tag, inner, whole: &bytes[..bytes.len() - left.len()] })
    }
}

/// Something signed: what, how, and the signature (RFC 5280 §4.1.1, RFC 6960 §4.2.1).
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<'a> {
    pub(super) message: Value<'a>,
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Reads it from the inside of its sequence, and leaves what follows there.
    pub(super) fn read(values: &mut Values<'a>) -> Option<Self> {
        Some(Self {
            message: values.value(tag::SEQUENCE)?,
            algorithm: values.value(tag::SEQUENCE)?.inner,
            // The first byte counts the unused bits of the last: none in a signature.
            signature: values.value(tag::BIT_STRING)?.inner.strip_prefix(&[0])?,
        })
    }

    /// A certificate as something signed.
    pub(super) fn certificate(certificate: &'a [u8]) -> Option<Self> {
        Self::read(&mut Values(certificate).enter(tag::SEQUENCE)?)
    }

    /// Whether this certificate's key made the signature, by an algorithm that TLS would accept.
    pub(super) fn is_by(&self, issuer: &CertificateDer<'_>) -> bool {
        self.verified(issuer).unwrap_or(false)
    }

    fn verified(&self, issuer: &CertificateDer<'_>) -> Option<bool> {
        let (_, parsed) = X509Certificate::from_der(issuer).ok()?;
        let mut key = Values(parsed.public_key().raw).enter(tag::SEQUENCE)?;
        let kind = key.value(tag::SEQUENCE)?.inner;
        let key = key.value(tag::BIT_STRING)?.inner.strip_prefix(&[0])?;
        let known = provider().signature_verification_algorithms.all;
        let fitting = known.iter().filter(|known| {
            known.signature_alg_id().as_ref() == self.algorithm
                && known.public_key_alg_id().as_ref() == kind
        });
        let mut verdicts = fitting
            .map(|known| known.verify_signature(key, self.message.whole, self.signature).is_ok());
        Some(verdicts.any(|good| good))
    }
}

#[cfg(test)]
mod tests {
    use super::{Values, tag};

    #[test]
    fn lengths_of_every_form_are_read_and_short_ones_refused() {
        let mut values = Values(&[4, 1, 7, 4, 0x81, 2, 8, 9, 2, 5, 1]);
        assert_eq!(values.value(tag::OCTET_STRING).unwrap().inner, [7]);
        assert_eq!(values.value(tag::OCTET_STRING).unwrap().inner, [8, 9]);
        assert!(values.next().is_none());
        assert!(Values(&[4, 0x80, 0, 0]).next().is_none());
    }
}
