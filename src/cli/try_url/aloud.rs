//! The climb, told on standard output step by step as it goes.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use crate::model::report::Report;
use crate::model::{Attempt, Evidence, Key, Outcome, Step, clean, words};
use crate::net::watch::{Bytes, Watch};
use crate::probe::Protocol;
use crate::report::style::{Ink, Style, lines, verdict, wrapped};

/// Tells steps as they land.
#[derive(Debug)]
pub(super) struct Aloud {
    style: Style,
    verbose: bool,
    /// The address whose steps were told last.
    address: Mutex<Option<String>>,
}

impl Aloud {
    pub(super) fn new(style: Style, verbose: bool) -> Self {
        Self { style, verbose, address: Mutex::default() }
    }

    pub(super) fn begin(&self, url: &str, protocol: &Protocol) {
        let title = self.style.ink(Ink::Strong, &clean::line(url, 200));
        // A display that has gone away is no reason to stop climbing.
        let _ = writeln!(io::stdout(), "{title}\n  {}", protocol.about);
    }

    fn step(&self, step: &Step, bytes: &Bytes, out: &mut dyn Write) -> io::Result<()> {
        let (ink, mark) = match step.outcome {
            Outcome::Ok => (Ink::Good, "ok"),
            Outcome::Fault => (Ink::Bad, "FAULT"),
            Outcome::NotRun => return Ok(()),
        };
        let word = self.style.ink(ink, &format!("{mark:<5}"));
        let time = format!("{:.1} ms", step.elapsed_ms);
        writeln!(
            out,
            "  {:<10} {word}  {}",
            step.layer.as_str(),
            self.style.ink(Ink::Faint, &time)
        )?;
        self.evidence(&step.evidence, out)?;
        if self.verbose {
            for (arrow, text) in [("→", &bytes.sent), ("←", &bytes.received)] {
                for line in wrapped(text, 8) {
                    writeln!(out, "      {arrow} {}", self.style.ink(Ink::Faint, &line))?;
                }
            }
        }
        Ok(())
    }

    fn evidence(&self, evidence: &Evidence, out: &mut dyn Write) -> io::Result<()> {
        // The bytes are told by -v, whole chains by a report.
        let told = |key: &Key| !matches!(key, Key::FirstBytes | Key::LeafSha256 | Key::KeyPin);
        for (key, value) in evidence.iter().filter(|(key, _)| self.verbose || told(key)) {
            let value = clean::line(&value.to_string(), 400);
            self.style.hanging(key.as_str(), (6, 16), &value, out)?;
        }
        Ok(())
    }

    /// The verdict, with what was not told while it went.
    pub(super) fn end(&self, report: &Report) -> io::Result<()> {
        let Some(row) = report.connections.first() else { return Ok(()) };
        let out = &mut io::stdout().lock();
        // Without an address nothing was climbed, and so nothing told.
        for attempt in row.attempts.iter().filter(|attempt| attempt.address.is_none()) {
            for step in &attempt.steps {
                self.step(step, &Bytes::default(), out)?;
            }
        }
        for attempt in row.attempts.iter().filter(|attempt| attempt.fault.is_some()) {
            self.fault(attempt, out)?;
        }
        let (ink, word) = verdict(row.verdict);
        let word = self.style.ink(ink, word);
        let proof = row.proof;
        writeln!(out, "\n{word}  {} proved, {} required", proof.reached, proof.required)?;
        if let Some(fault) = &row.fault {
            let told = row.attempts.iter().any(|attempt| attempt.fault.as_ref() == Some(fault));
            if !told {
                writeln!(out, "  {}: {}", fault.code, clean::line(&fault.detail, 400))?;
            }
            let hint = format!("{} acts: {}", fault.code.acts().as_str(), words::hint(fault));
            lines(&hint, 2, out)?;
            writeln!(out, "  connprobe explain {}", fault.code)?;
        }
        if let Some(reason) = &row.reason {
            lines(&clean::line(reason, 400), 2, out)?;
        }
        for warning in &row.warnings {
            let text = format!("warning {}: {}", warning.code, clean::line(&warning.detail, 400));
            for line in wrapped(&text, 2) {
                writeln!(out, "  {}", self.style.ink(Ink::Unsure, &line))?;
            }
        }
        out.flush()
    }

    fn fault(&self, attempt: &Attempt, out: &mut dyn Write) -> io::Result<()> {
        let Some(fault) = &attempt.fault else { return Ok(()) };
        let address = attempt.address.as_deref().unwrap_or("no address");
        let code = self.style.ink(Ink::Bad, fault.code.as_str());
        writeln!(out, "\n{} {code}", clean::line(address, 100))?;
        lines(&clean::line(&fault.detail, 400), 2, out)?;
        // What the steps showed is not repeated.
        let mut new = Evidence::new();
        for (key, value) in fault.evidence.iter() {
            if !attempt.steps.iter().any(|step| step.evidence.get(key) == Some(value)) {
                new.set(key, value.clone());
            }
        }
        self.evidence(&new, out)
    }
}

impl Watch for Aloud {
    fn landed(&self, address: &str, step: &Step, bytes: &Bytes) {
        let mut last = self.address.lock().unwrap_or_else(PoisonError::into_inner);
        let out = &mut io::stdout().lock();
        if last.as_deref() != Some(address) {
            let _ = writeln!(out, "\n{}", self.style.ink(Ink::Strong, &clean::line(address, 100)));
            *last = Some(address.to_owned());
        }
        // A display that has gone away is no reason to stop climbing.
        let _ = self.step(step, bytes, out).and_then(|()| out.flush());
    }
}
