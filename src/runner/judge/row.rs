//! One case, judged by its expectation: a row of the report.

use std::sync::Arc;

use crate::model::expectation::{Controls, Observed};
use crate::model::report::{ConnectionReport, PortInfo, ProofReport};
use crate::model::{
    Addresses, Attempt, Fault, FaultCode, Judgement, Proof, Verdict, Warning, WarningCode,
};
use crate::net::dialer::millis;
use crate::runner::execute::Outcome;
use crate::runner::plan::Case;

/// Why a case that should have run has no outcome.
#[derive(Clone, Copy)]
pub(super) enum Lost {
    Panic,
    Deadline,
}

impl Lost {
    fn fault(self) -> Fault {
        match self {
            Self::Panic => Fault::new(FaultCode::LocalInternal, "the probe of this row panicked"),
            Self::Deadline => Fault::new(
                FaultCode::LocalDeadline,
                "the run was cut short before this row was done",
            ),
        }
    }
}

/// The judgement of a case by the attempts that decide.
pub(super) fn judged(case: &Case, outcome: &Outcome, controls: &Controls) -> Judgement {
    let deciding: Vec<&Attempt> =
        outcome.deciding.iter().map(|at| &outcome.attempts[*at]).collect();
    let observed =
        Observed { attempts: &deciding, addresses: Addresses::All, plain_tcp: case.plain_tcp };
    case.expectation.judge(&observed, case.required, controls)
}

/// A row of the report.
pub(super) fn row(
    case: &Case,
    outcome: Option<Outcome>,
    (lost, begun): (Lost, Option<Outcome>),
    controls: &Controls,
    run: &Arc<str>,
) -> ConnectionReport {
    let mut report = blank(case, run);
    if !case.runs() {
        report.verdict = Verdict::Skipped;
        report.reason.clone_from(&case.skipped);
        return report;
    }
    let Some(outcome) = outcome else {
        report.fault = Some(lost.fault());
        if let Some(begun) = begun {
            let proofs = begun.deciding.iter().map(|at| begun.attempts[*at].proof);
            report.proof.reached = proofs.min().unwrap_or_default();
            report.elapsed_ms = millis(begun.elapsed);
            (report.warnings, report.attempts) = (begun.warnings, begun.attempts);
        }
        return report;
    };
    let judgement = judged(case, &outcome, controls);
    let Judgement { verdict, fault, blocked_by, proof, reason } = judgement;
    report.warnings = outcome.warnings;
    let beyond = outcome.deciding.iter().find_map(|at| outcome.attempts[*at].fault.as_ref());
    if let (Verdict::Pass, None, Some(beyond)) = (verdict, blocked_by, beyond) {
        report.warnings.push(Warning {
            code: WarningCode::BeyondRequired,
            detail: format!("enough is proved, and further up stands {beyond}"),
        });
    }
    if blocked_by == Some(FaultCode::TcpFiltered) {
        let detail = "no other source is known to have reached it: a dead address is silent too";
        report
            .warnings
            .push(Warning { code: WarningCode::PolicyNoWitness, detail: detail.to_owned() });
    }
    report.flaky = verdict == Verdict::Pass && outcome.retried;
    report.elapsed_ms = millis(outcome.elapsed);
    (report.verdict, report.fault, report.blocked_by) = (verdict, fault, blocked_by);
    (report.proof.reached, report.reason) = (proof, reason);
    report.attempts = outcome.attempts;
    report
}

/// A row before anything was seen of it: inconclusive, until something is.
fn blank(case: &Case, run: &Arc<str>) -> ConnectionReport {
    ConnectionReport {
        id: Arc::clone(&case.id),
        instance: case.instance.clone(),
        run: Arc::clone(run),
        source: Arc::clone(&case.source),
        destination: Arc::clone(&case.destination),
        protocol: Arc::clone(&case.protocol),
        port: match case.port.single() {
            Some(port) => PortInfo::One(port),
            None => PortInfo::Several(case.port.to_string()),
        },
        classification: case.classification,
        data: case.data.clone(),
        host: case.host.clone(),
        expect: case.expect(),
        chosen: case.chosen,
        verdict: Verdict::Inconclusive,
        reason: None,
        blocked_by: None,
        witness: None,
        waived: None,
        proof: ProofReport { required: case.required, reached: Proof::None },
        fault: None,
        owner: case.owner.clone(),
        runbook: case.runbook.clone(),
        warnings: Vec::new(),
        flaky: false,
        elapsed_ms: 0.0,
        attempts: Vec::new(),
    }
}
