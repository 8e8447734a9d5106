//! The text formats of metrics, read strictly: 0.0.4 of Prometheus and OpenMetrics 1.0.

use std::collections::BTreeSet;

/// What an exposition holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Exposition {
    /// Names of samples, as they stand.
    pub(super) names: BTreeSet<String>,
    /// Names that `# TYPE` declares.
    pub(super) declared: BTreeSet<String>,
    /// How many samples there are.
    pub(super) samples: usize,
    /// Lines of samples whose name was asked for, at most 64.
    pub(super) kept: Vec<String>,
}

/// A line that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Its number, from 1.
    pub(super) line: usize,
    /// Why.
    pub(super) why: &'static str,
}

/// The types that `# TYPE` may name.
const TYPES: &[&str] = &[
    "counter",
    "gauge",
    "histogram",
    "summary",
    "untyped",
    "unknown",
    "info",
    "stateset",
    "gaugehistogram",
];

/// Samples that are kept at most.
const KEPT: usize = 64;

impl Exposition {
    /// Reads a text; `keep` says which samples are kept.
    pub(super) fn read(
        text: &str,
        open_metrics: bool,
        keep: impl Fn(&str) -> bool,
    ) -> Result<Self, Wrong> {
        let mut found = Self::default();
        let mut ended = false;
        for (at, line) in text.lines().enumerate() {
            let wrong = |why| Wrong { line: at + 1, why };
            if ended {
                return Err(wrong("something stands after # EOF"));
            }
            if open_metrics && line == "# EOF" {
                ended = true;
                continue;
            }
            if let Some(comment) = line.strip_prefix('#') {
                found.comment(comment).map_err(wrong)?;
                continue;
            }
            if line.trim().is_empty() {
                match open_metrics {
                    true => return Err(wrong("an empty line")),
                    false => continue,
                }
            }
            let name = sample(line, open_metrics).map_err(wrong)?;
            found.samples += 1;
            if keep(name) && found.kept.len() < KEPT {
                found.kept.push(line.to_owned());
            }
            if !found.names.contains(name) {
                found.names.insert(name.to_owned());
            }
        }
        if open_metrics && !ended {
            return Err(Wrong { line: text.lines().count(), why: "the text ends without # EOF" });
        }
        Ok(found)
    }

    fn comment(&mut self, comment: &str) -> Result<(), &'static str> {
        let mut words = comment.split_whitespace();
        if words.next() != Some("TYPE") {
            return Ok(());
        }
        let name = words.next().filter(|name| is_name(name)).ok_or("# TYPE without a name")?;
        match (words.next(), words.next()) {
            (Some(kind), None) if TYPES.contains(&kind) => {
                self.declared.insert(name.to_owned());
                Ok(())
            }
            _ => Err("# TYPE without a known type"),
        }
    }

    /// Whether a family is there: by its own name, or by that of its parts.
    pub(super) fn has(&self, family: &str) -> bool {
        const PARTS: &[&str] = &["", "_total", "_bucket", "_sum", "_count", "_info", "_created"];
        let part = |part: &&str| self.names.contains(&format!("{family}{part}"));
        PARTS.iter().any(part)
    }

    /// How many families there are.
    pub(super) fn families(&self) -> usize {
        self.declared.len().max(usize::from(!self.names.is_empty()))
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b':')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
}

/// Reads a sample, and gives its name.
fn sample(line: &str, open_metrics: bool) -> Result<&str, &'static str> {
    let end = line.find(['{', ' ', '\t']).ok_or("a sample without a value")?;
    let (name, rest) = line.split_at(end);
    if !is_name(name) {
        return Err("no name of a metric");
    }
    let rest = match rest.strip_prefix('{') {
        Some(labels) => self::labels(labels)?,
        None => rest,
    };
    // An exemplar follows after ` # ` in OpenMetrics.
    let rest = match rest.split_once(" # ") {
        Some((rest, exemplar)) if open_metrics && exemplar.starts_with('{') => rest,
        Some(_) => return Err("something stands behind the value"),
        None => rest,
    };
    let mut words = rest.split_whitespace();
    let value = words.next().ok_or("a sample without a value")?;
    if !is_number(value) {
        return Err("the value is no number");
    }
    match words.next() {
        Some(time) if time.parse::<f64>().is_err() => return Err("the timestamp is no number"),
        _ => {}
    }
    match words.next() {
        Some(_) => Err("something stands behind the value"),
        None => Ok(name),
    }
}

fn is_number(text: &str) -> bool {
    matches!(text, "NaN" | "+Inf" | "-Inf" | "Inf") || text.parse::<f64>().is_ok()
}

/// Passes over labels, and gives what stands behind them.
fn labels(mut rest: &str) -> Result<&str, &'static str> {
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Ok(after);
        }
        let (name, after) = rest.split_once('=').ok_or("a label without a value")?;
        if !is_name(name.trim_end()) {
            return Err("no name of a label");
        }
        rest = quoted(after.trim_start())?.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.starts_with('}') => {}
            None => return Err("labels are separated by commas"),
        }
    }
}

/// Passes over a quoted value, and gives what stands behind it.
fn quoted(text: &str) -> Result<&str, &'static str> {
    let inside = text.strip_prefix('"').ok_or("the value of a label has no quotes")?;
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped && !matches!(c, '\\' | '"' | 'n') => return Err("an unknown escape"),
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Ok(&inside[at + 1..]),
            _ => {}
        }
    }
    Err("the value of a label has no end")
}

#[cfg(test)]
mod tests {
    use super::Exposition;

    fn read(text: &str, open_metrics: bool) -> Result<usize, &'static str> {
        Exposition::read(text, open_metrics, |_| false)
            .map(|found| found.samples)
            .map_err(|wrong| wrong.why)
    }

    #[test]
    fn good_expositions_are_read() {
        let text = "# HELP a b\n# TYPE a counter\na_total{x=\"1\",y=\"\\\"}\"} 1e3 1700000000\n\nb NaN\nc{} +Inf\n";
        assert_eq!(read(text, false), Ok(3));
        assert_eq!(read("a_total 1 # {trace=\"x\"} 1\n# EOF\n", true), Ok(1));
        assert!(Exposition::read(text, false, |_| false).unwrap().has("a"));
    }

    #[test]
    fn bad_lines_are_named() {
        for text in [
            "a",
            "1a 2",
            "a{x} 1",
            "a{x=1} 1",
            "a{x=\"1} 1",
            "a{x=\"\\q\"} 1",
            "a{x=\"1\" y=\"2\"} 1",
            "a b",
            "a 1 b",
            "a 1 2 3",
            "<html>",
            "# TYPE a",
            "# TYPE a kind",
            "a 1 # {x=\"1\"} 1",
        ] {
            assert!(read(text, false).is_err(), "{text}");
        }
        assert!(read("a 1\n", true).is_err() && read("# EOF\na 1\n", true).is_err());
    }
}
