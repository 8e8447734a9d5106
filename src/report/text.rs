//! The table for people: a header, a line for each row with its proof as a ladder, what is wrong and
//! what to do, findings, totals, who acts next. Colour repeats what a word says already.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::model::report::{ConnectionReport, Report, Run};
use crate::model::{FindingCode, Proof, Verdict, words};
use crate::report::style::{Ink, Style, shown, verdict};
use crate::report::{Format, RenderError};

/// Plain text.
pub const FORMAT: Format = Format {
    name: "text",
    about: "the table for people, without colour",
    extension: "txt",
    render,
};

fn render(report: &Report, out: &mut dyn Write) -> Result<(), RenderError> {
    Ok(write(report, out, Style::PLAIN)?)
}

/// Writes the table.
pub fn write(report: &Report, out: &mut dyn Write, style: Style) -> io::Result<()> {
    header(report, out, style)?;
    rows(report, out, style)?;
    controls(report, out, style)?;
    findings(report, out, style)?;
    totals(report, out, style)?;
    next(report, out, style)
}

fn header(report: &Report, out: &mut dyn Write, style: Style) -> io::Result<()> {
    let title = shown(&format!("{} ({})", report.profile.title, report.profile.name));
    writeln!(out, "{}", style.ink(Ink::Strong, &title))?;
    for run in &report.runs {
        writeln!(out, "{}", style.ink(Ink::Faint, &where_from(run)))?;
        if let Some(why) = &run.setup_error {
            writeln!(out, "{} {}", style.ink(Ink::Bad, "nothing was run:"), shown(why))?;
        }
        if run.interrupted {
            let word = style.ink(Ink::Unsure, "cut short:");
            writeln!(out, "{word} rows that were not done are inconclusive")?;
        }
    }
    writeln!(out)
}

fn where_from(run: &Run) -> String {
    let vantage = &run.vantage;
    let sources = match &run.sources[..] {
        [] => "no source".to_owned(),
        [one] => format!("source {one}"),
        several => format!("{} sources", several.len()),
    };
    let mut text = format!("{sources}, from {}", vantage.host);
    if let Some(pod) = vantage.pod.as_ref().filter(|pod| **pod != vantage.host) {
        text += &format!(", pod {pod}");
    }
    if let Some(namespace) = &vantage.namespace {
        text += &format!(", namespace {namespace}");
    }
    if let Some(node) = &vantage.node {
        text += &format!(", node {node}");
    }
    let at = run.started_at.split('.').next().unwrap_or_default();
    shown(&format!("{text}, {}Z", at.trim_end_matches('Z')))
}

/// Widths of the columns, so that they stand in line.
struct Widths {
    id: usize,
    path: usize,
    port: usize,
}

fn rows(report: &Report, out: &mut dyn Write, style: Style) -> io::Result<()> {
    let chosen: Vec<&ConnectionReport> =
        report.connections.iter().filter(|row| row.chosen).collect();
    let width = |text: &dyn Fn(&ConnectionReport) -> String| {
        chosen.iter().map(|row| text(row).chars().count()).max().unwrap_or(0)
    };
    let widths =
        Widths { id: width(&label).max(2), path: width(&path).min(60), port: width(&port).min(14) };
    for row in &chosen {
        line(row, &widths, out, style)?;
    }
    let others = report.connections.len() - chosen.len();
    if others > 0 {
        let pad = widths.id + 2;
        let rows = if others == 1 { "row was" } else { "rows were" };
        let text = format!("{:pad$}{others} more {rows} not chosen", "");
        writeln!(out, "{}", style.ink(Ink::Faint, &text))?;
    }
    writeln!(out)
}

fn path(row: &ConnectionReport) -> String {
    shown(&format!("{} → {}", row.source, row.destination))
}

fn label(row: &ConnectionReport) -> String {
    shown(&row.label())
}

fn port(row: &ConnectionReport) -> String {
    shown(&row.port.to_string())
}

/// The levels of proof as a ladder: reached, required but not reached, not asked for.
fn ladder(row: &ConnectionReport) -> String {
    let level = |level: &Proof| match level {
        level if *level <= row.proof.reached => '●',
        level if *level <= row.proof.required => '○',
        _ => '·',
    };
    Proof::ALL.iter().skip(1).map(level).collect()
}

fn line(
    row: &ConnectionReport,
    widths: &Widths,
    out: &mut dyn Write,
    style: Style,
) -> io::Result<()> {
    let (ink, word) = word(row);
    let Widths { id, path: path_width, port: port_width } = *widths;
    write!(
        out,
        " {:>id$}  {:<path_width$}  {:>port_width$}  {}  {}",
        label(row),
        path(row),
        port(row),
        style.ink(ink, &ladder(row)),
        style.ink(ink, &word),
    )?;
    let time = format!("{:.0} ms", row.elapsed_ms.max(1.0));
    if row.verdict == Verdict::Pass {
        write!(out, "  {}", style.ink(Ink::Faint, &format!("{} {time}", row.proof.reached)))?;
    } else if let Some(fault) = &row.fault {
        write!(out, "  {}", style.ink(ink, fault.code.as_str()))?;
    }
    writeln!(out)?;
    let pad = " ".repeat(id + 3);
    if let Some(fault) = row.fault.as_ref().filter(|_| row.verdict != Verdict::Pass) {
        writeln!(out, "{pad}{}", shown(&fault.detail))?;
        let acts = style.ink(Ink::Strong, &format!("{} acts:", fault.code.acts().as_str()));
        writeln!(out, "{pad}{acts} {}", words::hint(fault))?;
        if let Some(owner) = &row.owner {
            writeln!(out, "{pad}owner: {}", shown(owner))?;
        }
        if let Some(runbook) = &row.runbook {
            writeln!(out, "{pad}runbook: {}", shown(runbook))?;
        }
    }
    if let Some(reason) = &row.reason {
        writeln!(out, "{pad}{}", shown(reason))?;
    }
    if let Some(waived) = &row.waived {
        writeln!(out, "{pad}waived until {}: {}", shown(&waived.until), shown(&waived.reason))?;
    }
    for warning in &row.warnings {
        let text = format!("warning {}: {}", warning.code, shown(&warning.detail));
        writeln!(out, "{pad}{}", style.ink(Ink::Unsure, &text))?;
    }
    Ok(())
}

fn word(row: &ConnectionReport) -> (Ink, String) {
    if row.waived.is_some() {
        return (Ink::Unsure, "waived".to_owned());
    }
    let (ink, word) = verdict(row.verdict);
    match (row.verdict, row.blocked_by) {
        (Verdict::Pass, _) if row.flaky => (Ink::Unsure, "pass, flaky".to_owned()),
        (Verdict::Pass, Some(code)) => (ink, format!("pass, blocked by {code}")),
        _ => (ink, word.to_owned()),
    }
}

fn controls(report: &Report, out: &mut dyn Write, style: Style) -> io::Result<()> {
    let broken: Vec<_> = report.controls.iter().filter(|control| !control.held).collect();
    if broken.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", style.ink(Ink::Strong, "Controls that did not hold"))?;
    for control in broken {
        writeln!(out, "  {}: {}", shown(&control.source), shown(&control.detail))?;
    }
    writeln!(out)
}

fn findings(report: &Report, out: &mut dyn Write, style: Style) -> io::Result<()> {
    let told = |code: FindingCode| !(style.quiet && code == FindingCode::TableNote);
    let kept: Vec<_> = report.findings.iter().filter(|finding| told(finding.code)).collect();
    let notes = report.findings.len() - kept.len();
    if !kept.is_empty() {
        let title = "Findings in the table, the profile or the site";
        writeln!(out, "{}", style.ink(Ink::Strong, title))?;
        for finding in kept {
            let row = shown(finding.row.as_deref().unwrap_or("all"));
            let code = style.ink(Ink::Faint, finding.code.as_str());
            writeln!(out, "  {row:>4}  {} {code}", shown(&finding.detail))?;
        }
    }
    if notes > 0 {
        let text = format!(
            "  {notes} notes on oddities of the published table: --report text=FILE or lint tells them"
        );
        writeln!(out, "{}", style.ink(Ink::Faint, &text))?;
    }
    if report.findings.is_empty() { Ok(()) } else { writeln!(out) }
}

fn totals(report: &Report, out: &mut dyn Write, style: Style) -> io::Result<()> {
    let s = &report.summary;
    let mut parts = vec![style.ink(Ink::Good, &format!("{} pass", s.pass))];
    let mut part = |count: usize, word: &str, ink: Ink| {
        if count > 0 {
            parts.push(style.ink(ink, &format!("{count} {word}")));
        }
    };
    part(s.fail, "fail", Ink::Bad);
    part(s.inconclusive, "inconclusive", Ink::Unsure);
    part(s.skipped, "skipped", Ink::Faint);
    part(s.flaky, "flaky", Ink::Unsure);
    part(s.waived, "waived", Ink::Unsure);
    let elapsed: f64 = report.runs.iter().map(|run| run.elapsed_ms).sum();
    writeln!(
        out,
        "{} of {} rows chosen: {} in {:.2} s",
        s.chosen,
        s.declared,
        parts.join(", "),
        elapsed / 1_000.0
    )
}

/// Who acts on what, the most rows first.
fn next(report: &Report, out: &mut dyn Write, style: Style) -> io::Result<()> {
    let mut by: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in report.connections.iter().filter(|row| row.counts()) {
        if let (Some(fault), true) = (&row.fault, row.verdict != Verdict::Pass) {
            by.entry(fault.code.acts().as_str()).or_default().push(label(row));
        }
    }
    if by.is_empty() {
        return Ok(());
    }
    let mut by: Vec<_> = by.into_iter().collect();
    by.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    writeln!(out, "\n{}", style.ink(Ink::Strong, "Who acts next"))?;
    for (acts, rows) in by {
        let word = if rows.len() == 1 { "row " } else { "rows" };
        writeln!(out, "  {acts:<12}  {word} {}", rows.join(", "))?;
    }
    Ok(())
}
