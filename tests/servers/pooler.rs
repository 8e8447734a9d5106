//! Row 19: PgBouncer, with its server alive and dead.

use serde_json::json;

use crate::harness::{Site, port, text};

fn pooler(port_name: &str, password: &str) -> Site {
    Site::of_row(19).port(port(&format!("/pgbouncer/{port_name}"))).destination(json!({
        "tls": {"mode": "disable"},
        "auth": {"username": "probe", "password": {"secret": password}, "database": "ucsx"},
    }))
}

fn right_password() -> String {
    text("/pgbouncer/users/probe")
}

#[test]
fn row_19_passes_through_a_pooler_whose_server_answers() {
    pooler("port", &right_password()).run().passes().proving("operational");
}

#[test]
fn row_19_passes_through_a_pooler_with_tls() {
    let tls = json!({"tls": {"mode": "verify-full", "ca_file": text("/pgbouncer/ca")}});
    pooler("tls_port", &right_password()).destination(tls).run().passes();
}

#[test]
fn row_19_fails_when_the_pooler_never_reached_its_server() {
    pooler("cold_port", &right_password()).run().fails("service.backend-down");
}

#[test]
fn row_19_fails_when_the_pooler_has_lost_its_server_although_it_logs_in_from_memory() {
    let outcome = pooler("cooled_port", &right_password()).run().fails("service.backend-down");
    outcome.proving("authenticated");
}

#[test]
fn row_19_fails_when_the_password_is_wrong_although_a_pooler_has_no_codes() {
    let outcome = pooler("port", "not-the-password").run().fails("auth.rejected");
    outcome.because("sqlstate", "08P01");
}

#[test]
fn row_19_fails_when_the_pooler_is_not_there() {
    pooler("port", &right_password()).port(port("/dead_port")).run().fails("tcp.refused");
}
