//! What is seen while a run lasts: a bar on a terminal, plain lines elsewhere, nothing when quiet.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::runner::{Event, Plan};

/// Shows progress on standard error.
pub(super) enum Progress {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

/// Rows from which on plain lines would be a flood.
const MANY: usize = 200;

impl Progress {
    pub(super) fn new(plan: &Plan, quiet: bool) -> Self {
        let rows = plan.cases.iter().filter(|case| case.runs()).count();
        if quiet || rows > MANY && !std::io::stderr().is_terminal() {
            return Self::Nothing;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines;
        }
        let bar = ProgressBar::new(rows as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Self::Bar(bar)
    }

    pub(super) fn told(&self, plan: &Plan, event: Event<'_>) {
        let (index, outcome) = match event {
            Event::Settling(time) => return self.settling(time),
            Event::Done(index, outcome) => (index, outcome),
        };
        let case = &plan.cases[index];
        let proof = outcome.attempts.iter().map(|attempt| attempt.proof).min().unwrap_or_default();
        match self {
            Self::Bar(bar) => {
                bar.inc(1);
                bar.set_message(format!("{} → {}", case.source, case.destination));
            }
            Self::Lines => {
                let fault = outcome.attempts.iter().find_map(|attempt| attempt.fault.as_ref());
                let how = fault.map_or_else(|| proof.to_string(), |fault| fault.code.to_string());
                let line =
                    format!("{} {} → {}: {how}", case.label(), case.source, case.destination);
                // A display that has gone away is no reason to stop probing.
                let _ = writeln!(std::io::stderr(), "{line}");
            }
            Self::Nothing => {}
        }
    }

    fn settling(&self, time: Duration) {
        let said = format!("nothing is sent for {time:?}: policies may still arrive");
        match self {
            Self::Bar(bar) => {
                bar.set_message(said);
                bar.tick();
            }
            Self::Lines => {
                let _ = writeln!(std::io::stderr(), "{said}");
            }
            Self::Nothing => {}
        }
    }

    pub(super) fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
