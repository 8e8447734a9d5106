//! `connprobe schema`: the JSON Schemas of profile, site and report, from the types.

use std::io::Write;

use clap::{Args, ValueEnum};
use schemars::generate::SchemaSettings;

use crate::cli::PASS;
use crate::model::report::Report;
use crate::probe::PROTOCOLS;
use crate::profile::schema::{profile_schema, site_schema};

/// Which schema.
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// Which schema
    #[arg(value_enum)]
    what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    Profile,
    Site,
    Report,
}

pub(super) fn run(args: &SchemaArgs) -> anyhow::Result<u8> {
    let probes: Vec<(&str, serde_json::Value)> =
        PROTOCOLS.iter().map(|protocol| (protocol.name, (protocol.schema)())).collect();
    let schema = match args.what {
        What::Profile => profile_schema(&probes),
        What::Site => site_schema(&probes),
        What::Report => {
            // As it is written, not as it may be read.
            let settings = SchemaSettings::draft2020_12().for_serialize();
            settings.into_generator().into_root_schema_for::<Report>().to_value()
        }
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string_pretty(&schema)?)?;
    Ok(PASS)
}
