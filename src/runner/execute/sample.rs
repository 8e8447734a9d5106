//! Several samples of a case: policies may arrive after the pod does.

use std::sync::Arc;
use std::time::Duration;

use crate::model::Expectation;
use crate::runner::execute::case::{climb, falls_short};
use crate::runner::execute::climb::retryable;
use crate::runner::execute::{Outcome, Shared};
use crate::runner::plan::{Aim, Case};

/// Pause between two samples.
const BETWEEN: Duration = Duration::from_secs(1);

/// Takes samples of a case. An allow holds where one sample holds, so the first that does is the last; a
/// deny has to hold on each, so every sample decides.
pub(super) async fn sampled(shared: &Arc<Shared>, aim: &Aim, case: &Case, index: usize) -> Outcome {
    let blocked = matches!(case.expectation, Expectation::Blocked { .. });
    let mut outcome = climb(shared, aim, case, Some(index)).await;
    for _ in 1..shared.plan.sampling.samples {
        if !blocked && (!falls_short(&outcome, case) || !may_change(&outcome)) {
            break;
        }
        tokio::time::sleep(BETWEEN).await;
        for host in &aim.hosts {
            shared.names.forget(aim.asked(host).0);
        }
        let next = climb(shared, aim, case, Some(index)).await;
        append(&mut outcome, next, blocked, case);
    }
    outcome
}

/// Whether another sample may see something else, and harms nobody: no credentials that were rejected.
fn may_change(outcome: &Outcome) -> bool {
    outcome.attempts.iter().filter_map(|attempt| attempt.fault.as_ref()).all(retryable)
}

fn append(outcome: &mut Outcome, next: Outcome, every_one_decides: bool, case: &Case) {
    let before = outcome.attempts.len();
    outcome.retried |= next.retried || !falls_short(&next, case);
    outcome.attempts.extend(next.attempts);
    if !every_one_decides {
        outcome.deciding.clear();
    }
    outcome.deciding.extend(next.deciding.into_iter().map(|at| at + before));
    outcome.warn(next.warnings);
}
