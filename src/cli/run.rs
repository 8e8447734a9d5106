//! `connprobe run`: load, bind, execute, judge, report, exit.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::cli::complain::{self, Wrong};
use crate::cli::progress::Progress;
use crate::cli::{FAIL, INCONCLUSIVE, PASS, inputs, options};
use crate::facts::{limits, vantage};
use crate::model::report::{ProfileInfo, Program, Report, Run, SCHEMA, SiteInfo, Summary};
use crate::model::{Diagnostic, Proof, Verdict};
use crate::net::Names;
use crate::net::dns::{Hosts, ResolvConf, Resolver, Switch};
use crate::net::names::Override;
use crate::net::tcp::Bind;
use crate::profile::{Profile, Site};
use crate::report::style::Style;
use crate::report::target::Target;
use crate::report::text;
use crate::runner::{self, Header, Limits, Options, Plan, Sampling};

/// What to run, from where, and how to report.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Name of an embedded profile, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "genesys-ucs")]
    profile: String,
    /// The site file: where each endpoint is here
    #[arg(long, value_name = "FILE")]
    site: Option<PathBuf>,
    /// The endpoint that this pod is: its rows are run
    #[arg(long, env = "CONNPROBE_SOURCE", value_name = "NAME")]
    source: Option<String>,
    /// Run the rows of every source from here, and say so in the report
    #[arg(long, conflicts_with = "source")]
    all_sources: bool,
    #[command(flatten)]
    choice: ChoiceArgs,
    #[command(flatten)]
    how: HowArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Say what would be sent where, and send nothing
    #[arg(long)]
    dry_run: bool,
}

/// Which rows are run.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ChoiceArgs {
    /// Only these rows: ids, ranges 3-7, endpoints, classifications
    #[arg(long, value_name = "ROWS", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Not these rows
    #[arg(long, value_name = "ROWS", value_delimiter = ',')]
    pub(super) skip: Vec<String>,
}

/// How rows are run.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct HowArgs {
    /// Cap on what is required and how far a probe goes
    #[arg(long, value_name = "LEVEL", value_parser = options::proof)]
    pub(super) proof: Option<Proof>,
    /// The same time-out for every step: 500ms, 5s
    #[arg(long, value_name = "TIME", value_parser = options::duration)]
    pub(super) timeout: Option<Duration>,
    /// Time for the whole run; rows that are not done then are inconclusive
    #[arg(long, value_name = "TIME", value_parser = options::duration)]
    pub(super) deadline: Option<Duration>,
    /// How often a faulty attempt is made again, at most 10
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=10))]
    pub(super) retries: Option<u32>,
    /// Wait so long before anything is sent: policies may arrive after the pod
    #[arg(long, value_name = "TIME", value_parser = options::duration)]
    pub(super) settle: Option<Duration>,
    /// Look at a row so often, a second apart: a deny must hold each time, an allow any time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(super) samples: u32,
    /// Address or interface that connections start from
    #[arg(long, value_name = "ADDRESS|INTERFACE", value_parser = options::bind)]
    pub(super) bind: Option<Bind>,
    /// Don't find out how far silent connections get, who refuses, nor whether large packets get lost: no
    /// more than the connects themselves
    #[arg(long)]
    pub(super) no_trace: bool,
    /// Where a name leads: HOST=ADDRESS or HOST:PORT=ADDRESS:PORT
    #[arg(long, value_name = "HOST=ADDRESS", value_parser = options::resolve)]
    pub(super) resolve: Vec<Override>,
    /// The resolver's configuration, in place of /etc/resolv.conf
    #[arg(long, value_name = "FILE")]
    pub(super) resolv_conf: Option<PathBuf>,
    /// The hosts file
    #[arg(long, value_name = "FILE", default_value = "/etc/hosts")]
    pub(super) hosts_file: PathBuf,
}

/// How the run is reported.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct OutputArgs {
    /// A report: json=FILE, junit=FILE, text=FILE; - is standard output
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = options::report)]
    pub(super) reports: Vec<Target>,
    /// No progress, no notes on the table
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// What is run, once files are read.
pub(super) struct Job {
    pub(super) profile: Profile,
    pub(super) site: Site,
    pub(super) has_site: bool,
    pub(super) options: Options,
}

pub(super) fn run(args: &RunArgs) -> anyhow::Result<u8> {
    one_standard_output(&args.output.reports)?;
    let loaded = load(args);
    let job = match loaded {
        Ok(job) => job,
        Err(wrong) => return Err(set_up_failed(args, wrong, None).into()),
    };
    let plan = match Plan::bind(&job.profile, &job.site, &job.options) {
        Ok(plan) => plan,
        Err(errors) => return Err(set_up_failed(args, Wrong(errors), Some(&job)).into()),
    };
    if args.dry_run {
        return dry_run(&plan);
    }
    let resolver = match resolver(&args.how) {
        Ok(resolver) => resolver,
        Err(wrong) => return Err(set_up_failed(args, wrong, Some(&job)).into()),
    };
    finish(&job, plan, resolver, &args.how, &args.output)
}

fn load(args: &RunArgs) -> Result<Job, Wrong> {
    let profile = inputs::profile(&args.profile)?;
    let site = inputs::site(args.site.as_deref(), &profile)?;
    let options = Options {
        source: args.source.clone().filter(|source| !source.is_empty()),
        all_sources: args.all_sources,
        ..bound_options(&args.choice, &args.how)
    };
    Ok(Job { profile, site, has_site: args.site.is_some(), options })
}

/// The options of a plan that both `run` and `demo` have.
pub(super) fn bound_options(choice: &ChoiceArgs, how: &HowArgs) -> Options {
    Options {
        only: choice.only.clone(),
        skip: choice.skip.clone(),
        proof: how.proof,
        timeout: how.timeout,
        retries: how.retries,
        bind: how.bind.clone().unwrap_or_default(),
        tracer: (!how.no_trace).then(Arc::default),
        resolve: how.resolve.clone(),
        sampling: Sampling { settle: how.settle.unwrap_or_default(), samples: how.samples.max(1) },
        ..Options::default()
    }
}

fn one_standard_output(reports: &[Target]) -> Result<(), Wrong> {
    match reports.iter().filter(|report| report.path.is_none()).count() {
        0 | 1 => Ok(()),
        _ => Err(Diagnostic::plain("only one report can go to standard output")
            .help("give the others a file")
            .into()),
    }
}

/// The resolver that files name.
pub(super) fn resolver(how: &HowArgs) -> Result<Resolver, Wrong> {
    let (path, read) = match &how.resolv_conf {
        Some(path) => (path.as_path(), ResolvConf::read(path)),
        None => (Path::new(ResolvConf::SYSTEM), ResolvConf::system()),
    };
    let conf = read
        .map_err(|error| Diagnostic::plain(format!("can't read `{}`: {error}", path.display())))?;
    // Other files are of another machine, which this one's switch says nothing of.
    let switch = match how.resolv_conf {
        Some(_) => Switch::default(),
        None => Switch::read(Path::new(Switch::SYSTEM)),
    };
    Ok(Resolver { conf, hosts: Hosts::read(&how.hosts_file), switch })
}

/// Executes a plan, reports, and gives the exit code.
pub(super) fn finish(
    job: &Job,
    plan: Plan,
    resolver: Resolver,
    how: &HowArgs,
    output: &OutputArgs,
) -> anyhow::Result<u8> {
    let report = executed(job, plan, resolver, how, output.quiet)?;
    Ok(deliver(&report, output))
}

/// Executes a plan and makes its report.
pub(super) fn executed(
    job: &Job,
    plan: Plan,
    resolver: Resolver,
    how: &HowArgs,
    quiet: bool,
) -> anyhow::Result<Report> {
    let header = header(job);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let names = Arc::new(Names::new(resolver, plan.resolve.clone()));
    let limits = Limits { deadline: how.deadline, files: limits::open_files() };
    let plan = Arc::new(plan);
    let progress = Progress::new(&plan, quiet);
    // A panic of one row is told in the report, not as noise between its lines.
    std::panic::set_hook(Box::new(|_| {}));
    let finished = runtime.block_on(async {
        let told = |event: runner::Event<'_>| progress.told(&plan, event);
        runner::execute(Arc::clone(&plan), names, limits, signal(), told).await
    });
    let _ = std::panic::take_hook();
    progress.end();
    // What is still open is abandoned: a report must not wait for it.
    runtime.shutdown_background();
    Ok(runner::report(plan, &job.profile, finished, header))
}

fn header(job: &Job) -> Header {
    let now = OffsetDateTime::now_utc();
    let id = format!("{}-{}", now.unix_timestamp(), std::process::id());
    Header {
        run: id.into(),
        vantage: vantage::read(),
        site: job.has_site.then(|| job.site.digest.clone()),
        started_at: rfc3339(now),
        today: now.date().to_string(),
        all_sources: job.options.all_sources,
    }
}

fn rfc3339(time: OffsetDateTime) -> String {
    let time = time.replace_nanosecond(time.nanosecond() / 1_000_000 * 1_000_000).unwrap_or(time);
    time.format(&Rfc3339).unwrap_or_default()
}

/// Ends at the first SIGINT or SIGTERM.
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut int), Ok(mut term)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
    }
}

/// Writes every report, shows the table unless standard output carries one, and gives the exit code.
pub(super) fn deliver(report: &Report, output: &OutputArgs) -> u8 {
    let mut unwritten = false;
    for target in &output.reports {
        if let Err(error) = target.write(report) {
            unwritten = true;
            let _ = writeln!(std::io::stderr(), "error: {error}");
        }
    }
    if output.reports.iter().all(|target| target.path.is_some()) {
        let stdout = std::io::stdout();
        let style = Style { colour: complain::colour(&stdout), quiet: true };
        let mut out = std::io::BufWriter::new(stdout.lock());
        let shown = text::write(report, &mut out, style).and_then(|()| out.flush());
        unwritten |= told(&shown, PASS) != PASS;
    }
    match exit_code(report) {
        PASS if unwritten => INCONCLUSIVE,
        code => code,
    }
}

/// The exit code where the result was shown so; a pass that nobody could see is none. A pipe whose reader
/// has gone is no mistake to tell.
pub(super) fn told(shown: &std::io::Result<()>, code: u8) -> u8 {
    let Err(error) = shown else { return code };
    if error.kind() != std::io::ErrorKind::BrokenPipe {
        let _ = writeln!(std::io::stderr(), "error: show the result: {error}");
    }
    if code == PASS { INCONCLUSIVE } else { code }
}

/// The exit code of a report.
pub(super) fn exit_code(report: &Report) -> u8 {
    let counted = || report.connections.iter().filter(|row| row.counts());
    if counted().any(|row| row.verdict == Verdict::Fail) {
        FAIL
    } else if counted().any(|row| row.verdict == Verdict::Inconclusive) {
        INCONCLUSIVE
    } else {
        PASS
    }
}

/// Reports that nothing could be run, too: whoever waits for the file gets it.
fn set_up_failed(args: &RunArgs, wrong: Wrong, job: Option<&Job>) -> Wrong {
    if args.output.reports.is_empty() {
        return wrong;
    }
    let now = OffsetDateTime::now_utc();
    let report = Report {
        schema: SCHEMA.to_owned(),
        probe: Program { version: env!("CARGO_PKG_VERSION").to_owned() },
        profile: ProfileInfo {
            name: job.map_or_else(|| args.profile.clone(), |job| job.profile.name.clone()),
            title: job.map_or_else(|| args.profile.clone(), |job| job.profile.title.clone()),
            digest: job.map(|job| job.profile.digest.clone()),
        },
        runs: vec![Run {
            id: format!("{}-{}", now.unix_timestamp(), std::process::id()),
            sources: Vec::new(),
            vantage: vantage::read(),
            site: job
                .filter(|job| job.has_site)
                .map(|job| SiteInfo { digest: job.site.digest.clone() }),
            started_at: rfc3339(now),
            elapsed_ms: 0.0,
            interrupted: false,
            setup_error: Some(wrong.to_string()),
        }],
        endpoints: std::collections::BTreeMap::new(),
        summary: Summary::default(),
        connections: Vec::new(),
        controls: Vec::new(),
        findings: Vec::new(),
    };
    for target in &args.output.reports {
        if let Err(error) = target.write(&report) {
            let _ = writeln!(std::io::stderr(), "error: {error}");
        }
    }
    wrong
}

/// Says what would be sent where.
fn dry_run(plan: &Plan) -> anyhow::Result<u8> {
    let mut out = std::io::stdout().lock();
    for case in plan.cases.iter().filter(|case| case.chosen) {
        let host = case.host.as_deref().unwrap_or("-");
        write!(
            out,
            "{:>4}  {} → {}  {host}:{}",
            case.label(),
            case.source,
            case.destination,
            case.port
        )?;
        match (&case.aim, &case.skipped) {
            (Some(aim), None) => {
                let tls = if aim.target.tls { " (TLS)" } else { "" };
                writeln!(out, "  {}{tls}: {}", aim.protocol.name, aim.probe.sends())?;
                writeln!(out, "      connections for each address: {}", aim.protocol.connections)?;
            }
            (_, reason) => writeln!(out, "  skipped: {}", reason.as_deref().unwrap_or("-"))?,
        }
    }
    for (source, controls) in &plan.controls {
        for (host, port) in &controls.negative {
            writeln!(out, "      negative control of {source}: a connect to {host}:{port}")?;
        }
    }
    writeln!(
        out,
        "at least {} connections, one for each address of each name; nothing was sent",
        plan.dials()
    )?;
    Ok(PASS)
}
