//! Local ports that run out: a namespace of its own with two of them.

use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Takes all but two local ports, listens without a word over TCP and UDP, and runs the program.
const SCENE: &str = "
import socket, subprocess, sys
subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
with open('/proc/sys/net/ipv4/ip_local_port_range', 'w') as ports:
    ports.write('40000 40001')
tcp = socket.create_server(('127.0.0.1', 7000), backlog=64)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(('127.0.0.1', 53))
sys.exit(subprocess.run(sys.argv[1:]).returncode)
";

const PROFILE: &str = "schema: connprobe/profile/v1
name: ports
title: Ports
endpoints: {here: {title: Here}, there: {title: There, host: 127.0.0.1}}
connections:
";

#[test]
fn ports_that_run_out_are_no_fault_of_the_peer_and_none_of_the_name_server() {
    let files = TempDir::new().expect("a directory");
    let file = |name: &str, text: &str| {
        let path = files.path().join(name);
        std::fs::write(&path, text).expect("the file is written");
        path
    };
    let row = |id: usize| {
        format!(
            "  - {{id: {id}, source: here, destination: there, protocol: TCP, port: 7000, \
             probe: {{tcp: {{expect: ready}}}}, proof: spoken}}\n"
        )
    };
    // Six by address, six by name.
    let rows: String = (1..=12).map(row).collect();
    let named: String = (7..=12).map(|id| format!("  {id}: {{host: n{id}.example}}\n")).collect();
    let profile = file("profile.yaml", &format!("{PROFILE}{rows}"));
    let site = file(
        "site.yaml",
        &format!("schema: connprobe/site/v1\nprofile: ports\nconnections:\n{named}"),
    );
    let conf = file("resolv.conf", "nameserver 127.0.0.1\n");
    let ran = Command::new("unshare")
        .args(["--net", "python3", "-c", SCENE, env!("CARGO_BIN_EXE_connprobe"), "run"])
        .arg("--profile")
        .arg(profile)
        .arg("--site")
        .arg(site)
        .arg("--resolv-conf")
        .arg(conf)
        .args(["--source", "here", "--timeout", "1s", "--report", "json=-", "--quiet"])
        .stdin(Stdio::null())
        .output()
        .expect("unshare runs (this test needs root)");
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&ran.stderr));
    });
    let rows = report["connections"].as_array().expect("connections");
    for (kind, rows, else_code) in
        [("connect", &rows[..6], "peer.silent"), ("question", &rows[6..], "dns.timeout")]
    {
        let codes: Vec<&str> =
            rows.iter().map(|row| row["fault"]["code"].as_str().unwrap_or("none")).collect();
        let lacking = codes.iter().filter(|code| **code == "local.ports-exhausted").count();
        assert!(lacking > 0, "{kind}: {codes:?}: {rows:#?}");
        let others = codes.iter().filter(|code| **code == else_code).count();
        assert_eq!(lacking + others, 6, "{kind}: {codes:?}: {rows:#?}");
    }
}
