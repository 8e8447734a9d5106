//! Rows 9, 10, 12: the token endpoint of the authentication service.

use serde_json::json;

use crate::harness::{Site, port, text};

fn client(row: usize, kind: &str) -> Site {
    let secret = text(&format!("/oidc/clients/{kind}/secret"));
    client_with(row, &text(&format!("/oidc/clients/{kind}/id")), &secret)
}

fn client_with(row: usize, id: &str, secret: &str) -> Site {
    Site::of_row(row).port(port("/oidc/port")).destination(json!({
        "allow_cleartext": true,
        "auth": {"client_id": id, "client_secret": {"secret": secret}},
    }))
}

#[test]
fn row_9_passes_with_a_client_that_the_service_knows() {
    client(9, "basic").run().passes().proving("authenticated");
}

#[test]
fn row_9_fails_when_the_secret_is_wrong() {
    let outcome = client_with(9, &text("/oidc/clients/basic/id"), "not-the-secret").run();
    outcome.fails("auth.rejected").because("oauth_error", "invalid_client");
}

#[test]
fn row_10_passes_with_a_client_that_sends_its_secret_in_the_body() {
    client(10, "post").run().passes();
}

#[test]
fn row_10_fails_when_the_client_may_not_use_the_grant() {
    let outcome = client(10, "no_grant").run();
    assert_eq!(outcome.row["verdict"], "fail", "{:#}", outcome.row);
    outcome.because("status", 400);
}

#[test]
fn row_12_passes_over_tls_through_a_gateway() {
    let site = client(12, "basic").port(port("/nginx/ports/https")).destination(json!({
        "tls": {"mode": "verify-full", "ca_file": text("/nginx/ca")},
    }));
    site.run().passes();
}

#[test]
fn row_12_fails_when_the_gateway_has_nothing_behind_it() {
    let site = client(12, "basic").port(port("/nginx/ports/http_gateway_dead"));
    site.run().fails("protocol.gateway").because("status", 502);
}

#[test]
fn row_12_keeps_the_secret_when_it_would_travel_in_clear() {
    let site = client(12, "basic").destination(json!({"allow_cleartext": false}));
    site.run().cannot_be_told("auth.insecure");
}
