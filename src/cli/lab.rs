//! `connprobe lab`: the stand-in servers, one scenario at a time, for a person to try.

use std::io::Write;
use std::net::SocketAddr;

use clap::Args;

use crate::cli::PASS;
use crate::cli::complain::Wrong;
use crate::lab::ground::Ground;
use crate::lab::scenario::{self, Scenario};
use crate::lab::server::listening_on;
use crate::model::Diagnostic;
use crate::model::diagnostic::did_you_mean;

/// What to serve.
#[derive(Debug, Args)]
pub(super) struct LabArgs {
    /// List the scenarios
    #[arg(long, conflicts_with = "scenario")]
    list: bool,
    /// Serve this scenario until Ctrl-C
    #[arg(long, value_name = "NAME", required_unless_present = "list")]
    scenario: Option<String>,
    /// Where to listen, in place of a free port of loopback
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

pub(super) fn run(args: &LabArgs) -> anyhow::Result<u8> {
    let Some(name) = args.scenario.as_deref().filter(|_| !args.list) else { return list() };
    let Some(scenario) = Scenario::named(name) else {
        let near = did_you_mean(name, scenario::all().map(|scenario| scenario.name));
        let help = near.unwrap_or_else(|| "connprobe lab --list tells them".to_owned());
        return Err(
            Wrong::from(Diagnostic::plain(format!("no scenario `{name}`")).help(help)).into()
        );
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(scenario, args.listen))?;
    Ok(PASS)
}

fn list() -> anyhow::Result<u8> {
    let mut out = std::io::stdout().lock();
    for scenario in scenario::all() {
        let expect = scenario.expect.map_or("passes", |code| code.as_str());
        let near = scenario.near.map_or(String::new(), |code| format!(" (looks like {code})"));
        writeln!(
            out,
            "{:<40} {:<14} {expect:<34} {}{near}",
            scenario.name, scenario.protocol, scenario.about
        )?;
    }
    Ok(PASS)
}

async fn serve(scenario: &Scenario, listen: Option<SocketAddr>) -> anyhow::Result<()> {
    let ground = Ground::new()?;
    let start = (scenario.start)(&ground);
    let served = match listen {
        Some(address) => listening_on(address, start).await?,
        None => start.await?,
    };
    {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{} port {}", served.host, served.port)?;
        writeln!(out, "probe: {}", served.probe)?;
        writeln!(out, "site:  {}", served.site)?;
        for (option, file) in
            [("--resolv-conf", &served.resolv_conf), ("--hosts-file", &served.hosts_file)]
        {
            if let Some(file) = file {
                writeln!(out, "run with {option} {}", file.display())?;
            }
        }
        writeln!(out, "Ctrl-C ends it")?;
        out.flush()?;
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
