//! A path that loses large packets alone, and what only looks like one.

use rcgen::{CertificateParams, KeyPair};

use crate::town::{Rule, Town};

/// A peer, the rule that its packets meet, and what must be told.
struct Scene {
    name: &'static str,
    port: u16,
    peer: &'static str,
    probe: &'static str,
    rule: Option<Rule>,
    code: Option<&'static str>,
    /// Evidence over IPv4 and over IPv6; an empty text stands for "any", `-` for "none".
    evidence: &'static [(&'static str, &'static str, &'static str)],
}

/// What is larger than 1,000 bytes dies between the routers, in either direction.
const LARGE: Option<Rule> = Some(("r2", "forward", "meta length > 1000 drop"));
/// What carries data dies; handshakes and acknowledgements pass.
const DATA: Option<Rule> = Some(("r2", "forward", "meta length > 100 drop"));

const FORBIDDEN: Option<Rule> =
    Some(("r2", "forward", "meta length > 100 reject with icmpx admin-prohibited"));
const REJECTED: Option<Rule> =
    Some(("r2", "forward", "meta length > 100 reject with icmpx port-unreachable"));

const TLS: &str = "{tls: {}}, proof: spoken";
const PING: &str = "{tcp: {send: ping, expect: done}}, proof: spoken";
/// Three segments and then some, two, and one; `x*N` stands for so many letters.
const LONG: &str = "{tcp: {send: x*3000, expect: done}}, proof: spoken";
const HTTP: &str = "{http: {path: /, headers: {x-long: x*1400}}}, proof: spoken";
const ONE: &str = "{tcp: {send: x*1300, expect: done}}, proof: spoken";

const WHOLE: (&str, &str, &str) = ("size_lost", "1500", "1500");
const SMALL: (&str, &str, &str) = ("size_passed", "576", "596");
const SILENT: (&str, &str, &str) = ("cause", "peer.silent", "peer.silent");
const NOT_BY_SIZE: (&str, &str, &str) = ("size_lost", "-", "-");

#[rustfmt::skip]
const SCENES: &[Scene] = &[
    Scene { name: "the server's chain of certificates", port: 7101, peer: "tls", probe: TLS, rule: LARGE, code: Some("peer.stalled"), evidence: &[WHOLE, SMALL] },
    Scene { name: "an answer of one packet", port: 7102, peer: "say:1200", probe: PING, rule: LARGE, code: Some("peer.stalled"), evidence: &[("size_lost", "1252", "1272"), SMALL, SILENT] },
    Scene { name: "a long request, whose end passes", port: 7103, peer: "count:3000", probe: LONG, rule: LARGE, code: Some("peer.stalled"), evidence: &[WHOLE, SMALL, SILENT] },
    Scene { name: "a request of one packet", port: 7104, peer: "count:1300", probe: ONE, rule: LARGE, code: Some("peer.stalled"), evidence: &[("size_lost", "1352", "1372"), SMALL, SILENT, ("unacknowledged", "1", "1")] },
    Scene { name: "a request of HTTP with a long field", port: 7113, peer: "count:1400", probe: HTTP, rule: LARGE, code: Some("peer.stalled"), evidence: &[WHOLE, SMALL] },
    Scene { name: "small packets, which that path carries", port: 7105, peer: "say:500", probe: PING, rule: LARGE, code: None, evidence: &[] },
    Scene { name: "a healthy path", port: 7106, peer: "tls", probe: TLS, rule: None, code: None, evidence: &[("mss", "1448", "1428")] },
    Scene { name: "a server that is silent after the handshake of TCP", port: 7107, peer: "silent", probe: TLS, rule: None, code: Some("peer.silent"), evidence: &[NOT_BY_SIZE, ("unacknowledged", "-", "-")] },
    Scene { name: "a server that begins and stops", port: 7108, peer: "begin", probe: PING, rule: None, code: Some("peer.stalled"), evidence: &[NOT_BY_SIZE, ("bytes", "5", "5")] },
    Scene { name: "a server that was slow once", port: 7109, peer: "late:3000", probe: PING, rule: None, code: Some("peer.silent"), evidence: &[NOT_BY_SIZE] },
    Scene { name: "a path that carries no data at all", port: 7110, peer: "count:3000", probe: LONG, rule: DATA, code: Some("peer.silent"), evidence: &[NOT_BY_SIZE, ("unacknowledged", "3", "3")] },
    Scene { name: "a firewall that rejects data after the handshake", port: 7111, peer: "count:3000", probe: LONG, rule: FORBIDDEN, code: Some("peer.silent"), evidence: &[NOT_BY_SIZE, ("errno", "EHOSTUNREACH", "EACCES")] },
    Scene { name: "a firewall that rejects data as if no port were there", port: 7112, peer: "count:3000", probe: LONG, rule: REJECTED, code: Some("peer.silent"), evidence: &[NOT_BY_SIZE, ("errno", "ECONNREFUSED", "ECONNREFUSED")] },
];

/// A link that takes 1,300 bytes and says so, as it should: the path MTU is learnt, and the row passes.
const NARROW: &str = "ip addr add 10.99.3.3/24 dev n3b; ip addr add fd99:3::3/64 dev n3b nodad";
const NARROW_LINK: &str = "ip route add 10.99.3.3/32 dev n3a mtu 1300; \
                           ip -6 route add fd99:3::3/128 dev n3a mtu 1280";

#[test]
fn a_path_that_loses_large_packets_alone_is_told_from_a_silent_peer() {
    let rules = SCENES.iter().filter_map(|scene| Some((scene.port, scene.rule?)));
    let town = Town::build(&rules.collect::<Vec<_>>());
    town.at("srv", NARROW);
    town.at("r2", NARROW_LINK);
    let peers: Vec<_> = SCENES.iter().map(|scene| (scene.port, scene.peer)).collect();
    let _serving = town.serve(&[&peers[..], &[(7120, "count:3000")]].concat(), &certificate());
    let site = "timeouts: {tls: 4s, answer: 4s}\nendpoints:\n  v4: {tls: {mode: require}}\n  \
                v6: {tls: {mode: require}}\nconnections:\n  s7113v4: {tls: {mode: disable}}\n  \
                s7113v6: {tls: {mode: disable}}\n";
    let rows = town.run(&profile(), site);
    let mut wrong = Vec::new();
    for scene in SCENES {
        for (family, pick) in [(4, 0), (6, 1)] {
            let evidence = scene.evidence.iter().map(|(key, v4, v6)| (*key, [*v4, *v6][pick]));
            let found = rows.differs(&format!("s{}v{family}", scene.port), scene.code, evidence);
            wrong.extend(found.map(|found| format!("{} over IPv{family}: {found}", scene.name)));
        }
    }
    for family in [4, 6] {
        let found = rows.differs(&format!("narrow{family}"), None, std::iter::empty());
        wrong.extend(found.map(|found| format!("a narrow link over IPv{family}: {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn profile() -> String {
    let mut text = String::from(
        "schema: connprobe/profile/v1\nname: town\ntitle: Town\nendpoints:\n  here: {title: Here}\n  \
         v4: {title: IPv4, host: 10.99.3.2}\n  v6: {title: IPv6, host: 'fd99:3::2'}\n  \
         narrow4: {title: Narrow, host: 10.99.3.3}\n  \
         narrow6: {title: Narrow, host: 'fd99:3::3'}\nconnections:\n",
    );
    let mut row = |id: &str, to: &str, port: u16, probe: &str| {
        text.push_str(&format!(
            "  - {{id: {id}, source: here, destination: {to}, protocol: TCP, port: {port}, \
             probe: {probe}}}\n"
        ));
    };
    for scene in SCENES {
        row(&format!("s{}v4", scene.port), "v4", scene.port, scene.probe);
        row(&format!("s{}v6", scene.port), "v6", scene.port, scene.probe);
    }
    for to in ["narrow4", "narrow6"] {
        row(to, to, 7120, LONG);
    }
    [3_000, 1_400, 1_300]
        .into_iter()
        .fold(text, |text, length| text.replace(&format!("x*{length}"), &"x".repeat(length)))
}

/// A certificate with so many names that it fills several packets, and its key.
fn certificate() -> String {
    let key = KeyPair::generate().expect("a key");
    let names: Vec<String> =
        (0..150).map(|number| format!("tenant-{number}.service.example.test")).collect();
    let params = CertificateParams::new(names).expect("names");
    let certificate = params.self_signed(&key).expect("a certificate");
    format!("{}{}", key.serialize_pem(), certificate.pem())
}
