//! Many rows against the bare system: `cargo bench --bench throughput`.
//!
//! Two comparisons, each in one run on one machine, as a ratio of rates:
//! 10,000 TCP rows, from the first dial to the written JSON report, against a bare loop of tokio
//! connects with 64 in flight; and 5,000 TLS rows against a bare loop of rustls handshakes with as
//! many in flight as the probe allows itself. The peer is another process. Memory is what the
//! allocator gave out at its peak, from before the profile is loaded to after the report is written.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench shows figures, rounded"
)]

mod sink;
mod tally;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use connprobe::model::Source;
use connprobe::model::report::Vantage;
use connprobe::net::Names;
use connprobe::net::dns::{Hosts, ResolvConf, Resolver, Switch};
use connprobe::profile;
use connprobe::report::{FORMATS, target::Target};
use connprobe::runner::{self, Header, Limits, Options, Plan};
use tokio::task::JoinSet;

use sink::Sink;
use tally::Tally;

#[global_allocator]
static TALLY: Tally = Tally::new();

/// Connects in flight in the bare loop of connects.
const IN_FLIGHT: usize = 64;
/// Handshakes at once at one destination, as the probe allows itself.
const SHAKES: usize = 8;
/// Turns of each side; the best of each is compared.
const TURNS: usize = 7;

fn main() {
    if std::env::args().any(|word| word == "sink") {
        return sink::serve();
    }
    let sink = Sink::start();
    let tcp =
        Contest { what: "TCP", rows: 10_000, peer: sink.tcp, probe: "{tcp: {}}, proof: connected" };
    if wanted("tcp") {
        tcp.hold(|| bare(10_000, IN_FLIGHT, move || connect(sink.tcp)));
    }
    let shaker = sink::client(&sink.ca);
    let probe = "{tls: {}}, proof: spoken";
    let tls = Contest { what: "TLS", rows: 5_000, peer: sink.tls, probe };
    if wanted("tls") {
        tls.hold(|| {
            let shaker = Arc::clone(&shaker);
            bare(5_000, SHAKES, move || sink::shake(Arc::clone(&shaker), sink.tls))
        });
    }
}

/// Whether a comparison is held: both are, unless one is named (`-- tcp`).
fn wanted(what: &str) -> bool {
    let named = |word: &str| std::env::args().any(|arg| arg == word);
    named(what) || !(named("tcp") || named("tls"))
}

/// One comparison.
struct Contest {
    what: &'static str,
    rows: usize,
    peer: SocketAddr,
    probe: &'static str,
}

impl Contest {
    fn hold(&self, bare: impl Fn() -> Duration) {
        let mut ours = Vec::new();
        let mut theirs = Vec::new();
        for _ in 0..TURNS {
            theirs.push(bare());
            ours.push(self.probe());
        }
        let best = theirs.iter().min().copied().unwrap_or_default();
        let Some(run) = ours.iter().min_by_key(|run| run.dialled) else { return };
        let rate = |time: Duration| self.rows as f64 / time.as_secs_f64();
        let a_row = |bytes: usize| bytes as f64 / self.rows as f64;
        println!("{} {}", self.rows, self.what);
        println!("  bare loop  {:>9.0} /s  {:.3} s", rate(best), best.as_secs_f64());
        println!(
            "  connprobe  {:>9.0} /s  {:.3} s, of which the report {:.3} s",
            rate(run.dialled),
            run.dialled.as_secs_f64(),
            run.reported.as_secs_f64()
        );
        println!("  ratio      {:>9.2}", rate(run.dialled) / rate(best));
        println!("  load       {:>9.3} s apart", run.loaded.as_secs_f64());
        println!(
            "  memory     {:>9.0} bytes a row at the peak: loading {:.0} (then {:.0} are held), \
             executing {:.0} ({:.0}), reporting {:.0}",
            a_row(run.peaks.iter().copied().max().unwrap_or(0)),
            a_row(run.peaks[0]),
            a_row(run.held[0]),
            a_row(run.peaks[1]),
            a_row(run.held[1]),
            a_row(run.peaks[2]),
        );
    }

    fn profile(&self) -> String {
        let mut text = String::from(
            "schema: connprobe/profile/v1\nname: many\ntitle: Many\nendpoints:\n  \
             here: {title: Here}\n  there: {title: There}\nconnections:\n",
        );
        for row in 1..=self.rows {
            text.push_str(&format!(
                "  - {{id: {row}, source: here, destination: there, protocol: TCP, port: {}, \
                 probe: {}}}\n",
                self.peer.port(),
                self.probe
            ));
        }
        text
    }

    fn site(&self) -> String {
        format!(
            "schema: connprobe/site/v1\nprofile: many\nendpoints:\n  there: {{host: {}{}}}\n\
             controls:\n  here: {{negative: [{{host: 127.0.0.1, port: 9}}]}}\n",
            self.peer.ip(),
            if self.what == "TLS" {
                format!(", tls: {{ca_file: {}}}", sink::ca_file().display())
            } else {
                String::new()
            }
        )
    }

    fn probe(&self) -> Measured {
        let texts = (self.profile(), self.site());
        let before = TALLY.start();
        let begun = Instant::now();
        let nothing = |_: &str| None;
        let source = |name: &str, text| Arc::new(Source { name: name.into(), text });
        let many = profile::profile(source("profile", texts.0), &nothing).expect("profile");
        let site = profile::site(source("site", texts.1), &nothing, &many).expect("site");
        let options = Options { source: Some("here".into()), ..Options::default() };
        let plan = Arc::new(Plan::bind(&many, &site, &options).expect("plan"));
        drop(site);
        let loaded = begun.elapsed();
        let mut held = [TALLY.live() - before, 0];
        let mut peaks = [TALLY.peak() - before, 0, 0];
        TALLY.start();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        let dialling = Instant::now();
        let resolver = Resolver {
            conf: ResolvConf::read(Path::new("/etc/resolv.conf")).expect("resolv.conf"),
            hosts: Hosts::system(),
            switch: Switch::default(),
        };
        let names = Arc::new(Names::new(resolver, Vec::new()));
        let limits = Limits { deadline: None, files: 20_000 };
        let stop = std::future::pending();
        let work = runner::execute(Arc::clone(&plan), names, limits, stop, |_| {});
        let finished = runtime.block_on(work);
        held[1] = TALLY.live() - before;
        peaks[1] = TALLY.peak() - before;
        TALLY.start();
        let reporting = Instant::now();
        drop(runtime);
        let report = runner::report(plan, &many, finished, header());
        assert_eq!(report.summary.pass, self.rows, "every row passes");
        let path =
            std::env::temp_dir().join(format!("connprobe-bench-{}.json", std::process::id()));
        let json = FORMATS.iter().find(|format| format.name == "json").expect("json");
        Target { format: *json, path: Some(path.clone()) }.write(&report).expect("written");
        peaks[2] = TALLY.peak() - before;
        let measured = Measured {
            loaded,
            dialled: dialling.elapsed(),
            reported: reporting.elapsed(),
            peaks,
            held,
        };
        let _ = std::fs::remove_file(path);
        measured
    }
}

/// Times and bytes of one run.
struct Measured {
    loaded: Duration,
    dialled: Duration,
    reported: Duration,
    /// While it loads, executes and reports.
    peaks: [usize; 3],
    /// Once it is loaded, and once it is executed.
    held: [usize; 2],
}

fn header() -> Header {
    Header {
        run: "bench".into(),
        vantage: Vantage::default(),
        site: None,
        started_at: "2026-01-01T00:00:00Z".into(),
        today: "2026-01-01".into(),
        all_sources: false,
    }
}

/// The bare loop: as many at once, nothing kept.
fn bare<F: Future<Output = ()> + 'static>(
    count: usize,
    at_once: usize,
    work: impl Fn() -> F,
) -> Duration {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let begun = Instant::now();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            if tasks.len() == at_once {
                tasks.join_next().await;
            }
            tasks.spawn_local(work());
        }
        while tasks.join_next().await.is_some() {}
    });
    begun.elapsed()
}

async fn connect(address: SocketAddr) {
    tokio::net::TcpStream::connect(address).await.expect("connected");
}
