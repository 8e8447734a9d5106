//! Rows 7, 11, 16: metrics as Prometheus polls them.

use serde_json::json;

use crate::harness::{Site, env, port};

#[test]
fn row_7_passes_at_an_exporter() {
    Site::of_row(7).port(port("/prometheus/exporter_port")).run().passes().proving("identified");
}

#[test]
fn row_7_fails_when_nobody_listens() {
    Site::of_row(7).port(port("/dead_port")).run().fails("tcp.refused");
}

#[test]
fn row_11_passes_at_prometheus_itself() {
    Site::of_row(11).port(port("/prometheus/port")).run().passes();
}

#[test]
fn row_11_fails_when_a_page_for_people_is_served_in_place_of_metrics() {
    let gateway = json!({"host": env("/nginx/two_addresses/alive")});
    let site = Site::of_row(11).destination(gateway).port(port("/nginx/ports/http"));
    site.run().fails("protocol.unexpected-body").because("content_type", "text/html");
}

#[test]
fn row_16_passes_when_the_gauges_of_the_service_are_there() {
    let outcome = Site::of_row(16).port(port("/prometheus/exporter_port")).run();
    outcome.passes().proving("identified");
}

#[test]
fn row_16_passes_when_a_gauge_says_that_a_database_is_lost_and_tells_so() {
    let outcome = Site::of_row(16).port(port("/prometheus/sick_exporter_port")).run().passes();
    let gauges: Vec<_> = outcome.evidence("gauges").map(ToString::to_string).collect();
    assert!(gauges.concat().contains("ucsx_masterdb_health_status"), "{:#}", outcome.row);
}

#[test]
fn row_16_fails_when_another_service_answers_whose_gauges_are_others() {
    let outcome = Site::of_row(16).port(port("/prometheus/port")).run();
    assert_eq!(outcome.row["verdict"], "fail", "{:#}", outcome.row);
    let missing = outcome.row["fault"]["evidence"]["missing"].to_string();
    assert!(missing.contains("ucsx_masterdb_health_status"), "{:#}", outcome.row);
}
