//! `connprobe try`: one connection, aloud.

use connprobe::model::Verdict;

use crate::bench::{Bench, Ran, asked, code, program, said};
use crate::peers::{Closed, Peer, answer};

fn tried(bench: &Bench, more: &[&str]) -> Ran {
    Ran::of(program(&bench.path("")).arg("try").args(more).env("SECRET", "hunter22-hunter22"))
}

fn bench() -> Bench {
    Bench::new(&[asked("1", 1, "spoken")], "")
}

#[test]
fn each_step_is_told_and_the_exit_code_is_that_of_a_run() {
    let peer = Peer::http(|_| answer("200 OK", "", "fine"));
    let url = format!("http://127.0.0.1:{}/health", peer.port());
    let ran = tried(&bench(), &[&url, "-v"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    for told in
        ["  tcp        ok", "  protocol   ok", "→ GET /health HTTP/1.1", "← HTTP/1.1 200 OK"]
    {
        assert!(ran.out.contains(told), "no `{told}` in {}", ran.out);
    }
    assert!(ran.out.contains("\npass  "), "{}", ran.out);
    let closed = format!("http://127.0.0.1:{}", Closed::new().port());
    let ran = tried(&bench(), &[&closed]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("tcp.refused") && ran.out.contains("acts: "), "{}", ran.out);
}

#[test]
fn the_report_of_a_try_is_one_row_of_the_same_schema() {
    let peer = Peer::http(|_| answer("401 Unauthorized", "", ""));
    let url = format!("http://me@127.0.0.1:{}", peer.port());
    let more = [&url, "--json", "--password-env", "SECRET", "--allow-cleartext"];
    let ran = tried(&bench(), &more);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let report = ran.report();
    assert_eq!(said(&report, "1"), (Verdict::Fail, Some("auth.rejected")));
    assert_eq!(report.connections.len(), 1);
    assert!(code(&report.connections[0]).is_some());
}

#[test]
fn a_secret_that_passes_over_the_wire_is_not_told() {
    let peer = Peer::http(|head| answer("200 OK", "", head));
    let url = format!("http://me@127.0.0.1:{}", peer.port());
    let more = [&url, "-v", "--password-env", "SECRET", "--allow-cleartext"];
    let ran = tried(&bench(), &more);
    assert!(peer.heard().concat().contains("bWU6aHVudGVyMjItaHVudGVyMjI="), "it was sent");
    assert!(ran.out.contains("authorization: Basic [secret]"), "{}", ran.out);
    assert!(!ran.out.contains("hunter22") && !ran.out.contains("aHVudGVyMjI"), "{}", ran.out);
}

#[test]
fn what_is_wrong_with_the_command_line_is_2_and_repeats_no_password() {
    for (more, told) in [
        (vec!["https://me:hunter22@h/"], "the URL holds a password"),
        (vec!["gopher://h/"], "no scheme `gopher`"),
        (vec!["h:80"], "the URL can't be used"),
        (vec!["tcp://h"], "it names no port"),
        (vec!["https://h", "--tls", "sometimes"], "known are: disable"),
        (vec!["s3://h/b", "--password-env", "SECRET"], "wants its access_key"),
        (vec!["https://h", "--ca-file", "missing.pem"], "missing.pem"),
    ] {
        let ran = tried(&bench(), &more);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains(told), "{}", ran.err);
        assert!(!ran.err.contains("hunter22"), "{}", ran.err);
    }
}

#[test]
fn every_scheme_of_the_registry_can_be_tried() {
    let closed = Closed::new();
    for protocol in connprobe::probe::PROTOCOLS {
        for scheme in protocol.schemes {
            let url = format!("{scheme}://127.0.0.1:{}", closed.port());
            let ran = tried(&bench(), &[&url, "--json", "--control", "127.0.0.1:9"]);
            assert_eq!(ran.code, Some(1), "{scheme}: {ran:?}");
            assert_eq!(said(&ran.report(), "1"), (Verdict::Fail, Some("tcp.refused")), "{scheme}");
        }
    }
}
