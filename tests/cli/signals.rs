//! Cut short: the report is whole all the same.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use connprobe::model::Verdict;

use crate::bench::{Bench, Ran, greeted, said};
use crate::peers::{Peer, Silent};

/// Sends a signal once one row has passed and the other waits for an answer.
fn cut_by(signal: &str) {
    let (peer, silent) = (Peer::greeting(), Silent::new());
    let bench = Bench::new(&[greeted("1", peer.port()), greeted("2", silent.port())], "");
    let mut command = bench.command(&["--report", "json=-", "--report", "junit=r.xml"]);
    command.args(["--timeout", "1h"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let mut progress = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    progress.read_line(&mut line).expect("it tells of its progress");
    assert_eq!(line, "1 here → there: spoken\n");
    let held = silent.wait();
    let kill = format!("kill -{signal} {}", child.id());
    let killed = Command::new("sh").args(["-c", &kill]).status().expect("a shell");
    assert!(killed.success());
    let (mut out, mut err) = (String::new(), String::new());
    let mut stdout = child.stdout.take().expect("it is piped");
    stdout.read_to_string(&mut out).expect("the report is text");
    progress.read_to_string(&mut err).expect("the progress is text");
    let status = child.wait().expect("it ends");
    drop(held);
    let ran = Ran { code: status.code(), out, err };
    let report = ran.report();
    assert!(report.runs[0].interrupted);
    assert_eq!(said(&report, "1"), (Verdict::Pass, None));
    assert_eq!(said(&report, "2"), (Verdict::Inconclusive, Some("local.deadline")));
    assert_eq!((report.summary.chosen, report.unreconciled()), (2, None));
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let junit = bench.text("r.xml");
    let document = roxmltree::Document::parse(&junit).expect("the report is XML");
    let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
    assert_eq!(cases.count(), 2);
    assert!(junit.contains("type=\"local.deadline\""), "{junit}");
}

#[test]
fn after_sigint_the_report_is_whole() {
    cut_by("INT");
}

#[test]
fn after_sigterm_the_report_is_whole() {
    cut_by("TERM");
}

#[test]
fn after_the_deadline_the_remaining_rows_are_inconclusive() {
    let silent = Silent::new();
    let bench = Bench::new(&[greeted("1", silent.port()), greeted("2", silent.port())], "");
    let ran = bench.report(&["--timeout", "1h", "--deadline", "300ms"]);
    let report = ran.report();
    assert!(report.runs[0].interrupted);
    for row in ["1", "2"] {
        assert_eq!(said(&report, row), (Verdict::Inconclusive, Some("local.deadline")));
    }
    assert_eq!(ran.code, Some(3));
    assert_eq!(silent.connections(), 2);
}

#[test]
fn a_run_that_ends_in_time_is_not_marked_as_cut() {
    let peer = Peer::greeting();
    let bench = Bench::new(&[greeted("1", peer.port())], "");
    let ran = bench.report(&["--deadline", "1h"]);
    assert!(!ran.report().runs[0].interrupted);
    assert_eq!(ran.code, Some(0));
}
