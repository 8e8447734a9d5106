//! Two network namespaces with a link between them, a packet filter on each side, and the program in the
//! first: `here – there`. Needs root, `ip` and `nft`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench shows figures")]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The address of `there`.
pub(crate) const THERE: &str = "10.98.1.2";
/// The first port that rows lead to.
pub(crate) const FIRST_PORT: u16 = 8_000;

/// The namespaces, what listens in the second, and the files of a run; all go with this.
pub(crate) struct Lane {
    tag: String,
    files: tempfile::TempDir,
    sink: Option<Child>,
}

/// One run of the program.
pub(crate) struct Ran {
    /// From start to exit.
    pub(crate) wall: Duration,
    /// The rows of its report.
    pub(crate) rows: Vec<Value>,
}

impl Lane {
    /// Builds the namespaces, with a rule for the packets that come in on each side.
    pub(crate) fn build(into_here: &str, into_there: &str) -> Self {
        let files = tempfile::Builder::new().prefix("lane").tempdir().expect("a directory");
        let lane = Self { tag: format!("lane{}", std::process::id()), files, sink: None };
        for place in ["here", "there"] {
            sh(&format!("ip netns add {}", lane.of(place)));
        }
        let (here, there) = (lane.of("here"), lane.of("there"));
        sh(&format!("ip link add lane0 netns {here} type veth peer name lane0 netns {there}"));
        for (place, address, rule) in
            [("here", "10.98.1.1", into_here), ("there", THERE, into_there)]
        {
            lane.at(place, "ip link set lo up");
            lane.at(place, &format!("ip addr add {address}/24 dev lane0"));
            lane.at(place, "ip link set lane0 up");
            // The test is of the path; no queue of the peer's own is to lose anything.
            lane.at(
                place,
                "sysctl -qw net.core.somaxconn=65535 net.ipv4.tcp_max_syn_backlog=65535",
            );
            let path = lane.files.path().join(format!("{place}.nft"));
            let rules = format!(
                "table inet lane {{ chain in {{ type filter hook prerouting priority 0; {rule}\n}}\n}}\n"
            );
            std::fs::write(&path, rules).expect("the rules are written");
            lane.at(place, &format!("nft -f {}", path.display()));
        }
        lane
    }

    /// Starts this program again as what listens in `there`, and waits until it does.
    pub(crate) fn listen(&mut self, ports: u16) {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new("ip")
            .args(["netns", "exec", &self.of("there")])
            .arg(program)
            .args(["sink", &ports.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer starts");
        let mut said = String::new();
        let out = child.stdout.take().expect("its output is ours");
        BufReader::new(out).read_line(&mut said).expect("it says that it listens");
        assert_eq!(said, "listening\n");
        self.sink = Some(child);
    }

    /// Runs rows of TCP in `here`, `ports` of them in turn.
    pub(crate) fn run(&self, rows: usize, ports: u16) -> Ran {
        let mut profile = format!(
            "schema: connprobe/profile/v1\nname: lane\ntitle: Lane\nendpoints:\n  \
             here: {{title: Here}}\n  there: {{title: There, host: {THERE}}}\nconnections:\n"
        );
        for (row, port) in (0..ports).cycle().take(rows).enumerate() {
            profile.push_str(&format!(
                "  - {{id: {row}, source: here, destination: there, protocol: TCP, port: {}, \
                 probe: {{tcp: {{}}}}, proof: connected}}\n",
                FIRST_PORT + port
            ));
        }
        let file = |name: &str, text: &str| {
            let path = self.files.path().join(name);
            std::fs::write(&path, text).expect("the file is written");
            path.display().to_string()
        };
        let profile = file("profile.yaml", &profile);
        let site = file(
            "site.yaml",
            "schema: connprobe/site/v1\nprofile: lane\n\
             controls: {here: {negative: [{host: 127.0.0.1, port: 9}]}}\n",
        );
        let report = self.files.path().join("report.json");
        let begun = Instant::now();
        let ran = Command::new("ip")
            .args(["netns", "exec", &self.of("here"), env!("CARGO_BIN_EXE_connprobe"), "run"])
            .args(["--profile", &profile, "--site", &site, "--source", "here", "--quiet"])
            .arg("--report")
            .arg(format!("json={}", report.display()))
            .output()
            .expect("the program starts");
        let wall = begun.elapsed();
        let text = std::fs::read(&report).unwrap_or_else(|error| {
            panic!("{error}: {}{}", ran.status, String::from_utf8_lossy(&ran.stderr))
        });
        let report: Value = serde_json::from_slice(&text).expect("a report");
        Ran { wall, rows: report["connections"].as_array().expect("connections").clone() }
    }

    fn of(&self, place: &str) -> String {
        format!("{}-{place}", self.tag)
    }

    fn at(&self, place: &str, line: &str) {
        sh(&format!("ip netns exec {} {line}", self.of(place)));
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(mut sink) = self.sink.take() {
            drop(sink.stdin.take());
            let _ = sink.wait();
        }
        for place in ["here", "there"] {
            let _ = Command::new("ip").args(["netns", "del", &self.of(place)]).status();
        }
    }
}

/// The bench itself, or the peer that it starts. Says loudly what it needs, and that the goal was missed.
pub(crate) fn main(bench: fn() -> bool) -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    if let Some(at) = words.iter().position(|word| word == "sink") {
        return sink(words.get(at + 1).and_then(|ports| ports.parse().ok()).unwrap_or(0));
    }
    if !nix::unistd::geteuid().is_root() {
        eprintln!(
            "NOT RUN: this bench makes network namespaces and packet filters, which needs root"
        );
        return ExitCode::FAILURE;
    }
    if bench() {
        ExitCode::SUCCESS
    } else {
        eprintln!("MISSED: the goal was not reached");
        ExitCode::FAILURE
    }
}

/// Accepts on each port until standard input ends.
fn sink(ports: u16) -> ExitCode {
    for port in FIRST_PORT..FIRST_PORT + ports {
        let listener = TcpListener::bind((THERE, port)).expect("a port");
        // The standard library asks for a queue of 128.
        nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::MAXALLOWABLE)
            .expect("a longer queue");
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                drop(stream);
            }
        });
    }
    println!("listening");
    let _ = std::io::stdin().read(&mut [0]);
    ExitCode::SUCCESS
}

fn sh(line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let ran = Command::new(words[0]).args(&words[1..]).output();
    let ran = ran.unwrap_or_else(|error| panic!("`{line}`: {error}"));
    assert!(ran.status.success(), "`{line}`: {}", String::from_utf8_lossy(&ran.stderr));
}
