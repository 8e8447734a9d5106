//! How the program behaves towards those that it probes: as few connections as the protocol needs,
//! no trace of unfinished sessions, nobody asked that nothing names; and what a sidecar can't fake.

use std::net::Ipv4Addr;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Relay, Resolver, Site, port, text};

/// The lines of a server's log about these connections, once there are as many as `expected`.
fn logged(log: &str, marks: &[String], expected: usize) -> Vec<String> {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let lines: Vec<String> = std::fs::read_to_string(log)
            .expect("the server's log is readable")
            .lines()
            .filter(|line| marks.iter().any(|mark| line.contains(mark)))
            .map(str::to_owned)
            .collect();
        if lines.len() >= expected || Instant::now() > end {
            return lines;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn tenant_database(relay: &Relay) -> Site {
    Site::of_row(18).port(relay.port).destination(json!({
        "tls": {"mode": "verify-full", "ca_file": text("/postgres/ca")},
        "auth": {
            "username": "ucsx_t100",
            "password": {"secret": text("/postgres/users/ucsx_t100")},
            "database": "ucsx_t100",
        },
    }))
}

#[test]
fn a_healthy_database_row_is_one_connection_that_the_server_saw_authenticated_and_ended() {
    let relay = Relay::to(port("/postgres/port"));
    tenant_database(&relay).run().passes();
    let seen = relay.connections();
    assert_eq!(seen.len(), 1, "connections to the server: {seen:?}");

    // PostgreSQL tells of a connection thrice: received, authenticated, authorized; then of its end.
    let marks: Vec<_> = seen.iter().map(|port| format!("127.0.0.1({port})")).collect();
    let lines = logged(&text("/postgres/log"), &marks, 4);
    let count = |words: &str| lines.iter().filter(|line| line.contains(words)).count();
    assert_eq!(count("connection authorized"), seen.len(), "{lines:#?}");
    assert_eq!(count("disconnection"), seen.len(), "{lines:#?}");
    for rude in ["incomplete startup packet", "could not receive data", "unexpected EOF"] {
        assert_eq!(count(rude), 0, "{lines:#?}");
    }
}

#[test]
fn a_healthy_page_is_one_connection_with_one_request() {
    let relay = Relay::to(port("/nginx/ports/https"));
    let site = Site::of_row(1).port(relay.port).destination(json!({
        "tls": {"mode": "verify-full", "ca_file": text("/nginx/ca")},
    }));
    site.run().passes();
    let seen = relay.connections();
    assert_eq!(seen.len(), 1, "connections to the server: {seen:?}");

    let marks: Vec<_> = seen.iter().map(|port| format!("client={port} ")).collect();
    let lines = logged(&text("/nginx/access_log"), &marks, 1);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("request=1 status=200"), "{lines:#?}");
}

#[test]
fn a_token_that_is_checked_costs_one_request_with_it_and_one_without() {
    let relay = Relay::to(port("/nginx/ports/https"));
    let site = Site::of_row(21).port(relay.port).destination(json!({
        "tls": {"ca_file": text("/nginx/ca")},
        "auth": {"token": {"secret": text("/nginx/token")}},
    }));
    site.run().passes().warning(&[]);
    let marks: Vec<_> = relay.connections().iter().map(|port| format!("client={port} ")).collect();
    let lines = logged(&text("/nginx/access_log"), &marks, 2);
    let with = |status: &str| lines.iter().filter(|line| line.contains(status)).count();
    assert_eq!((with("status=200"), with("status=401")), (1, 1), "{lines:#?}");
}

#[test]
fn nobody_is_asked_for_a_name_that_no_file_names() {
    let name = "gateway.connprobe.test";
    let resolver = Resolver::knowing(Ipv4Addr::new(127, 0, 53, 1), &[name]);
    let site = Site::of_row(21)
        .resolv_conf(&format!("nameserver {}\noptions timeout:1 attempts:1\n", resolver.address))
        .destination(
            json!({"host": name, "tls": {"ca_file": text("/nginx/ca"), "server_name": "ok.test"}}),
        )
        .destination(json!({"auth": {"token": {"secret": text("/nginx/token")}}}))
        .port(port("/nginx/ports/https"));
    site.run().passes();
    assert_eq!(resolver.asked(), [name]);
}

#[test]
fn a_name_that_does_not_exist_is_the_name_servers_fault_to_tell() {
    let resolver = Resolver::knowing(Ipv4Addr::new(127, 0, 53, 2), &[]);
    let site = Site::of_row(2)
        .resolv_conf(&format!("nameserver {}\noptions timeout:1 attempts:1\n", resolver.address))
        .destination(json!({"host": "nowhere.connprobe.test"}));
    site.run().fails("dns.nxdomain").because("rcode", "NXDOMAIN");
    assert_eq!(resolver.asked(), ["nowhere.connprobe.test"]);
}

/// Row 19 as a firewall team asks for it: the port opens, no more.
fn connected_only(port: u16) -> Site {
    let open = json!({"probe": "tcp", "proof": "connected", "reason": "ports only"});
    Site::of_row(19).port(port).with(open)
}

fn negative_control(site: Site, port: u16) -> Site {
    let targets = json!({"negative": [{"host": "127.0.0.1", "port": port}]});
    site.root("controls", json!({"ucs": targets}))
}

#[test]
fn a_port_that_opens_proves_nothing_where_a_sidecar_accepts_everything() {
    let sidecar = port("/envoy/tcp_port");
    let outcome = negative_control(connected_only(sidecar), sidecar).run();
    outcome.cannot_be_told("mesh.accepts-all");
}

#[test]
fn a_port_that_opens_is_enough_where_the_control_stays_closed() {
    let site = connected_only(port("/postgres/port"));
    negative_control(site, port("/dead_port")).run().passes().proving("connected");
}

#[test]
fn a_row_that_asks_for_more_than_an_open_port_is_not_deceived_by_a_sidecar() {
    let outcome = Site::of_row(19).port(port("/envoy/tcp_port")).run();
    assert_eq!(outcome.row["verdict"], "fail", "{:#}", outcome.row);
}

#[test]
fn a_mesh_that_knows_no_route_is_not_taken_for_the_gateway() {
    let site = Site::of_row(2).port(port("/envoy/http_port"));
    site.run().fails("protocol.unexpected-status").because("status", 404);
}

#[test]
fn a_mesh_that_lost_the_service_behind_it_is_told_as_a_gateway() {
    let probe = json!({"http": {"path": "/", "host": text("/envoy/dead_host")}});
    let site = Site::of_row(2).port(port("/envoy/http_port")).with(json!({"probe": probe}));
    site.run().fails("protocol.gateway").because("status", 503);
}
