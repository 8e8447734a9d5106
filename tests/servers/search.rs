//! Row 17: Elasticsearch in every health, open and behind a password.

use serde_json::json;

use crate::harness::{Site, port, text};

fn at(port_name: &str) -> Site {
    Site::of_row(17).port(port(&format!("/elasticsearch/{port_name}")))
}

fn with_password(site: Site, password: &str) -> Site {
    site.destination(json!({
        "auth": {"username": text("/elasticsearch/user"), "password": {"secret": password}},
    }))
}

fn over_tls(password: &str) -> Site {
    with_password(at("tls_port"), password).destination(json!({
        "tls": {"mode": "verify-full", "ca_file": text("/elasticsearch/ca")},
    }))
}

/// As the row asks, but of an open server that nobody logs in to.
fn identified(site: Site) -> Site {
    site.with(json!({"proof": "identified", "reason": "the server has no security"}))
}

#[test]
fn row_17_passes_with_a_password_over_tls() {
    over_tls(&text("/elasticsearch/password")).run().passes().proving("authenticated");
}

#[test]
fn row_17_fails_when_the_password_is_wrong() {
    over_tls("not-the-password").run().fails("auth.rejected").noting("status", 401);
}

#[test]
fn row_17_keeps_the_password_when_it_would_travel_in_clear() {
    let site = with_password(at("basic_port"), &text("/elasticsearch/password"));
    site.run().cannot_be_told("auth.insecure");
}

#[test]
fn row_17_fails_without_a_master_although_the_root_answers_well() {
    identified(at("masterless_port")).run().fails("service.unhealthy");
}

#[test]
fn row_17_fails_when_the_cluster_is_red() {
    let outcome = identified(at("red_port")).run();
    outcome.fails("service.unhealthy").because("cluster_health", "red");
}

#[test]
fn row_17_passes_at_a_yellow_cluster_where_the_site_accepts_it() {
    let probe = json!({"probe": {"elasticsearch": {"health": "yellow"}}});
    identified(at("yellow_port")).with(probe).run().passes().noting("cluster_health", "yellow");
}

#[test]
fn row_17_fails_at_a_yellow_cluster_where_green_is_asked_for() {
    let probe = json!({"probe": {"elasticsearch": {"health": "green"}}});
    let outcome = identified(at("yellow_port")).with(probe).run();
    outcome.fails("service.unhealthy").because("cluster_health", "yellow");
}

#[test]
fn row_17_fails_when_a_web_server_answers_in_its_place() {
    let site = identified(at("port")).port(port("/prometheus/port"));
    let outcome = site.run();
    assert_eq!(outcome.row["verdict"], "fail", "{:#}", outcome.row);
}

#[test]
fn a_password_that_an_open_server_takes_unseen_is_warned_about() {
    let site = with_password(at("port"), "whatever-this-may-be");
    let outcome = site.destination(json!({"allow_cleartext": true})).run();
    outcome.warning(&["auth.cleartext", "auth.not-enforced"]);
}
