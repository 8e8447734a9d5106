//! What a service says of its own dependencies, beside the rows that lead there.
//!
//! A service that exports gauges `PREFIX_WORD_health_status` tells whether it can use each of its
//! dependencies. Such a gauge corroborates the rows whose source is that service and whose
//! destination has WORD in its name: `ucsx_masterdb_health_status` speaks of `ucsx-master-db`. It never
//! changes a verdict: another process, at another time, saw it so.

use crate::model::report::ConnectionReport;
use crate::model::{Key, Value, Warning, WarningCode};

const SUFFIX: &str = "_health_status";

/// One gauge, as a row read it.
struct Said {
    /// The row that read it.
    row: String,
    /// The endpoint that exports it.
    service: String,
    /// The sample as it stands in the exposition.
    line: String,
    /// What it speaks of: the word before the suffix.
    word: String,
    /// Whether it says that the dependency is well.
    well: bool,
}

/// Attaches what gauges say to the rows that they speak of.
pub(super) fn attach(rows: &mut [ConnectionReport]) {
    let said: Vec<Said> = rows.iter().flat_map(gauges).collect();
    for said in &said {
        let speaks_of = |row: &&mut ConnectionReport| {
            row.chosen
                && *row.source == *said.service
                && plain(&row.destination).contains(&said.word)
        };
        for row in rows.iter_mut().filter(speaks_of) {
            tell(row, said);
        }
    }
}

fn gauges(row: &ConnectionReport) -> Vec<Said> {
    let steps = row.attempts.iter().flat_map(|attempt| &attempt.steps);
    let lines = steps.filter_map(|step| match step.evidence.get(Key::Gauges) {
        Some(Value::Texts(lines)) => Some(lines),
        _ => None,
    });
    lines.flatten().filter_map(|line| read(row, line)).collect()
}

fn read(row: &ConnectionReport, line: &str) -> Option<Said> {
    let name = line.split(['{', ' ']).next()?;
    let word = name.strip_suffix(SUFFIX)?.rsplit('_').next()?;
    let value = line.rsplit('}').next()?.trim_start_matches(name).split_whitespace().next()?;
    Some(Said {
        row: row.label(),
        service: row.destination.to_string(),
        line: line.to_owned(),
        word: plain(word),
        well: value.parse::<f64>().ok()? > 0.0,
    })
}

/// Letters and digits alone: `ucsx-master-db` and `masterdb` are written differently.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn tell(row: &mut ConnectionReport, said: &Said) {
    let text = format!("row {}: {}", said.row, said.line);
    if let Some(step) = row.attempts.last_mut().and_then(|attempt| attempt.steps.last_mut()) {
        let before = step.evidence.text(Key::Corroboration).map(str::to_owned);
        let text = before.map_or_else(|| text.clone(), |before| format!("{before}; {text}"));
        step.evidence.set(Key::Corroboration, text);
    }
    if !said.well {
        let detail =
            format!("{} itself says that this dependency is down: {}", said.service, said.line);
        row.warnings.push(Warning { code: WarningCode::ServiceReportsDependency, detail });
    }
}
