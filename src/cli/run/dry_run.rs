//! `run --dry-run`: what would be sent where.

use std::io::Write;

use crate::cli::PASS;
use crate::runner::Plan;

/// Says what would be sent where.
pub(super) fn dry_run(plan: &Plan) -> anyhow::Result<u8> {
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
        "at most {} connections where each name has one address, retries included; nothing was sent",
        plan.dials()
    )?;
    Ok(PASS)
}
