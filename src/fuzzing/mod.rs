//! Entries for the fuzz targets of `fuzz/`: each feeds bytes to one reader of what a peer or an operator
//! says, and holds what must be true of whatever comes out.
//!
//! A target is a name here and in `fuzz/Cargo.toml`, and a folder of seeds, `fuzz/seeds/NAME`. The test
//! below sends all seeds through their entries with an ordinary compiler; cargo-fuzz goes on from there.

mod attempt;

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::model::{Secret, Source, clean};
use crate::net::redact::Redactor;
use crate::net::{dns, spoke, tcp, tls};
use crate::probe::{object_store, prometheus};
use crate::report::{FORMATS, saved};
use crate::{cli, profile};

/// Takes the bytes of one run; panics where something is wrong.
pub type Entry = fn(&[u8]);

/// Every entry, by the name of its target.
pub const ENTRIES: &[(&str, Entry)] = &[
    ("certificate", |bytes| told(&tls::fuzz::chain(&parts(bytes)))),
    ("clean", cleaned),
    ("cometd", |bytes| attempt::web("cometd", "{}", bytes)),
    ("dns", |bytes| told(&dns::fuzz(bytes))),
    ("elasticsearch", |bytes| attempt::web("elasticsearch", "{product: any, health: red}", bytes)),
    ("gzip", |bytes| attempt::compressed(bytes)),
    ("http", |bytes| attempt::raw("http", HTTP, bytes)),
    ("icmp", |bytes| told(&tcp::classify::fuzz(bytes))),
    ("metrics", metrics),
    ("oauth2", |bytes| attempt::web("oauth2", "{path: /oauth/token}", bytes)),
    ("object_store", |bytes| attempt::web("object_store", "{kind: s3, bucket: b}", bytes)),
    ("ocsp", |bytes| told(&tls::fuzz::staple(&parts(bytes)))),
    ("postgres", |bytes| attempt::raw("postgres", "{writable: true}", bytes)),
    ("profile", profile),
    ("proxy", attempt::through_proxy),
    ("redact", redacted),
    ("report", report),
    ("site", site),
    ("spoke", |bytes| told(&spoke::recognise(bytes))),
    ("tls", |bytes| attempt::raw("tls", "{}", bytes)),
    ("url", url),
    ("version", |bytes| told(&tls::fuzz::server_hello(bytes))),
    ("xml", |bytes| told(&object_store::fuzz(bytes))),
];

/// A row that uses every option that reads the answer.
const HTTP: &str = "{redirects: follow, status: [200, 3xx], response_headers: {server: '^n'}, \
                    body: {contains: ok, matches: '[a-z]+'}, json: {/status: up, /a/0/b: 1}}";

/// Runs the entry of this name.
///
/// # Panics
/// Where there is none, and where the entry finds something.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, entry) = ENTRIES.iter().find(|(known, _)| *known == name).expect("a known target");
    entry(bytes);
}

/// Longest text of a report, in characters: the excerpt of a body, a list of names.
const LONGEST: usize = 8_192;

/// Holds that every text in what is told has nothing hidden in it, and an end.
fn told(what: &impl Serialize) {
    fn texts(value: &Value) {
        match value {
            Value::String(text) => {
                assert!(clean::is_clean(text), "something hidden is told: {text:?}");
                assert!(text.chars().count() <= LONGEST, "a text of {} bytes", text.len());
            }
            Value::Array(items) => items.iter().for_each(texts),
            Value::Object(fields) => fields.values().for_each(texts),
            _ => {}
        }
    }
    texts(&serde_json::to_value(what).expect("what is told can be written"));
}

/// The parts of an input that needs several: each behind its length in two bytes.
fn parts(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (part, rest) = rest.split_at(length);
        parts.push(part);
        bytes = rest;
    }
    parts
}

fn cleaned(bytes: &[u8]) {
    let Some((limit, rest)) = bytes.split_first() else { return };
    let limit = usize::from(*limit);
    let text = clean::bytes(rest, limit);
    told(&text);
    assert!(text.chars().count() <= limit + 1, "longer than {limit}: {text:?}");
    assert_eq!(clean::line(&text, limit + 1), text, "cleaned twice it is another");
}

/// The first part is a secret of ours, the second what a peer says.
fn redacted(bytes: &[u8]) {
    let [secret, said, ..] = parts(bytes)[..] else { return };
    // Shorter ones stand in ordinary words too, and others in the word that takes their place.
    let shown = Secret::SHOWN.as_bytes();
    if secret.len() < 6 || shown.windows(3).any(|part| secret.windows(3).any(|own| own == part)) {
        return;
    }
    let mut redactor = Redactor::default();
    redactor.add(secret);
    let shown = redactor.bytes(said).unwrap_or_else(|| said.to_vec());
    let holds = |form: &[u8]| shown.windows(form.len()).any(|window| window == form);
    assert!(!holds(secret), "the secret is shown: {shown:?}");
}

fn metrics(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let samples = prometheus::fuzz(&text, first & 1 == 1).unwrap_or_default();
    assert!(samples <= text.lines().count(), "more samples than lines");
}

fn source(bytes: &[u8]) -> Option<Arc<Source>> {
    let text = String::from_utf8(bytes.to_vec()).ok()?;
    Some(Arc::new(Source { name: "fuzz.yaml".to_owned(), text }))
}

/// Every mistake stands within its file.
fn in_file(problems: &[crate::model::Diagnostic], source: &Source) {
    assert!(!problems.is_empty(), "it can't be read, and nothing is wrong with it");
    for place in problems.iter().filter_map(|problem| problem.place.as_ref()) {
        let (line, column) = source.position(place.span.start);
        assert!(place.span.end <= source.text.len() && line > 0 && column > 0);
        assert!(place.span.start <= place.span.end);
    }
}

fn profile(bytes: &[u8]) {
    let Some(source) = source(bytes) else { return };
    if let Err(problems) = profile::profile(Arc::clone(&source), &|_| None) {
        in_file(&problems, &source);
    }
}

fn site(bytes: &[u8]) {
    let Some(source) = source(bytes) else { return };
    let of = attempt::genesys();
    if let Err(problems) = profile::site(Arc::clone(&source), &|_| None, &of) {
        in_file(&problems, &source);
    }
}

/// A saved report may be anybody's: it is refused in clean words, or every form of it can be made.
fn report(bytes: &[u8]) {
    let report = match saved::read(bytes) {
        Ok(report) => report,
        Err(error) => return told(&error.to_string()),
    };
    for format in FORMATS {
        let mut out = Vec::new();
        // A form may say that it can't be made of this.
        let _ = (format.render)(&report, &mut out);
        let out = String::from_utf8(out).expect("reports are UTF-8");
        // JSON is the saved report itself; the others are read by people.
        if format.name != "json" {
            assert!(out.lines().all(clean::is_clean), "{}: {out:?}", format.name);
        }
    }
}

fn url(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    told(&cli::fuzz_url(text).err());
}

#[cfg(test)]
mod tests;
