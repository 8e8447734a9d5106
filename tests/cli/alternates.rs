//! `alternates`: what works where the documented way does not is found, and is never a pass.

use connprobe::model::Verdict;

use crate::bench::{Bench, finds, greeted, row, said};
use crate::peers::{Closed, Peer, Silent};

/// A row with another port to try.
fn or(port: u16, other: u16) -> String {
    greeted("1", port).replace("port:", &format!("alternates: [{{port: {other}}}], port:"))
}

#[test]
fn an_alternate_that_works_is_found_and_the_row_fails_all_the_same() {
    let (closed, other) = (Closed::new(), Peer::greeting());
    let ran = Bench::new(&[or(closed.port(), other.port())], "").report(&[]);
    let report = ran.report();
    assert_eq!((ran.code, said(&report, "1")), (Some(1), (Verdict::Fail, Some("tcp.refused"))));
    assert!(finds(&report, "1", "table.alternate-works"), "{:?}", report.findings);
    let told = format!("the documented way fails, and port {} works", other.port());
    assert!(report.findings.iter().any(|found| found.detail == told), "{:?}", report.findings);
    assert_eq!(row(&report, "1").attempts.len(), 1, "the alternate's attempts are not the row's");
}

#[test]
fn an_alternate_is_not_tried_where_the_documented_way_works() {
    let (peer, other) = (Peer::greeting(), Silent::new());
    let report = Bench::new(&[or(peer.port(), other.port())], "").report(&[]).report();
    assert_eq!((said(&report, "1"), other.connections()), ((Verdict::Pass, None), 0));
    assert!(!finds(&report, "1", "table.alternate-works"), "{:?}", report.findings);
}

#[test]
fn an_alternate_that_fails_too_is_no_finding() {
    let (closed, other) = (Closed::new(), Closed::new());
    let report = Bench::new(&[or(closed.port(), other.port())], "").report(&[]).report();
    assert_eq!(said(&report, "1"), (Verdict::Fail, Some("tcp.refused")));
    assert!(!finds(&report, "1", "table.alternate-works"), "{:?}", report.findings);
}

#[test]
fn the_site_may_have_alternates_of_its_own() {
    let (closed, other) = (Closed::new(), Peer::greeting());
    let site = format!("connections: {{1: {{alternates: [{{port: {}}}]}}}}\n", other.port());
    let report = Bench::new(&[greeted("1", closed.port())], &site).report(&[]).report();
    assert_eq!(said(&report, "1"), (Verdict::Fail, Some("tcp.refused")));
    assert!(finds(&report, "1", "table.alternate-works"), "{:?}", report.findings);
}
