//! What a row says counts before its instance, that before its endpoint, and that before the site.

use std::io::{Read, Write};
use std::net::TcpStream;

use connprobe::model::report::Report;
use connprobe::model::{Verdict, WarningCode};

use crate::bench::{Bench, Ran, asked, greeted, row, said};
use crate::peers::{Closed, Peer, answer};

/// A site that says `site` for all, and the others of the endpoint, its one instance and the row.
fn site(site: &str, endpoint: &str, instance: &str, row: &str) -> String {
    format!(
        "{site}\nendpoints: {{there: {{{endpoint}, instances: {{one: {{{instance}}}}}}}}}\n\
         connections: {{1: {{{row}}}}}\n"
    )
}

/// One where only the endpoint and the instance say something.
fn below(endpoint: &str, instance: &str) -> String {
    site("", endpoint, instance, "")
}

#[test]
fn time_outs_of_the_nearest_place_count() {
    let peer = Peer::greeting();
    let [short, long] = ["timeouts: {tcp: 3s}", "timeouts: {tcp: 4s}"];
    let other = "timeouts: {dns: 4s}";
    for (levels, is_short) in [
        ([short, other, other, other], true),
        ([short, long, other, other], false),
        ([long, long, short, other], true),
        ([short, short, short, long], false),
    ] {
        let [all, endpoint, instance, of_row] = levels;
        let text = site(all, endpoint, instance, of_row);
        let report = Bench::new(&[greeted("1", peer.port())], &text).report(&[]).report();
        let warnings = &row(&report, "1[one]").warnings;
        let warned = warnings.iter().any(|told| told.code == WarningCode::TcpShortTimeout);
        assert_eq!(warned, is_short, "{levels:?}");
    }
}

#[test]
fn retries_of_the_nearest_place_count() {
    let closed = Closed::new();
    let [owner, one, two, none] = ["owner: x", "retries: 1", "retries: 2", "retries: 0"];
    for (levels, attempts) in [
        ([owner, owner, owner], 1),
        ([two, owner, owner], 3),
        ([two, one, owner], 2),
        ([two, one, none], 1),
    ] {
        let [endpoint, instance, of_row] = levels;
        let text = site("", endpoint, instance, of_row);
        let report = Bench::new(&[greeted("1", closed.port())], &text).report(&[]).report();
        assert_eq!(row(&report, "1[one]").attempts.len(), attempts, "{levels:?}");
    }
}

#[test]
fn tls_of_the_nearest_place_counts_key_by_key() {
    let peer = Peer::http(|_| answer("200 OK", "", ""));
    let [clear, tls] = ["tls: {mode: disable}", "tls: {mode: require}"];
    // Trust alone asks for TLS too, so this says nothing of the mode and is heard all the same.
    let other = "tls: {min_version: '1.3'}";
    let spoken = |levels: [&str; 3]| {
        let [endpoint, instance, of_row] = levels;
        let text = site("", endpoint, instance, of_row);
        let report = Bench::new(&[asked("1", peer.port(), "spoken")], &text).report(&[]).report();
        said(&report, "1[one]")
    };
    let (passes, no_tls) = ((Verdict::Pass, None), (Verdict::Fail, Some("tls.not-tls")));
    assert_eq!(spoken([clear, other, other]), passes);
    assert_eq!(spoken([other, other, other]), no_tls);
    assert_eq!(spoken([clear, tls, other]), no_tls);
    assert_eq!(spoken([tls, tls, clear]), passes);
}

/// The report of a row with secrets at hand, and what the peer heard.
fn logged_in(site: &str) -> (Report, String) {
    let peer = Peer::http(|_| answer("200 OK", "", ""));
    let bench = Bench::new(&[asked("1", peer.port(), "authenticated")], site);
    let mut command = bench.command(&["--report", "json=-"]);
    let ran = Ran::of(command.env("PASSWORD", "open-sesame").env("TOKEN", "long-token"));
    assert_ne!(ran.code, Some(2), "{ran:?}");
    (ran.report(), peer.heard().concat())
}

const LOGIN: &str = "allow_cleartext: true, auth: {username: ucsx, password: {env: PASSWORD}}";
const BASIC_JOE: &str = "Basic am9lOm9wZW4tc2VzYW1l\r\n";

#[test]
fn credentials_are_merged_key_by_key() {
    let (_, heard) = logged_in(&below(LOGIN, "auth: {username: joe}"));
    assert!(heard.contains(BASIC_JOE), "{heard}");
    let (_, heard) = logged_in(&site("", LOGIN, "owner: x", "auth: {username: joe}"));
    assert!(heard.contains(BASIC_JOE), "{heard}");
    let (_, heard) = logged_in(&site("", LOGIN, "auth: {username: x}", "auth: {username: joe}"));
    assert!(heard.contains(BASIC_JOE), "{heard}");
}

#[test]
fn credentials_of_another_kind_replace_those_below() {
    let (_, heard) = logged_in(&below(LOGIN, "auth: {token: {env: TOKEN}}"));
    assert!(heard.contains("Bearer long-token\r\n") && !heard.contains("Basic"), "{heard}");
}

#[test]
fn what_one_place_lacks_may_stand_at_another() {
    let id = "allow_cleartext: true, auth: {client_id: joe}";
    let secret = "auth: {client_secret: {env: PASSWORD}}";
    let (_, heard) = logged_in(&below(id, secret));
    assert!(heard.contains(BASIC_JOE), "{heard}");
    let (_, heard) = logged_in(&site("", id, "owner: x", secret));
    assert!(heard.contains(BASIC_JOE), "{heard}");
    let password = "allow_cleartext: true, auth: {password: {env: PASSWORD}}";
    let (_, heard) = logged_in(&below(password, "auth: {username: joe}"));
    assert!(heard.contains(BASIC_JOE), "{heard}");
}

#[test]
fn what_no_place_has_is_told_with_its_place() {
    let id = "auth: {client_id: joe}";
    let wrong = |site: &str| {
        let ran = Bench::new(&[greeted("1", 9)], site).run(&[]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        ran.err
    };
    let told = "auth has `client_id` and no `client_secret`";
    let err = wrong(&below(id, "owner: x"));
    assert!(err.contains(&format!("error: {told}\n --> site.yaml:4:28\n")), "{err}");
    let err = wrong(&below(LOGIN, id));
    assert!(err.contains(told), "{err}");
    let err = wrong(&below(id, "auth: {password: {env: PASSWORD}}"));
    assert!(err.contains("auth has `password` and no `username`"), "{err}");
    // One instance has it, and the other has not.
    let err = wrong(&format!(
        "endpoints: {{there: {{{id}, instances: {{one: {{auth: {{client_secret: {{env: A}}}}}}, \
         two: }}}}}}\n"
    ));
    assert!(err.contains(told), "{err}");
}

/// Refuses TLS, asks for a password in clear, and keeps both messages (PostgreSQL, "Message Formats").
fn database(mut stream: TcpStream, heard: &std::sync::Mutex<Vec<String>>) {
    let message = |stream: &mut TcpStream, tag: usize| {
        let mut head = vec![0; tag + 4];
        let _ = stream.read_exact(&mut head);
        let length = head[tag..].iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        let mut body = vec![0; length.saturating_sub(4).min(1_024)];
        let _ = stream.read_exact(&mut body);
        heard.lock().expect("no peer panics").push(String::from_utf8_lossy(&body).into_owned());
    };
    message(&mut stream, 0);
    let _ = stream.write_all(b"N");
    message(&mut stream, 0);
    let _ = stream.write_all(b"R\0\0\0\x08\0\0\0\x03");
    message(&mut stream, 1);
}

#[test]
fn a_database_of_the_instance_keeps_the_login_of_its_endpoint() {
    let peer = Peer::start(database);
    let row = asked("1", peer.port(), "authenticated");
    let row = row.replace("{http: {path: /, status: [200]}}", "postgres");
    let bench = Bench::new(&[row], &below(LOGIN, "auth: {database: reporting}"));
    Ran::of(bench.command(&[]).env("PASSWORD", "open-sesame"));
    let heard = peer.heard().concat();
    for word in ["user\0ucsx\0", "database\0reporting\0", "open-sesame\0"] {
        assert!(heard.contains(word), "no {word:?} in {heard:?}");
    }
}
