//! What happens to a packet, told without privileges: real packet filters between real namespaces.
//!
//! `cli – r1 – r2 – srv`, over IPv4 and IPv6. The program runs in `cli` as nobody's user without a
//! capability. Needs root, `ip`, `nft`, `setpriv` and `python3`; it fails where one is missing.

mod ports;
mod sizes;
mod town;
mod ways;

use town::{Rule, Town};

/// What is done to one port, and what must be told of it.
struct Scene {
    name: &'static str,
    port: u16,
    rule: Option<Rule>,
    code: Option<&'static str>,
    /// Evidence over IPv4 and over IPv6; an empty text stands for "any".
    evidence: &'static [(&'static str, &'static str, &'static str)],
}

const CLI: (&str, &str) = ("10.99.1.1", "fd99:1::1");
const R1: (&str, &str) = ("10.99.1.2", "fd99:1::2");
const R2: (&str, &str) = ("10.99.2.2", "fd99:2::2");
const SRV: (&str, &str) = ("10.99.3.2", "fd99:3::2");

const ADMIN: &str = "reject with icmpx admin-prohibited";
const HOST: &str = "reject with icmpx host-unreachable";
const PORT: &str = "reject with icmpx port-unreachable";
const ROUTE: &str = "reject with icmpx no-route";

#[rustfmt::skip]
const SCENES: &[Scene] = &[
    Scene { name: "open", port: 7050, rule: None, code: None, evidence: &[("mss", "1448", "1428"), ("path_mtu", "1500", "1500")] },
    Scene { name: "closed", port: 7040, rule: None, code: Some("tcp.refused"), evidence: &[("answered_by", "target", "target")] },
    Scene { name: "dropped on the way", port: 7001, rule: Some(("r2", "forward", "drop")), code: Some("tcp.filtered"), evidence: &[("last_hop", R2.0, R2.1), ("dies_past_hop", "2", "2")] },
    Scene { name: "dropped before any router answers", port: 7012, rule: Some(("r1", "prerouting", "drop")), code: Some("tcp.filtered"), evidence: &[] },
    Scene { name: "dropped between the routers", port: 7011, rule: Some(("r2", "prerouting", "drop")), code: Some("tcp.filtered"), evidence: &[("last_hop", R1.0, R1.1), ("dies_past_hop", "1", "1")] },
    Scene { name: "dropped by the host", port: 7021, rule: Some(("srv", "input", "drop")), code: Some("tcp.filtered"), evidence: &[("last_hop", R2.0, R2.1)] },
    Scene { name: "prohibited on the way", port: 7002, rule: Some(("r2", "forward", ADMIN)), code: Some("tcp.prohibited"), evidence: &[("offender", R2.0, ""), ("answered_by", "router", "router"), ("icmp_type", "3", "1"), ("icmp_code", "13", "1")] },
    Scene { name: "host unreachable by a rule", port: 7003, rule: Some(("r2", "forward", HOST)), code: Some("tcp.host-unreachable"), evidence: &[("icmp_code", "1", "3")] },
    Scene { name: "rejected on the way", port: 7004, rule: Some(("r2", "forward", PORT)), code: Some("tcp.rejected"), evidence: &[("answered_by", "router", "router"), ("icmp_code", "3", "4")] },
    Scene { name: "no route by a rule", port: 7005, rule: Some(("r2", "forward", ROUTE)), code: Some("tcp.network-unreachable"), evidence: &[("icmp_code", "0", "0")] },
    Scene { name: "reset on the way", port: 7006, rule: Some(("r2", "forward", "reject with tcp reset")), code: Some("tcp.refused"), evidence: &[("answered_by", "router", "router"), ("arrival_ttl", "63", "63"), ("reference", "", "")] },
    Scene { name: "rejected by the host", port: 7022, rule: Some(("srv", "input", PORT)), code: Some("tcp.rejected"), evidence: &[("answered_by", "target", "target"), ("offender", SRV.0, SRV.1)] },
    Scene { name: "prohibited by the host", port: 7023, rule: Some(("srv", "input", ADMIN)), code: Some("tcp.prohibited"), evidence: &[("answered_by", "target", "target")] },
    Scene { name: "dropped by ourselves", port: 7031, rule: Some(("cli", "output", "drop")), code: Some("local.permission"), evidence: &[] },
    Scene { name: "reset by ourselves", port: 7032, rule: Some(("cli", "output", "reject with tcp reset")), code: Some("local.permission"), evidence: &[] },
    Scene { name: "prohibited by ourselves", port: 7033, rule: Some(("cli", "output", ADMIN)), code: Some("local.permission"), evidence: &[("answered_by", "self", "self"), ("offender", CLI.0, CLI.1)] },
    Scene { name: "rejected by ourselves", port: 7034, rule: Some(("cli", "output", PORT)), code: Some("local.permission"), evidence: &[("answered_by", "self", "self"), ("icmp_code", "3", "4")] },
    Scene { name: "no route by a rule of our own", port: 7035, rule: Some(("cli", "output", ROUTE)), code: Some("local.no-route"), evidence: &[("answered_by", "self", "self")] },
    Scene { name: "host unreachable by a rule of our own", port: 7036, rule: Some(("cli", "output", HOST)), code: Some("tcp.host-unreachable"), evidence: &[("answered_by", "self", "self")] },
    Scene { name: "no route by a rule of the host", port: 7024, rule: Some(("srv", "input", ROUTE)), code: Some("tcp.network-unreachable"), evidence: &[("answered_by", "target", "target"), ("offender", SRV.0, SRV.1)] },
    Scene { name: "host unreachable by a rule of the host", port: 7025, rule: Some(("srv", "input", HOST)), code: Some("tcp.host-unreachable"), evidence: &[("answered_by", "target", "target"), ("offender", SRV.0, SRV.1)] },
    Scene { name: "three in ten lost each way", port: 7060, rule: Some(("r1", "prerouting", "numgen random mod 10 < 3 drop")), code: None, evidence: &[] },
];

/// Rows to other hosts: endpoint, code, evidence.
type Elsewhere = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const ELSEWHERE: &[Elsewhere] = &[
    ("absent4", "tcp.host-unreachable", &[("offender", R2.0), ("answered_by", "router")]),
    ("absent6", "tcp.host-unreachable", &[("answered_by", "router"), ("icmp_code", "3")]),
    ("beside4", "tcp.host-unreachable", &[("offender", CLI.0), ("answered_by", "self")]),
    ("beside6", "tcp.host-unreachable", &[("offender", CLI.1), ("answered_by", "self")]),
    ("nowhere4", "tcp.network-unreachable", &[("offender", R1.0), ("answered_by", "router")]),
    ("nowhere6", "tcp.network-unreachable", &[("answered_by", "router"), ("icmp_code", "0")]),
];

#[test]
fn what_happens_to_a_packet_is_told_from_inside_without_privileges() {
    let rules = SCENES.iter().filter_map(|scene| Some((scene.port, scene.rule?)));
    let town = Town::build(&rules.collect::<Vec<_>>());
    let open = SCENES.iter().map(|scene| scene.port).filter(|port| *port != 7040);
    let _serving = town.serve(&open.map(|port| (port, "take")).collect::<Vec<_>>(), "");
    let rows = town.run(&profile(), "");
    let mut wrong = Vec::new();
    for scene in SCENES {
        for (family, pick) in [(4, 0), (6, 1)] {
            let evidence = scene.evidence.iter().map(|(key, v4, v6)| (*key, [*v4, *v6][pick]));
            let found = rows.differs(&format!("p{}v{family}", scene.port), scene.code, evidence);
            wrong.extend(found.map(|found| format!("{} over IPv{family}: {found}", scene.name)));
        }
    }
    for (id, code, evidence) in ELSEWHERE {
        let found = rows.differs(id, Some(code), evidence.iter().copied());
        wrong.extend(found.map(|found| format!("{id}: {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn profile() -> String {
    let mut text = String::from(
        "schema: connprobe/profile/v1\nname: town\ntitle: Town\nendpoints:\n  here: {title: Here}\n  \
         v4: {title: IPv4, host: 10.99.3.2}\n  v6: {title: IPv6, host: 'fd99:3::2'}\n  \
         absent4: {title: Absent, host: 10.99.3.77}\n  \
         absent6: {title: Absent, host: 'fd99:3::77'}\n  \
         beside4: {title: Absent beside us, host: 10.99.1.77}\n  \
         beside6: {title: Absent beside us, host: 'fd99:1::77'}\n  \
         nowhere4: {title: Nowhere, host: 10.88.0.1}\n  \
         nowhere6: {title: Nowhere, host: 'fd88::1'}\nconnections:\n",
    );
    let mut row = |id: &str, to: &str, port: u16| {
        text.push_str(&format!(
            "  - {{id: {id}, source: here, destination: {to}, protocol: TCP, port: {port}, \
             probe: {{tcp: {{}}}}, proof: connected}}\n"
        ));
    };
    for scene in SCENES {
        row(&format!("p{}v4", scene.port), "v4", scene.port);
        row(&format!("p{}v6", scene.port), "v6", scene.port);
    }
    for (id, ..) in ELSEWHERE {
        row(id, id, 80);
    }
    text
}
