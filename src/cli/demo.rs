//! `connprobe demo`: the first profile against an embedded lab on loopback, healthy or after a bad
//! change.

use std::io::Write;

use clap::Args;

use crate::cli::inputs;
use crate::cli::run::args::{ChoiceArgs, HowArgs, OutputArgs};
use crate::cli::run::{self, Job, prepare};
use crate::lab::demo::{self, Demo};
use crate::model::Source;
use crate::net::dns::Resolver;
use crate::net::names::Override;
use crate::runner::{Options, Plan};

/// What to show.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// The same site after a bad change
    #[arg(long)]
    broken: bool,
    #[command(flatten)]
    choice: ChoiceArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Keep the servers running until Ctrl-C, and say how to run against them
    #[arg(long)]
    serve: bool,
}

/// The profile that the demo shows.
const PROFILE: &str = "genesys-ucs";

pub(super) fn run(args: &DemoArgs) -> anyhow::Result<u8> {
    // The servers live on a thread of their own, so that they are no part of what is measured.
    let (send, receive) = std::sync::mpsc::channel();
    let broken = args.broken;
    let thread = std::thread::Builder::new().name("lab".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let demo = demo::start(broken).await?;
            let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
            let shown = Shown::of(&demo);
            if send.send((shown, stop)).is_ok() {
                let _ = stopped.await;
            }
            Ok::<(), std::io::Error>(())
        })
    })?;
    let Ok((shown, stop)) = receive.recv() else {
        return match thread.join() {
            Ok(Err(error)) => Err(error.into()),
            _ => Err(anyhow::anyhow!("the lab did not start")),
        };
    };
    let code = if args.serve { serve(&shown) } else { show(args, shown) };
    drop(stop);
    let _ = thread.join();
    code
}

/// What a run needs of the demo.
struct Shown {
    site: String,
    resolve: Vec<Override>,
    directory: std::path::PathBuf,
}

impl Shown {
    fn of(demo: &Demo) -> Self {
        let resolve = demo.resolves.iter().map(|(host, port, address)| Override {
            host: host.clone(),
            port: Some(*port),
            address: address.ip(),
            to_port: Some(address.port()),
        });
        Self {
            site: demo.site.clone(),
            resolve: resolve.collect(),
            directory: demo.directory.clone(),
        }
    }
}

fn show(args: &DemoArgs, shown: Shown) -> anyhow::Result<u8> {
    let profile = inputs::profile(PROFILE)?;
    let source = Source { name: "demo site".to_owned(), text: shown.site };
    let site = inputs::site_text(source, &profile)?;
    let how = HowArgs { resolve: shown.resolve, ..HowArgs::default() };
    let options = Options { all_sources: true, ..prepare::bound_options(&args.choice, &how) };
    let plan = Plan::bind(&profile, &site, &options).map_err(crate::cli::complain::Wrong)?;
    let job = Job { profile, site, has_site: true, options };
    // No name server: every name of the demo is overridden.
    run::finish(&job, plan, Resolver::default(), &how, &args.output)
}

/// Writes the site file and the command that runs against the lab, and waits for Ctrl-C.
fn serve(shown: &Shown) -> anyhow::Result<u8> {
    let site = shown.directory.join("site.yaml");
    std::fs::write(&site, &shown.site)?;
    let mut out = std::io::stdout().lock();
    write!(out, "connprobe run --profile {PROFILE} --site {} --all-sources", site.display())?;
    for known in &shown.resolve {
        let from =
            known.port.map_or_else(|| known.host.clone(), |port| format!("{}:{port}", known.host));
        let to = known
            .to_port
            .map_or_else(|| known.address.to_string(), |port| format!("{}:{port}", known.address));
        write!(out, " --resolve {from}={to}")?;
    }
    writeln!(out)?;
    out.flush()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result,
            _ = term.recv() => Ok(()),
        }
    })?;
    Ok(crate::cli::PASS)
}
