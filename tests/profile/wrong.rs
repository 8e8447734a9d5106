//! Wrong files and exactly what is said of them: `wrong/*.txt`, one file for each kind of mistake.
//!
//! A case is a line `=== what is wrong`, a line `--- kind`, the text, a line `--- said` and every
//! message. What a kind has not in its text is added behind it, so that lines stay what they are.
//! `CONNPROBE_UPDATE=1` writes what is said now; read the difference before keeping it.

use std::fmt::Write as _;
use std::path::Path;

use crate::{lines, read_profile, read_site};

/// The profile that wrong sites are read against, and the tails of wrong profiles.
const HEAD: &str = "schema: connprobe/profile/v1\nname: base\n";
const ENDPOINTS: &str = "\
endpoints:
  web: {title: Web Shop, aliases: [SHOP]}
  db: {title: Shop Database, host: db.example.internal}
  auth-service: {title: Authentication, host: auth.example.internal}
";
const CONNECTIONS: &str = "\
connections:
  - {id: 1, source: web, destination: db, protocol: TCP, port: 5432, proof: operational}
  - {id: 2, source: db, destination: auth-service, protocol: TCP, port: 80, proof: connected}
";
const SITE_HEAD: &str = "schema: connprobe/site/v1\nprofile: base\n";

struct Case {
    title: String,
    kind: String,
    text: String,
    said: String,
}

fn cases(file: &str) -> Vec<Case> {
    let blocks = file.split("=== ").skip(1);
    blocks
        .map(|block| {
            let (title, rest) = block.split_once('\n').expect("a title");
            let (kind, rest) = rest.split_once('\n').expect("a kind");
            let (text, said) = rest.split_once("--- said\n").expect("what is said");
            let kind = kind.strip_prefix("--- ").expect("a kind").to_owned();
            let said = said.trim_end_matches('\n').to_owned() + "\n";
            Case { title: title.to_owned(), kind, text: text.to_owned(), said }
        })
        .collect()
}

fn said(case: &Case) -> String {
    let text = &case.text;
    let result = match case.kind.as_str() {
        "profile" => read_profile(text).map(drop),
        "connections" => read_profile(&format!("{text}{HEAD}{ENDPOINTS}")).map(drop),
        "endpoints" => read_profile(&format!("{text}{HEAD}{CONNECTIONS}")).map(drop),
        "site" => read_site(text, &base()).map(drop),
        "part of a site" => read_site(&format!("{text}{SITE_HEAD}"), &base()).map(drop),
        other => panic!("{}: no kind `{other}`", case.title),
    };
    match result {
        Ok(()) => "nothing\n".to_owned(),
        Err(errors) => lines(&errors),
    }
}

fn base() -> connprobe::profile::Profile {
    read_profile(&format!("{HEAD}{ENDPOINTS}{CONNECTIONS}")).expect("the base is right")
}

#[test]
fn every_mistake_is_told_where_it_stands() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profile/wrong");
    let update = std::env::var_os("CONNPROBE_UPDATE").is_some();
    let mut count = 0;
    let mut wrong = String::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let file = std::fs::read_to_string(&path).expect("a text");
        let mut updated = String::new();
        for case in cases(&file) {
            count += 1;
            let said = said(&case);
            let Case { title, kind, text, said: expected } = &case;
            write!(updated, "=== {title}\n--- {kind}\n{text}--- said\n{said}\n").expect("a string");
            if said != *expected {
                write!(wrong, "{title}\n  expected:\n{expected}  said:\n{said}").expect("a string");
            }
        }
        if update {
            std::fs::write(&path, updated.trim_end_matches('\n').to_owned() + "\n").expect("write");
        }
    }
    assert!(count >= 60, "only {count} cases");
    assert!(update || wrong.is_empty(), "{wrong}");
}

#[test]
fn no_message_and_no_line_that_it_shows_holds_a_secret() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profile/wrong");
    let file = std::fs::read_to_string(folder.join("secrets.txt")).expect("a text");
    let mut held = 0;
    for case in cases(&file) {
        held += usize::from(case.text.contains("hunter2"));
        let text = match case.kind.as_str() {
            "part of a site" => format!("{}{SITE_HEAD}", case.text),
            _ => case.text.clone(),
        };
        let errors = read_site(&text, &base()).expect_err(&case.title);
        for error in errors {
            assert!(!error.to_string().contains("hunter2"), "{}: {error}", case.title);
            let place = error.place.expect("a place");
            assert!(!place.source.text.contains("hunter2"), "{}", place.source.text);
            assert_eq!(place.source.text.len(), text.len(), "columns stay where they are");
        }
    }
    assert!(held >= 10, "only {held} cases hold a secret");
}
