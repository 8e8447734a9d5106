//! `connprobe list`: rows, endpoints, protocols, profiles, faults, warnings, findings, reports.

use std::io::Write;

use clap::{Args, ValueEnum};

use crate::cli::{PASS, inputs};
use crate::model::{FaultCode, FindingCode, WarningCode};
use crate::probe::PROTOCOLS;
use crate::profile::embedded::EMBEDDED;
use crate::report::FORMATS;

/// What to list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// What to list
    #[arg(value_enum, default_value = "rows")]
    what: What,
    /// Name of an embedded profile, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "genesys-ucs")]
    profile: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    Rows,
    Endpoints,
    Protocols,
    Profiles,
    Faults,
    Warnings,
    Findings,
    Reports,
}

pub(super) fn run(args: &ListArgs) -> anyhow::Result<u8> {
    let out = &mut std::io::stdout().lock();
    match args.what {
        What::Rows => rows(args, out)?,
        What::Endpoints => endpoints(args, out)?,
        What::Protocols => {
            for protocol in PROTOCOLS {
                writeln!(out, "{:<14} {}", protocol.name, protocol.about)?;
                writeln!(out, "{:<14} connections: {}", "", protocol.connections)?;
            }
        }
        What::Profiles => {
            for (name, _) in EMBEDDED {
                let profile = inputs::profile(name)?;
                writeln!(out, "{name:<14} {}: {} rows", profile.title, profile.connections.len())?;
            }
        }
        What::Faults => {
            for code in FaultCode::ALL {
                let acts = code.acts().as_str();
                writeln!(
                    out,
                    "{:<34} {:<10} {acts:<13} {}",
                    code.as_str(),
                    code.layer().as_str(),
                    code.about()
                )?;
            }
        }
        What::Warnings => {
            for code in WarningCode::ALL {
                writeln!(out, "{:<28} {}", code.as_str(), code.about())?;
            }
        }
        What::Findings => {
            for code in FindingCode::ALL {
                writeln!(out, "{:<24} {}", code.as_str(), code.about())?;
            }
        }
        What::Reports => {
            for format in FORMATS {
                writeln!(out, "{:<10} {}", format.name, format.about)?;
            }
        }
    }
    Ok(PASS)
}

fn rows(args: &ListArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let profile = inputs::profile(&args.profile)?;
    for row in &profile.connections {
        let path = format!("{} → {}", row.source, row.destination);
        let probe = row.probe.as_ref().map_or("tcp", |probe| probe.name.as_str());
        let class = row.classification.map_or("-", |class| class.as_str());
        let port = row.port.to_string();
        writeln!(
            out,
            "{:>4}  {path:<44} {:<5} {port:<6} {class:<14} {probe:<13} {}",
            row.id, row.protocol, row.proof
        )?;
    }
    Ok(())
}

fn endpoints(args: &ListArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let profile = inputs::profile(&args.profile)?;
    for endpoint in &profile.endpoints {
        let host = endpoint.host.as_deref().unwrap_or("(the site says where)");
        writeln!(out, "{:<24} {:<36} {host}", endpoint.name, endpoint.title)?;
    }
    Ok(())
}
