//! What a code means, for people: the words of [`crate::model::words`] in 80 columns, with the blanks
//! of the commands filled by a row where there is one.

use std::io::{self, Write};

use crate::model::report::{ConnectionReport, Report};
use crate::model::words::{self, Filled};
use crate::model::{Fault, FaultCode, FindingCode, Layer, Verdict, WarningCode};
use crate::report::style::{Ink, Style, lines, pasteable, shown, verdict};

/// Explains a fault code.
pub fn fault(code: FaultCode, out: &mut dyn Write, style: Style) -> io::Result<()> {
    head(code.as_str(), code.about(), out, style)?;
    facts(code, out, style)?;
    prose("Means", words::of(code).means, out, style)?;
    prose("Is not", words::of(code).is_not, out, style)?;
    title("Evidence", out, style)?;
    for key in words::of(code).evidence {
        entry(key.as_str(), key.about(), out, style)?;
    }
    prose("To do", &sentence(words::of(code).hint), out, style)?;
    commands(code, &Filled::nothing(), out, style)?;
    sources(code, out, style)
}

/// Explains the fault of a row: the same, with what was seen and with this row's commands.
pub fn row(
    report: &Report,
    row: &ConnectionReport,
    out: &mut dyn Write,
    style: Style,
) -> io::Result<()> {
    row_head(row, out, style)?;
    let Some(fault) = &row.fault else {
        let words = match row.verdict {
            Verdict::Pass => "It passes: there is no fault to explain.",
            Verdict::Skipped => "It was skipped: there is no fault to explain.",
            Verdict::Fail | Verdict::Inconclusive => {
                "It has no fault: it did not get as far as it must."
            }
        };
        writeln!(out)?;
        lines(words, 2, out)?;
        return reason(row, out);
    };
    writeln!(out)?;
    lines(&shown(&fault.detail), 2, out)?;
    reason(row, out)?;
    writeln!(out)?;
    let code = fault.code;
    head(code.as_str(), code.about(), out, style)?;
    facts(code, out, style)?;
    prose("Means", words::of(code).means, out, style)?;
    prose("Is not", words::of(code).is_not, out, style)?;
    seen(fault, out, style)?;
    prose("To do", &sentence(words::hint(fault)), out, style)?;
    for (what, value) in [("owner", &row.owner), ("runbook", &row.runbook)] {
        if let Some(value) = value {
            entry(what, &shown(value), out, style)?;
        }
    }
    let vantage = report.runs.iter().find(|run| *run.id == *row.run).map(|run| &run.vantage);
    commands(code, &Filled::by(row, fault, vantage), out, style)?;
    sources(code, out, style)
}

/// Explains a warning code.
pub fn warning(code: WarningCode, out: &mut dyn Write, style: Style) -> io::Result<()> {
    short(code.as_str(), code.about(), "a warning: it changes no verdict", out, style)?;
    prose("To do", &sentence(words::warning(code)), out, style)
}

/// Explains a finding code.
pub fn finding(code: FindingCode, out: &mut dyn Write, style: Style) -> io::Result<()> {
    short(code.as_str(), code.about(), "a finding: in the files, not in the network", out, style)?;
    prose("To do", &sentence(words::finding(code)), out, style)
}

/// Every code, by layer.
pub fn list(out: &mut dyn Write, style: Style) -> io::Result<()> {
    for layer in Layer::ALL {
        let codes = FaultCode::ALL.iter().filter(|code| code.layer() == *layer);
        group(layer.as_str(), codes.map(|code| (code.as_str(), code.about())), out, style)?;
    }
    let warnings = WarningCode::ALL.iter().map(|code| (code.as_str(), code.about()));
    group("warnings", warnings, out, style)?;
    let findings = FindingCode::ALL.iter().map(|code| (code.as_str(), code.about()));
    group("findings", findings, out, style)?;
    lines("connprobe explain CODE tells more; explain --report run.json ROW fills it in.", 0, out)
}

fn group<'a>(
    name: &str,
    codes: impl Iterator<Item = (&'a str, &'a str)>,
    out: &mut dyn Write,
    style: Style,
) -> io::Result<()> {
    writeln!(out, "{}", style.ink(Ink::Strong, name))?;
    for (code, about) in codes {
        style.hanging(code, (2, 34), about, out)?;
    }
    writeln!(out)
}

fn head(code: &str, about: &str, out: &mut dyn Write, style: Style) -> io::Result<()> {
    writeln!(out, "{}", style.ink(Ink::Strong, code))?;
    lines(about, 2, out)
}

fn short(code: &str, about: &str, kind: &str, out: &mut dyn Write, style: Style) -> io::Result<()> {
    head(code, about, out, style)?;
    lines(kind, 2, out)
}

fn facts(code: FaultCode, out: &mut dyn Write, style: Style) -> io::Result<()> {
    writeln!(out)?;
    entry("layer", code.layer().as_str(), out, style)?;
    entry("acts", code.acts().as_str(), out, style)?;
    entry("decided by", words::of(code).decided, out, style)
}

fn row_head(row: &ConnectionReport, out: &mut dyn Write, style: Style) -> io::Result<()> {
    let (ink, word) = verdict(row.verdict);
    let host = row.host.as_deref().map(|host| format!(" at {}", shown(host))).unwrap_or_default();
    writeln!(out, "{}{host}", style.ink(Ink::Strong, &format!("Row {}", shown(&row.title()))))?;
    let proof = row.proof;
    writeln!(
        out,
        "  {}  proof {}, required {}",
        style.ink(ink, word),
        proof.reached,
        proof.required
    )
}

fn reason(row: &ConnectionReport, out: &mut dyn Write) -> io::Result<()> {
    row.reason.as_deref().map_or(Ok(()), |reason| lines(&shown(reason), 2, out))
}

/// What was seen, beside what was looked for and is not there.
fn seen(fault: &Fault, out: &mut dyn Write, style: Style) -> io::Result<()> {
    title("Evidence", out, style)?;
    for (key, value) in fault.evidence.iter() {
        entry(key.as_str(), &shown(&value.to_string()), out, style)?;
    }
    if fault.evidence.is_empty() {
        lines("none was noted with the fault; the steps of the report may have some", 2, out)?;
    }
    Ok(())
}

fn commands(code: FaultCode, filled: &Filled, out: &mut dyn Write, style: Style) -> io::Result<()> {
    title("Type next", out, style)?;
    let mut place = None;
    for command in words::of(code).commands {
        if place.replace(command.at) != Some(command.at) {
            let at = format!("# {}", command.at.about());
            writeln!(out, "  {}", style.ink(Ink::Faint, &at))?;
        }
        for line in pasteable(&filled.fill(command.line), 2) {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

fn sources(code: FaultCode, out: &mut dyn Write, style: Style) -> io::Result<()> {
    prose("Sources", &words::of(code).sources.join(" · "), out, style)
}

fn title(title: &str, out: &mut dyn Write, style: Style) -> io::Result<()> {
    writeln!(out, "\n{}", style.ink(Ink::Strong, title))
}

fn prose(heading: &str, text: &str, out: &mut dyn Write, style: Style) -> io::Result<()> {
    title(heading, out, style)?;
    lines(text, 2, out)
}

fn entry(name: &str, text: &str, out: &mut dyn Write, style: Style) -> io::Result<()> {
    style.hanging(name, (2, 17), text, out)
}

/// A hint as a sentence: it stands within others in a table, and alone here.
fn sentence(hint: &str) -> String {
    let mut letters = hint.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
