//! `expect: blocked`, and meshes that accept everything.

use connprobe::model::report::ControlKind;
use connprobe::model::{FaultCode, Verdict};

use crate::bench::{Bench, connected, greeted, negative, row, said};
use crate::peers::{Closed, Peer, Silent, answer};

/// A row that is to be blocked, by these causes too.
fn blocked(id: &str, port: u16, by: &str) -> String {
    let row = format!(
        "id: {id}, source: here, destination: there, protocol: TCP, port: {port}, \
         probe: {{tcp: {{expect: ready}}}}, proof: spoken, expect: blocked"
    );
    if by.is_empty() { row } else { format!("{row}, by: [{by}]") }
}

#[test]
fn a_port_that_is_merely_closed_proves_no_block() {
    let (peer, closed) = (Peer::greeting(), Closed::new());
    let rows = [greeted("1", peer.port()), blocked("2", closed.port(), "")];
    let ran = Bench::new(&rows, "").report(&[]);
    let report = ran.report();
    assert_eq!(said(&report, "2"), (Verdict::Inconclusive, Some("policy.wrong-fault")));
    assert_eq!(row(&report, "2").blocked_by, None);
    assert_eq!(ran.code, Some(3));
}

#[test]
fn a_cause_that_the_row_names_is_a_block_where_a_control_passes() {
    let (peer, closed) = (Peer::greeting(), Closed::new());
    let rows = [greeted("1", peer.port()), blocked("2", closed.port(), "tcp.refused")];
    for site in ["", "controls: {here: {positive: [1]}}\n"] {
        let ran = Bench::new(&rows, site).report(&[]);
        let report = ran.report();
        assert_eq!(said(&report, "2"), (Verdict::Pass, None));
        assert_eq!(row(&report, "2").blocked_by, Some(FaultCode::TcpRefused));
        assert_eq!(ran.code, Some(0));
        let told = report.controls.iter().find(|control| control.kind == ControlKind::Positive);
        let told = told.map(|control| (control.row.as_deref(), control.held));
        assert_eq!(told, (!site.is_empty()).then_some((Some("1"), true)));
    }
}

#[test]
fn the_site_may_say_what_a_row_of_the_table_is_blocked_by() {
    let (peer, closed) = (Peer::greeting(), Closed::new());
    let rows = [greeted("1", peer.port()), greeted("2", closed.port())];
    let site = "connections: {2: {expect: blocked, by: [tcp.refused]}}\n";
    let report = Bench::new(&rows, site).report(&[]).report();
    assert_eq!(said(&report, "2"), (Verdict::Pass, None));
    assert_eq!(row(&report, "2").blocked_by, Some(FaultCode::TcpRefused));
}

#[test]
fn a_block_without_a_control_proves_nothing() {
    let closed = Closed::new();
    let ran = Bench::new(&[blocked("2", closed.port(), "tcp.refused")], "").report(&[]);
    assert_eq!(said(&ran.report(), "2"), (Verdict::Inconclusive, Some("policy.no-control")));
    assert_eq!(ran.code, Some(3));
}

#[test]
fn a_control_that_the_site_names_and_that_fails_is_none() {
    let (peer, closed) = (Peer::greeting(), Closed::new());
    let rows = [
        greeted("1", peer.port()),
        blocked("2", closed.port(), "tcp.refused"),
        greeted("3", closed.port()),
    ];
    let ran = Bench::new(&rows, "controls: {here: {positive: [3]}}\n").report(&[]);
    let report = ran.report();
    assert_eq!(said(&report, "2"), (Verdict::Inconclusive, Some("policy.no-control")));
    assert_eq!(report.controls.iter().map(|control| control.held).collect::<Vec<_>>(), [false]);
}

#[test]
fn a_port_that_answers_is_reached() {
    let peer = Peer::greeting();
    let rows = [greeted("1", peer.port()), blocked("2", peer.port(), "tcp.refused")];
    let ran = Bench::new(&rows, "").report(&[]);
    assert_eq!(said(&ran.report(), "2"), (Verdict::Fail, Some("policy.reached")));
    assert_eq!(ran.code, Some(1));
}

#[test]
fn an_answer_is_a_block_only_where_the_row_names_its_refusal() {
    let peer = Peer::greeting();
    let mesh = Peer::http(|_| answer("403 Forbidden", "Server: envoy\r\n", "RBAC: access denied"));
    let row = |by: &str| {
        format!(
            "id: 2, source: here, destination: there, protocol: HTTP, port: {}, probe: http, \
             proof: spoken, expect: blocked{by}",
            mesh.port()
        )
    };
    for (by, expected) in [
        ("", (Verdict::Fail, Some("policy.reached"))),
        (", by: [auth.forbidden]", (Verdict::Pass, None)),
        (", by: [peer.reset]", (Verdict::Fail, Some("policy.reached"))),
    ] {
        let report = Bench::new(&[greeted("1", peer.port()), row(by)], "").report(&[]).report();
        assert_eq!(said(&report, "2"), expected, "{by}");
    }
}

#[test]
fn a_plain_connect_to_an_open_port_is_reached() {
    let (peer, silent, closed) = (Peer::greeting(), Silent::new(), Closed::new());
    let plain = format!("{}, expect: blocked", connected("2", silent.port()));
    let rows = [greeted("1", peer.port()), plain];
    let ran = Bench::new(&rows, &negative(closed.port())).report(&[]);
    assert_eq!(said(&ran.report(), "2"), (Verdict::Fail, Some("policy.reached")));
    assert_eq!(ran.code, Some(1));
}

#[test]
fn silence_after_a_connect_proves_neither_way() {
    let (peer, silent) = (Peer::greeting(), Silent::new());
    let rows = [greeted("1", peer.port()), blocked("2", silent.port(), "tcp.refused")];
    let ran = Bench::new(&rows, "").report(&["--timeout", "300ms"]);
    assert_eq!(said(&ran.report(), "2"), (Verdict::Inconclusive, Some("policy.wrong-fault")));
    assert_eq!(ran.code, Some(3));
}

#[test]
fn where_a_port_that_can_t_exist_connects_a_connect_proves_nothing() {
    let (peer, anything, closed) = (Peer::greeting(), Silent::new(), Closed::new());
    let rows = [connected("1", peer.port()), greeted("2", peer.port())];
    let ran = Bench::new(&rows, &negative(anything.port())).report(&[]);
    let report = ran.report();
    assert_eq!(said(&report, "1"), (Verdict::Inconclusive, Some("mesh.accepts-all")));
    assert_eq!(said(&report, "2"), (Verdict::Pass, None), "an answer proves what it proves");
    let [control] = &report.controls[..] else { panic!("{:?}", report.controls) };
    assert_eq!((control.kind, control.held), (ControlKind::Negative, false));
    assert_eq!(ran.code, Some(3));
    let ran = Bench::new(&rows, &negative(closed.port())).report(&[]);
    assert_eq!(said(&ran.report(), "1"), (Verdict::Pass, None));
    assert!(ran.report().controls[0].held);
    assert_eq!(ran.code, Some(0));
}
