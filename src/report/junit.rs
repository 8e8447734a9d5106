//! JUnit XML, by the crate `junit-report`: a suite for each source, a case for each row.
//!
//! The crate lets control characters and `]]>` through, so all text is made XML-clean here, at the
//! border (XML 1.0 §2.2, §2.7), and times are rounded to the three decimals that the schema of Jenkins
//! allows.

use std::fmt::Write as _;
use std::io::Write;

use junit_report::{
    Duration, OffsetDateTime, ReportBuilder, TestCase, TestCaseBuilder, TestSuiteBuilder,
};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, Writer};
use time::format_description::well_known::Rfc3339;

use crate::model::report::{ConnectionReport, Report};
use crate::model::{Outcome, Verdict, clean};
use crate::report::{Format, RenderError};

/// JUnit.
pub const FORMAT: Format =
    Format { name: "junit", about: "JUnit XML for CI systems", extension: "xml", render };

fn render(report: &Report, out: &mut dyn Write) -> Result<(), RenderError> {
    let mut builder = ReportBuilder::new();
    let started =
        report.runs.first().and_then(|run| OffsetDateTime::parse(&run.started_at, &Rfc3339).ok());
    if let Some(why) = report.runs.iter().find_map(|run| run.setup_error.as_deref()) {
        let case = TestCase::error("setup", Duration::ZERO, "setup", &shown(why));
        let suite = TestSuiteBuilder::new(&shown(&report.profile.name)).add_testcase(case).build();
        builder.add_testsuite(suite);
    }
    let mut sources: Vec<&str> = Vec::new();
    for row in &report.connections {
        if !sources.contains(&&*row.source) {
            sources.push(&row.source);
        }
    }
    for source in sources {
        let mut suite = TestSuiteBuilder::new(&shown(source));
        if let Some(started) = started {
            suite.set_timestamp(started);
        }
        for row in report.connections.iter().filter(|row| *row.source == *source) {
            suite.add_testcase(case(report, row));
        }
        builder.add_testsuite(suite.build());
    }
    let mut xml = Vec::new();
    builder.build().write_xml(&mut xml).map_err(|error| RenderError::Form(error.to_string()))?;
    out.write_all(&rounded(&xml).map_err(|error| RenderError::Form(error.to_string()))?)?;
    Ok(())
}

/// The document with every time rounded to milliseconds. The crate adds seconds and nanoseconds as
/// floating point, so that 2.119 s becomes 2.1189999999999998.
fn rounded(xml: &[u8]) -> Result<Vec<u8>, quick_xml::Error> {
    let mut reader = Reader::from_reader(xml);
    let mut writer = Writer::new(Vec::with_capacity(xml.len()));
    loop {
        let event = match reader.read_event()? {
            Event::Eof => return Ok(writer.into_inner()),
            Event::Start(tag) => Event::Start(with_rounded_time(&tag)?),
            Event::Empty(tag) => Event::Empty(with_rounded_time(&tag)?),
            other => other,
        };
        writer.write_event(event)?;
    }
}

fn with_rounded_time(tag: &BytesStart<'_>) -> Result<BytesStart<'static>, quick_xml::Error> {
    let mut other = tag.to_owned();
    other.clear_attributes();
    for attribute in tag.attributes() {
        let attribute = attribute?;
        let seconds =
            std::str::from_utf8(&attribute.value).ok().and_then(|t| t.parse::<f64>().ok());
        match seconds.filter(|_| attribute.key.as_ref() == b"time") {
            Some(seconds) => other.push_attribute(("time", format!("{seconds:.3}").as_str())),
            None => other.push_attribute(attribute),
        }
    }
    Ok(other)
}

fn case(report: &Report, row: &ConnectionReport) -> TestCase {
    let name = shown(&row.title());
    // Milliseconds are the three decimals of a second.
    #[expect(clippy::cast_possible_truncation, reason = "a run lasts no 292 million years")]
    let time = Duration::milliseconds(row.elapsed_ms.round() as i64);
    let mut case = match (row.verdict, &row.waived) {
        (_, Some(waived)) => {
            let why = format!("waived until {}: {} ({})", waived.until, waived.reason, waived.code);
            skipped(&name, &why)
        }
        (Verdict::Pass, None) => TestCaseBuilder::success(&name, time),
        (Verdict::Skipped, None) => skipped(&name, row.reason.as_deref().unwrap_or("skipped")),
        (Verdict::Fail, None) => TestCaseBuilder::failure(&name, time, code(row), &message(row)),
        (Verdict::Inconclusive, None) => {
            TestCaseBuilder::error(&name, time, code(row), &message(row))
        }
    };
    if row.waived.is_some() {
        // It was probed all the same; a case that the crate calls skipped takes no time.
        case.testcase.time = time;
    }
    case.set_classname(&shown(&format!("{}.{}", report.profile.name, row.source)));
    let steps = steps(row);
    if !steps.is_empty() {
        case.set_system_out(&shown(&steps));
    }
    case.build()
}

fn skipped(name: &str, why: &str) -> TestCaseBuilder {
    TestCaseBuilder::skipped_with_cause(name, "skipped", &shown(why))
}

fn code(row: &ConnectionReport) -> &'static str {
    row.fault.as_ref().map_or("proof-short", |fault| fault.code.as_str())
}

fn message(row: &ConnectionReport) -> String {
    let mut text = match &row.fault {
        Some(fault) => {
            let hint = crate::model::words::hint(fault);
            format!("{} — {} acts: {hint}", fault.detail, fault.code.acts().as_str())
        }
        None => row.reason.clone().unwrap_or_default(),
    };
    if let Some(owner) = &row.owner {
        let _ = write!(text, " (owner: {owner})");
    }
    shown(&text)
}

/// The steps as text, a line each.
fn steps(row: &ConnectionReport) -> String {
    let mut text = String::new();
    if row.flaky {
        let faults = row.attempts.iter().filter(|attempt| attempt.fault.is_some()).count();
        let _ = writeln!(
            text,
            "flaky: passed after {faults} of {} attempts failed",
            row.attempts.len()
        );
    }
    for attempt in &row.attempts {
        let address = attempt.address.as_deref().unwrap_or("no address");
        let _ = writeln!(text, "{address}: {}", attempt.proof);
        for step in &attempt.steps {
            let outcome = match step.outcome {
                Outcome::Ok => "ok",
                Outcome::Fault => "fault",
                Outcome::NotRun => "not run",
            };
            let layer = step.layer.as_str();
            let _ = write!(text, "  {layer:<9} {outcome:<7} {:.3} ms", step.elapsed_ms);
            for (key, value) in step.evidence.iter() {
                let _ = write!(text, " {}={value}", key.as_str());
            }
            text.push('\n');
        }
        if let Some(fault) = &attempt.fault {
            let _ = writeln!(text, "  {fault}");
        }
    }
    for warning in &row.warnings {
        let _ = writeln!(text, "warning {}: {}", warning.code, warning.detail);
    }
    text
}

/// Text that XML can hold, also within CDATA, and that reads as it stands: a saved report may be anybody's.
fn shown(text: &str) -> String {
    clean::lines(text).replace("]]>", "]] >")
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn times_have_three_decimals_and_nothing_else_is_touched() {
        let xml = b"<a time=\"2.1189999999999998\" name=\"x &amp; &quot;time\"><b time=\"0\"/>\
                    <![CDATA[ time=\"2.1189999999999998\" ]]></a>";
        let want = "<a time=\"2.119\" name=\"x &amp; &quot;time\"><b time=\"0.000\"/>\
                    <![CDATA[ time=\"2.1189999999999998\" ]]></a>";
        assert_eq!(String::from_utf8(rounded(xml).unwrap()).unwrap(), want);
    }
}
