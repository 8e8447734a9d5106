//! Warnings: what to know of a row beside its verdict. Those of TLS and of services are the lab's to show.

use connprobe::model::report::Report;
use connprobe::model::{Verdict, WarningCode};

use crate::bench::{Bench, Ran, asked, greeted, row, said};
use crate::peers::{Dark, Peer, answer};

/// The detail of a warning of row 1.
fn warned(report: &Report, code: WarningCode) -> Option<&str> {
    let warnings = &row(report, "1").warnings;
    warnings.iter().find(|told| told.code == code).map(|told| told.detail.as_str())
}

#[test]
fn a_tcp_time_out_that_is_too_short_for_a_lost_syn_is_told() {
    let peer = Peer::greeting();
    let of = |time: &str| {
        let site = format!("timeouts: {{tcp: {time}}}\n");
        let report = Bench::new(&[greeted("1", peer.port())], &site).report(&[]).report();
        assert_eq!(said(&report, "1"), (Verdict::Pass, None));
        warned(&report, WarningCode::TcpShortTimeout).map(str::to_owned)
    };
    let told = "a TCP time-out under 3.5 s sees fewer than three SYNs";
    assert_eq!(of("3499ms").as_deref(), Some(told));
    assert_eq!(of("3500ms"), None);
}

#[test]
fn a_block_by_silence_without_a_witness_is_told() {
    let (peer, dark) = (Peer::greeting(), Dark::new());
    let silent = format!("{}, expect: blocked", greeted("1", dark.port()));
    let rows = [silent, greeted("2", peer.port())];
    let report = Bench::new(&rows, "timeouts: {tcp: 300ms}\n").report(&["--no-trace"]).report();
    assert_eq!(said(&report, "1"), (Verdict::Pass, None), "{:#?}", row(&report, "1"));
    assert!(warned(&report, WarningCode::PolicyNoWitness).is_some(), "{report:#?}");
}

#[test]
fn a_fault_above_the_proof_that_is_required_is_told() {
    let peer = Peer::http(|_| answer("401 Unauthorized", "", ""));
    let unstated = |port| asked("1", port, "spoken").replace(", status: [200]", "");
    let report = Bench::new(&[unstated(peer.port())], "").report(&[]).report();
    assert_eq!(said(&report, "1"), (Verdict::Pass, None));
    let told = warned(&report, WarningCode::BeyondRequired).expect("a warning");
    assert!(told.contains("further up stands auth.required"), "{told}");

    // A status that the row states is content, and 401 is not it.
    let report = Bench::new(&[asked("1", peer.port(), "spoken")], "").report(&[]).report();
    assert_eq!(said(&report, "1"), (Verdict::Inconclusive, Some("auth.required")));

    let peer = Peer::http(|_| answer("200 OK", "", ""));
    let report = Bench::new(&[asked("1", peer.port(), "spoken")], "").report(&[]).report();
    assert_eq!(said(&report, "1"), (Verdict::Pass, None));
    assert_eq!(warned(&report, WarningCode::BeyondRequired), None);
}

/// Runs a row whose secret, wherever it goes, is in the variable `SECRET`.
fn with_secret(row: &str, site: &str, secret: &str) -> Report {
    let bench = Bench::new(&[row.to_owned()], site);
    Ran::of(bench.command(&["--report", "json=-"]).env("SECRET", secret)).report()
}

#[test]
fn a_secret_that_outputs_can_t_be_searched_for_is_told() {
    let peer = Peer::http(|_| answer("200 OK", "", ""));
    let row = asked("1", peer.port(), "spoken");
    let login = "endpoints: {there: {allow_cleartext: true, auth: {username: joe-smith, \
                 password: {env: SECRET}}}}\n";
    let of = |secret: &str| {
        let report = with_secret(&row, login, secret);
        warned(&report, WarningCode::SecretUnsafe).map(str::to_owned)
    };
    assert_eq!(of("short").as_deref(), Some("the secret has fewer than 6 bytes"));
    let same = "the secret is the same as the user name";
    assert_eq!(of("joe-smith").as_deref(), Some(same));
    assert_eq!(of("longer"), None);
}

#[test]
fn a_secret_of_a_header_field_is_no_safer() {
    let peer = Peer::http(|_| answer("200 OK", "", ""));
    let fields = "path: /, headers: {x-k: {env: SECRET}}";
    let row = asked("1", peer.port(), "spoken").replace("path: /", fields);
    let site = "endpoints: {there: {allow_cleartext: true}}\n";
    let of = |secret: &str| {
        let report = with_secret(&row, site, secret);
        assert_eq!(said(&report, "1"), (Verdict::Pass, None));
        warned(&report, WarningCode::SecretUnsafe).map(str::to_owned)
    };
    assert_eq!(of("short").as_deref(), Some("the secret has fewer than 6 bytes"));
    assert_eq!(of("longer"), None);
}
