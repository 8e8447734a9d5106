//! Row 21 before servers whose certificate has just one fault each. The token must stay with us.

use serde_json::{Value, json};

use crate::harness::{Outcome, Site, port, text};

fn at(port_name: &str, tls: &Value) -> Outcome {
    let site = Site::of_row(21)
        .destination(json!({"tls": {"ca_file": text("/nginx/ca")}}))
        .destination(json!({"tls": tls}))
        .destination(json!({"auth": {"token": {"secret": text("/nginx/token")}}}));
    site.port(port(&format!("/nginx/ports/{port_name}"))).run()
}

fn client_certificate(kind: &str) -> Value {
    json!({
        "client_cert_file": text(&format!("/nginx/{kind}_cert")),
        "client_key_file": text(&format!("/nginx/{kind}_key")),
    })
}

#[test]
fn a_chain_with_an_intermediate_is_verified() {
    at("https_intermediate", &json!({})).passes();
}

#[test]
fn a_certificate_for_another_name_is_told() {
    at("https_wrong_name", &json!({})).fails("tls.name-mismatch").proving("connected");
}

#[test]
fn a_certificate_of_another_authority_is_told() {
    at("https_other_ca", &json!({})).fails("tls.unknown-issuer").proving("connected");
}

#[test]
fn a_self_signed_certificate_is_told() {
    at("https_self_signed", &json!({})).fails("tls.self-signed").proving("connected");
}

#[test]
fn a_weak_key_is_told() {
    at("https_weak", &json!({})).fails("tls.weak").proving("connected");
}

#[test]
fn an_http_server_where_tls_is_expected_is_told() {
    at("http", &json!({})).fails("tls.not-tls").because("spoke", "http");
}

#[test]
fn a_client_certificate_that_is_demanded_and_not_given_is_told() {
    at("https_mtls", &json!({})).fails("tls.client-certificate-required");
}

#[test]
fn a_client_certificate_of_another_authority_is_told() {
    at("https_mtls", &client_certificate("other_client")).fails("tls.client-certificate-rejected");
}

#[test]
fn a_client_certificate_that_is_known_is_taken() {
    at("https_mtls", &client_certificate("client")).passes();
}

#[test]
fn a_pin_of_another_key_is_told() {
    let pins = ["sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="];
    at("https", &json!({"pins": pins})).fails("tls.pin-mismatch");
}
