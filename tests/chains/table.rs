//! The table of chains: how each is made, and what it must come to.

use crate::forge::{EC, FUTURE, Form, NOW, PAST};

/// One chain that a server presents.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// What is asked for.
    pub(crate) host: &'static str,
    /// The leaf's alternative names.
    pub(crate) san: &'static str,
    pub(crate) subject: &'static str,
    /// The leaf's other extensions.
    pub(crate) extensions: &'static str,
    pub(crate) key: &'static str,
    pub(crate) issuer: &'static str,
    pub(crate) valid: (&'static str, &'static str),
    /// More for `openssl ca`, and the leaf's own serial number.
    pub(crate) more: &'static str,
    pub(crate) serial: &'static str,
    /// What is presented above the leaf; `leaf` is the leaf again.
    pub(crate) above: &'static [&'static str],
    /// The file of authorities: certificates joined by `+`, `leaf` for the leaf; the system's if empty.
    pub(crate) trust: &'static str,
    /// More of the site's `tls`: `key=value`, a file's name where the key ends in `_file`.
    pub(crate) site: &'static [(&'static str, &'static str)],
    /// More for `openssl s_server`.
    pub(crate) server: &'static str,
    /// The fault; none where the chain is good.
    pub(crate) code: Option<&'static str>,
    /// What fault or evidence must say.
    pub(crate) says: &'static str,
}

const GOOD: Row = Row {
    name: "good",
    host: "peer.example",
    san: "DNS:peer.example",
    subject: "/CN=leaf",
    extensions: "extendedKeyUsage=serverAuth\n",
    key: "p256",
    issuer: "root",
    valid: NOW,
    more: "",
    serial: "",
    above: &[],
    trust: "root",
    site: &[],
    server: "",
    code: None,
    says: "",
};

const fn bad(name: &'static str, code: &'static str, says: &'static str) -> Row {
    Row { name, code: Some(code), says, ..GOOD }
}

const fn good(name: &'static str) -> Row {
    Row { name, ..GOOD }
}

const fn authority(name: &'static str, issuer: &'static str) -> Form<'static> {
    Form {
        name,
        key: name,
        issuer,
        subject: "",
        extensions: "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
                     subjectKeyIdentifier=hash\n",
        valid: NOW,
        more: "",
        serial: "",
    }
}

const RSA: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:";

/// Keys of leaves: name and how it is made.
pub(crate) const KEYS: &[(&str, &str, &str)] = &[
    ("p256", EC, ""),
    ("p384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384", ""),
    ("ed25519", "-algorithm ED25519", ""),
    ("rsa1024", RSA, "1024"),
    ("rsa2048", RSA, "2048"),
    ("rsa3072", RSA, "3072"),
    ("rsa4096", RSA, "4096"),
];

const CONSTRAINED: &str = "basicConstraints=critical,CA:TRUE\nnameConstraints=critical,";

/// The authorities, issuers before those they issue.
pub(crate) const AUTHORITIES: &[Form<'static>] = &[
    authority("root", "root"),
    authority("other", "other"),
    // The root's name, another key.
    Form { subject: "/CN=root", ..authority("impostor", "impostor") },
    Form { valid: PAST, ..authority("old-root", "old-root") },
    Form { key: "rsa2048", ..authority("rsa2048", "rsa2048") },
    Form { key: "rsa1024", ..authority("rsa1024", "rsa1024") },
    authority("one", "root"),
    authority("two", "one"),
    authority("three", "two"),
    Form { valid: PAST, ..authority("past", "root") },
    Form { valid: FUTURE, ..authority("future", "root") },
    Form {
        extensions: "basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\n",
        ..authority("no-authority", "root")
    },
    Form {
        extensions: "basicConstraints=critical,CA:TRUE,pathlen:0\nsubjectKeyIdentifier=hash\n",
        ..authority("last", "root")
    },
    authority("too-deep", "last"),
    Form { more: "-md sha1", ..authority("sha1", "root") },
    Form { serial: "0x77", ..authority("withdrawn", "root") },
    Form { name: "crossed", key: "one", subject: "/CN=one", ..authority("one", "other") },
    Form { key: "rsa1024", subject: "/CN=weak", ..authority("weak", "root") },
];

/// Authorities whose names are constrained (RFC 5280 §4.2.1.10), and how.
pub(crate) const CONSTRAINTS: &[(&str, &str)] = &[
    ("only-example", "permitted;DNS:example"),
    ("only-test", "permitted;DNS:test"),
    ("not-peer", "excluded;DNS:peer.example"),
    ("only-loopback", "permitted;IP:127.0.0.0/255.0.0.0"),
    ("not-loopback", "excluded;IP:127.0.0.0/255.0.0.0"),
    ("only-ten", "permitted;IP:10.0.0.0/255.0.0.0"),
];

/// The extensions of such an authority.
pub(crate) fn constrained(how: &str) -> String {
    format!("{CONSTRAINED}{how}\nsubjectKeyIdentifier=hash\n")
}

pub(crate) const ROWS: &[Row] = &[
    GOOD,
    // Good chains of every kind.
    Row { host: "www.peer.example", san: "DNS:*.peer.example", ..good("wildcard") },
    Row { host: "127.0.0.1", san: "IP:127.0.0.1", ..good("address") },
    Row { san: "DNS:a.example,DNS:b.example,IP:10.0.0.1,DNS:peer.example", ..good("many-names") },
    Row { san: "DNS:PEER.Example", ..good("other-case") },
    Row { host: "peer.example.", ..good("trailing-dot") },
    Row { host: "xn--bcher-kva.example", san: "DNS:xn--bcher-kva.example", ..good("idna") },
    Row { issuer: "three", above: &["three", "two", "one"], ..good("three-intermediates") },
    Row { issuer: "three", above: &["one", "three", "two"], ..good("out-of-order") },
    Row { issuer: "one", above: &["one", "one", "leaf"], ..good("duplicates") },
    Row { issuer: "one", above: &["one", "root"], ..good("root-included") },
    Row { issuer: "one", above: &["other", "one"], ..good("one-too-many") },
    Row { issuer: "one", above: &["crossed", "one"], ..good("cross-signed") },
    Row { issuer: "one", above: &["one", "crossed"], trust: "other", ..good("crossed-to-other") },
    Row { key: "rsa2048", ..good("rsa-2048") },
    Row { key: "rsa3072", ..good("rsa-3072") },
    Row { key: "rsa4096", ..good("rsa-4096") },
    Row { key: "p384", ..good("p-384") },
    Row { key: "ed25519", ..good("ed25519") },
    Row { more: "-md sha384", ..good("sha-384") },
    Row { issuer: "rsa2048", trust: "rsa2048", ..good("signed-by-rsa") },
    Row {
        issuer: "rsa2048",
        trust: "rsa2048",
        more: "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:-1",
        ..good("pss")
    },
    Row { extensions: "", ..good("no-purpose") },
    Row { extensions: "extendedKeyUsage=clientAuth,serverAuth\n", ..good("two-purposes") },
    Row { trust: "leaf", issuer: "other", ..good("trusted-itself") },
    Row { issuer: "only-example", above: &["only-example"], ..good("within-constraint") },
    Row {
        host: "127.0.0.1",
        san: "IP:127.0.0.1",
        issuer: "only-loopback",
        above: &["only-loopback"],
        ..good("address-within-constraint")
    },
    // OpenSSL judges a root's dates; by RFC 5280 §6.1.1 (d) an anchor is a name and a key, no dates.
    Row { issuer: "old-root", trust: "old-root", ..good("root-expired") },
    // Time.
    Row { valid: PAST, ..bad("expired", "tls.expired", "leaf: expired ") },
    Row { valid: FUTURE, ..bad("not-yet", "tls.not-yet-valid", "leaf: not valid for ") },
    Row {
        issuer: "past",
        above: &["past"],
        ..bad("intermediate-expired", "tls.expired", "certificate 1: expired ")
    },
    Row {
        issuer: "future",
        above: &["future"],
        ..bad("intermediate-future", "tls.not-yet-valid", "certificate 1: not valid for ")
    },
    Row {
        valid: PAST,
        trust: "leaf",
        issuer: "other",
        ..bad("trusted-itself-expired", "tls.expired", "leaf: expired ")
    },
    // All that is wrong is named, whatever came first.
    Row {
        valid: PAST,
        san: "DNS:else.example",
        ..bad("expired-and-misnamed", "tls.expired", "leaf: for else.example, not for peer.example")
    },
    Row {
        valid: PAST,
        issuer: "other",
        ..bad("expired-and-unknown", "tls.expired", "neither presented nor trusted")
    },
    // Names (RFC 6125 §6.4, RFC 9525).
    Row { san: "DNS:else.example", ..bad("misnamed", "tls.name-mismatch", "not for peer.example") },
    Row {
        host: "a.b.example",
        san: "DNS:*.example",
        ..bad("wildcard-depth", "tls.name-mismatch", "for *.example, not for a.b.example")
    },
    Row {
        host: "peer.example",
        san: "DNS:*.peer.example",
        ..bad("wildcard-itself", "tls.name-mismatch", "for *.peer.example, not for peer.example")
    },
    // OpenSSL takes `p*r`; RFC 9525 §6.3 wants the wildcard to be the whole label.
    Row { san: "DNS:p*r.example", ..bad("partial-wildcard", "tls.name-mismatch", "p*r.example") },
    // OpenSSL falls back to the common name; RFC 9525 §6.3 forbids it.
    Row {
        san: "",
        subject: "/CN=peer.example",
        ..bad("common-name-only", "tls.name-mismatch", "no name at all")
    },
    Row {
        san: "email:a@example",
        ..bad("no-dns-name", "tls.name-mismatch", "not for peer.example")
    },
    Row {
        host: "127.0.0.1",
        san: "DNS:127.0.0.1",
        ..bad("address-as-name", "tls.name-mismatch", "not for 127.0.0.1")
    },
    Row {
        host: "127.0.0.1",
        san: "IP:127.0.0.2",
        ..bad("other-address", "tls.name-mismatch", "for 127.0.0.2, not for 127.0.0.1")
    },
    Row {
        trust: "leaf",
        issuer: "other",
        san: "DNS:else.example",
        ..bad("trusted-itself-misnamed", "tls.name-mismatch", "for else.example")
    },
    // Issuers.
    Row {
        issuer: "other",
        ..bad("unknown", "tls.unknown-issuer", "neither presented nor trusted")
    },
    Row {
        issuer: "other",
        above: &["other"],
        ..bad("unknown-root-included", "tls.unknown-issuer", "its own issuer, and not trusted here")
    },
    Row { issuer: "impostor", ..bad("same-name-other-key", "tls.bad-signature", "its signature") },
    Row {
        issuer: "one",
        ..bad("intermediate-missing", "tls.unknown-issuer", "`CN=one` is neither")
    },
    Row {
        issuer: "three",
        above: &["three", "one"],
        ..bad("gap", "tls.unknown-issuer", "certificate 1: its issuer `CN=two` is neither")
    },
    Row { issuer: "self", ..bad("self-signed", "tls.self-signed", "its own issuer") },
    Row {
        issuer: "self",
        extensions: "basicConstraints=CA:TRUE\n",
        ..bad("self-signed-authority", "tls.self-signed", "its own issuer")
    },
    // Rules of RFC 5280.
    Row {
        extensions: "extendedKeyUsage=clientAuth\n",
        ..bad("for-clients", "tls.bad-purpose", "not made for servers")
    },
    Row {
        extensions: "extendedKeyUsage=clientAuth\n",
        trust: "leaf",
        ..bad("trusted-itself-for-clients", "tls.bad-purpose", "not made for servers")
    },
    Row {
        extensions: "basicConstraints=CA:TRUE\n",
        ..bad("authority-as-server", "tls.invalid-certificate", "used as a server's")
    },
    Row {
        issuer: "no-authority",
        above: &["no-authority"],
        ..bad("issued-by-no-authority", "tls.invalid-certificate", "certificate 1: no authority")
    },
    Row {
        issuer: "too-deep",
        above: &["too-deep", "last"],
        ..bad("path-too-long", "tls.invalid-certificate", "PathLenConstraintViolated")
    },
    Row {
        issuer: "only-test",
        above: &["only-test"],
        ..bad("name-not-permitted", "tls.invalid-certificate", "NameConstraintViolation")
    },
    Row {
        issuer: "not-peer",
        above: &["not-peer"],
        ..bad("name-excluded", "tls.invalid-certificate", "NameConstraintViolation")
    },
    Row {
        host: "127.0.0.1",
        san: "IP:127.0.0.1",
        issuer: "not-loopback",
        above: &["not-loopback"],
        ..bad("address-excluded", "tls.invalid-certificate", "NameConstraintViolation")
    },
    Row {
        host: "127.0.0.1",
        san: "IP:127.0.0.1",
        issuer: "only-ten",
        above: &["only-ten"],
        ..bad("address-not-permitted", "tls.invalid-certificate", "NameConstraintViolation")
    },
    Row {
        extensions: "1.3.6.1.4.1.99999.1=critical,ASN1:NULL\n",
        ..bad("unknown-critical", "tls.invalid-certificate", "UnsupportedCriticalExtension")
    },
    Row { extensions: "1.3.6.1.4.1.99999.1=ASN1:NULL\n", ..good("unknown-not-critical") },
    Row {
        san: "",
        extensions: "",
        serial: "5",
        ..bad("version-1", "tls.invalid-certificate", "Version")
    },
    // RFC 5280 §4.1.2.2 asks for a positive number, and for readers that cope with others.
    Row { serial: "0", ..good("serial-zero") },
    Row { serial: "-5", ..good("serial-negative") },
    // TLS bounds a chain at 16 MiB, we bound it far below.
    Row { above: &["root"; 30_000], ..bad("ten-megabytes", "tls.malformed", "passes the size") },
    // Weakness.
    Row { more: "-md sha1", ..bad("sha-1", "tls.weak", "signed with SHA-1") },
    Row {
        issuer: "rsa2048",
        trust: "rsa2048",
        more: "-md md5",
        ..bad("md5", "tls.weak", "signed with MD5")
    },
    Row { key: "rsa1024", ..bad("rsa-1024", "tls.weak", "RSA key of 1024 bits") },
    Row {
        issuer: "weak",
        above: &["weak"],
        ..bad("rsa-1024-intermediate", "tls.weak", "RSA key of 1024 bits")
    },
    Row {
        issuer: "rsa1024",
        trust: "rsa1024",
        ..bad("rsa-1024-root", "tls.weak", "RSA key of 1024 bits")
    },
    Row {
        issuer: "sha1",
        above: &["sha1"],
        ..bad("sha-1-intermediate", "tls.weak", "certificate 1: signed with SHA-1")
    },
    // Revocation.
    Row {
        serial: "0x66",
        site: &[("crl_files", "root")],
        ..bad("revoked", "tls.revoked", "leaf: listed as revoked")
    },
    Row {
        serial: "0x66",
        trust: "leaf+root",
        site: &[("crl_files", "root")],
        ..bad("trusted-itself-revoked", "tls.revoked", "leaf: listed as revoked")
    },
    Row {
        issuer: "withdrawn",
        above: &["withdrawn"],
        site: &[("crl_files", "root")],
        ..bad("intermediate-revoked", "tls.revoked", "certificate 1: listed as revoked")
    },
    Row { serial: "0x65", site: &[("crl_files", "root")], ..good("not-revoked") },
    Row { serial: "0x66", site: &[("crl_files", "other")], ..good("list-of-another") },
    // OpenSSL fails for the list's age; an old list still proves what it names, and no more.
    Row {
        serial: "0x66",
        site: &[("crl_files", "stale")],
        ..bad("revoked-by-old-list", "tls.revoked", "leaf: listed as revoked")
    },
    Row { serial: "0x65", site: &[("crl_files", "stale")], ..good("old-list") },
    // What the site expects.
    Row {
        site: &[("pins", "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")],
        ..bad("pin", "tls.pin-mismatch", "none of the pinned")
    },
    Row { site: &[("issuers", "Corp")], ..bad("issuer", "service.wrong-peer", "CN=root") },
    Row { site: &[("issuers", "root")], ..good("issuer-expected") },
    // Who it is stays open, so nothing passes.
    Row { trust: "", issuer: "other", site: &[("mode", "require")], ..good("not-verified") },
    Row {
        trust: "other",
        site: &[("mode", "require")],
        ..bad("require-with-authorities", "tls.unknown-issuer", "neither presented nor trusted")
    },
    Row { san: "DNS:else.example", site: &[("mode", "verify-ca")], ..good("authority-only") },
    // Client certificates.
    Row {
        server: "-Verify 1 -verify_return_error -CAfile root.pem -tls1_2",
        ..bad("client-required-1.2", "tls.client-certificate-required", "")
    },
    Row {
        server: "-Verify 1 -verify_return_error -CAfile root.pem -tls1_3",
        ..bad("client-required-1.3", "tls.client-certificate-required", "")
    },
    Row { server: "-verify 1 -CAfile root.pem -tls1_2", ..good("client-optional-1.2") },
    Row { server: "-verify 1 -CAfile root.pem -tls1_3", ..good("client-optional-1.3") },
    Row { server: CLIENT_1_2, site: CLIENT, ..good("client-given-1.2") },
    Row { server: CLIENT_1_3, site: CLIENT, ..good("client-given-1.3") },
    Row {
        server: CLIENT_1_2,
        site: STRANGER,
        ..bad("client-stranger-1.2", "tls.client-certificate-rejected", "unknown_ca")
    },
    Row {
        server: CLIENT_1_3,
        site: STRANGER,
        ..bad("client-stranger-1.3", "tls.client-certificate-rejected", "unknown_ca")
    },
    // Versions and suites.
    Row { server: "-tls1_2", ..good("tls-1.2") },
    Row { server: "-tls1_1", ..bad("tls-1.1", "tls.version", r#""peer_version":"TLS 1.1""#) },
    Row { server: "-tls1", ..bad("tls-1.0", "tls.version", r#""peer_version":"TLS 1.0""#) },
    Row {
        server: "-tls1_1",
        ..bad("offered", "tls.version", r#""offered":["TLS 1.3","TLS 1.2"]"#)
    },
    Row {
        server: "-tls1_2",
        site: &[("min_version", "1.3")],
        ..bad("too-old", "tls.version", r#""peer_version":"TLS 1.2""#)
    },
    Row {
        key: "rsa2048",
        server: "-tls1_2 -cipher AES128-SHA:@SECLEVEL=0",
        ..bad("weak-suite", "tls.no-common-parameters", "")
    },
];

const CLIENT_1_2: &str = "-Verify 1 -verify_return_error -CAfile root.pem -tls1_2";
const CLIENT_1_3: &str = "-Verify 1 -verify_return_error -CAfile root.pem -tls1_3";
const CLIENT: &[(&str, &str)] =
    &[("client_cert_file", "two-purposes.pem"), ("client_key_file", "p256.key")];
const STRANGER: &[(&str, &str)] =
    &[("client_cert_file", "unknown.pem"), ("client_key_file", "p256.key")];
