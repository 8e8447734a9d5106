//! A secret is in no output, whatever happens.

use connprobe::model::FaultCode;

use crate::bench::{Bench, Ran, code, row};
use crate::peers::{Peer, answer};

const FROM_FILE: &str = "planted-in-a-file-7f3a";
const FROM_VARIABLE: &str = "planted-in-a-variable-91c4";
/// `ucsx:planted-in-a-file-7f3a` and `ucsx:planted-in-a-variable-91c4` as HTTP Basic sends them.
const ENCODED: [&str; 2] =
    ["dWNzeDpwbGFudGVkLWluLWEtZmlsZS03ZjNh", "dWNzeDpwbGFudGVkLWluLWEtdmFyaWFibGUtOTFjNA=="];

const SITE: &str = "connections:\n  \
    1: {allow_cleartext: true, auth: {username: ucsx, password: {file: secret}}}\n  \
    2: {allow_cleartext: true, auth: {username: ucsx, password: {env: SECRET}}}\n  \
    3: {allow_cleartext: true, auth: {token: {file: secret}}}\n  \
    4: {allow_cleartext: true}\n";

fn rows(port: u16) -> Vec<String> {
    let one = |id: u8, more: &str| {
        format!(
            "id: {id}, source: here, destination: there, protocol: HTTP, port: {port}, \
             probe: {{http: {{path: /, status: [200], body: {{contains: fine}}{more}}}}}, \
             proof: authenticated"
        )
    };
    let mut rows: Vec<String> = (1..=3).map(|id| one(id, "")).collect();
    rows.push(one(4, ", headers: {X-Key: {env: SECRET}}"));
    rows
}

/// Runs against a peer and gives all that was put out, by name.
fn outputs(peer: &Peer, more: &[&str]) -> (Ran, Vec<(&'static str, String)>) {
    let bench = Bench::new(&rows(peer.port()), SITE);
    bench.file("secret", format!("{FROM_FILE}\n"));
    let reports = ["json=r.json", "junit=r.xml", "text=r.txt"];
    let mut command = bench.command(more);
    command.args(reports.iter().flat_map(|report| ["--report", report]));
    let ran = Ran::of(command.env("SECRET", FROM_VARIABLE));
    let mut all = vec![("stdout", ran.out.clone()), ("stderr", ran.err.clone())];
    for name in ["r.json", "r.xml", "r.txt"] {
        all.push((name, bench.text(name)));
    }
    (ran, all)
}

fn assert_clean(outputs: &[(&str, String)]) {
    for (name, text) in outputs {
        for secret in [FROM_FILE, FROM_VARIABLE].into_iter().chain(ENCODED) {
            assert!(!text.contains(secret), "{secret} is in {name}: {text}");
        }
    }
}

/// Whether the peer was sent every secret: else the test would prove nothing.
fn assert_sent(peer: &Peer) {
    let heard = peer.heard().concat();
    for secret in [FROM_FILE, FROM_VARIABLE].into_iter().chain(ENCODED) {
        assert!(heard.contains(secret), "{secret} was not sent: {heard}");
    }
}

#[test]
fn runs_that_pass_show_no_secret() {
    let peer = Peer::http(|_| answer("200 OK", "", "fine"));
    let (_, outputs) = outputs(&peer, &[]);
    assert_sent(&peer);
    assert_clean(&outputs);
}

#[test]
fn runs_that_fail_show_no_secret() {
    for status in ["401 Unauthorized", "403 Forbidden", "500 Internal Server Error", "200 OK"] {
        let peer = Peer::http(move |_| answer(status, "", "not well"));
        let (ran, outputs) = outputs(&peer, &["--retries", "1"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert_sent(&peer);
        assert_clean(&outputs);
    }
}

#[test]
fn a_peer_that_echoes_a_secret_puts_it_into_no_output() {
    for status in ["200 OK", "401 Unauthorized", "500 Internal Server Error"] {
        let peer = Peer::http(move |head| {
            let sent: Vec<&str> = head.lines().filter(|line| line.contains(": ")).collect();
            let sent = sent.join(" ");
            answer(status, &format!("Server: {sent}\r\nX-Echo: {sent}\r\n"), &sent)
        });
        let (ran, outputs) = outputs(&peer, &[]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert_sent(&peer);
        assert_clean(&outputs);
    }
}

#[test]
fn a_cut_run_shows_no_secret() {
    let peer = Peer::http(|_| loop_forever());
    let (ran, outputs) = outputs(&peer, &["--deadline", "500ms"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert_clean(&outputs);
}

#[test]
fn an_empty_secret_is_none_and_is_not_sent() {
    let peer = Peer::http(|_| answer("401 Unauthorized", "", "no"));
    let bench = Bench::new(&rows(peer.port())[..2], SITE.split("  3:").next().unwrap_or(SITE));
    bench.file("secret", "\n");
    let mut command = bench.command(&["--report", "json=-"]);
    let ran = Ran::of(command.env("SECRET", ""));
    assert_eq!(ran.code, Some(3), "{ran:?}");
    for label in ["1", "2"] {
        let code = code(row(&ran.report(), label));
        assert_eq!(code, Some(FaultCode::LocalSecretUnreadable), "{ran:?}");
    }
    assert!(!peer.heard().concat().to_lowercase().contains("authorization"));
}

/// Never answers.
fn loop_forever() -> String {
    loop {
        std::thread::park();
    }
}
