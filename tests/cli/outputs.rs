//! What a terminal, a pipe and a log see.

use crate::bench::{Bench, Ran, greeted, program};
use crate::peers::{Closed, Peer};

/// The escape that begins a colour (ECMA-48 SGR).
const ESCAPE: char = '\u{1b}';

fn ran(variables: &[(&str, &str)], more: &[&str]) -> Ran {
    let (peer, closed) = (Peer::greeting(), Closed::new());
    let bench = Bench::new(&[greeted("1", peer.port()), greeted("2", closed.port())], "");
    let ran = Ran::of(bench.command(more).envs(variables.iter().copied()));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    ran
}

#[test]
fn what_is_piped_has_no_colour() {
    let ran = ran(&[("TERM", "xterm-256color")], &[]);
    assert!(!ran.out.contains(ESCAPE) && !ran.err.contains(ESCAPE), "{ran:?}");
}

#[test]
fn a_table_that_can_t_be_shown_is_told() {
    let peer = Peer::greeting();
    let bench = Bench::new(&[greeted("1", peer.port())], "");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let ran = Ran::of(bench.command(&[]).stdout(full));
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.err.contains("error: show the result: "), "{}", ran.err);
}

#[test]
fn colour_can_be_forced_and_no_color_is_stronger() {
    let forced = ran(&[("CLICOLOR_FORCE", "1")], &[]);
    assert!(forced.out.contains("\u{1b}[31;1mFAIL\u{1b}[0m"), "{}", forced.out);
    let none = ran(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]);
    assert!(!none.out.contains(ESCAPE), "{}", none.out);
    let empty = ran(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")], &[]);
    assert!(empty.out.contains(ESCAPE), "an empty NO_COLOR says nothing: {}", empty.out);
}

#[test]
fn mistakes_obey_no_color_too() {
    let bench = Bench::new(&[greeted("1", 9)], "");
    let mistaken = |variables: &[(&str, &str)]| {
        let ran = Ran::of(bench.command(&["--only", "7"]).envs(variables.iter().copied()));
        assert_eq!(ran.code, Some(2), "{ran:?}");
        ran.err
    };
    assert!(mistaken(&[("CLICOLOR_FORCE", "1")]).contains(ESCAPE));
    assert!(!mistaken(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains(ESCAPE));
}

#[test]
fn text_in_a_file_has_no_colour_whatever_the_terminal_wants() {
    let peer = Peer::greeting();
    let bench = Bench::new(&[greeted("1", peer.port())], "");
    let mut command = bench.command(&["--report", "text=out.txt"]);
    assert_eq!(Ran::of(command.env("CLICOLOR_FORCE", "1")).code, Some(0));
    assert!(!bench.text("out.txt").contains(ESCAPE));
}

#[test]
fn progress_goes_to_standard_error_and_quiet_leaves_it_out() {
    let loud = ran(&[], &[]);
    let mut lines: Vec<&str> = loud.err.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["1 here → there: spoken", "2 here → there: tcp.refused"]);
    let quiet = ran(&[], &["--quiet"]);
    assert_eq!(quiet.err, "");
    assert!(quiet.out.contains("2 of 2 rows chosen: 1 pass, 1 fail"), "{}", quiet.out);
}

#[test]
fn a_table_for_people_is_shown_unless_a_report_takes_its_place() {
    let table = ran(&[], &["--report", "json=r.json"]);
    assert!(table.out.contains("Who acts next"), "{}", table.out);
    let report = ran(&[], &["--report", "json=-"]);
    assert!(report.out.starts_with('{') && !report.out.contains("Who acts next"));
    assert_eq!(report.report().summary.fail, 1);
}

#[test]
fn every_command_has_a_page_of_the_manual() {
    let folder = tempfile::TempDir::new().expect("a private directory");
    let help = Ran::of(program(folder.path()).arg("--help")).out;
    let commands = help.split("Commands:").nth(1).and_then(|text| text.split("Options:").next());
    let names = commands.expect("commands are listed").lines();
    let names = names.filter_map(|line| line.split_whitespace().next());
    assert_eq!(Ran::of(program(folder.path()).args(["man", "--dir", "pages"])).code, Some(0));
    for name in names.filter(|name| *name != "help") {
        let page = folder.path().join(format!("pages/connprobe-{name}.1"));
        let text = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(text.contains(&format!(".TH connprobe-{name} 1")), "{text}");
    }
    let all = Ran::of(program(folder.path()).arg("man")).out;
    assert!(all.contains(".TH connprobe 1") && all.contains(".TH connprobe-run 1"));
}

#[test]
fn a_dry_run_tells_how_many_connections_there_are_at_most() {
    let rows = [
        "id: 1, source: here, destination: there, protocol: TCP, port: 80, proof: connected"
            .to_owned(),
        "id: 2, source: here, destination: other, protocol: HTTP, port: 80-81, proof: spoken, \
         retries: 1, probe: {http: {redirects: follow}}"
            .to_owned(),
    ];
    let bench = Bench::new(&rows, "controls: {here: {negative: [{host: 127.0.0.1, port: 9}]}}\n");
    let ran = bench.run(&["--dry-run"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    // One; two ports, tried twice, of seven each: the answer, a counter-check, five redirects; the control.
    assert!(
        ran.out.contains("at most 30 connections where each name has one address"),
        "{}",
        ran.out
    );
}
