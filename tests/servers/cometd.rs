//! Row 13: CometD, alone and as two servers behind a balancer.

use serde_json::json;

use crate::harness::{Site, port, text};

fn at(port_name: &str) -> Site {
    Site::of_row(13).port(port(&format!("/cometd/{port_name}")))
}

fn with_token(token: &str) -> Site {
    at("token_port").destination(json!({
        "allow_cleartext": true,
        "auth": {"token": {"secret": token}},
    }))
}

#[test]
fn row_13_passes_when_the_balancer_keeps_a_client_at_its_server() {
    at("sticky_port").run().passes().proving("operational").noting("connects", 5);
}

#[test]
fn row_13_fails_when_the_balancer_sends_a_client_here_and_there() {
    let outcome = at("scattered_port").run().fails("service.not-sticky");
    outcome.because("advice", "handshake");
}

#[test]
fn row_13_passes_with_the_token_that_the_server_wants() {
    with_token(&text("/cometd/token")).run().passes();
}

#[test]
fn row_13_fails_when_the_handshake_is_denied_in_an_answer_that_http_calls_good() {
    let outcome = with_token("a-token-that-nobody-gave").run();
    assert_eq!(outcome.row["verdict"], "fail", "{:#}", outcome.row);
    let code = outcome.row["fault"]["code"].as_str();
    assert!(matches!(code, Some("auth.rejected" | "auth.forbidden")), "{:#}", outcome.row);
}

#[test]
fn row_13_cannot_be_told_when_a_token_is_wanted_and_the_site_has_none() {
    at("token_port").run().cannot_be_told("auth.required");
}
