//! Four namespaces in a row, their packet filters, and the program in the first of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use tempfile::TempDir;

const PLACES: [&str; 4] = ["cli", "r1", "r2", "srv"];

/// What stands in `srv`.
const PEERS: &str = include_str!("peers.py");

/// A rule: the namespace, its hook, and what it does to packets of a port. What begins with `numgen` or
/// `meta length` meets both directions, with `fib` the way back, everything else the way there.
pub(crate) type Rule = (&'static str, &'static str, &'static str);

/// Namespaces of one process are told apart by it.
static TOWNS: AtomicU32 = AtomicU32::new(0);

/// The namespaces; they go with this.
pub(crate) struct Town {
    tag: String,
    files: TempDir,
}

impl Town {
    /// Builds the namespaces and loads the rules for their ports.
    pub(crate) fn build(rules: &[(u16, Rule)]) -> Self {
        let files = tempfile::Builder::new().prefix("netns").tempdir().expect("a directory");
        let number = TOWNS.fetch_add(1, Ordering::Relaxed);
        let town = Self { tag: format!("connprobe{}-{number}", std::process::id()), files };
        for place in PLACES {
            sh(&format!("ip netns add {}", town.of(place)));
            // An address that is still being checked for doubles answers no neighbour for a second.
            town.at(place, "sysctl -qw net.ipv6.conf.default.accept_dad=0; ip link set lo up");
        }
        for (net, pair) in PLACES.windows(2).enumerate() {
            town.wire(net + 1, pair[0], pair[1]);
        }
        town.at("cli", "ip route add default via 10.99.1.2; ip -6 route add default via fd99:1::2");
        town.at(
            "r1",
            "ip route add 10.99.3.0/24 via 10.99.2.2; ip -6 route add fd99:3::/64 via fd99:2::2",
        );
        town.at(
            "r2",
            "ip route add 10.99.1.0/24 via 10.99.2.1; ip -6 route add fd99:1::/64 via fd99:2::1",
        );
        town.at("srv", "ip route add default via 10.99.3.1; ip -6 route add default via fd99:3::1");
        // A rule on length must meet packets as a wire has them, not what is cut later.
        town.at("cli", "ip link set dev n1a gso_max_segs 1");
        town.at("srv", "ip link set dev n3b gso_max_segs 1");
        for router in ["r1", "r2"] {
            town.at(
                router,
                "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
                 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0",
            );
        }
        for place in PLACES {
            town.filter(place, rules);
        }
        town
    }

    fn of(&self, place: &str) -> String {
        format!("{}-{place}", self.tag)
    }

    /// Links two namespaces by network `net`: the left end is `.1`, the right one `.2`.
    pub(crate) fn wire(&self, net: usize, left: &str, right: &str) {
        let (a, b) = (self.of(left), self.of(right));
        sh(&format!("ip link add n{net}a netns {a} type veth peer name n{net}b netns {b}"));
        for (place, end, number) in [(left, 'a', 1), (right, 'b', 2)] {
            self.at(
                place,
                &format!(
                    "ip addr add 10.99.{net}.{number}/24 dev n{net}{end}; \
                     ip addr add fd99:{net}::{number}/64 dev n{net}{end} nodad; \
                     ip link set n{net}{end} up"
                ),
            );
        }
    }

    fn filter(&self, place: &str, rules: &[(u16, Rule)]) {
        let mut text = String::from("table inet town {\n");
        for hook in ["prerouting", "input", "forward", "output"] {
            let _ = writeln!(text, "chain {hook} {{ type filter hook {hook} priority 0;");
            for (port, (_, _, verdict)) in
                rules.iter().filter(|(_, (at, on, _))| *at == place && *on == hook)
            {
                let begins = |words: &[&str]| words.iter().any(|word| verdict.starts_with(word));
                if !begins(&["fib"]) {
                    let _ = writeln!(text, "tcp dport {port} {verdict}");
                }
                if begins(&["fib", "numgen", "meta length"]) {
                    let _ = writeln!(text, "tcp sport {port} {verdict}");
                }
            }
            text.push_str("}\n");
        }
        text.push_str("}\n");
        let path = self.files.path().join(format!("{place}.nft"));
        std::fs::write(&path, text).expect("the rules are written");
        self.at(place, &format!("nft -f {}", path.display()));
    }

    /// Runs peers in `srv` until the value goes, each in its way (`peers.py`).
    pub(crate) fn serve(&self, peers: &[(u16, &str)], certificate: &str) -> Serving {
        let certificate = self.file("certificate.pem", certificate);
        let mut child = Command::new("ip")
            .args(["netns", "exec", &self.of("srv"), "python3", "-c", PEERS, &certificate])
            .args(peers.iter().map(|(port, mode)| format!("{port}:{mode}")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let mut said = String::new();
        let out = child.stdout.take().expect("its output is ours");
        BufReader::new(out).read_line(&mut said).expect("it says that it is ready");
        assert_eq!(said, "ready\n", "the peers");
        Serving(child)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.files.path().join(name);
        std::fs::write(&path, text).expect("the file is written");
        path.display().to_string()
    }

    /// Runs a profile in `cli` as nobody's user without capabilities, with what else the site says, and
    /// gives the rows of the report.
    pub(crate) fn run(&self, profile: &str, site: &str) -> Rows {
        let profile = self.file("profile.yaml", profile);
        let site = format!(
            "schema: connprobe/site/v1\nprofile: town\n\
             controls: {{here: {{negative: [{{host: 127.0.0.1, port: 9}}]}}}}\n{site}"
        );
        let site = self.file("site.yaml", &site);
        sh(&format!("chmod -R a+rX {}", self.files.path().display()));
        let program = self.file("connprobe", "");
        std::fs::copy(env!("CARGO_BIN_EXE_connprobe"), &program).expect("the program is copied");
        sh(&format!("chmod a+rx {program}"));
        let line = format!(
            "ip netns exec {} setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
             --bounding-set=-all --no-new-privs {program} run --profile {profile} --site {site} \
             --source here --report json=- --quiet",
            self.of("cli")
        );
        let ran = output(&line);
        let report: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| {
            panic!("{error}: {}{}", ran.status, String::from_utf8_lossy(&ran.stderr))
        });
        Rows::of(&report)
    }

    /// Runs lines in a namespace.
    pub(crate) fn at(&self, place: &str, lines: &str) {
        for line in lines.split(';') {
            sh(&format!("ip netns exec {} {}", self.of(place), line.trim()));
        }
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        for place in PLACES {
            output(&format!("ip netns del {}", self.of(place)));
        }
    }
}

/// The rows of a report, by their numbers.
pub(crate) struct Rows(BTreeMap<String, Value>);

impl Rows {
    fn of(report: &Value) -> Self {
        let rows = report["connections"].as_array().expect("connections").iter();
        Self(rows.map(|row| (row["id"].as_str().expect("an id").to_owned(), row.clone())).collect())
    }

    /// What is told of a row, where it is not what must be: its code, and evidence, where an empty text
    /// stands for "any" and `-` for "none".
    pub(crate) fn differs<'a>(
        &self,
        id: &str,
        code: Option<&str>,
        mut evidence: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Option<String> {
        let Some(attempt) = self.0[id]["attempts"].as_array().and_then(|attempts| attempts.last())
        else {
            return Some("no attempt".to_owned());
        };
        let fault = &attempt["fault"];
        let noted = match fault {
            Value::Null => &attempt["steps"][0]["evidence"],
            fault => &fault["evidence"],
        };
        let found = |key: &str| match &noted[key] {
            Value::Null => "-".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let right = |(key, value): (&str, &str)| value.is_empty() || found(key) == value;
        if fault["code"].as_str() == code && evidence.all(right) {
            return None;
        }
        Some(format!("{} with {noted}: {}", fault["code"], fault["detail"]))
    }

    /// The warnings of a row: code and detail.
    pub(crate) fn warnings(&self, id: &str) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let warnings = self.0[id]["warnings"].as_array().expect("warnings").iter();
        warnings.map(|warning| (text(&warning["code"]), text(&warning["detail"]))).collect()
    }
}

/// The peers; they end with this.
pub(crate) struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(mut input) = self.0.stdin.take() {
            let _ = input.flush();
        }
        let _ = self.0.wait();
    }
}

fn sh(line: &str) {
    let ran = output(line);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "`{line}` (this test needs root, ip, nft and setpriv): {said}");
}

fn output(line: &str) -> Output {
    let words: Vec<&str> = line.split_whitespace().collect();
    let ran = Command::new(words[0]).args(&words[1..]).stdin(Stdio::null()).output();
    ran.unwrap_or_else(|error| panic!("`{line}`: {error}"))
}
