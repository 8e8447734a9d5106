//! A finished report: to its files, to the terminal, and as an exit code.

use std::io::Write;

use crate::cli::complain;
use crate::cli::run::args::OutputArgs;
use crate::cli::{FAIL, INCONCLUSIVE, PASS};
use crate::model::Verdict;
use crate::model::report::Report;
use crate::report::style::Style;
use crate::report::target::Target;
use crate::report::text;

/// Writes every report, shows the table unless standard output carries one, and gives the exit code.
pub(in crate::cli) fn deliver(report: &Report, output: &OutputArgs) -> u8 {
    let mut unwritten = !write(report, &output.reports);
    if output.reports.iter().all(|target| target.path.is_some()) {
        let stdout = std::io::stdout();
        let style = Style { colour: complain::colour(&stdout), quiet: true };
        let mut out = std::io::BufWriter::new(stdout.lock());
        let shown = text::write(report, &mut out, style).and_then(|()| out.flush());
        unwritten |= told(&shown, PASS) != PASS;
    }
    match exit_code(report) {
        PASS if unwritten => INCONCLUSIVE,
        code => code,
    }
}

/// Writes every report, says which can't be written, and whether all are.
pub(super) fn write(report: &Report, targets: &[Target]) -> bool {
    let mut written = true;
    for target in targets {
        if let Err(error) = target.write(report) {
            written = false;
            let _ = writeln!(std::io::stderr(), "error: {error}");
        }
    }
    written
}

/// The exit code where the result was shown so; a pass that nobody could see is none. A pipe whose reader
/// has gone is no mistake to tell.
pub(in crate::cli) fn told(shown: &std::io::Result<()>, code: u8) -> u8 {
    let Err(error) = shown else { return code };
    if error.kind() != std::io::ErrorKind::BrokenPipe {
        let _ = writeln!(std::io::stderr(), "error: show the result: {error}");
    }
    if code == PASS { INCONCLUSIVE } else { code }
}

/// The exit code of a report.
pub(in crate::cli) fn exit_code(report: &Report) -> u8 {
    let counted = || report.connections.iter().filter(|row| row.counts());
    if counted().any(|row| row.verdict == Verdict::Fail) {
        FAIL
    } else if counted().any(|row| row.verdict == Verdict::Inconclusive) {
        INCONCLUSIVE
    } else {
        PASS
    }
}
