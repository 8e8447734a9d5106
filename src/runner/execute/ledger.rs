//! What is known of cases that are not done yet, so that a run that is cut loses no attempt.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::model::Attempt;
use crate::runner::execute::Outcome;
use crate::runner::execute::case::gather;
use crate::runner::execute::climb::Tried;
use crate::runner::plan::Plan;

/// The cases that were begun and are not done.
pub(super) struct Ledger {
    /// When each case was begun, by its index: most are done before anything else is known of them.
    started: Mutex<Vec<Option<Instant>>>,
    /// What was tried of cases that go on.
    tried: Mutex<HashMap<usize, Vec<Tried>>>,
}

impl Ledger {
    pub(super) fn of(cases: usize) -> Self {
        Self { started: Mutex::new(vec![None; cases]), tried: Mutex::default() }
    }

    pub(super) fn begin(&self, case: usize, at: Instant) {
        held(&self.started)[case] = Some(at);
    }

    /// Writes down an attempt of a case.
    pub(super) fn keep(&self, case: usize, port: u16, attempt: &Attempt) {
        let mut all = held(&self.tried);
        let tried = all.entry(case).or_default();
        match beside(tried, port, attempt) {
            Some(tried) => tried.attempts.push(attempt.clone()),
            None => {
                let attempts = vec![attempt.clone()];
                tried.push(Tried { port, attempts, warnings: Vec::new() });
            }
        }
    }

    /// Puts what was found out more in the place of the attempt that was kept last.
    pub(super) fn amend(&self, case: usize, port: u16, attempt: &Attempt) {
        let mut all = held(&self.tried);
        let tried = all.get_mut(&case).and_then(|tried| beside(tried, port, attempt));
        if let Some(last) = tried.and_then(|tried| tried.attempts.last_mut()) {
            last.clone_from(attempt);
        }
    }

    pub(super) fn done(&self, case: usize) {
        held(&self.started)[case] = None;
        held(&self.tried).remove(&case);
    }

    /// What was seen of the cases that are not done, which nobody goes on with.
    pub(super) fn close(&self, plan: &Plan) -> BTreeMap<usize, Outcome> {
        let mut all = std::mem::take(&mut *held(&self.tried));
        let started = std::mem::take(&mut *held(&self.started));
        let begun = started.iter().enumerate().filter_map(|(index, at)| at.map(|at| (index, at)));
        let outcomes = begun.map(|(index, at)| {
            let case = &plan.cases[index];
            let mut outcome = Outcome::of(case);
            let addresses = case.aim.as_ref().map(|aim| aim.addresses).unwrap_or_default();
            let tried = all.remove(&index).unwrap_or_default();
            gather(&mut outcome, tried, addresses, case);
            outcome.elapsed = at.elapsed();
            (index, outcome)
        });
        outcomes.collect()
    }
}

fn held<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The attempts at the address and port of this one.
fn beside<'t>(tried: &'t mut [Tried], port: u16, attempt: &Attempt) -> Option<&'t mut Tried> {
    tried.iter_mut().find(|tried| {
        tried.port == port
            && tried.attempts.first().is_some_and(|first| first.address == attempt.address)
    })
}
