//! Staples made by OpenSSL: each comes to what it proves.

use std::path::Path;

use serde_json::{Value, json};

use crate::forge::{openssl, write};
use crate::serve::{Peer, Server, run};

/// One answer of a responder: how it is made, and what it must come to.
struct Case {
    name: &'static str,
    /// The line of the responder's index: `V` good, `R` revoked.
    status: char,
    /// Who signs the answer: `ca`, `delegate` (entrusted by the authority) or `other`.
    signer: &'static str,
    /// Whether the answer is about another certificate.
    about_other: bool,
    code: Option<&'static str>,
    /// What the evidence `ocsp` must hold.
    ocsp: &'static str,
}

const GOOD: Case =
    Case { name: "good", status: 'V', signer: "ca", about_other: false, code: None, ocsp: "good" };

const REVOKED: Case = Case {
    name: "revoked",
    status: 'R',
    code: Some("tls.revoked"),
    ocsp: "revoked 2025-01-02T03:04:05Z (keyCompromise)",
    ..GOOD
};

const CASES: &[Case] = &[
    GOOD,
    REVOKED,
    Case { name: "revoked-by-delegate", signer: "delegate", ..REVOKED },
    // A near miss each: an answer that is not believed neither passes nor fails anything.
    Case {
        name: "forged",
        signer: "other",
        code: None,
        ocsp: "not believed: the signature is not the issuer's",
        ..REVOKED
    },
    Case {
        name: "about-another",
        about_other: true,
        code: None,
        ocsp: "not believed: it is about another certificate",
        ..REVOKED
    },
];

/// The authority, one that nobody trusts, a delegate for OCSP, and two leaves.
fn certificates(at: &Path) {
    write(at, "leaf.ext", "subjectAltName=DNS:peer.example\nextendedKeyUsage=serverAuth\n");
    write(at, "delegate.ext", "extendedKeyUsage=OCSPSigning\n");
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    for ca in ["ca", "other"] {
        // The same name: only the signature tells the forger.
        openssl(
            at,
            &format!("req -x509 {key} -days 9 -subj /CN=ca -keyout {ca}.key -out {ca}.pem"),
        );
    }
    for (name, form, serial) in
        [("leaf", "leaf", 0x11), ("second", "leaf", 0x12), ("delegate", "delegate", 0x13)]
    {
        openssl(at, &format!("req {key} -new -subj /CN={name} -keyout {name}.key -out {name}.csr"));
        openssl(
            at,
            &format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -set_serial {serial} -days 9 \
                 -extfile {form}.ext -out {name}.pem"
            ),
        );
    }
}

fn staple(at: &Path, case: &Case) {
    let when = if case.status == 'R' { "250102030405Z,keyCompromise" } else { "" };
    let line = |serial| {
        format!("{}\t490101000000Z\t{when}\t{serial}\tunknown\t/CN={serial}\n", case.status)
    };
    write(at, "index", &(line("11") + &line("12")));
    let about = if case.about_other { "second" } else { "leaf" };
    openssl(at, &format!("ocsp -issuer ca.pem -cert {about}.pem -no_nonce -reqout request.der"));
    let name = case.name;
    let signer = case.signer;
    openssl(
        at,
        &format!(
            "ocsp -index index -CA ca.pem -rsigner {signer}.pem -rkey {signer}.key -reqin \
             request.der -ndays 3 -respout {name}.der"
        ),
    );
}

/// The row of the one connection.
fn row(at: &Path, port: u16) -> Value {
    let peers = [Peer {
        name: "there".to_owned(),
        host: "peer.example".to_owned(),
        port,
        tls: json!({"ca_file": at.join("ca.pem")}),
    }];
    run(at, &peers).remove(0)
}

#[test]
fn every_staple_comes_to_what_it_proves_and_no_more() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = directory.path();
    certificates(at);
    let mut wrong = Vec::new();
    for case in CASES {
        staple(at, case);
        let arguments = format!("-cert leaf.pem -key leaf.key -status_file {}.der", case.name);
        let mut server = Server::start(at, &arguments);
        let row = row(at, server.port());
        let code = row["fault"]["code"].as_str();
        let mut steps = row["attempts"][0]["steps"].as_array().into_iter().flatten();
        let said = steps.find_map(|step| step["evidence"]["ocsp"].as_str());
        let verdict = if case.code.is_none() { "pass" } else { "fail" };
        if code != case.code || said != Some(case.ocsp) || row["verdict"] != verdict {
            wrong.push(format!("{}: {} {code:?} {said:?}", case.name, row["verdict"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
