//! `family`: which addresses of a name are probed. Both families of loopback have the same port.

use connprobe::model::report::Report;
use connprobe::model::{Verdict, WarningCode};

use crate::bench::{Bench, greeted, row, said};
use crate::peers::Peer;

/// A row at `there.test` that wants this family.
fn bench(peer: &Peer, family: &str) -> Bench {
    let site = format!("endpoints: {{there: {{host: there.test, family: {family}}}}}\n");
    Bench::new(&[greeted("1", peer.port())], &site)
}

/// The report where a hosts file leads the name to these addresses.
fn probed(peer: &Peer, addresses: &[&str], family: &str) -> Report {
    let bench = bench(peer, family);
    let hosts: String = addresses.iter().map(|address| format!("{address} there.test\n")).collect();
    bench.file("hosts", hosts);
    // A name that stands in the hosts file is asked of no server; there is none at this address.
    bench.file("resolv.conf", "nameserver 127.86.0.9\n");
    bench.report(&["--hosts-file", "hosts", "--resolv-conf", "resolv.conf"]).report()
}

/// The addresses that were dialled.
fn dialled(report: &Report) -> Vec<String> {
    let attempts = row(report, "1").attempts.iter();
    let mut addresses: Vec<String> = attempts.filter_map(|a| a.address.clone()).collect();
    addresses.sort();
    addresses
}

#[test]
fn the_family_chooses_among_the_addresses_of_a_name() {
    let peer = Peer::greeting_on_both_families();
    let v4 = format!("127.0.0.1:{}", peer.port());
    let v6 = format!("[::1]:{}", peer.port());
    for (family, expected) in [
        ("ipv4", vec![&v4]),
        ("ipv6", vec![&v6]),
        ("both", vec![&v4, &v6]),
        ("any", vec![&v4, &v6]),
    ] {
        let report = probed(&peer, &["127.0.0.1", "::1"], family);
        assert_eq!(said(&report, "1"), (Verdict::Pass, None), "{family}");
        assert_eq!(dialled(&report).iter().collect::<Vec<_>>(), expected, "{family}");
    }
}

#[test]
fn a_family_that_a_name_lacks_is_told() {
    let peer = Peer::greeting_on_both_families();
    for (family, addresses, dials) in [
        ("ipv4", ["::1"], 0),
        ("ipv6", ["127.0.0.1"], 0),
        ("both", ["127.0.0.1"], 1),
        ("both", ["::1"], 1),
    ] {
        // Where the hosts file lacks a family that alone is wanted, a name server is asked for it.
        let led = format!("there.test={}", addresses[0]);
        let report = bench(&peer, family).report(&["--resolve", &led]).report();
        let told = (said(&report, "1"), dialled(&report).len());
        assert_eq!(told, ((Verdict::Fail, Some("dns.no-data")), dials), "{family} {addresses:?}");
        let report = probed(&peer, &addresses, "any");
        assert_eq!(said(&report, "1"), (Verdict::Pass, None), "{addresses:?}");
    }
}

/// A link-local address without an interface has a route on no host (RFC 4007 §6).
#[test]
fn an_address_of_a_family_without_a_route_is_left_out_and_told() {
    let peer = Peer::greeting();
    let report = probed(&peer, &["127.0.0.1", "fe80::1"], "any");
    assert_eq!(said(&report, "1"), (Verdict::Pass, None));
    assert_eq!(dialled(&report), [format!("127.0.0.1:{}", peer.port())]);
    let warnings = &row(&report, "1").warnings;
    let told = warnings.iter().find(|told| told.code == WarningCode::LocalFamilyWithoutRoute);
    assert_eq!(told.expect("a warning").detail, "no route from here to fe80::1: left out");

    let report = probed(&peer, &["127.0.0.1", "fe80::1"], "both");
    assert_eq!(said(&report, "1"), (Verdict::Inconclusive, Some("local.no-route")));
    assert_eq!(row(&report, "1").warnings, []);
}
