//! What a site says of its installation, end to end.

use std::net::Ipv4Addr;

use connprobe::model::{Proof, Verdict};

use crate::bench::{Bench, Ran, asked, connected, finds, greeted, negative, row, said};
use crate::peers::{Closed, Peer, Silent, answer};

fn waiver(code: &str, until: &str) -> String {
    format!("waivers:\n  - {{row: 1, code: {code}, reason: CHG-1234, until: {until}}}\n")
}

#[test]
fn a_waiver_is_told_and_counted_but_not_in_the_exit_code() {
    let closed = Closed::new();
    let bench = Bench::new(&[greeted("1", closed.port())], &waiver("tcp.refused", "9999-12-31"));
    let ran = bench.report(&["--report", "junit=r.xml", "--report", "text=r.txt"]);
    let report = ran.report();
    assert_eq!(said(&report, "1"), (Verdict::Fail, Some("tcp.refused")), "the verdict stays");
    let waived = row(&report, "1").waived.as_ref().expect("it is waived");
    assert_eq!((waived.reason.as_str(), waived.until.as_str()), ("CHG-1234", "9999-12-31"));
    assert_eq!((report.summary.waived, report.summary.fail), (1, 1));
    assert_eq!(ran.code, Some(0));
    assert!(bench.text("r.xml").contains("waived until 9999-12-31: CHG-1234 (tcp.refused)"));
    assert!(bench.text("r.txt").contains("waived until 9999-12-31: CHG-1234"));
}

#[test]
fn a_waiver_that_ended_counts_and_is_found() {
    let closed = Closed::new();
    let bench = Bench::new(&[greeted("1", closed.port())], &waiver("tcp.refused", "2020-01-31"));
    let ran = bench.report(&[]);
    let report = ran.report();
    assert_eq!(ran.code, Some(1));
    assert_eq!((report.summary.waived, &row(&report, "1").waived), (0, &None));
    assert!(finds(&report, "1", "waiver.expired"), "{:?}", report.findings);
}

#[test]
fn a_waiver_covers_no_other_fault() {
    let closed = Closed::new();
    let bench = Bench::new(&[greeted("1", closed.port())], &waiver("tcp.filtered", "9999-12-31"));
    let ran = bench.report(&[]);
    assert_eq!((ran.code, ran.report().summary.waived), (Some(1), 0));
    assert!(finds(&ran.report(), "1", "waiver.unused"), "{:?}", ran.report().findings);
}

#[test]
fn a_row_that_the_site_skips_is_not_sent_and_says_why() {
    let (peer, silent) = (Peer::greeting(), Silent::new());
    let rows = [greeted("1", peer.port()), greeted("2", silent.port())];
    let bench = Bench::new(&rows, "connections: {2: {skip: no such thing here}}\n");
    let ran = bench.report(&["--report", "junit=r.xml"]);
    let report = ran.report();
    assert_eq!(said(&report, "2"), (Verdict::Skipped, None));
    assert_eq!(row(&report, "2").reason.as_deref(), Some("no such thing here"));
    assert!(row(&report, "2").chosen && finds(&report, "2", "site.skip"));
    assert_eq!((report.summary.skipped, report.summary.chosen), (1, 2));
    assert_eq!((ran.code, silent.connections()), (Some(0), 0));
    assert!(bench.text("r.xml").contains("no such thing here"));
}

#[test]
fn each_instance_is_a_case_of_its_own() {
    let peer = Peer::greeting();
    let site = "endpoints:\n  there:\n    instances:\n      t100: {host: 127.0.0.1}\n      \
                t200: {host: 127.0.0.2}\n";
    let bench = Bench::new(&[greeted("18", peer.port())], site);
    let ran = bench.report(&["--report", "junit=r.xml"]);
    let report = ran.report();
    assert_eq!(said(&report, "18[t100]"), (Verdict::Pass, None));
    assert_eq!(said(&report, "18[t200]"), (Verdict::Fail, Some("tcp.refused")));
    assert_eq!((report.summary.declared, report.summary.chosen), (2, 2));
    let name = format!("name=\"18[t100] here → there TCP/{}\"", peer.port());
    assert!(bench.text("r.xml").contains(&name), "{}", bench.text("r.xml"));
}

#[test]
fn each_of_several_ports_must_pass() {
    let (one, two, closed) = (Peer::greeting(), Peer::greeting(), Closed::new());
    let of = |a: u16, b: u16| {
        format!(
            "id: 1, source: here, destination: there, protocol: TCP, port: \"{a}, {b}\", \
             probe: {{tcp: {{expect: ready}}}}, proof: spoken"
        )
    };
    let ran = Bench::new(&[of(one.port(), two.port())], "").report(&[]);
    assert_eq!(said(&ran.report(), "1"), (Verdict::Pass, None));
    assert_eq!(row(&ran.report(), "1").attempts.len(), 2);
    assert_eq!(row(&ran.report(), "1").port.to_string(), format!("{}, {}", one.port(), two.port()));
    let ran = Bench::new(&[of(one.port(), closed.port())], "").report(&[]);
    assert_eq!(said(&ran.report(), "1"), (Verdict::Fail, Some("tcp.refused")));
}

#[test]
fn a_wide_range_is_sampled_and_the_report_says_so() {
    // Nothing listens at this address of loopback.
    let site = "endpoints: {there: {host: 127.86.0.9}}\n";
    let wide = "id: 1, source: here, destination: there, protocol: TCP, port: 10000-30000, \
                probe: {tcp: {expect: ready}}, proof: spoken";
    let report = Bench::new(&[wide.to_owned()], site).report(&[]).report();
    let attempts = &row(&report, "1").attempts;
    let addresses: Vec<&str> = attempts.iter().filter_map(|a| a.address.as_deref()).collect();
    assert_eq!(addresses.len(), 16);
    assert!(addresses.contains(&"127.86.0.9:10000") && addresses.contains(&"127.86.0.9:30000"));
    assert!(finds(&report, "1", "ports.sampled"), "{:?}", report.findings);
    let narrow = wide.replace("10000-30000", "10000-10015");
    let report = Bench::new(&[narrow], site).report(&[]).report();
    assert_eq!(row(&report, "1").attempts.len(), 16);
    assert!(!finds(&report, "1", "ports.sampled"), "{:?}", report.findings);
}

#[test]
fn a_cap_on_the_proof_lowers_what_is_required_and_what_is_sent() {
    let (silent, closed) = (Silent::new(), Closed::new());
    let site = negative(closed.port());
    let bench = Bench::new(&[asked("1", silent.port(), "authenticated")], &site);
    let ran = bench.report(&["--proof", "connected"]);
    let report = ran.report();
    assert_eq!(said(&report, "1"), (Verdict::Pass, None));
    let proof = row(&report, "1").proof;
    assert_eq!((proof.required, proof.reached), (Proof::Connected, Proof::Connected));
    assert_eq!((ran.code, silent.connections()), (Some(0), 1));
    let ran = bench.report(&["--timeout", "300ms"]);
    assert_eq!(said(&ran.report(), "1"), (Verdict::Fail, Some("peer.silent")));
}

#[test]
fn the_site_says_how_many_addresses_must_pass() {
    let peer = Peer::greeting();
    let port = peer.port();
    let run = |addresses: &str, order: [&str; 2]| {
        let site = format!("endpoints: {{there: {{host: there.test, addresses: {addresses}}}}}\n");
        let resolve = order.map(|address| format!("there.test={address}"));
        let bench = Bench::new(&[greeted("1", port)], &site);
        let report = bench.report(&["--resolve", &resolve[0], "--resolve", &resolve[1]]).report();
        let (verdict, code) = said(&report, "1");
        (verdict, code, row(&report, "1").attempts.len())
    };
    let (up, down) = ("127.0.0.1", "127.0.0.2");
    assert_eq!(run("all", [up, down]), (Verdict::Fail, Some("tcp.refused"), 2));
    assert_eq!(run("any", [down, up]), (Verdict::Pass, None, 2));
    assert_eq!(run("first", [up, down]), (Verdict::Pass, None, 1));
    assert_eq!(run("first", [down, up]), (Verdict::Fail, Some("tcp.refused"), 1));
}

#[test]
fn several_hosts_must_each_pass() {
    let peer = Peer::greeting();
    let report = |hosts: &str| {
        let site = format!("endpoints: {{there: {{hosts: [{hosts}]}}}}\n");
        Bench::new(&[greeted("1", peer.port())], &site).report(&[]).report()
    };
    let one = Ipv4Addr::LOCALHOST.to_string();
    assert_eq!(said(&report(&one), "1"), (Verdict::Pass, None));
    let failed = (Verdict::Fail, Some("tcp.refused"));
    assert_eq!(said(&report(&format!("{one}, 127.0.0.2")), "1"), failed);
}

/// A peer that lets one user in, by HTTP Basic (RFC 7617): `ucsx` with `open-sesame`.
fn guarded() -> Peer {
    Peer::http(|head| {
        if head.contains("Basic dWNzeDpvcGVuLXNlc2FtZQ==\r\n") {
            answer("200 OK", "", "")
        } else {
            answer("401 Unauthorized", "WWW-Authenticate: Basic realm=\"there\"\r\n", "")
        }
    })
}

const CLEARTEXT: &str = "endpoints: {there: {allow_cleartext: true}}\n";

#[test]
fn credentials_may_come_by_environment() {
    let peer = guarded();
    let bench = Bench::new(&[asked("1", peer.port(), "authenticated")], CLEARTEXT);
    let with = |password: &str| {
        let mut command = bench.command(&["--report", "json=-"]);
        command.env("CONNPROBE_THERE_USERNAME", "ucsx");
        Ran::of(command.env("CONNPROBE_THERE_PASSWORD", password)).report()
    };
    assert_eq!(said(&with("open-sesame"), "1"), (Verdict::Pass, None));
    assert_eq!(said(&with("open-barley"), "1"), (Verdict::Fail, Some("auth.rejected")));
    let without = bench.report(&[]).report();
    assert_eq!(said(&without, "1"), (Verdict::Inconclusive, Some("auth.required")));
}

#[test]
fn the_source_may_come_by_environment() {
    let peer = Peer::greeting();
    let bench = Bench::new(&[greeted("1", peer.port())], "");
    let mut command = crate::bench::program(&bench.path("."));
    command.args(["run", "--profile", "profile.yaml", "--report", "json=-"]);
    let ran = Ran::of(command.env("CONNPROBE_SOURCE", "here"));
    assert_eq!((ran.code, &ran.report().runs[0].sources[..]), (Some(0), &["here".to_owned()][..]));
}

#[test]
fn credentials_in_clear_want_the_word_of_the_site() {
    let peer = guarded();
    let bench = Bench::new(&[asked("1", peer.port(), "authenticated")], "");
    let mut command = bench.command(&["--report", "json=-"]);
    command.env("CONNPROBE_THERE_USERNAME", "ucsx");
    let ran = Ran::of(command.env("CONNPROBE_THERE_PASSWORD", "open-sesame"));
    assert_eq!(said(&ran.report(), "1"), (Verdict::Inconclusive, Some("auth.insecure")));
    assert_eq!(ran.code, Some(3));
    assert!(peer.heard().iter().all(|head| !head.contains("Basic ")), "{:?}", peer.heard());
}

#[test]
fn a_secret_that_can_t_be_read_is_its_row_s_alone() {
    let (guarded, peer) = (guarded(), Peer::greeting());
    let rows = [asked("1", guarded.port(), "authenticated"), greeted("2", peer.port())];
    let site = "connections: {1: {allow_cleartext: true, auth: {username: ucsx, \
                password: {file: not/there}}}}\n";
    let bench = Bench::new(&rows, site);
    let ran = bench.report(&[]);
    let report = ran.report();
    assert_eq!(said(&report, "1"), (Verdict::Inconclusive, Some("local.secret-unreadable")));
    assert_eq!(said(&report, "2"), (Verdict::Pass, None));
    assert_eq!(ran.code, Some(3));
    std::fs::create_dir(bench.path("not")).expect("the folder is made");
    bench.file("not/there", "open-sesame\n");
    let ran = bench.report(&[]);
    assert_eq!(said(&ran.report(), "1"), (Verdict::Pass, None), "one final newline goes");
    assert_eq!(ran.code, Some(0));
}

#[test]
fn a_proxy_s_password_that_can_t_be_read_is_its_row_s_alone() {
    let (proxy, peer) = (Peer::greeting(), Peer::greeting());
    let rows = [
        greeted("1", peer.port()),
        greeted("2", peer.port()).replace("destination: there", "destination: other"),
    ];
    let site = format!(
        "endpoints: {{there: {{proxy: {{url: 'http://127.0.0.1:{}', auth: {{username: ucsx, \
         password: {{file: not/there}}}}}}}}}}\n",
        proxy.port()
    );
    let report = Bench::new(&rows, &site).report(&[]).report();
    assert_eq!(said(&report, "1"), (Verdict::Inconclusive, Some("local.secret-unreadable")));
    assert_eq!(said(&report, "2"), (Verdict::Pass, None));
}

#[test]
fn rows_of_the_site_alone_run_after_those_of_the_table() {
    let (peer, silent, closed) = (Peer::greeting(), Silent::new(), Closed::new());
    let site = format!(
        "{}extra:\n  - {{id: more, source: here, destination: elsewhere, host: 127.0.0.1, \
         port: {}, proof: connected}}\n",
        negative(closed.port()),
        silent.port()
    );
    let rows = [greeted("1", peer.port()), connected("2", peer.port())];
    let report = Bench::new(&rows, &site).report(&[]).report();
    let ids: Vec<&str> = report.connections.iter().map(|row| &*row.id).collect();
    assert_eq!(ids, ["1", "2", "more"]);
    assert_eq!(said(&report, "more"), (Verdict::Pass, None));
    assert!(finds(&report, "more", "site.extra"), "{:?}", report.findings);
    assert_eq!(silent.connections(), 1);
}
