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
#[derive(Default)]
pub(super) struct Ledger(Mutex<HashMap<usize, Begun>>);

struct Begun {
    started: Instant,
    /// Of each address and port that was tried.
    tried: Vec<Tried>,
}

impl Ledger {
    pub(super) fn begin(&self, case: usize) {
        let begun = Begun { started: Instant::now(), tried: Vec::new() };
        self.entries().insert(case, begun);
    }

    /// Writes down an attempt of a case.
    pub(super) fn keep(&self, case: usize, port: u16, attempt: &Attempt) {
        let mut entries = self.entries();
        let Some(begun) = entries.get_mut(&case) else { return };
        match begun.of(port, attempt) {
            Some(tried) => tried.attempts.push(attempt.clone()),
            None => begun.tried.push(Tried {
                port,
                attempts: vec![attempt.clone()],
                warnings: Vec::new(),
            }),
        }
    }

    /// Puts what was found out more in the place of the attempt that was kept last.
    pub(super) fn amend(&self, case: usize, port: u16, attempt: &Attempt) {
        let mut entries = self.entries();
        let tried = entries.get_mut(&case).and_then(|begun| begun.of(port, attempt));
        if let Some(last) = tried.and_then(|tried| tried.attempts.last_mut()) {
            last.clone_from(attempt);
        }
    }

    pub(super) fn done(&self, case: usize) {
        self.entries().remove(&case);
    }

    /// What was seen of the cases that are not done, which nobody goes on with.
    pub(super) fn close(&self, plan: &Plan) -> BTreeMap<usize, Outcome> {
        let begun = std::mem::take(&mut *self.entries());
        let outcomes = begun.into_iter().map(|(index, begun)| {
            let case = &plan.cases[index];
            let mut outcome = Outcome::of(case);
            let addresses = case.aim.as_ref().map(|aim| aim.addresses).unwrap_or_default();
            gather(&mut outcome, begun.tried, addresses, case);
            outcome.elapsed = begun.started.elapsed();
            (index, outcome)
        });
        outcomes.collect()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<usize, Begun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Begun {
    /// The attempts at the address and port of this one.
    fn of(&mut self, port: u16, attempt: &Attempt) -> Option<&mut Tried> {
        self.tried.iter_mut().find(|tried| {
            tried.port == port
                && tried.attempts.first().is_some_and(|first| first.address == attempt.address)
        })
    }
}
