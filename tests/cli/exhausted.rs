//! What this host itself runs out of: told as such, and not as a fault of the network.

use std::net::UdpSocket;
use std::process::Command;

use connprobe::model::report::Report;

use crate::bench::{Bench, PROGRAM, Ran, code, greeted, row};
use crate::peers::Silent;

const ROWS: usize = 30;

/// Rows whose names are asked of `resolv.conf` in the bench's directory.
fn named(port: u16) -> Bench {
    let rows: Vec<String> = (1..=ROWS).map(|id| greeted(&format!("{id}"), port)).collect();
    let hosts: String =
        (1..=ROWS).map(|id| format!("  {id}: {{host: name-{id}.example}}\n")).collect();
    Bench::new(&rows, &format!("connections:\n{hosts}"))
}

/// The program with so many file descriptors.
fn with_files(bench: &Bench, files: usize, more: &[&str]) -> Ran {
    let inner =
        bench.command(&[&["--report", "json=-", "--quiet", "--timeout", "300ms"], more].concat());
    let mut command = Command::new("bash");
    command.args(["-c", "ulimit -n $1; shift; exec \"$@\"", "bash", &files.to_string(), PROGRAM]);
    command.args(inner.get_args()).env_clear();
    Ran::of(command.current_dir(bench.path(".")))
}

/// The report of the run with the fewest file descriptors that lets the program start at all.
fn with_too_few_files(bench: &Bench, more: &[&str]) -> Report {
    let started = (6..32).map(|files| with_files(bench, files, more));
    let mut reports = started.filter_map(|ran| serde_json::from_str(&ran.out).ok());
    reports.next().expect("thirty file descriptors are enough to start")
}

fn count(report: &Report, fault: &str) -> usize {
    let codes = report.connections.iter().filter_map(code);
    codes.filter(|code| code.as_str() == fault).count()
}

#[test]
fn files_that_run_out_before_a_connect_are_told() {
    let silent = Silent::new();
    let rows: Vec<String> = (1..=ROWS).map(|id| greeted(&format!("{id}"), silent.port())).collect();
    let report = with_too_few_files(&Bench::new(&rows, ""), &[]);
    let exhausted = count(&report, "local.files-exhausted");
    assert!(exhausted > 0, "{report:#?}");
    assert_eq!(exhausted + count(&report, "peer.silent"), ROWS, "{report:#?}");
    assert_eq!(report.summary.inconclusive, exhausted);
}

#[test]
fn files_that_run_out_before_a_question_are_no_fault_of_the_name_server() {
    let server = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let bench = named(9);
    let address = server.local_addr().expect("it has an address");
    bench.file("resolv.conf", format!("nameserver {address}\n"));
    let report = with_too_few_files(&bench, &["--resolv-conf", "resolv.conf"]);
    let exhausted = count(&report, "local.files-exhausted");
    assert!(exhausted > 0, "{report:#?}");
    assert_eq!(exhausted + count(&report, "dns.timeout"), ROWS, "{report:#?}");
    let lost = report
        .connections
        .iter()
        .find(|row| code(row).is_some_and(|code| code.as_str() != "dns.timeout"));
    let evidence = &lost.expect("one is there").fault.as_ref().expect("it has a fault").evidence;
    assert_eq!(evidence.text(connprobe::model::Key::Errno), Some("EMFILE"), "{report:#?}");
}

#[test]
fn many_names_wait_for_their_turn_where_files_are_few() {
    let server = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let bench = named(9);
    let address = server.local_addr().expect("it has an address");
    bench.file("resolv.conf", format!("nameserver {address}\n"));
    let report = with_files(&bench, 40, &["--resolv-conf", "resolv.conf"]).report();
    assert_eq!(count(&report, "dns.timeout"), ROWS, "{:#?}", row(&report, "30"));
}
