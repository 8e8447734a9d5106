//! `connprobe completions` and `connprobe man`: from the command line's own definition.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::cli::PASS;

/// Which shell.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[expect(clippy::unnecessary_wraps, reason = "every subcommand has this form")]
pub(super) fn completions(args: &CompletionsArgs, command: &mut Command) -> anyhow::Result<u8> {
    clap_complete::generate(args.shell, command, "connprobe", &mut std::io::stdout().lock());
    Ok(PASS)
}

pub(super) fn page(command: Command) -> anyhow::Result<u8> {
    clap_mangen::Man::new(command).render(&mut std::io::stdout().lock())?;
    Ok(PASS)
}
