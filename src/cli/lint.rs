//! `connprobe lint`: everything that is wrong with a profile and a site, and nothing sent.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::cli::complain::Wrong;
use crate::cli::inputs::{self, Inputs};
use crate::cli::{PASS, options};
use crate::runner::{Options, Plan};

/// What to check.
#[derive(Debug, Args)]
pub(super) struct LintArgs {
    /// Name of an embedded profile, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "genesys-ucs")]
    profile: String,
    /// The site file
    #[arg(long, value_name = "FILE")]
    site: Option<PathBuf>,
    /// Bind the rows of this source alone, as `run` would [env: CONNPROBE_SOURCE]
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
}

pub(super) fn run(args: &LintArgs) -> anyhow::Result<u8> {
    let read = inputs::profile_and_site(&args.profile, args.site.as_deref());
    let Inputs { profile: Some(profile), site, mut errors } = read else {
        return Err(Wrong(read.errors).into());
    };
    let source = options::source(args.source.as_deref(), false);
    // Without a site and a source nothing says where endpoints are: the profile alone is checked.
    let bound = args.site.is_some() || source.is_some();
    if bound {
        let options = Options { all_sources: source.is_none(), source, ..Options::default() };
        errors.extend(Plan::bind(&profile, &site, &options).err().unwrap_or_default());
    }
    if !errors.is_empty() {
        return Err(Wrong(errors).into());
    }
    let mut out = std::io::stdout().lock();
    let rows = profile.connections.len() + site.extra.len();
    writeln!(
        out,
        "{}: {rows} rows, {} endpoints, no mistakes",
        profile.name,
        profile.endpoints.len()
    )?;
    for note in &profile.notes {
        writeln!(out, "  table: {note}")?;
    }
    for row in &profile.connections {
        for note in &row.notes {
            writeln!(out, "  {:>4}: {note}", row.id)?;
        }
    }
    Ok(PASS)
}
