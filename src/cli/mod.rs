//! The command line: one file for each subcommand; the only place that prints an error.

mod complain;
#[cfg(feature = "lab")]
mod demo;
mod explain;
mod inputs;
#[cfg(feature = "lab")]
mod lab;
mod lint;
mod list;
mod manual;
mod options;
mod progress;
mod run;
mod schema;
mod try_url;

#[cfg(any(fuzzing, test))]
pub(crate) use try_url::fuzz as fuzz_url;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// All chosen rows pass.
pub const PASS: u8 = 0;
/// At least one row fails.
pub const FAIL: u8 = 1;
/// Command line, profile or site are wrong; nothing was sent.
pub const WRONG: u8 = 2;
/// No row fails, but some are inconclusive, or a report could not be written.
pub const INCONCLUSIVE: u8 = 3;

/// Proves every connection that an architecture page promises, from here, right now.
#[derive(Debug, Parser)]
#[command(
    name = "connprobe",
    version,
    about,
    after_help = "Exit codes: 0 all chosen rows pass · 1 at least one fails · 2 command line, profile \
                  or site wrong, nothing was sent · 3 none fails, but some are inconclusive, or a \
                  report could not be written"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the rows of a profile from here
    Run(Box<run::args::RunArgs>),
    /// Climb one ad-hoc connection aloud, step by step
    Try(Box<try_url::TryArgs>),
    /// Show the first profile proved against an embedded lab on loopback
    #[cfg(feature = "lab")]
    Demo(demo::DemoArgs),
    /// Serve the lab's stand-in servers
    #[cfg(feature = "lab")]
    Lab(lab::LabArgs),
    /// Check a profile and a site without sending anything
    Lint(lint::LintArgs),
    /// List rows, endpoints, protocols, profiles, faults or reports
    List(list::ListArgs),
    /// Tell what a code means, who acts and what to do
    Explain(explain::ExplainArgs),
    /// Print a JSON Schema
    Schema(schema::SchemaArgs),
    /// Print completions for a shell
    Completions(manual::CompletionsArgs),
    /// Print the manual pages
    Man(manual::ManArgs),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { WRONG } else { PASS };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let code = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Try(args) => try_url::run(&args),
        #[cfg(feature = "lab")]
        Command::Demo(args) => demo::run(&args),
        #[cfg(feature = "lab")]
        Command::Lab(args) => lab::run(&args),
        Command::Lint(args) => lint::run(&args),
        Command::List(args) => list::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => manual::completions(&args, &mut Cli::command()),
        Command::Man(args) => manual::pages(&args, Cli::command()),
    };
    ExitCode::from(code.unwrap_or_else(|error| complain::error(&error)))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        super::Cli::command().debug_assert();
    }
}
