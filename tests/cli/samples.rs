//! `--settle` and `--samples`: policies that arrive after the pod.

use connprobe::model::Verdict;

use crate::bench::{Bench, greeted, row, said};
use crate::peers::{Peer, Silent};

/// A row that is to be blocked, by an RST too.
fn blocked(id: &str, port: u16) -> String {
    format!("{}, expect: blocked, by: [peer.reset]", greeted(id, port))
}

#[test]
fn an_allow_holds_where_any_sample_holds_and_is_told_as_flaky() {
    let peer = Peer::resetting_once();
    let report = Bench::new(&[greeted("1", peer.port())], "").report(&["--samples", "3"]).report();
    assert_eq!(said(&report, "1"), (Verdict::Pass, None));
    assert!(row(&report, "1").flaky);
    assert_eq!(row(&report, "1").attempts.len(), 2, "the sample that holds is the last");

    let peer = Peer::resetting_once();
    let report = Bench::new(&[greeted("1", peer.port())], "").report(&[]).report();
    assert_eq!(said(&report, "1"), (Verdict::Fail, Some("peer.reset")));
}

#[test]
fn a_deny_has_to_hold_on_every_sample() {
    let healthy = Peer::greeting();
    let rows = |peer: &Peer| [greeted("1", healthy.port()), blocked("2", peer.port())];

    let peer = Peer::resetting_once();
    let report = Bench::new(&rows(&peer), "").report(&[]).report();
    assert_eq!(said(&report, "2"), (Verdict::Pass, None));

    let peer = Peer::resetting_once();
    let ran = Bench::new(&rows(&peer), "").report(&["--samples", "2"]);
    let report = ran.report();
    assert_eq!(said(&report, "2"), (Verdict::Fail, Some("policy.reached")));
    assert_eq!(row(&report, "2").attempts.len(), 2);
    assert_eq!(row(&report, "1").attempts.len(), 1, "a healthy row is looked at once");
    assert_eq!(ran.code, Some(1));
}

#[test]
fn nothing_is_sent_while_policies_settle() {
    let silent = Silent::new();
    let ran = Bench::new(&[greeted("1", silent.port())], "").report(&[
        "--settle",
        "1h",
        "--deadline",
        "200ms",
    ]);
    assert_eq!(said(&ran.report(), "1"), (Verdict::Inconclusive, Some("local.deadline")));
    assert_eq!(silent.connections(), 0);
    assert!(ran.err.contains("nothing is sent for 3600s"), "{}", ran.err);
    assert_eq!(ran.code, Some(3));
}
