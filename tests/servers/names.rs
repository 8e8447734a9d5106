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

/// unbound cuts the answer over UDP and has the whole of it over TCP.
#[test]
fn an_answer_too_large_for_a_datagram_is_had_over_tcp() {
    let resolver = text("/dns/resolver");
    let site = Site::of_row(2)
        .resolv_conf(&format!("nameserver {resolver}\n"))
        .destination(json!({"host": text("/dns/many"), "addresses": "any"}));
    site.port(port("/nginx/ports/http_api")).run().passes().noting("a", "60 addresses");
}

#[test]
fn a_short_name_is_completed_by_the_search_list() {
    let (resolver, alias) = (text("/dns/resolver"), text("/dns/names/alias"));
    let (name, zone) = alias.split_once('.').expect("a name in a zone");
    let site = Site::of_row(2)
        .resolv_conf(&format!("nameserver {resolver}\nsearch nowhere.{zone} {zone}\n"))
        .destination(json!({"host": name}));
    let outcome = site.port(port("/nginx/ports/http_api")).run().passes();
    let tried = json!([
        format!("{name}.nowhere.{zone}.: A NXDOMAIN, AAAA NXDOMAIN"),
        format!("{name}.{zone}.: A 1 address, AAAA NODATA"),
    ]);
    let outcome = outcome.noting("names_tried", tried);
    assert_eq!(outcome.row["warnings"], json!([]), "both C libraries would have found it too");
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
