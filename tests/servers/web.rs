//! Rows 1, 2, 8, 14, 15, 21: HTTP, with redirects, gateways and tokens checked by nginx.

use serde_json::{Value, json};

use crate::harness::{Site, env, port, text};

fn ca() -> Value {
    json!({"tls": {"ca_file": text("/nginx/ca")}})
}

/// Row 1 at the port of the table, whose redirects are trusted by this authority.
fn row_1(authority: &str) -> Site {
    Site::of_row(1).destination(json!({
        "host": text("/nginx/front"),
        "tls": {"ca_file": text(&format!("/nginx/{authority}"))},
    }))
}

/// A row that needs a token of the authentication service, whose client has this secret.
fn with_token_from(site: Site, secret: &str) -> Site {
    let service = json!({
        "host": "127.0.0.1",
        "allow_cleartext": true,
        "auth": {
            "client_id": text("/oidc/clients/basic/id"),
            "client_secret": {"secret": secret},
        },
    });
    let site = site.endpoint("authentication-service", service);
    [9, 10, 12]
        .into_iter()
        .fold(site, |site, row| site.other_row(row, json!({"port": port("/oidc/port")})))
}

fn with_right_token(site: Site) -> Site {
    with_token_from(site, &text("/oidc/clients/basic/secret"))
        .destination(json!({"auth": {"oauth2": "authentication-service"}}))
}

fn with_literal_token(site: Site, token: &str) -> Site {
    site.destination(json!({"auth": {"token": {"secret": token}}}))
}

#[test]
fn row_1_passes_when_the_redirect_to_https_is_followed_to_a_verified_gateway() {
    let site = row_1("ca");
    let location = format!("https://127.0.0.1:{}/", port("/nginx/ports/https"));
    site.run().passes().noting("redirects", json!([location]));
}

#[test]
fn row_1_fails_when_the_redirect_leads_to_a_certificate_of_an_unknown_issuer() {
    let site = row_1("other_ca");
    site.run().fails("tls.unknown-issuer");
}

#[test]
fn row_1_fails_when_the_gateway_has_nothing_behind_it() {
    let site = Site::of_row(1).port(port("/nginx/ports/http_gateway_dead"));
    site.run().fails("protocol.gateway").because("status", 502);
}

#[test]
fn row_2_passes_when_the_gateway_answers() {
    let alive = json!({"host": env("/nginx/two_addresses/alive")});
    Site::of_row(2).destination(alive).port(port("/nginx/ports/http")).run().passes();
}

#[test]
fn row_2_passes_when_the_gateway_asks_for_a_login() {
    Site::of_row(2).port(port("/nginx/ports/http_basic")).run().passes();
}

#[test]
fn row_2_fails_when_one_of_two_addresses_is_dead() {
    let (alive, dead) = (text("/nginx/two_addresses/alive"), text("/nginx/two_addresses/dead"));
    let http = port("/nginx/ports/http");
    let site = Site::of_row(2).host_of_profile().destination(json!({"hosts": [&alive, &dead]}));
    let outcome = site.port(http).run().fails("tcp.refused");
    let tried: Vec<_> = outcome
        .attempts()
        .map(|attempt| (attempt["address"].clone(), attempt["fault"]["code"].clone()))
        .collect();
    assert!(tried.contains(&(json!(format!("{alive}:{http}")), Value::Null)), "{tried:?}");
    assert!(tried.contains(&(json!(format!("{dead}:{http}")), json!("tcp.refused"))), "{tried:?}");
}

#[test]
fn row_2_fails_when_the_gateway_waits_in_vain_for_what_is_behind_it() {
    let site = Site::of_row(2).port(port("/nginx/ports/http_gateway_slow"));
    site.run().fails("protocol.gateway").because("status", 504);
}

#[test]
fn row_2_fails_when_nothing_is_ever_answered() {
    let site = Site::of_row(2).port(port("/nginx/ports/http_silent"));
    site.with(json!({"timeouts": {"answer": "1s"}})).run().fails("peer.silent");
}

/// Row 8 over TLS, and the JSON that tells who answers.
fn row_8(service: &str) -> Site {
    let probe = json!({"http": {"path": "/health", "json": {"/service": service}}});
    let site =
        Site::of_row(8).destination(ca()).destination(json!({"tls": {"mode": "verify-full"}}));
    site.port(port("/nginx/ports/https")).with(json!({"probe": probe}))
}

#[test]
fn row_8_passes_when_a_verified_server_says_what_it_is() {
    row_8("udm").run().passes();
}

#[test]
fn row_8_fails_when_the_server_says_it_is_another() {
    row_8("ucs").run().fails("protocol.unexpected-body").because("field", "/service");
}

#[test]
fn row_14_passes_with_a_token_of_the_authentication_service() {
    let site = with_right_token(Site::of_row(14)).destination(json!({"allow_cleartext": true}));
    site.port(port("/nginx/ports/http_api")).run().passes();
}

#[test]
fn row_14_cannot_be_told_when_the_token_can_not_be_had() {
    let site = with_token_from(Site::of_row(14), "not-the-secret").destination(
        json!({"allow_cleartext": true, "auth": {"oauth2": "authentication-service"}}),
    );
    site.port(port("/nginx/ports/http_api")).run().cannot_be_told("auth.no-token");
}

#[test]
fn row_14_cannot_be_told_when_the_token_would_travel_in_clear() {
    let site = with_literal_token(Site::of_row(14), &text("/nginx/token"));
    site.port(port("/nginx/ports/http_api")).run().cannot_be_told("auth.insecure");
}

#[test]
fn row_15_passes_with_a_token_that_the_site_gives() {
    let site = with_literal_token(Site::of_row(15), &text("/nginx/token"));
    let site = site.destination(json!({"allow_cleartext": true}));
    site.port(port("/nginx/ports/http_api")).run().passes();
}

#[test]
fn row_15_fails_when_the_token_is_refused() {
    let site = with_literal_token(Site::of_row(15), "a-token-that-nobody-gave");
    let site = site.destination(json!({"allow_cleartext": true}));
    site.port(port("/nginx/ports/http_api")).run().fails("auth.rejected").noting("status", 401);
}

#[test]
fn row_15_cannot_be_told_when_a_token_is_asked_for_and_the_site_has_none() {
    let site = Site::of_row(15).port(port("/nginx/ports/http_api"));
    site.run().cannot_be_told("auth.required");
}

#[test]
fn row_21_passes_over_tls_with_a_token() {
    let site = with_right_token(Site::of_row(21)).destination(ca());
    site.port(port("/nginx/ports/https")).run().passes().noting("verification", "verified");
}

#[test]
fn row_21_fails_when_the_certificate_has_expired() {
    let site = with_right_token(Site::of_row(21)).destination(ca());
    site.port(port("/nginx/ports/https_expired")).run().fails("tls.expired").proving("connected");
}
