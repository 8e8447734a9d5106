//! `connprobe explain`: the words of a code, filled in by a row of a report.

use crate::bench::{Bench, Ran, asked, greeted, program};
use crate::peers::{Closed, Peer, answer};

fn explain(bench: &Bench, more: &[&str]) -> Ran {
    Ran::of(program(&bench.path("")).arg("explain").args(more))
}

/// A bench with the report of one row that fails and one that passes.
fn reported() -> (Bench, u16) {
    let (peer, closed) = (Peer::greeting(), Closed::new());
    let rows = [greeted("1", peer.port()), greeted("2", closed.port())];
    let bench = Bench::new(&rows, "");
    assert_eq!(bench.run(&["--quiet", "--report", "json=run.json"]).code, Some(1));
    (bench, closed.port())
}

#[test]
fn a_row_of_a_report_fills_host_and_port_into_the_commands() {
    let (bench, port) = reported();
    let ran = explain(&bench, &["--report", "run.json", "2"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.starts_with(&format!("Row 2 here → there TCP/{port} at 127.0.0.1\n")));
    assert!(ran.out.contains(&format!("curl -sv -m 5 telnet://127.0.0.1:{port} </dev/null")));
    assert!(!ran.out.contains("HOST"), "{}", ran.out);
    let all = explain(&bench, &["--report", "run.json"]);
    assert_eq!(all.out, ran.out, "without a row, those that have a fault");
}

#[test]
fn a_row_without_a_fault_says_so() {
    let (bench, _) = reported();
    let ran = explain(&bench, &["--report", "run.json", "1"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.out.contains("It passes: there is no fault to explain."), "{}", ran.out);
}

#[test]
fn a_report_that_can_t_be_read_is_2_and_says_why() {
    let (bench, _) = reported();
    bench.file("other.json", r#"{"schema": "connprobe/report/v9"}"#);
    for (more, told) in [
        (["--report", "missing.json", "1"], "No such file"),
        (["--report", "profile.yaml", "1"], "it is no report: "),
        (["--report", "other.json", "1"], "its schema is `connprobe/report/v9`"),
        (["--report", "run.json", "7"], "no row `7` in this report"),
    ] {
        let ran = explain(&bench, &more);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains(told), "{}", ran.err);
    }
}

#[test]
fn no_host_of_a_report_becomes_a_command_of_the_reader_s() {
    let (bench, _) = reported();
    for host in ["$(touch x)", "-f/etc/passwd", "a; reboot", "a\\u001b[31m'b", "`id`"] {
        let text = bench.text("run.json").replace("127.0.0.1", host);
        bench.file("hostile.json", text);
        let ran = explain(&bench, &["--report", "hostile.json", "2"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let commands = ran.out.split("Type next").nth(1).expect("commands are there");
        assert!(commands.contains("HOST"), "{commands}");
        for part in ["touch", "passwd", "reboot", "31m", "id`"] {
            assert!(!commands.contains(part), "{commands}");
        }
        assert!(!ran.out.contains('\x1b'), "{:?}", ran.out);
    }
}

#[test]
fn every_code_fits_into_80_columns_and_obeys_no_color() {
    let bench = Bench::new(&[asked("1", 1, "spoken")], "");
    let listed = explain(&bench, &[]).out;
    let codes: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter_map(|line| line.split_whitespace().next().filter(|_| !line.starts_with(' ')))
        .collect();
    assert!(codes.len() > 100, "{codes:?}");
    for code in codes {
        let ran = explain(&bench, &[code]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.contains("To do"), "{}", ran.out);
        let long = ran.out.lines().find(|line| line.chars().count() > 80);
        assert_eq!(long, None, "{code}");
        assert!(!ran.out.contains('\x1b'));
    }
    let mut forced = program(&bench.path(""));
    forced.args(["explain", "tcp.refused"]).env("CLICOLOR_FORCE", "1");
    assert!(Ran::of(&mut forced).out.contains("\x1b[1mtcp.refused\x1b[0m"));
    assert!(!Ran::of(forced.env("NO_COLOR", "1")).out.contains('\x1b'));
}

#[test]
fn the_hint_of_a_gateway_follows_its_status() {
    let peer = Peer::http(|_| answer("504 Gateway Timeout", "Server: nginx\r\n", "<html>"));
    let bench = Bench::new(&[asked("1", peer.port(), "identified")], "");
    let ran = bench.run(&["--quiet"]);
    assert!(ran.out.contains("slower than the gateway waits"), "{}", ran.out);
}
