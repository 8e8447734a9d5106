//! One case: its aim, then its alternates, and which attempts decide.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::model::{Addresses, Expectation, FaultCode};
use crate::runner::execute::climb::{PAUSE, Tried, all, retries, target};
use crate::runner::execute::resolve::{differing, resolve};
use crate::runner::execute::sample::sampled;
use crate::runner::execute::tokens::credentials;
use crate::runner::execute::{Brought, Outcome, Shared};
use crate::runner::plan::{Aim, Case};

pub(super) async fn case(shared: &Arc<Shared>, index: usize) -> Brought {
    let started = Instant::now();
    let case = &shared.plan.cases[index];
    shared.ledger.begin(index, started);
    let mut outcome = match &case.aim {
        Some(aim) => sampled(shared, aim, case, index).await,
        None => Outcome::of(case),
    };
    // Rejected credentials are not tried elsewhere either.
    let rejected = outcome.attempts.iter().any(|attempt| {
        attempt.fault.as_ref().is_some_and(|fault| fault.code == FaultCode::AuthRejected)
    });
    if falls_short(&outcome, case) && !rejected {
        for other in &case.alternates {
            let tried = Box::pin(climb(shared, &other.aim, case, None)).await;
            if !falls_short(&tried, case) {
                outcome.works = Some(other.what.clone());
                break;
            }
        }
    }
    shrink(&mut outcome);
    outcome.elapsed = started.elapsed();
    shared.ledger.done(index);
    Brought::Case(index, outcome)
}

/// Gives back what lists took in advance: an outcome is kept until the report is written.
fn shrink(outcome: &mut Outcome) {
    outcome.attempts.shrink_to_fit();
    outcome.deciding.shrink_to_fit();
    for attempt in &mut outcome.attempts {
        attempt.steps.shrink_to_fit();
    }
}

pub(super) fn falls_short(outcome: &Outcome, case: &Case) -> bool {
    outcome.deciding.is_empty()
        || outcome.deciding.iter().any(|at| !outcome.attempts[*at].proves(case.required))
}

/// Climbs every address and port of an aim; attempts are kept for the case of this index.
pub(super) async fn climb(
    shared: &Arc<Shared>,
    aim: &Aim,
    case: &Case,
    kept: Option<usize>,
) -> Outcome {
    let credentials = credentials(shared, aim, case).await;
    let mut outcome = Outcome::of(case);
    let mut tried = Vec::new();
    for host in &aim.hosts {
        let mut lost = Vec::new();
        let reached = loop {
            let (name, port) = aim.asked(host);
            match resolve(shared, aim, name, port).await {
                Err(attempt) if lost.len() < retries(aim, case) => {
                    if let Some(index) = kept {
                        shared.ledger.keep(index, port, &attempt);
                    }
                    lost.push(attempt);
                    shared.names.forget(name);
                    tokio::time::sleep(PAUSE).await;
                }
                reached => break reached,
            }
        };
        let port = aim.ports[0];
        let alone = |attempts| Tried { port, attempts, warnings: Vec::new() };
        match reached {
            Ok((addresses, step, warnings, unmet)) => {
                outcome.warnings.extend(warnings);
                let dials = dials(shared, aim, host, &addresses).await;
                let target = target(aim, case, host, &credentials);
                let mut climbed = all(shared, aim, case, kept, target, dials, step.as_ref()).await;
                climbed.extend(unmet.map(|attempt| alone(vec![attempt])));
                if let Some(first) = climbed.first_mut() {
                    first.attempts.splice(0..0, lost);
                }
                tried.extend(climbed);
            }
            Err(attempt) => {
                let fault = attempt.fault.as_ref();
                outcome.warnings.extend(fault.and_then(|fault| differing(&fault.evidence)));
                lost.push(attempt);
                tried.push(alone(lost));
            }
        }
    }
    gather(&mut outcome, tried, aim.addresses, case);
    outcome
}

/// The addresses to dial, with each port; an option may lead single ports elsewhere.
async fn dials(
    shared: &Shared,
    aim: &Aim,
    host: &str,
    addresses: &[SocketAddr],
) -> Vec<(u16, SocketAddr)> {
    let mut dials = Vec::with_capacity(addresses.len() * aim.ports.len());
    for port in &aim.ports {
        let first = *port == aim.ports[0];
        if let Some(proxy) = &aim.target.proxy {
            dials.extend(addresses.iter().map(|a| (*port, SocketAddr::new(a.ip(), proxy.port))));
        } else if first || !shared.names.overrides(host, *port) {
            let at = |a: &SocketAddr| if first { *a } else { SocketAddr::new(a.ip(), *port) };
            dials.extend(addresses.iter().map(|a| (*port, at(a))));
        } else {
            let within = aim.target.timeouts.dns;
            let found = shared.names.resolve(host, *port, aim.family, within).await;
            let found = found.map(|found| found.addresses).unwrap_or_default();
            dials.extend(found.into_iter().map(|a| (*port, a)));
        }
    }
    dials
}

/// Puts the attempts in order, and finds those that decide.
pub(super) fn gather(outcome: &mut Outcome, tried: Vec<Tried>, addresses: Addresses, case: &Case) {
    // Each address has to be blocked, whatever would do for a connection.
    let blocked = matches!(case.expectation, Expectation::Blocked { .. });
    let mut best: BTreeMap<u16, usize> = BTreeMap::new();
    for tried in tried {
        let faulty = tried.attempts.len() > 1;
        outcome.attempts.extend(tried.attempts);
        let last = outcome.attempts.len() - 1;
        outcome.retried |= faulty && outcome.attempts[last].proves(case.required);
        outcome.warn(tried.warnings);
        if addresses == Addresses::Any && !blocked {
            let better = best.get(&tried.port).is_none_or(|known| {
                let of = |at: usize| {
                    let attempt = &outcome.attempts[at];
                    (attempt.proves(case.required), attempt.proof)
                };
                of(last) > of(*known)
            });
            if better {
                best.insert(tried.port, last);
            }
        } else {
            outcome.deciding.push(last);
        }
    }
    outcome.deciding.extend(best.into_values());
}
