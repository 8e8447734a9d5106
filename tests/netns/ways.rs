//! Ways back that differ from the way there, and packets that are lost by count.

use crate::town::{Rule, Town};

/// The host's other addresses: answers from them go back by a link of their own, past the second router.
const ASKEW: (&str, &str) = ("10.99.3.5", "fd99:3::5");
/// One more of them, at which no port is open.
const CLOSED: (&str, &str) = ("10.99.3.6", "fd99:3::6");

const BACK: &str = "ip addr add 10.99.3.5/24 dev n3b; ip addr add fd99:3::5/64 dev n3b nodad; \
                    ip addr add 10.99.3.6/24 dev n3b; ip addr add fd99:3::6/64 dev n3b nodad; \
                    ip route add default via 10.99.4.1 table 5; \
                    ip -6 route add default via fd99:4::1 table 5; \
                    ip rule add from 10.99.3.5 lookup 5; ip -6 rule add from fd99:3::5 lookup 5; \
                    ip rule add from 10.99.3.6 lookup 5; ip -6 rule add from fd99:3::6 lookup 5";

/// Knows connections, and drops what belongs to none that it saw the beginning of.
const STATEFUL: Rule = ("r2", "forward", "ct state invalid drop");
/// Drops what comes in where the way back would not go out (RFC 3704 §2.2).
const STRICT: Rule = ("r1", "prerouting", "fib saddr . iif oif missing drop");
/// The first SYN of each family is lost.
const FIRST_LOST: [Rule; 2] = [
    ("r1", "prerouting", "meta nfproto ipv4 numgen inc mod 65536 < 1 drop"),
    ("r1", "prerouting", "meta nfproto ipv6 numgen inc mod 65536 < 1 drop"),
];

const DROPPED: Rule = ("r2", "forward", "drop");

const CONNECT: &str = "{tcp: {}}, proof: connected";
const PING: &str = "{tcp: {send: ping, expect: done}}, proof: spoken";

struct Scene {
    name: &'static str,
    host: (&'static str, &'static str),
    port: u16,
    probe: &'static str,
    code: Option<&'static str>,
    /// An empty text stands for "any", `-` for "none".
    evidence: &'static [(&'static str, &'static str)],
}

#[rustfmt::skip]
const SCENES: &[Scene] = &[
    Scene { name: "open, by another way back", host: ASKEW, port: 7201, probe: CONNECT, code: None, evidence: &[("path_mtu", "1500")] },
    Scene { name: "closed, held against a port that is open", host: ASKEW, port: 7202, probe: CONNECT, code: Some("tcp.refused"), evidence: &[("arrival_ttl", "63"), ("answered_by", "target")] },
    Scene { name: "closed, and nothing to hold it against", host: CLOSED, port: 7203, probe: CONNECT, code: Some("tcp.refused"), evidence: &[("arrival_ttl", "63"), ("syn_ttl", "3"), ("answered_by", "-")] },
    Scene { name: "a stateful firewall that sees one direction", host: ASKEW, port: 7204, probe: PING, code: Some("peer.silent"), evidence: &[("unacknowledged", "1"), ("size_lost", "-")] },
    Scene { name: "a router that checks the way back", host: ASKEW, port: 7205, probe: CONNECT, code: Some("tcp.filtered"), evidence: &[("dies_past_hop", "2")] },
    Scene { name: "the first SYN lost", host: ASKEW, port: 7206, probe: CONNECT, code: None, evidence: &[("retransmits", "1")] },
];

#[test]
fn a_way_back_that_differs_from_the_way_there_misleads_nobody() {
    let [first4, first6] = FIRST_LOST;
    let town = Town::build(&[(7204, STATEFUL), (7205, STRICT), (7206, first4), (7206, first6)]);
    town.wire(4, "r1", "srv");
    town.at("srv", BACK);
    let open = [(7201, "take"), (7204, "say:4"), (7205, "take"), (7206, "take")];
    let _serving = town.serve(&open, "");
    let rows = town.run(&profile(), "timeouts: {answer: 2s}\n");
    let mut wrong = Vec::new();
    for scene in SCENES {
        for family in [4, 6] {
            let id = format!("w{}v{family}", scene.port);
            let found = rows.differs(&id, scene.code, scene.evidence.iter().copied());
            wrong.extend(found.map(|found| format!("{} over IPv{family}: {found}", scene.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for id in ["w7206v4", "w7206v6"] {
        let warnings = rows.warnings(id);
        assert!(warnings.iter().any(|(code, _)| code == "tcp.retransmits"), "{id}: {warnings:?}");
    }
    assert_eq!(rows.warnings("w7201v4"), [], "nothing is lost where nothing is dropped");
}

#[test]
fn beyond_six_traces_a_silent_row_says_why_it_has_none() {
    let ports = 7301..=7309;
    let town = Town::build(&ports.clone().map(|port| (port, DROPPED)).collect::<Vec<_>>());
    let mut profile = String::from(
        "schema: connprobe/profile/v1\nname: town\ntitle: Town\nendpoints:\n  here: {title: Here}\n  \
         there: {title: There, host: 10.99.3.2}\nconnections:\n",
    );
    for port in ports.clone() {
        profile.push_str(&format!(
            "  - {{id: p{port}, source: here, destination: there, protocol: TCP, port: {port}, \
             probe: {CONNECT}}}\n"
        ));
    }
    let rows = town.run(&profile, "timeouts: {tcp: 4s}\n");
    let told = |evidence: [(&str, &str); 2]| {
        let has = |id: &String| rows.differs(id, Some("tcp.filtered"), evidence.into_iter());
        ports.clone().map(|port| format!("p{port}")).filter(|id| has(id).is_none()).count()
    };
    let why = "no turn in time: six traces begin in six seconds";
    assert_eq!(told([("dies_past_hop", "2"), ("untraced", "-")]), 6);
    assert_eq!(told([("dies_past_hop", "-"), ("untraced", why)]), 3);
}

fn profile() -> String {
    let mut text = String::from(
        "schema: connprobe/profile/v1\nname: town\ntitle: Town\nendpoints:\n  here: {title: Here}\n",
    );
    let mut rows = String::new();
    for Scene { host, port, probe, .. } in SCENES {
        for (family, address) in [(4, host.0), (6, host.1)] {
            text.push_str(&format!("  e{port}v{family}: {{title: There, host: '{address}'}}\n"));
            rows.push_str(&format!(
                "  - {{id: w{port}v{family}, source: here, destination: e{port}v{family}, \
                 protocol: TCP, port: {port}, probe: {probe}}}\n"
            ));
        }
    }
    format!("{text}connections:\n{rows}")
}
