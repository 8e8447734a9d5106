//! `connprobe explain`: what a code means, who acts, what to do; for a row of a report with its own
//! commands.

use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::PASS;
use crate::cli::complain::{self, Wrong};
use crate::model::diagnostic::did_you_mean;
use crate::model::report::{ConnectionReport, Report};
use crate::model::{Diagnostic, FaultCode, FindingCode, Verdict, WarningCode, clean};
use crate::report::style::Style;
use crate::report::{explain, saved};

/// The code, or the row.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A code of a fault, warning or finding; with --report, a row; none lists them all
    #[arg(value_name = "CODE|ROW")]
    what: Option<String>,
    /// A saved JSON report: explains the fault of a row, with its host and port; - is standard input
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<u8> {
    let stdout = std::io::stdout();
    let style = Style { colour: complain::colour(&stdout), quiet: false };
    let mut out = BufWriter::new(stdout.lock());
    match (&args.report, &args.what) {
        (Some(path), what) => {
            let report = read(path)?;
            for row in chosen(&report, what.as_deref())? {
                explain::row(&report, row, &mut out, style)?;
            }
        }
        (None, Some(code)) => of_code(code, &mut out, style)?,
        (None, None) => explain::list(&mut out, style)?,
    }
    out.flush()?;
    Ok(PASS)
}

fn of_code(word: &str, out: &mut dyn Write, style: Style) -> anyhow::Result<()> {
    if let Some(code) = FaultCode::parse(word) {
        return Ok(explain::fault(code, out, style)?);
    }
    if let Some(code) = WarningCode::parse(word) {
        return Ok(explain::warning(code, out, style)?);
    }
    if let Some(code) = FindingCode::parse(word) {
        return Ok(explain::finding(code, out, style)?);
    }
    let known = FaultCode::ALL.iter().map(|code| code.as_str());
    let known = known.chain(WarningCode::ALL.iter().map(|code| code.as_str()));
    let known = known.chain(FindingCode::ALL.iter().map(|code| code.as_str()));
    let help = match word.parse::<u64>() {
        Ok(_) => Some("a row is explained with --report FILE".to_owned()),
        Err(_) => did_you_mean(word, known),
    };
    let help = help.unwrap_or_else(|| "connprobe explain lists them".to_owned());
    Err(Wrong::from(Diagnostic::plain(format!("no code `{word}`")).help(help)).into())
}

fn read(path: &Path) -> Result<Report, Wrong> {
    let name = path.display().to_string();
    let told = |why: String| {
        let name = clean::line(&name, 200);
        Wrong::from(Diagnostic::plain(format!("can't read the report `{name}`: {why}")))
    };
    let bytes = bytes(path).map_err(|error| told(error.to_string()))?;
    if bytes.len() as u64 > saved::LARGEST {
        return Err(told(format!("it holds more than {} bytes", saved::LARGEST)));
    }
    saved::read(&bytes).map_err(|error| told(error.to_string()))
}

fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut bounded: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(std::io::stdin().lock()),
        false => Box::new(std::fs::File::open(path)?),
    };
    bounded.as_mut().take(saved::LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The rows that a word means: a label, an id with all its instances; none: what does not pass.
fn chosen<'r>(report: &'r Report, word: Option<&str>) -> Result<Vec<&'r ConnectionReport>, Wrong> {
    let rows = || report.connections.iter();
    let Some(word) = word else {
        let faulty = rows().filter(|row| row.chosen && row.fault.is_some());
        let faulty: Vec<_> = faulty.filter(|row| row.verdict != Verdict::Pass).collect();
        return match faulty.is_empty() {
            false => Ok(faulty),
            true => Err(Diagnostic::plain("no row of this report has a fault").into()),
        };
    };
    let labelled: Vec<_> = rows().filter(|row| row.label() == word).collect();
    let found = match labelled.is_empty() {
        true => rows().filter(|row| *row.id == *word).collect(),
        false => labelled,
    };
    if !found.is_empty() {
        return Ok(found);
    }
    let labels: Vec<String> = rows().map(|row| clean::line(&row.label(), 40)).collect();
    let near = did_you_mean(word, labels.iter().map(String::as_str));
    let help = near.unwrap_or_else(|| format!("it has: {}", clean::line(&labels.join(", "), 300)));
    Err(Diagnostic::plain(format!("no row `{word}` in this report")).help(help).into())
}
