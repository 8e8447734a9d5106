//! Row 2 by name: a real resolver, and every way in which a name has no usable address.

use serde_json::json;

use crate::harness::{Outcome, Site, port, text};

/// The row at this name; the run reads a resolv.conf with the resolver alone.
fn at(name: &str) -> Outcome {
    let resolver = text("/dns/resolver");
    let site = Site::of_row(2)
        .resolv_conf(&format!("nameserver {resolver}\noptions timeout:1 attempts:1\n"))
        .destination(json!({"host": text(&format!("/dns/names/{name}"))}));
    site.port(port("/nginx/ports/http_api")).run()
}

#[test]
fn an_alias_is_followed_to_its_address() {
    at("alias").passes().noting("cname_chain", json!(["ok.test"]));
}

#[test]
fn every_address_of_a_name_is_tried_and_a_dead_one_fails_the_row() {
    let two = json!({"host": text("/dns/names/two")});
    let resolver = text("/dns/resolver");
    let site = Site::of_row(2).resolv_conf(&format!("nameserver {resolver}\n")).destination(two);
    let outcome = site.port(port("/nginx/ports/http")).run().fails("tcp.refused");
    assert_eq!(outcome.attempts().count(), 2, "{:#}", outcome.row);
}

#[test]
fn a_name_that_does_not_exist_is_told() {
    at("nxdomain").fails("dns.nxdomain").because("resolver", text("/dns/resolver"));
}

#[test]
fn an_alias_of_a_name_that_does_not_exist_is_told() {
    at("dangling").fails("dns.nxdomain");
}

#[test]
fn a_name_without_an_address_is_told() {
    at("no_data").fails("dns.no-data");
}

#[test]
fn a_resolver_that_fails_is_told() {
    at("servfail").fails("dns.servfail").because("rcode", "SERVFAIL");
}

#[test]
fn a_resolver_that_gives_up_on_a_loop_is_told() {
    at("loop").fails("dns.servfail");
}

#[test]
fn a_resolver_that_will_not_answer_us_is_told() {
    at("refused").fails("dns.refused").because("rcode", "REFUSED");
}

#[test]
fn a_resolver_that_says_nothing_is_told() {
    at("silent").fails("dns.timeout");
}
