//! The arguments of `run`, of which `demo` and `try` have some too.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::options;
use crate::model::Proof;
use crate::net::names::Override;
use crate::net::tcp::Bind;
use crate::report::target::Target;

/// What to run, from where, and how to report.
#[derive(Debug, Args)]
pub(in crate::cli) struct RunArgs {
    /// Name of an embedded profile, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "genesys-ucs")]
    pub(super) profile: String,
    /// The site file: where each endpoint is here
    #[arg(long, value_name = "FILE")]
    pub(super) site: Option<PathBuf>,
    /// The endpoint that this pod is: its rows are run [env: CONNPROBE_SOURCE]
    #[arg(long, value_name = "NAME")]
    pub(super) source: Option<String>,
    /// Run the rows of every source from here, and say so in the report
    #[arg(long, conflicts_with = "source")]
    pub(super) all_sources: bool,
    #[command(flatten)]
    pub(super) choice: ChoiceArgs,
    #[command(flatten)]
    pub(super) how: HowArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Say what would be sent where, and send nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// Which rows are run.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct ChoiceArgs {
    /// Only these rows: ids, ranges 3-7, endpoints, classifications
    #[arg(long, value_name = "ROWS", value_delimiter = ',')]
    pub(in crate::cli) only: Vec<String>,
    /// Not these rows
    #[arg(long, value_name = "ROWS", value_delimiter = ',')]
    pub(in crate::cli) skip: Vec<String>,
}

/// How rows are run.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct HowArgs {
    /// Cap on what is required and how far a probe goes
    #[arg(long, value_name = "LEVEL", value_parser = options::proof)]
    pub(in crate::cli) proof: Option<Proof>,
    /// The same time-out for every step: 500ms, 5s
    #[arg(long, value_name = "TIME", value_parser = options::duration)]
    pub(in crate::cli) timeout: Option<Duration>,
    /// Time for the whole run; rows that are not done then are inconclusive
    #[arg(long, value_name = "TIME", value_parser = options::duration)]
    pub(in crate::cli) deadline: Option<Duration>,
    /// How often a faulty attempt is made again, at most 10
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=10))]
    pub(in crate::cli) retries: Option<u32>,
    /// Wait so long before anything is sent: policies may arrive after the pod
    #[arg(long, value_name = "TIME", value_parser = options::duration)]
    pub(in crate::cli) settle: Option<Duration>,
    /// Look at a row so often, a second apart: a deny must hold each time, an allow any time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(in crate::cli) samples: u32,
    /// Address or interface that connections start from
    #[arg(long, value_name = "ADDRESS|INTERFACE", value_parser = options::bind)]
    pub(in crate::cli) bind: Option<Bind>,
    /// Don't find out how far silent connections get, who refuses, nor whether large packets get lost: no
    /// more than the connects themselves
    #[arg(long)]
    pub(in crate::cli) no_trace: bool,
    /// Where a name leads: HOST=ADDRESS or HOST:PORT=ADDRESS:PORT
    #[arg(long, value_name = "HOST=ADDRESS", value_parser = options::resolve)]
    pub(in crate::cli) resolve: Vec<Override>,
    /// The resolver's configuration, in place of /etc/resolv.conf
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) resolv_conf: Option<PathBuf>,
    /// The hosts file, in place of /etc/hosts
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) hosts_file: Option<PathBuf>,
}

/// How the run is reported.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct OutputArgs {
    /// A report: json=FILE, junit=FILE, text=FILE; - is standard output
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = options::report)]
    pub(in crate::cli) reports: Vec<Target>,
    /// No progress, no notes on the table
    #[arg(long, short)]
    pub(in crate::cli) quiet: bool,
}
