//! What happens to a packet, told without privileges: real packet filters between real namespaces.
//!
//! `cli – r1 – r2 – srv`, over IPv4 and IPv6. The program runs in `cli` as nobody's user without a
//! capability. Needs root, `ip`, `nft`, `setpriv` and `python3`; it fails where one is missing.

mod ports;
mod town;

use std::collections::BTreeMap;

use serde_json::Value;

use town::Town;

/// What is done to one port, and what must be told of it.
struct Scene {
    name: &'static str,
    port: u16,
    /// The namespace, its hook, and what its rule does to SYNs for the port.
    rule: Option<(&'static str, &'static str, &'static str)>,
    code: Option<&'static str>,
    /// Evidence over IPv4 and over IPv6; an empty text stands for "any".
    evidence: &'static [(&'static str, &'static str, &'static str)],
}

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
    Scene { name: "reset on the way", port: 7006, rule: Some(("r2", "forward", "reject with tcp reset")), code: Some("tcp.refused"), evidence: &[("answered_by", "router", ""), ("arrival_ttl", "63", "63")] },
    Scene { name: "rejected by the host", port: 7022, rule: Some(("srv", "input", PORT)), code: Some("tcp.rejected"), evidence: &[("answered_by", "target", "target"), ("offender", SRV.0, SRV.1)] },
    Scene { name: "prohibited by the host", port: 7023, rule: Some(("srv", "input", ADMIN)), code: Some("tcp.prohibited"), evidence: &[("answered_by", "target", "target")] },
    Scene { name: "dropped by ourselves", port: 7031, rule: Some(("cli", "output", "drop")), code: Some("local.permission"), evidence: &[] },
    Scene { name: "reset by ourselves", port: 7032, rule: Some(("cli", "output", "reject with tcp reset")), code: Some("local.permission"), evidence: &[] },
    Scene { name: "three in ten lost each way", port: 7060, rule: Some(("r1", "prerouting", "numgen random mod 10 < 3 drop")), code: None, evidence: &[] },
];

/// Rows to other hosts: endpoint, code, evidence. Over IPv6 the kernel does not always say within the
/// time-out that a neighbour is absent, so only IPv4 is asked.
type Elsewhere = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const ELSEWHERE: &[Elsewhere] = &[
    ("absent4", "tcp.host-unreachable", &[("offender", R2.0), ("answered_by", "router")]),
    ("nowhere", "tcp.network-unreachable", &[("offender", R1.0), ("answered_by", "router")]),
];

#[test]
fn what_happens_to_a_packet_is_told_from_inside_without_privileges() {
    let rules = SCENES.iter().filter_map(|scene| Some((scene.port, scene.rule?)));
    let town = Town::build(&rules.collect::<Vec<_>>());
    let open: Vec<u16> =
        SCENES.iter().map(|scene| scene.port).filter(|port| *port != 7040).collect();
    let _listening = town.listen(&open);
    let report = town.run(&profile());
    let rows: BTreeMap<&str, &Value> = report["connections"]
        .as_array()
        .expect("connections")
        .iter()
        .map(|row| (row["id"].as_str().expect("an id"), row))
        .collect();
    let mut wrong = Vec::new();
    for scene in SCENES {
        for (family, pick) in [(4, 0), (6, 1)] {
            let id = format!("p{}v{family}", scene.port);
            let row = rows[&*id];
            let evidence = scene.evidence.iter().map(|(key, v4, v6)| (*key, [*v4, *v6][pick]));
            let found = differs(row, scene.code, evidence);
            wrong.extend(found.map(|found| format!("{} over IPv{family}: {found}", scene.name)));
        }
    }
    for (id, code, evidence) in ELSEWHERE {
        let found = differs(rows[id], Some(code), evidence.iter().copied());
        wrong.extend(found.map(|found| format!("{id}: {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn profile() -> String {
    let mut text = String::from(
        "schema: connprobe/profile/v1\nname: town\ntitle: Town\nendpoints:\n  here: {title: Here}\n  \
         v4: {title: IPv4, host: 10.99.3.2}\n  v6: {title: IPv6, host: 'fd99:3::2'}\n  \
         absent4: {title: Absent, host: 10.99.3.77}\n  \
         nowhere: {title: Nowhere, host: 10.88.0.1}\nconnections:\n",
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

/// What is told of a row, where it is not what must be.
fn differs<'a>(
    row: &Value,
    code: Option<&str>,
    evidence: impl Iterator<Item = (&'a str, &'a str)>,
) -> Option<String> {
    let Some(attempt) = row["attempts"].as_array().and_then(|attempts| attempts.last()) else {
        return Some("no attempt".to_owned());
    };
    let fault = &attempt["fault"];
    let noted = match fault {
        Value::Null => &attempt["steps"][0]["evidence"],
        fault => &fault["evidence"],
    };
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut lacks =
        evidence.filter(|(key, value)| !value.is_empty() && plain(&noted[*key]) != *value);
    if fault["code"].as_str() == code && lacks.next().is_none() {
        return None;
    }
    Some(format!("{} with {noted}: {}", fault["code"], fault["detail"]))
}
