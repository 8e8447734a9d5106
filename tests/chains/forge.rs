//! Certificates made by the program `openssl`: keys once, then as many certificates as are asked for.

use std::path::Path;
use std::process::Command;

/// Runs `openssl`, its arguments split at blanks.
pub(crate) fn openssl(at: &Path, arguments: &str) {
    let output =
        Command::new("openssl").current_dir(at).args(arguments.split_whitespace()).output();
    let output = output.expect("the program openssl is installed");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {told}");
}

pub(crate) fn write(at: &Path, name: &str, text: &str) {
    std::fs::write(at.join(name), text).expect("a file");
}

pub(crate) const EC: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
pub(crate) const PAST: (&str, &str) = ("20250101000000Z", "20250201000000Z");
pub(crate) const NOW: (&str, &str) = ("20250101000000Z", "20490101000000Z");
pub(crate) const FUTURE: (&str, &str) = ("20480101000000Z", "20490101000000Z");

const CONFIG: &str = "[ca]\ndefault_ca = d\n[d]\ndatabase = index\nnew_certs_dir = made\nserial = serial\n\
    crlnumber = crlnumber\ndefault_md = sha256\npolicy = p\nunique_subject = no\n[p]\n\
    commonName = optional\n[crl]\nauthorityKeyIdentifier = keyid\n";

/// What a certificate is made of.
#[derive(Clone, Copy)]
pub(crate) struct Form<'a> {
    /// The file that it is put in, without its ending.
    pub(crate) name: &'a str,
    /// The key's name.
    pub(crate) key: &'a str,
    /// The authority's name; its own for a root.
    pub(crate) issuer: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) extensions: &'a str,
    pub(crate) valid: (&'a str, &'a str),
    /// More arguments of `openssl ca`.
    pub(crate) more: &'a str,
    /// A serial number of one's own, as `openssl x509 -set_serial` takes it.
    pub(crate) serial: &'a str,
}

/// The directory that everything is made in.
pub(crate) fn begin(at: &Path) {
    std::fs::create_dir(at.join("made")).expect("a directory");
    write(at, "config", CONFIG);
    write(at, "index", "");
    write(at, "index.attr", "unique_subject = no\n");
    write(at, "crlnumber", "01\n");
}

/// A key, and a request that proves it.
pub(crate) fn key(at: &Path, name: &str, kind: &str) {
    openssl(at, &format!("genpkey {kind} -out {name}.key"));
    openssl(at, &format!("req -new -subj /CN=key -key {name}.key -out {name}.csr"));
}

/// A certificate.
pub(crate) fn certificate(at: &Path, form: &Form<'_>) {
    let Form { name, key, issuer, subject, extensions, valid: (from, to), more, serial } = form;
    write(at, &format!("{name}.ext"), extensions);
    let own = if name == issuer { "-selfsign".to_owned() } else { format!("-cert {issuer}.pem") };
    let signer = if name == issuer { key } else { issuer };
    let extended = match extensions.is_empty() {
        true => String::new(),
        false => format!("-extfile {name}.ext"),
    };
    if serial.is_empty() {
        openssl(
            at,
            &format!(
                "ca -config config -batch -notext -rand_serial {own} -keyfile {signer}.key -in \
                 {key}.csr -subj {subject} -startdate {from} -enddate {to} {extended} {more} -out \
                 {name}.pem"
            ),
        );
    } else {
        openssl(at, &format!("req -new -key {key}.key -subj {subject} -out {name}.csr"));
        openssl(
            at,
            &format!(
                "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -set_serial {serial} \
                 -days 9 {extended} {more} -out {name}.pem"
            ),
        );
    }
}

/// A revocation list of version 2 that names these serial numbers (hexadecimal).
pub(crate) fn revocation_list(
    at: &Path,
    name: &str,
    issuer: &str,
    serials: &[&str],
    valid: (&str, &str),
) {
    let line =
        |serial: &&str| format!("R\t490101000000Z\t250102030405Z\t{serial}\tunknown\t/CN=x\n");
    let before = std::fs::read_to_string(at.join("index")).expect("the index");
    write(at, "index", &serials.iter().map(line).collect::<String>());
    let (from, to) = valid;
    openssl(
        at,
        &format!(
            "ca -config config -gencrl -crlexts crl -cert {issuer}.pem -keyfile {issuer}.key \
             -crl_lastupdate {from} -crl_nextupdate {to} -out {name}.crl"
        ),
    );
    write(at, "index", &before);
}
