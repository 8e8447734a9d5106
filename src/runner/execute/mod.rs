//! Executing a plan: all cases at once, bounded; what happens is told by events, and a case exists
//! from the start, so that a panic or a signal loses none.

mod case;
mod climb;
mod control;
mod ledger;
mod resolve;
mod sample;
mod size;
mod tokens;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;
use tokio::task::{Id, JoinError, JoinSet};

use crate::model::{Attempt, Fault, Secret, Warning};
use crate::net::Names;
use crate::net::slots::Slots;
use crate::runner::execute::ledger::Ledger;
use crate::runner::plan::{Case, Plan, TokenKey};

/// Cases that are begun at once at first; more follow while those wait.
const WINDOW: usize = 64;
/// How long nothing may happen before twice as many cases are in flight: they wait for the network,
/// not for us.
const PATIENCE: Duration = Duration::from_millis(20);

/// What bounds a run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time for the whole run.
    pub deadline: Option<Duration>,
    /// File descriptors that the process may open.
    pub files: u64,
}

/// What happens while a plan is executed.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Nothing is sent yet: for so long, policies that arrive after the pod are waited for.
    Settling(Duration),
    /// A case is done; its index in the plan.
    Done(usize, &'a Outcome),
}

/// What was seen of a case.
#[derive(Debug)]
pub struct Outcome {
    /// Every attempt.
    pub attempts: Vec<Attempt>,
    /// The attempts that decide: the last at each address, or the best of them.
    pub deciding: Vec<usize>,
    /// What else to know.
    pub warnings: Vec<Warning>,
    /// Whether an address came through only at a retry.
    pub retried: bool,
    /// The alternate that works where the documented way does not.
    pub works: Option<String>,
    /// From start to end.
    pub elapsed: Duration,
}

impl Outcome {
    /// Nothing seen yet of a case, and what was noticed of it while binding.
    fn of(case: &Case) -> Self {
        Self {
            attempts: Vec::new(),
            deciding: Vec::new(),
            warnings: case.warnings.clone(),
            retried: false,
            works: None,
            elapsed: Duration::ZERO,
        }
    }

    /// Adds warnings, each once.
    fn warn(&mut self, warnings: Vec<Warning>) {
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }
}

/// What was seen of a plan.
#[derive(Debug, Default)]
pub struct Finished {
    /// What was seen of each case; `None` where it was not run or not done.
    pub outcomes: Vec<Option<Outcome>>,
    /// What was seen of cases that were begun and are not done, by their index in the plan.
    pub unfinished: BTreeMap<usize, Outcome>,
    /// Cases whose probe panicked.
    pub panicked: Vec<usize>,
    /// Negative controls: source, target, attempt.
    pub negative: Vec<(Arc<str>, String, Attempt)>,
    /// Whether it was cut short.
    pub interrupted: bool,
    /// From start to end.
    pub elapsed: Duration,
}

impl Finished {
    /// Keeps what a task brought home, or that it panicked.
    fn came(
        &mut self,
        joined: Result<(Id, Brought), JoinError>,
        of_task: &mut HashMap<Id, usize>,
        told: &mut impl FnMut(Event<'_>),
    ) {
        match joined {
            Ok((id, Brought::Case(index, outcome))) => {
                of_task.remove(&id);
                told(Event::Done(index, &outcome));
                self.outcomes[index] = Some(outcome);
            }
            Ok((_, Brought::Control(source, target, attempt))) => {
                self.negative.push((source, target, attempt));
            }
            Err(error) => self.panicked.extend(of_task.remove(&error.id())),
        }
    }
}

/// What the cases of a run share.
struct Shared {
    plan: Arc<Plan>,
    names: Arc<Names>,
    slots: Arc<Slots>,
    tokens: HashMap<TokenKey, OnceCell<Result<Secret, Fault>>>,
    ledger: Ledger,
}

/// What a task brings home.
enum Brought {
    Case(usize, Outcome),
    Control(Arc<str>, String, Attempt),
}

/// Executes a plan until it is done, its deadline is over, or `stop` is.
pub async fn execute(
    plan: Arc<Plan>,
    names: Arc<Names>,
    limits: Limits,
    stop: impl Future<Output = ()>,
    mut told: impl FnMut(Event<'_>),
) -> Finished {
    let started = Instant::now();
    let tokens = plan.tokens.keys().map(|key| (key.clone(), OnceCell::new())).collect();
    let slots = Arc::new(Slots::new(limits.files));
    names.bound(limits.files);
    let shared = Arc::new(Shared {
        plan: Arc::clone(&plan),
        names,
        slots,
        tokens,
        ledger: Ledger::of(plan.cases.len()),
    });
    let mut finished = Finished::default();
    finished.outcomes.resize_with(plan.cases.len(), || None);
    let most = usize::try_from(limits.files.saturating_sub(64)).unwrap_or(1_024).clamp(64, 16_384);
    let mut waiting = plan.cases.iter().enumerate().filter(|(_, case)| case.runs());
    let mut waiting = waiting.by_ref().map(|(index, _)| index).peekable();
    let mut tasks = JoinSet::new();
    let mut of_task: HashMap<Id, usize> = HashMap::new();
    let mut window = WINDOW;
    let deadline = async {
        match limits.deadline {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let (mut stop, mut deadline) = (std::pin::pin!(stop), std::pin::pin!(deadline));
    let settle = plan.sampling.settle;
    if !settle.is_zero() {
        told(Event::Settling(settle));
        tokio::select! {
            () = &mut stop => finished.interrupted = true,
            () = &mut deadline => finished.interrupted = true,
            () = tokio::time::sleep(settle) => {}
        }
    }
    if !finished.interrupted {
        spawn_controls(&shared, &mut tasks);
    }
    let mut quiet = std::pin::pin!(tokio::time::sleep(PATIENCE));
    let mut busy = false;
    while !finished.interrupted {
        while tasks.len() < window.min(most) {
            let Some(index) = waiting.next() else { break };
            let shared = Arc::clone(&shared);
            let task = tasks.spawn(async move { case::case(&shared, index).await });
            of_task.insert(task.id(), index);
        }
        if tasks.is_empty() {
            break;
        }
        let patience = waiting.peek().is_some() && window < most;
        tokio::select! {
            // What is done counts before patience does: a busy loop is not a quiet one.
            biased;
            () = &mut stop => { finished.interrupted = true; break }
            () = &mut deadline => { finished.interrupted = true; break }
            joined = tasks.join_next_with_id() => {
                let Some(joined) = joined else { break };
                busy = true;
                finished.came(joined, &mut of_task, &mut told);
            }
            // One timer for all, since one for each case costs as much as the case: where nothing
            // was done since it was set, those in flight wait.
            () = &mut quiet, if patience => {
                if !std::mem::take(&mut busy) {
                    window *= 2;
                }
                quiet.as_mut().reset(tokio::time::Instant::now() + PATIENCE);
            }
        }
    }
    // What is done and was not asked for yet is done.
    while let Some(joined) = tasks.try_join_next_with_id() {
        finished.came(joined, &mut of_task, &mut told);
    }
    tasks.abort_all();
    finished.unfinished = shared.ledger.close(&plan);
    finished.unfinished.retain(|index, _| finished.outcomes[*index].is_none());
    finished.elapsed = started.elapsed();
    finished
}

fn spawn_controls(shared: &Arc<Shared>, tasks: &mut JoinSet<Brought>) {
    for (source, controls) in &shared.plan.controls {
        for (host, port) in &controls.negative {
            let (shared, source) = (Arc::clone(shared), Arc::clone(source));
            let (host, port) = (Arc::clone(host), *port);
            tasks.spawn(async move {
                let attempt = control::negative(&shared, &source, &host, port).await;
                Brought::Control(source, format!("{host}:{port}"), attempt)
            });
        }
    }
}
