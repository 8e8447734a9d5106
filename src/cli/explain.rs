//! `connprobe explain`: what a code means, who acts, what to do.

use std::io::Write;

use clap::Args;

use crate::cli::PASS;
use crate::cli::complain::Wrong;
use crate::model::diagnostic::did_you_mean;
use crate::model::{Diagnostic, FaultCode, WarningCode, words};

/// The code.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A fault or warning code; none lists them all
    code: Option<String>,
}

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<u8> {
    let mut out = std::io::stdout().lock();
    let Some(word) = &args.code else {
        for code in FaultCode::ALL {
            writeln!(out, "{:<34} {}", code.as_str(), code.about())?;
        }
        return Ok(PASS);
    };
    if let Some(code) = FaultCode::parse(word) {
        writeln!(out, "{code}\n  means: {}", code.about())?;
        writeln!(out, "  layer: {}", code.layer().as_str())?;
        writeln!(out, "  acts:  {}", code.acts().as_str())?;
        writeln!(out, "  do:    {}", words::of(code).hint)?;
        return Ok(PASS);
    }
    if let Some(code) = WarningCode::parse(word) {
        writeln!(out, "{code}\n  means: {}", code.about())?;
        return Ok(PASS);
    }
    let known = FaultCode::ALL.iter().map(|code| code.as_str());
    Err(Wrong::from(
        Diagnostic::plain(format!("no code `{word}`")).maybe_help(did_you_mean(word, known)),
    )
    .into())
}
