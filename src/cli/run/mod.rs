//! `connprobe run`: load, bind, execute, judge, report, exit.

pub(super) mod args;
pub(super) mod deliver;
mod dry_run;
pub(super) mod prepare;
mod set_up;

use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::cli::progress::Progress;
use crate::cli::run::args::{HowArgs, OutputArgs, RunArgs};
use crate::cli::run::deliver::deliver;
use crate::cli::run::dry_run::dry_run;
use crate::cli::run::prepare::{Prepared, prepare};
use crate::cli::run::set_up::set_up_failed;
use crate::facts::{limits, vantage};
use crate::model::report::Report;
use crate::net::Names;
use crate::net::dns::Resolver;
use crate::profile::{Profile, Site};
use crate::runner::{self, Header, Limits, Options, Plan};

/// What is run, once files are read.
pub(super) struct Job {
    pub(super) profile: Profile,
    pub(super) site: Site,
    pub(super) has_site: bool,
    pub(super) options: Options,
}

pub(super) fn run(args: &RunArgs) -> anyhow::Result<u8> {
    let prepared =
        prepare(args).map_err(|(wrong, job)| set_up_failed(args, wrong, job.as_deref()))?;
    if args.dry_run {
        return dry_run(&prepared.plan);
    }
    let Prepared { job, plan, resolver } = prepared;
    finish(&job, plan, resolver, &args.how, &args.output)
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
    Header {
        run: id(now).into(),
        vantage: vantage::read(),
        site: job.has_site.then(|| job.site.digest.clone()),
        started_at: rfc3339(now),
        today: now.date().to_string(),
        all_sources: job.options.all_sources,
    }
}

/// Distinguishes this run from others.
fn id(now: OffsetDateTime) -> String {
    format!("{}-{}", now.unix_timestamp(), std::process::id())
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
