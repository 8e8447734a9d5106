//! Rows through forward proxies: squid by CONNECT, microsocks by SOCKS5.

use serde_json::{Value, json};

use crate::harness::{Outcome, Site, port, text};

/// Row 18 through this proxy.
fn through(scheme: &str, port_name: &str, auth: Option<&str>, site: Site) -> Outcome {
    let url = format!("{scheme}://127.0.0.1:{}", port(&format!("/proxies/{port_name}")));
    let proxy = match auth {
        None => Value::from(url),
        Some(password) => json!({
            "url": url,
            "auth": {"username": text("/proxies/user"), "password": {"secret": password}},
        }),
    };
    site.destination(json!({"proxy": proxy})).run()
}

fn tenant_database() -> Site {
    Site::of_row(18).port(port("/postgres/port")).destination(json!({
        "allow_cleartext": true,
        "tls": {"mode": "verify-full", "ca_file": text("/postgres/ca")},
        "auth": {
            "username": "ucsx_t100",
            "password": {"secret": text("/postgres/users/ucsx_t100")},
            "database": "ucsx_t100",
        },
    }))
}

fn password() -> String {
    text("/proxies/password")
}

#[test]
fn a_database_is_proved_through_connect() {
    through("http", "squid_port", None, tenant_database()).passes().proving("operational");
}

#[test]
fn a_database_is_proved_through_connect_with_a_password() {
    through("http", "squid_auth_port", Some(&password()), tenant_database()).passes();
}

#[test]
fn a_database_is_proved_through_socks() {
    through("socks5", "socks_port", None, tenant_database()).passes();
}

#[test]
fn a_database_is_proved_through_socks_with_a_password() {
    through("socks5", "socks_auth_port", Some(&password()), tenant_database()).passes();
}

#[test]
fn a_proxy_that_wants_a_password_is_told() {
    let outcome = through("http", "squid_auth_port", None, tenant_database());
    outcome.fails("proxy.auth-required").because("status", 407).proving("none");
}

#[test]
fn a_proxy_that_takes_another_password_is_told() {
    let outcome = through("http", "squid_auth_port", Some("not-the-password"), tenant_database());
    outcome.fails("proxy.auth-required").because("status", 407);
}

#[test]
fn a_port_that_the_proxy_forbids_is_told() {
    let site = tenant_database().port(port("/proxies/denied_port"));
    through("http", "squid_port", None, site).fails("proxy.denied").because("status", 403);
}

#[test]
fn a_target_that_the_proxy_does_not_reach_is_told() {
    let site = tenant_database().port(port("/dead_port"));
    through("http", "squid_port", None, site).fails("proxy.target-unreachable").proving("none");
    let site = tenant_database().port(port("/dead_port"));
    through("socks5", "socks_port", None, site)
        .fails("proxy.target-unreachable")
        .because("socks_reply", 5);
}

#[test]
fn a_proxy_that_is_not_there_is_told() {
    let url = format!("http://127.0.0.1:{}", port("/dead_port"));
    let outcome = tenant_database().destination(json!({"proxy": url})).run();
    outcome.fails("proxy.unreachable").because("cause", "tcp.refused");
}
