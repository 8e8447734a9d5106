//! What had to work and what must not, per source: whether the rest means anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::expectation::Controls;
use crate::model::report::{ConnectionReport, ControlKind, ControlReport};
use crate::model::{Attempt, Expectation, Proof, Verdict};
use crate::runner::execute::Outcome;
use crate::runner::judge::row::judged;
use crate::runner::plan::{Case, Plan};

/// What was seen of the controls of each source.
pub(super) struct Controlled<'p> {
    /// Cases that pass without regard to controls.
    passing: Vec<&'p Case>,
    accepts_all: BTreeMap<Arc<str>, String>,
    plan: &'p Plan,
}

impl<'p> Controlled<'p> {
    pub(super) fn of(
        plan: &'p Plan,
        outcomes: &[Option<Outcome>],
        negative: &[(Arc<str>, String, Attempt)],
    ) -> Self {
        let connected = negative.iter().filter(|(_, _, attempt)| attempt.proof >= Proof::Connected);
        let accepts_all: BTreeMap<_, _> =
            connected.map(|(source, target, _)| (Arc::clone(source), target.clone())).collect();
        let passes = |(case, outcome): &(&'p Case, &Option<Outcome>)| {
            let Some(outcome) = outcome else { return false };
            if !matches!(case.expectation, Expectation::Reachable) {
                return false;
            }
            let accepts_all = accepts_all.get(&case.source).cloned();
            let controls = Controls { positive: None, accepts_all };
            judged(case, outcome, &controls).verdict == Verdict::Pass
        };
        let passing =
            plan.cases.iter().zip(outcomes).filter(passes).map(|(case, _)| case).collect();
        Self { passing, accepts_all, plan }
    }

    /// What the controls of a case's source say of the case.
    pub(super) fn for_case(&self, case: &Case) -> Controls {
        let accepts_all = self.accepts_all.get(&case.source).cloned();
        let named = self.plan.controls.get(&case.source).map_or(&[][..], |c| &c.positive);
        let passes = |id: &str| self.passing.iter().any(|passing| *passing.id == *id);
        let positive = if named.is_empty() {
            let mut ours = self.passing.iter().filter(|passing| passing.source == case.source);
            ours.find(|passing| passing.id != case.id).map(|passing| passing.label())
        } else {
            named.iter().all(|id| passes(id)).then(|| named.join(", "))
        };
        Controls { positive, accepts_all }
    }
}

/// How each control ended, by source.
pub(super) fn control_reports(
    plan: &Plan,
    connections: &[ConnectionReport],
    negative: Vec<(Arc<str>, String, Attempt)>,
    run: &Arc<str>,
) -> Vec<ControlReport> {
    let mut reports = Vec::new();
    for (source, controls) in &plan.controls {
        for id in &controls.positive {
            let row = connections.iter().find(|row| row.id == *id);
            let verdict = row.map_or(Verdict::Skipped, |row| row.verdict);
            reports.push(positive_report(source, id, verdict, run));
        }
    }
    let negative = negative.into_iter();
    reports.extend(negative.map(|(source, target, at)| negative_report(&source, target, at, run)));
    reports.sort_by(|a, b| a.source.cmp(&b.source));
    reports
}

fn positive_report(source: &str, id: &str, verdict: Verdict, run: &Arc<str>) -> ControlReport {
    ControlReport {
        run: Arc::clone(run),
        source: source.to_owned(),
        kind: ControlKind::Positive,
        row: Some(id.to_owned()),
        target: None,
        held: verdict == Verdict::Pass,
        detail: format!("row {id}: {verdict}"),
        attempt: None,
    }
}

fn negative_report(
    source: &str,
    target: String,
    attempt: Attempt,
    run: &Arc<str>,
) -> ControlReport {
    let held = attempt.proof < Proof::Connected;
    let detail = match (&attempt.fault, held) {
        (Some(fault), true) => format!("{target} does not connect: {}", fault.code),
        (_, true) => format!("{target} does not connect"),
        (_, false) => format!("{target} accepts connections, which no network should"),
    };
    ControlReport {
        run: Arc::clone(run),
        source: source.to_owned(),
        kind: ControlKind::Negative,
        row: None,
        target: Some(target),
        held,
        detail,
        attempt: Some(attempt),
    }
}
