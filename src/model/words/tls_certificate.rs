//! What is wrong with a certificate.

use crate::model::evidence::Key as K;
use crate::model::fault::{Fault, FaultCode as C};
use crate::model::words::command::{
    CA_FILE, CERTIFICATE, CLOCK, CURL_CA, DATES, PIN, S_CLIENT, VERIFY,
};
use crate::model::words::{When, Words};

/// The chain as presented ends below a root: an intermediate is missing, or the root is not trusted.
fn ends_below_a_root(fault: &Fault) -> bool {
    fault.evidence.text(K::ChainEnd).is_some_and(|end| end.contains("below a root"))
}

pub(super) const WORDS: &[Words] = &[
    Words {
        code: C::TlsExpired,
        decided: "rustls: Expired, ExpiredContext",
        means: "A certificate of the chain is past its notAfter. The handshake was finished, nothing \
                was sent, and the rest of the chain was looked at too: see `problems`.",
        is_not: "Not our trust: it would fail with any ca_file. A wrong clock here looks the same.",
        evidence: &[K::Subject, K::NotAfter, K::DaysLeft, K::Chain, K::Problems],
        hint: "renew the certificate, install it and reload the service",
        when: &[],
        commands: [DATES, CLOCK, S_CLIENT],
        sources: &["RFC 5280 §4.1.2.5", "openssl-s_client(1)"],
    },
    Words {
        code: C::TlsNotYetValid,
        decided: "rustls: NotValidYet, NotValidYetContext",
        means: "A certificate's notBefore is in the future, by our clock.",
        is_not: "Rarely the certificate: most often a clock is wrong.",
        evidence: &[K::Subject, K::NotBefore, K::Chain, K::Problems],
        hint: "check the clocks of both sides, then the certificate's start date",
        when: &[],
        commands: [CLOCK, DATES, S_CLIENT],
        sources: &["RFC 5280 §4.1.2.5"],
    },
    Words {
        code: C::TlsUnknownIssuer,
        decided: "rustls: UnknownIssuer, and the leaf is not its own issuer",
        means: "The chain as presented leads to no authority that is trusted here. Where it ends \
                below a root, an intermediate may be missing, or that authority may be unknown to us; \
                the two can't always be told apart.",
        is_not: "Not self-signed, and not expired: those have codes of their own.",
        evidence: &[K::Subject, K::Issuer, K::Chain, K::ChainEnd, K::Problems],
        hint: "add the issuing authority to tls.ca_file, or have the service send its intermediate certificates",
        when: &[When {
            holds: ends_below_a_root,
            hint: "the chain ends below a root: have the service send its intermediate certificates; else add the issuer of the last one to tls.ca_file",
        }],
        commands: [VERIFY, S_CLIENT, CA_FILE],
        sources: &["RFC 5280 §6.1", "RFC 8446 §4.4.2", "openssl-verify(1)"],
    },
    Words {
        code: C::TlsSelfSigned,
        decided: "rustls: UnknownIssuer or CaUsedAsEndEntity, and the leaf's issuer is its subject",
        means: "The peer made its certificate itself, and nobody told us to trust it.",
        is_not: "No private authority: then the issuer would be another name.",
        evidence: &[K::Subject, K::Issuer, K::Sans, K::NotAfter],
        hint: "give the service a certificate of an authority, or name this one in tls.ca_file",
        when: &[],
        commands: [CERTIFICATE, S_CLIENT, CA_FILE],
        sources: &["RFC 5280 §3.2"],
    },
    Words {
        code: C::TlsNameMismatch,
        decided: "rustls: NotValidForName, NotValidForNameContext",
        means: "The chain is good, and the certificate is for other names than the one we asked for. \
                Only subjectAltName counts; the common name has not counted since 2011.",
        is_not: "Not an untrusted chain. Another site's certificate may mean another server.",
        evidence: &[K::ServerName, K::Sans, K::Subject, K::Problems],
        hint: "connect by a name that the certificate has, set tls.server_name, or reissue the certificate",
        when: &[],
        commands: [DATES, S_CLIENT, VERIFY],
        sources: &["RFC 9525 §6", "RFC 5280 §4.2.1.6"],
    },
    Words {
        code: C::TlsRevoked,
        decided: "rustls: Revoked, by a list of tls.crl_files or a valid stapled OCSP answer",
        means: "The issuer withdrew the certificate.",
        is_not: "Nothing was fetched: only lists that the site gives and what the peer staples count.",
        evidence: &[K::Subject, K::Issuer, K::Problems],
        hint: "replace the certificate: its issuer has withdrawn it",
        when: &[],
        commands: [CERTIFICATE, VERIFY, DATES],
        sources: &["RFC 5280 §5", "RFC 6960 §2.2"],
    },
    Words {
        code: C::TlsBadSignature,
        decided: "rustls: BadSignature, of the chain or of the handshake",
        means: "A signature was not made by the key that it should be of.",
        is_not: "Not an unknown issuer: an authority of that name is known, with another key.",
        evidence: &[K::Subject, K::Issuer, K::Chain, K::Problems],
        hint: "look for an authority of the same name with another key, or a damaged certificate",
        when: &[],
        commands: [VERIFY, CA_FILE, CERTIFICATE],
        sources: &["RFC 5280 §6.1.3", "RFC 8446 §4.4.3"],
    },
    Words {
        code: C::TlsWeak,
        decided: "rustls: UnsupportedSignatureAlgorithm of the chain; RSA below 2048 bits",
        means: "A key or an algorithm of the chain is one that nobody should rely on any more.",
        is_not: "Not the cipher of the connection: that is tls.no-common-parameters.",
        evidence: &[K::Subject, K::Issuer, K::Chain, K::Problems],
        hint: "reissue the certificate with a stronger key and SHA-256 or better",
        when: &[],
        commands: [CERTIFICATE, S_CLIENT, VERIFY],
        sources: &["RFC 9155", "NIST SP 800-131A"],
    },
    Words {
        code: C::TlsBadPurpose,
        decided: "rustls: InvalidPurpose, InvalidPurposeContext",
        means: "The certificate's extended key usage leaves out serverAuth: it was made for a client, \
                for mail or for code.",
        is_not: "Not a name and not a date.",
        evidence: &[K::Subject, K::Issuer, K::Problems],
        hint: "reissue the certificate for serverAuth",
        when: &[],
        commands: [CERTIFICATE, VERIFY, S_CLIENT],
        sources: &["RFC 5280 §4.2.1.12"],
    },
    Words {
        code: C::TlsInvalidCertificate,
        decided: "rustls: any other CertificateError",
        means: "A certificate breaks another rule: encoding, constraints of names or path length, \
                an unknown critical extension.",
        is_not: "None of the common causes, which have codes of their own.",
        evidence: &[K::Subject, K::Issuer, K::Chain, K::Problems],
        hint: "reissue the certificate; the problems stand in the evidence",
        when: &[],
        commands: [VERIFY, CERTIFICATE, S_CLIENT],
        sources: &["RFC 5280 §6.1"],
    },
    Words {
        code: C::TlsPinMismatch,
        decided: "SHA-256 of the leaf's public key against tls.pins",
        means: "The chain is good, and the key is none of those that the site pinned.",
        is_not: "Not always an attack: a renewed certificate with a new key does this.",
        evidence: &[K::KeyPin, K::Expected, K::Subject, K::Issuer],
        hint: "compare the key with the pinned ones: the certificate was replaced, or somebody stands in between",
        when: &[],
        commands: [PIN, CERTIFICATE, CURL_CA],
        sources: &["RFC 7469 §2.4", "curl(1), --pinnedpubkey"],
    },
];
