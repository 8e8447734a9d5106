//! Rows that find another protocol at home, which meets their first words with silence or a close.

use serde_json::json;

use crate::harness::{Outcome, Site, port, text};

/// HTTP (11), TLS (21) and PostgreSQL (18) at a port.
fn http(port: u16) -> Outcome {
    Site::of_row(11).port(port).run()
}

fn tls(port: u16) -> Outcome {
    let ca = json!({"tls": {"ca_file": text("/nginx/ca")}});
    Site::of_row(21).destination(ca).port(port).run()
}

fn postgres(port: u16, mode: &str) -> Outcome {
    Site::of_row(18).destination(json!({"tls": {"mode": mode}})).port(port).run()
}

#[test]
fn postgresql_is_told_where_http_or_tls_is_expected() {
    let at = port("/postgres/port");
    http(at).fails("protocol.mismatch").because("spoke", "postgres");
    tls(at).fails("tls.not-tls").because("spoke", "postgres").because("cause", "peer.closed");
}

#[test]
fn redis_is_told_whatever_is_expected() {
    let at = port("/strangers/redis_port");
    http(at).fails("protocol.mismatch").because("spoke", "redis");
    tls(at).fails("tls.not-tls").because("spoke", "redis").because("cause", "peer.silent");
    postgres(at, "require").fails("protocol.mismatch").because("spoke", "redis");
}

#[test]
fn ldap_is_told_whatever_is_expected() {
    let at = port("/strangers/slapd_port");
    http(at).fails("protocol.mismatch").because("spoke", "ldap");
    tls(at).fails("tls.not-tls").because("spoke", "ldap");
    postgres(at, "disable").fails("protocol.mismatch").because("spoke", "ldap");
}

#[test]
fn elasticsearch_is_told_where_postgresql_is_expected_though_it_keeps_silent() {
    let outcome = postgres(port("/elasticsearch/port"), "require");
    outcome.fails("protocol.mismatch").because("spoke", "http").because("cause", "peer.silent");
}

#[test]
fn a_port_of_tls_is_told_where_clear_text_is_expected() {
    http(port("/nginx/ports/https")).fails("protocol.mismatch").because("spoke", "tls");
}
