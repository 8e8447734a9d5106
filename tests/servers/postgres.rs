//! Rows 3, 4, 18, 20: a PostgreSQL server, every way in which it lets one in or refuses.

use serde_json::json;

use crate::harness::{Site, port, text};

/// The row at the primary, over verified TLS, as this role.
fn login(row: usize, role: &str, database: &str) -> Site {
    password(row, role, &text(&format!("/postgres/users/{role}")), database)
}

fn password(row: usize, role: &str, password: &str, database: &str) -> Site {
    Site::of_row(row).port(port("/postgres/port")).destination(json!({
        "tls": {"mode": "verify-full", "ca_file": text("/postgres/ca")},
        "auth": {"username": role, "password": {"secret": password}, "database": database},
    }))
}

/// A role that a client certificate lets in.
fn without_password() -> Site {
    Site::of_row(3).port(port("/postgres/port")).destination(json!({
        "tls": {"mode": "verify-full", "ca_file": text("/postgres/ca")},
        "auth": {"username": "cert", "database": "udm"},
    }))
}

fn in_clear(site: Site) -> Site {
    // The certificate's authority belongs to TLS, so it has to go with it.
    site.destination(json!({"tls": null})).destination(json!({"tls": {"mode": "disable"}}))
}

#[test]
fn row_3_passes_with_scram_bound_to_the_verified_channel() {
    login(3, "probe", "udm").run().passes().proving("operational").noting("channel_binding", true);
}

#[test]
fn row_3_passes_in_clear_with_scram_since_that_gives_no_password_away() {
    in_clear(login(3, "probe", "udm")).run().passes();
}

#[test]
fn row_3_fails_when_the_password_is_wrong() {
    password(3, "probe", "not-the-password", "udm")
        .run()
        .fails("auth.rejected")
        .because("sqlstate", "28P01");
}

#[test]
fn row_3_fails_when_the_password_has_expired() {
    login(3, "expired", "udm").run().fails("auth.rejected").because("sqlstate", "28P01");
}

#[test]
fn row_3_fails_when_a_rule_rejects_the_role() {
    login(3, "rejected", "udm").run().fails("auth.forbidden").because("sqlstate", "28000");
}

#[test]
fn row_3_fails_when_no_rule_knows_the_role() {
    login(3, "stranger", "udm").run().fails("auth.forbidden").because("sqlstate", "28000");
}

#[test]
fn row_3_fails_when_the_role_may_not_log_in_and_says_that_the_password_was_right() {
    let outcome = login(3, "nologin", "udm").run();
    outcome.fails("auth.forbidden").because("sqlstate", "28000").proving("authenticated");
}

#[test]
fn row_3_fails_when_the_role_has_no_connection_left() {
    let outcome = login(3, "crowded", "udm").run();
    outcome.fails("service.too-many-connections").because("sqlstate", "53300");
}

#[test]
fn row_3_fails_when_the_database_is_closed_to_the_role() {
    let outcome = login(3, "probe", &text("/postgres/closed")).run();
    outcome.fails("auth.forbidden").because("sqlstate", "42501").proving("authenticated");
}

#[test]
fn row_3_fails_when_there_is_no_such_database() {
    let outcome = login(3, "probe", "nowhere").run();
    outcome.fails("service.no-such-database").because("sqlstate", "3D000");
}

#[test]
fn row_3_fails_when_the_server_wants_tls_and_the_site_forbids_it() {
    in_clear(login(3, "tlsonly", "udm")).run().fails("auth.forbidden").because("sqlstate", "28000");
}

#[test]
fn row_3_passes_with_a_client_certificate() {
    let certificate = json!({"tls": {
        "client_cert_file": text("/postgres/client_cert"),
        "client_key_file": text("/postgres/client_key"),
    }});
    without_password().destination(certificate).run().passes().warning(&[]);
}

#[test]
fn row_3_fails_when_the_client_certificate_is_missing() {
    without_password().run().fails("auth.forbidden").because("sqlstate", "28000");
}

#[test]
fn row_3_does_not_send_a_password_in_clear() {
    in_clear(login(3, "plain", "udm")).run().cannot_be_told("auth.insecure");
}

#[test]
fn row_3_sends_a_password_that_is_asked_for_in_clear_within_tls() {
    login(3, "plain", "udm").run().passes().noting("auth_method", "cleartext");
}

#[test]
fn row_3_passes_with_md5() {
    login(3, "old", "udm").run().passes().noting("auth_method", "md5");
}

#[test]
fn row_3_does_not_talk_to_a_server_of_another_authority() {
    let stranger = json!({"tls": {"ca_file": text("/nginx/other_ca")}});
    login(3, "probe", "udm").destination(stranger).run().fails("tls.unknown-issuer");
}

#[test]
fn row_4_passes_at_the_port_that_the_site_gives_in_place_of_443() {
    login(4, "probe", "udm").run().passes();
}

#[test]
fn row_4_fails_when_an_https_server_is_at_its_port() {
    let site = login(4, "probe", "udm").port(port("/nginx/ports/https"));
    site.run().fails("protocol.mismatch").because("spoke", "http");
}

#[test]
fn row_18_passes_with_the_extensions_at_a_writable_server() {
    let outcome = login(18, "ucsx_t100", "ucsx_t100").run().passes();
    outcome.proving("operational").noting("in_recovery", false);
}

#[test]
fn row_18_has_a_case_for_each_tenant() {
    let tenant = |database: &str| {
        json!({"auth": {
            "username": "ucsx_t100",
            "password": {"secret": text("/postgres/users/ucsx_t100")},
            "database": database,
        }})
    };
    let site = login(18, "ucsx_t100", "ucsx_t100").destination(json!({
        "instances": {"t100": tenant("ucsx_t100"), "t200": tenant("ucsx_t200")},
    }));
    let outcome = site.run();
    let cases: Vec<_> = outcome.report["connections"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|case| case["id"] == "18")
        .map(|case| json!([case["instance"], case["verdict"], case["fault"]["code"]]))
        .collect();
    assert_eq!(
        cases,
        [json!(["t100", "pass", null]), json!(["t200", "fail", "service.no-such-database"])]
    );
}

#[test]
fn row_18_fails_when_the_extensions_are_missing() {
    let outcome = login(18, "probe", "ucsx").run();
    assert_eq!(outcome.row["verdict"], "fail", "{:#}", outcome.row);
    outcome.because("missing", json!(["intarray", "pg_prewarm"]));
}

#[test]
fn row_18_fails_at_a_standby() {
    let site = login(18, "ucsx_t100", "ucsx_t100").port(port("/postgres/standby_port"));
    site.run().fails("service.read-only").noting("in_recovery", true);
}

#[test]
fn row_20_passes_as_a_role_that_may_only_read() {
    login(20, "reader", "udm").run().passes();
}

#[test]
fn row_20_fails_when_nobody_listens() {
    login(20, "reader", "udm").port(port("/dead_port")).run().fails("tcp.refused");
}

#[test]
fn a_password_that_nothing_checks_is_warned_about() {
    login(20, "trusted", "udm").run().warning(&["auth.not-enforced"]);
}
