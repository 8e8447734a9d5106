//! Chains and staples made by OpenSSL and served by its `s_server`: one table, one loop. It needs the
//! program `openssl`, so it has its place in the part `servers` of `tests/run`.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

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

fn openssl(at: &Path, arguments: &str) {
    let output = Command::new("openssl").current_dir(at).args(arguments.split(' ')).output();
    let output = output.expect("the program openssl is installed");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {told}");
}

/// The authority, one that nobody trusts, a delegate for OCSP, and two leaves.
fn certificates(at: &Path) {
    let write = |name: &str, text: &str| std::fs::write(at.join(name), text).expect("a file");
    write("leaf.ext", "subjectAltName=DNS:peer.example\nextendedKeyUsage=serverAuth\n");
    write("delegate.ext", "extendedKeyUsage=OCSPSigning\n");
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
    std::fs::write(at.join("index"), line("11") + &line("12")).expect("an index");
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

/// `openssl s_server`, ended with the value.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(at: &Path, case: &Case) -> Server {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
    let port = free.expect("a free port").port();
    let mut child = Command::new("openssl")
        .current_dir(at)
        .args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-www"])
        .args(["-cert", "leaf.pem", "-key", "leaf.key"])
        .args(["-status_file", &format!("{}.der", case.name)])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program openssl is installed");
    // It says ACCEPT when it listens.
    let mut said = BufReader::new(child.stdout.take().expect("its output")).lines();
    assert!(said.any(|line| line.is_ok_and(|line| line.contains("ACCEPT"))), "{}", case.name);
    Server { child, port }
}

fn run(at: &Path, port: u16) -> Value {
    let file = |name: &str, value: &Value| {
        let path = at.join(name);
        std::fs::write(&path, value.to_string()).expect("a file");
        path
    };
    let profile = json!({
        "schema": "connprobe/profile/v1", "name": "chains", "title": "Chains",
        "endpoints": {"here": {"title": "Here"}, "there": {"title": "There"}},
        "connections": [{"id": 1, "source": "here", "destination": "there", "protocol": "TCP",
            "port": port, "probe": "tls", "proof": "identified"}],
    });
    let site = json!({
        "schema": "connprobe/site/v1", "profile": "chains",
        "endpoints": {"there": {"host": "peer.example", "tls": {"ca_file": at.join("ca.pem")}}},
        "controls": {"here": {"negative": [{"host": "127.0.0.1", "port": 9}]}},
    });
    let output = Command::new(env!("CARGO_BIN_EXE_connprobe"))
        .args(["run", "--all-sources", "--quiet", "--report", "json=-"])
        .args(["--resolve", "peer.example=127.0.0.1"])
        .arg("--profile")
        .arg(file("profile.yaml", &profile))
        .arg("--site")
        .arg(file("site.yaml", &site))
        .output()
        .expect("the program runs");
    let told = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
    report["connections"][0].clone()
}

#[test]
fn every_staple_comes_to_what_it_proves_and_no_more() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = directory.path();
    certificates(at);
    let mut wrong = Vec::new();
    for case in CASES {
        staple(at, case);
        let server = serve(at, case);
        let row = run(at, server.port);
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
