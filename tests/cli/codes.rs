//! Exit codes that no other test meets, reports that can't be written, `--dry-run`.

use connprobe::model::Verdict;

use crate::bench::{Bench, asked, connected, greeted, negative, said};
use crate::peers::{Closed, Peer, Silent, answer};

#[test]
fn all_rows_pass_is_0_and_one_that_fails_is_1() {
    let (peer, closed) = (Peer::greeting(), Closed::new());
    let rows = [greeted("1", peer.port()), greeted("2", closed.port())];
    let bench = Bench::new(&rows, "");
    let ran = bench.report(&["--only", "1"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(said(&ran.report(), "1"), (Verdict::Pass, None));
    let ran = bench.report(&[]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(said(&ran.report(), "1"), (Verdict::Pass, None));
    assert_eq!(said(&ran.report(), "2"), (Verdict::Fail, Some("tcp.refused")));
}

#[test]
fn credentials_that_are_asked_for_and_missing_are_3() {
    let challenge = "WWW-Authenticate: Basic realm=\"there\"\r\n";
    let peer = Peer::http(move |_| answer("401 Unauthorized", challenge, ""));
    let ran = Bench::new(&[asked("1", peer.port(), "authenticated")], "").report(&[]);
    assert_eq!(said(&ran.report(), "1"), (Verdict::Inconclusive, Some("auth.required")));
    assert_eq!(ran.code, Some(3));
}

#[test]
fn a_row_that_fails_outweighs_one_that_is_inconclusive() {
    let peer = Peer::http(|_| answer("401 Unauthorized", "", ""));
    let closed = Closed::new();
    let rows = [asked("1", peer.port(), "authenticated"), greeted("2", closed.port())];
    let ran = Bench::new(&rows, "").report(&[]);
    let report = ran.report();
    assert_eq!((report.summary.inconclusive, report.summary.fail), (1, 1));
    assert_eq!(ran.code, Some(1));
}

#[test]
fn a_proof_that_falls_short_without_a_fault_is_3() {
    let peer = Peer::http(|_| answer("200 OK", "", "fine"));
    let ran = Bench::new(&[asked("1", peer.port(), "authenticated")], "").report(&[]);
    let report = ran.report();
    assert_eq!(said(&report, "1"), (Verdict::Inconclusive, None));
    let reason = report.connections[0].reason.as_deref();
    assert!(reason.is_some_and(|reason| reason.starts_with("proof short: ")), "{reason:?}");
    assert_eq!(ran.code, Some(3));
}

#[test]
fn a_report_that_can_t_be_written_is_3_although_all_rows_pass() {
    let peer = Peer::greeting();
    let bench = Bench::new(&[greeted("1", peer.port())], "");
    bench.file("taken", "a file, not a folder");
    let ran = bench.run(&["--quiet", "--report", "json=taken/report.json"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.err.starts_with("error: make the folder `taken`: "), "{}", ran.err);
    assert!(ran.out.contains("1 of 1 rows chosen: 1 pass"), "{}", ran.out);
}

#[test]
fn a_report_that_can_t_be_written_keeps_no_other_from_being_written() {
    let closed = Closed::new();
    let bench = Bench::new(&[greeted("1", closed.port())], "");
    bench.file("taken", "a file, not a folder");
    let ran = bench.report(&["--quiet", "--report", "junit=taken/a.xml", "--report", "text=b.txt"]);
    assert_eq!(ran.code, Some(1), "a failing row outweighs the report: {ran:?}");
    assert_eq!(ran.report().summary.fail, 1);
    assert!(bench.text("b.txt").contains("1 of 1 rows chosen: 0 pass, 1 fail"));
}

#[test]
fn reports_make_their_folders_and_leave_nothing_else_behind() {
    let peer = Peer::greeting();
    let bench = Bench::new(&[greeted("1", peer.port())], "");
    let all = ["--report", "json=a/b/r.json", "--report", "junit=a/b/r.xml"];
    assert_eq!(bench.run(&all).code, Some(0));
    let entries = std::fs::read_dir(bench.path("a/b")).expect("the folder is made").flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    names.sort();
    assert_eq!(names, ["r.json", "r.xml"]);
}

#[test]
fn a_report_that_can_t_be_renamed_leaves_no_part_of_it_behind() {
    let peer = Peer::greeting();
    let bench = Bench::new(&[greeted("1", peer.port())], "");
    std::fs::create_dir_all(bench.path("a/r.json")).expect("the folder is made");
    let ran = bench.run(&["--quiet", "--report", "json=a/r.json"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.err.starts_with("error: rename into `a/r.json`: "), "{}", ran.err);
    let entries = std::fs::read_dir(bench.path("a")).expect("the folder is there").flatten();
    let names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["r.json"]);
}

#[test]
fn a_dry_run_sends_nothing_and_says_what_it_would() {
    let (silent, control) = (Silent::new(), Silent::new());
    let port = silent.port();
    let rows = [greeted("1", port), connected("2", port), asked("3", port, "identified")];
    let bench = Bench::new(&rows, &negative(control.port()));
    let ran = bench.run(&["--dry-run"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!((silent.connections(), control.connections()), (0, 0));
    for row in 1..=3 {
        let line = format!("   {row}  here → there  127.0.0.1:{port}  ");
        assert!(ran.out.contains(&line), "no `{line}` in {}", ran.out);
    }
    let control = format!("negative control of here: a connect to 127.0.0.1:{}\n", control.port());
    assert!(ran.out.contains(&control), "{}", ran.out);
    assert!(ran.out.ends_with("nothing was sent\n"), "{}", ran.out);
    bench.run(&["--timeout", "200ms"]);
    assert!(silent.connections() >= 3, "the same command without --dry-run connects");
}

#[test]
fn a_report_to_a_pipe_is_written_into_it_and_never_takes_its_place() {
    use std::os::unix::fs::FileTypeExt;
    let peer = Peer::greeting();
    let bench = Bench::new(&[greeted("1", peer.port())], "");
    let pipe = bench.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is there").success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe)
    });
    let ran = bench.run(&["--quiet", "--report", "json=pipe"]);
    let kind = std::fs::metadata(&pipe).expect("it is there").file_type();
    assert!(kind.is_fifo(), "{kind:?} in place of the pipe");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let text = reader.join().expect("the reader ends").expect("the pipe is read");
    assert!(text.contains("connprobe/report/v1"), "{text}");
}
