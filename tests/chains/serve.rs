//! Servers of `openssl`, and one run of the program against all of them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Map, Value, json};

/// `openssl s_server`, ended with the value.
pub(crate) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// Starts one at a free port of loopback, its arguments split at blanks.
    pub(crate) fn start(at: &Path, arguments: &str) -> Self {
        let child = Command::new("openssl")
            .current_dir(at)
            .args(["s_server", "-accept", "127.0.0.1:0", "-www"])
            .args(arguments.split_whitespace())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("the program openssl is installed"))
    }

    /// Waits until it listens: it then says `ACCEPT 127.0.0.1:PORT`.
    pub(crate) fn port(&mut self) -> u16 {
        let said = BufReader::new(self.0.stdout.take().expect("its output, once")).lines();
        let mut ports = said.map_while(Result::ok).filter_map(|line| {
            line.strip_prefix("ACCEPT ")?.rsplit_once(':')?.1.trim().parse().ok()
        });
        ports.next().expect("openssl s_server listens")
    }
}

/// A peer of a run: it is reached at loopback whatever its name is.
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The site's `tls`.
    pub(crate) tls: Value,
}

/// Probes all peers in one run; a row of the report each.
pub(crate) fn run(at: &Path, peers: &[Peer]) -> Vec<Value> {
    let file = |name: &str, value: &Value| {
        let path = at.join(name);
        std::fs::write(&path, value.to_string()).expect("a file");
        path
    };
    let mut titles = Map::from_iter([("here".to_owned(), json!({"title": "Here"}))]);
    let mut places = Map::new();
    let mut connections = Vec::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_connprobe"));
    command.args(["run", "--all-sources", "--quiet", "--report", "json=-"]);
    for (number, Peer { name, host, port, tls }) in peers.iter().enumerate() {
        titles.insert(name.clone(), json!({"title": name}));
        places.insert(name.clone(), json!({"host": host, "tls": tls}));
        connections.push(json!({
            "id": number + 1, "source": "here", "destination": name, "protocol": "TCP",
            "port": port, "probe": "tls", "proof": "identified"
        }));
        if host.parse::<std::net::IpAddr>().is_err() {
            command.arg("--resolve").arg(format!("{host}=127.0.0.1"));
        }
    }
    let profile = json!({
        "schema": "connprobe/profile/v1", "name": "chains", "title": "Chains",
        "endpoints": titles, "connections": connections,
    });
    let site = json!({
        "schema": "connprobe/site/v1", "profile": "chains", "endpoints": places,
        "controls": {"here": {"negative": [{"host": "127.0.0.1", "port": 9}]}},
    });
    command.arg("--profile").arg(file("profile.yaml", &profile));
    command.arg("--site").arg(file("site.yaml", &site));
    let output = command.output().expect("the program runs");
    let told = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
    let rows = report["connections"].as_array().cloned().unwrap_or_default();
    assert_eq!(rows.len(), peers.len(), "a row for each peer: {told}");
    rows
}
