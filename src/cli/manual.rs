//! `connprobe completions` and `connprobe man`: from the command line's own definition.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
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

/// Which pages.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write one page for each command into this folder, in place of all to standard output
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn pages(args: &ManArgs, mut command: Command) -> anyhow::Result<u8> {
    // The names of subcommands become those of their pages: connprobe-run.
    command.build();
    let Some(folder) = &args.dir else {
        let mut out = std::io::stdout().lock();
        each(&command, "connprobe", &mut |_, page| out.write_all(page))?;
        return Ok(PASS);
    };
    std::fs::create_dir_all(folder).with_context(|| told("make the folder", folder))?;
    each(&command, "connprobe", &mut |name, page| {
        std::fs::write(folder.join(format!("{name}.1")), page)
    })
    .with_context(|| told("write into", folder))?;
    Ok(PASS)
}

fn told(operation: &str, folder: &Path) -> String {
    format!("{operation} `{}`", folder.display())
}

/// Renders the page of a command and those below it.
fn each(
    command: &Command,
    name: &str,
    take: &mut dyn FnMut(&str, &[u8]) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    take(name, &page)?;
    let below = command.get_subcommands().filter(|below| !below.is_hide_set());
    below
        .filter(|below| below.get_name() != "help")
        .try_for_each(|below| each(below, &format!("{name}-{}", below.get_name()), take))
}
