//! Every row of the table is made, served, and judged in one run.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::forge::{self, EC, Form, NOW, PAST};
use crate::serve::{Peer, Server, run};
use crate::table::{AUTHORITIES, CONSTRAINTS, KEYS, ROWS, Row, constrained};

fn authorities(at: &Path) {
    for (name, kind, bits) in KEYS {
        forge::key(at, name, &format!("{kind}{bits}"));
    }
    let constrained: Vec<_> =
        CONSTRAINTS.iter().map(|(name, how)| (*name, constrained(how))).collect();
    let more = constrained.iter().map(|(name, extensions)| Form {
        name,
        key: name,
        issuer: "root",
        subject: "",
        extensions,
        valid: NOW,
        more: "",
        serial: "",
    });
    for form in AUTHORITIES.iter().copied().chain(more) {
        authority(at, form);
    }
    forge::revocation_list(at, "root", "root", &["66", "77"], NOW);
    forge::revocation_list(at, "stale", "root", &["66", "77"], PAST);
    forge::revocation_list(at, "other", "other", &["66", "77"], NOW);
}

fn authority(at: &Path, form: Form<'_>) {
    let made = |end: &str| at.join(format!("{}.{end}", form.key));
    if !made("key").exists() {
        forge::key(at, form.key, EC);
    }
    if form.key != form.name {
        std::fs::copy(made("key"), at.join(format!("{}.key", form.name))).expect("a key");
    }
    let subject = format!("/CN={}", form.name);
    let subject = if form.subject.is_empty() { &subject } else { form.subject };
    forge::certificate(at, &Form { subject, ..form });
}

fn serve(at: &Path, row: &Row) -> Server {
    let Row { name, key, .. } = *row;
    let mut extensions = row.extensions.to_owned();
    if !row.san.is_empty() {
        let _ = writeln!(extensions, "subjectAltName={}", row.san);
    }
    let issuer = if row.issuer == "self" { name } else { row.issuer };
    let (subject, valid, more, serial) = (row.subject, row.valid, row.more, row.serial);
    let form = Form { name, key, issuer, subject, extensions: &extensions, valid, more, serial };
    forge::certificate(at, &form);
    let pem = |part: &str| {
        let part = if part == "leaf" { name } else { part };
        std::fs::read_to_string(at.join(format!("{part}.pem"))).expect("a certificate")
    };
    forge::write(
        at,
        &format!("{name}.trust"),
        &row.trust.split('+').filter(|part| !part.is_empty()).map(pem).collect::<String>(),
    );
    let above: String = row.above.iter().map(|part| pem(part)).collect();
    let mut arguments = format!("-cert {name}.pem -key {key}.key");
    if !above.is_empty() {
        forge::write(at, &format!("{name}.above"), &above);
        let _ = write!(arguments, " -cert_chain {name}.above");
    }
    if !row.server.contains("-cipher") {
        arguments.push_str(" -cipher ALL:@SECLEVEL=0");
    }
    Server::start(at, &format!("{arguments} {}", row.server))
}

fn site(at: &Path, row: &Row) -> Value {
    let mut tls = Map::new();
    if !row.trust.is_empty() {
        tls.insert("ca_file".to_owned(), json!(at.join(format!("{}.trust", row.name))));
    }
    for (key, value) in row.site {
        let value = match *key {
            "crl_files" => json!([at.join(format!("{value}.crl"))]),
            "pins" | "issuers" => json!([value]),
            key if key.ends_with("_file") => json!(at.join(value)),
            _ => json!(value),
        };
        tls.insert((*key).to_owned(), value);
    }
    Value::Object(tls)
}

/// What is wrong with what a row came to.
fn wrong(row: &Row, found: &Value) -> Option<String> {
    let code = found["fault"]["code"].as_str();
    // Only a verified name identifies the peer.
    let verdict = match row.code {
        Some(_) => "fail",
        None if row.site.iter().any(|(key, _)| *key == "mode") => "inconclusive",
        None => "pass",
    };
    let told = format!("{} {}", found["fault"], found["attempts"]);
    let good = code == row.code && found["verdict"] == verdict && told.contains(row.says);
    let (name, fault) = (row.name, &found["fault"]);
    (!good).then(|| format!("{name}: {} {fault}", found["verdict"]))
}

#[test]
fn every_chain_comes_to_what_is_wrong_with_it_and_to_all_of_that() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = directory.path();
    forge::begin(at);
    authorities(at);
    let mut servers: Vec<Server> = ROWS.iter().map(|row| serve(at, row)).collect();
    let peers: Vec<Peer> = ROWS
        .iter()
        .zip(&mut servers)
        .map(|(row, server)| Peer {
            name: row.name.replace('.', "-"),
            host: row.host.to_owned(),
            port: server.port(),
            tls: site(at, row),
        })
        .collect();
    let found = run(at, &peers);
    let wrong: Vec<_> =
        ROWS.iter().zip(&found).filter_map(|(row, found)| wrong(row, found)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), ROWS.len(), wrong.join("\n"));
}

/// A ticket that carried the verdict of a row that verifies nothing would let the next one pass.
#[test]
fn no_session_carries_a_verdict_from_one_row_to_another() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = directory.path();
    forge::begin(at);
    forge::key(at, "p256", EC);
    for form in AUTHORITIES.iter().filter(|form| ["root", "other"].contains(&form.name)) {
        authority(at, *form);
    }
    for version in ["-tls1_2", "-tls1_3"] {
        let good = ROWS[0];
        let mut server = serve(at, &Row { server: version, ..good });
        let port = server.port();
        let trusts = ["", "other", "root", "other", ""].map(|trust| match trust {
            "" => json!({"mode": "require"}),
            trust => json!({"ca_file": at.join(format!("{trust}.pem"))}),
        });
        let peers = trusts.into_iter().enumerate().map(|(number, tls)| Peer {
            name: format!("row-{number}"),
            host: good.host.to_owned(),
            port,
            tls,
        });
        // The server takes one after the other, so that each could use what one before was given.
        let found = run(at, &peers.collect::<Vec<_>>());
        let verdicts = found.iter().map(|row| row["verdict"].as_str().unwrap_or_default());
        let expected = ["inconclusive", "fail", "pass", "fail", "inconclusive"];
        assert_eq!(verdicts.collect::<Vec<_>>(), expected, "{version}");
        for refused in [&found[1], &found[3]] {
            assert_eq!(refused["fault"]["code"], "tls.unknown-issuer", "{version}");
        }
    }
}
