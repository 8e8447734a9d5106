//! Retries: every attempt stands in the report, and what must not be tried again is not.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use connprobe::model::report::ConnectionReport;
use connprobe::model::{Proof, Verdict};

use crate::bench::{Bench, Ran, asked, code, greeted, negative, row, said};
use crate::peers::{Closed, Peer, Silent, answer};

/// The faults of the attempts of a row, in their order.
fn faults(row: &ConnectionReport) -> Vec<Option<&'static str>> {
    let faults = row.attempts.iter().map(|attempt| attempt.fault.as_ref());
    faults.map(|fault| fault.map(|fault| fault.code.as_str())).collect()
}

/// A peer that answers with these statuses, and with the last of them from then on.
fn answering(statuses: &'static [&'static str]) -> Peer {
    let turn = AtomicUsize::new(0);
    Peer::http(move |_| {
        let turn = turn.fetch_add(1, Ordering::SeqCst);
        answer(statuses[turn.min(statuses.len() - 1)], "", "")
    })
}

/// A site whose rows log in at `there`, in clear.
const LOGIN: &str = "endpoints: {there: {allow_cleartext: true, auth: {username: ucsx, \
                     password: {env: PASSWORD}}}}\n";

/// Runs with the password at hand and some retries.
fn logged_in(bench: &Bench, retries: &str) -> Ran {
    let mut command = bench.command(&["--report", "json=-", "--retries", retries]);
    Ran::of(command.env("PASSWORD", "open-sesame"))
}

#[test]
fn a_retry_that_helps_is_a_pass_that_is_told_as_flaky() {
    let peer = Peer::resetting_once();
    let bench = Bench::new(&[greeted("1", peer.port())], "connections: {1: {retries: 3}}\n");
    let ran = bench.report(&["--report", "junit=r.xml"]);
    let report = ran.report();
    assert_eq!((ran.code, said(&report, "1")), (Some(0), (Verdict::Pass, None)));
    let row = row(&report, "1");
    assert!(row.flaky && report.summary.flaky == 1, "{row:#?}");
    assert_eq!(faults(row), [Some("peer.reset"), None]);
    assert!(row.attempts.iter().all(|attempt| !attempt.steps.is_empty()));
    let junit = bench.text("r.xml");
    assert!(junit.contains("flaky: passed after 1 of 2 attempts failed\n"), "{junit}");
}

#[test]
fn a_pass_at_once_is_not_told_as_flaky() {
    let peer = Peer::greeting();
    let bench = Bench::new(&[greeted("1", peer.port())], "connections: {1: {retries: 3}}\n");
    let report = bench.report(&["--report", "junit=r.xml"]).report();
    assert_eq!((row(&report, "1").flaky, faults(row(&report, "1"))), (false, vec![None]));
    assert!(!bench.text("r.xml").contains("flaky"), "{}", bench.text("r.xml"));
}

#[test]
fn without_retries_there_is_one_attempt() {
    let peer = Peer::resetting_once();
    let report = Bench::new(&[greeted("1", peer.port())], "").report(&[]).report();
    assert_eq!(said(&report, "1"), (Verdict::Fail, Some("peer.reset")));
    assert_eq!(row(&report, "1").attempts.len(), 1);
}

#[test]
fn rejected_credentials_are_sent_once() {
    let peer = answering(&["401 Unauthorized", "200 OK"]);
    let other = Silent::new();
    let alternates = format!("alternates: [{{port: {}}}], port:", other.port());
    let rows = [asked("1", peer.port(), "authenticated").replace("port:", &alternates)];
    let report = logged_in(&Bench::new(&rows, LOGIN), "3").report();
    assert_eq!(said(&report, "1"), (Verdict::Fail, Some("auth.rejected")));
    assert_eq!(row(&report, "1").attempts.len(), 1);
    let sent = peer.heard();
    let sent = sent.iter().filter(|head| head.to_lowercase().contains("authorization: "));
    assert_eq!((sent.count(), other.connections()), (1, 0), "{:?}", peer.heard());
}

#[test]
fn what_may_pass_is_tried_again_a_refused_right_too() {
    let peer = answering(&["403 Forbidden", "503 Service Unavailable", "200 OK"]);
    let rows = [asked("1", peer.port(), "authenticated")];
    let report = logged_in(&Bench::new(&rows, LOGIN), "3").report();
    let row = row(&report, "1");
    assert_eq!((row.verdict, row.flaky), (Verdict::Pass, true), "{row:#?}");
    let seen = faults(row);
    assert_eq!(seen, [Some("auth.forbidden"), Some("service.unhealthy"), None]);
}

#[test]
fn what_nothing_can_change_within_a_run_is_not_tried_again() {
    let peer = answering(&["401 Unauthorized"]);
    let rows = [asked("1", peer.port(), "authenticated")];
    let report = |site: &str| logged_in(&Bench::new(&rows, site), "3").report();
    let bare = "endpoints: {there: {allow_cleartext: true}}\n";
    let in_clear = LOGIN.replace("allow_cleartext: true", "allow_cleartext: false");
    let unreadable = LOGIN.replace("PASSWORD", "NOT_THERE");
    for (site, fault) in [
        (bare, "auth.required"),
        (&in_clear, "auth.insecure"),
        (&unreadable, "local.secret-unreadable"),
    ] {
        let report = report(site);
        assert_eq!(said(&report, "1"), (Verdict::Inconclusive, Some(fault)));
        assert_eq!(row(&report, "1").attempts.len(), 1, "{fault}");
    }
}

/// Whatever cuts it: the attempts so far stand in the report.
fn assert_cut_with_attempts(ran: &Ran) {
    let report = ran.report();
    assert!(report.runs[0].interrupted);
    assert_eq!(said(&report, "1"), (Verdict::Inconclusive, Some("local.deadline")));
    assert_eq!((ran.code, report.unreconciled()), (Some(3), None));
    let row = row(&report, "1");
    assert!(!row.attempts.is_empty(), "{row:#?}");
    assert!(faults(row).iter().all(|code| *code == Some("protocol.unexpected-status")), "{row:#?}");
    assert!(row.attempts.iter().all(|attempt| !attempt.steps.is_empty()), "{row:#?}");
    assert_eq!(row.proof.reached, row.attempts[0].proof);
    assert!(row.proof.reached >= Proof::Spoken && row.elapsed_ms > 0.0, "{row:#?}");
}

#[test]
fn attempts_before_the_deadline_stand_in_the_report() {
    let peer = answering(&["500 Internal Server Error"]);
    let site = "connections: {1: {retries: 10}}\n";
    let bench = Bench::new(&[asked("1", peer.port(), "spoken")], site);
    assert_cut_with_attempts(&bench.report(&["--deadline", "2s"]));
}

#[test]
fn attempts_before_a_signal_stand_in_the_report() {
    let (heard, second) = mpsc::channel();
    let turn = AtomicUsize::new(0);
    let peer = Peer::http(move |_| {
        // The first attempt is over once the second one asks; that one is never answered.
        if turn.fetch_add(1, Ordering::SeqCst) == 1 {
            heard.send(()).expect("the test waits");
            loop {
                std::thread::park();
            }
        }
        answer("500 Internal Server Error", "", "")
    });
    let bench = Bench::new(&[asked("1", peer.port(), "spoken")], "");
    let mut command = bench.command(&["--report", "json=-", "--retries", "1", "--timeout", "1h"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program runs");
    second.recv().expect("the second attempt asks");
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(kill.expect("kill is there").success());
    let ran: Ran = child.wait_with_output().expect("it ends").into();
    assert_cut_with_attempts(&ran);
    assert_eq!(row(&ran.report(), "1").attempts.len(), 1);
}

#[test]
fn a_row_that_was_cut_before_its_first_attempt_was_done_has_none() {
    let (closed, silent) = (Closed::new(), Silent::new());
    let bench = Bench::new(&[greeted("1", silent.port())], &negative(closed.port()));
    let report = bench.report(&["--timeout", "1h", "--deadline", "300ms"]).report();
    let row = row(&report, "1");
    assert_eq!(code(row).map(connprobe::model::FaultCode::as_str), Some("local.deadline"));
    assert_eq!((row.attempts.len(), row.proof.reached), (0, Proof::None));
    assert!(row.elapsed_ms > 0.0, "it was begun");
}

#[test]
fn a_waived_case_takes_its_time_in_junit() {
    let closed = Closed::new();
    let site = "waivers: [{row: 1, code: tcp.refused, reason: CHG-1, until: 9999-12-31}]\n\
                connections: {1: {retries: 1}}\n";
    let bench = Bench::new(&[greeted("1", closed.port())], site);
    bench.report(&["--report", "junit=r.xml"]);
    let junit = bench.text("r.xml");
    let document = roxmltree::Document::parse(&junit).expect("the report is XML");
    let case = document.descendants().find(|node| node.has_tag_name("testcase"));
    let case = case.expect("a case for the row");
    assert!(case.children().any(|child| child.has_tag_name("skipped")), "{junit}");
    let time: f64 = case.attribute("time").and_then(|time| time.parse().ok()).expect("a time");
    assert!(time > 0.0, "a retry waits: {junit}");
}
