//! From what was seen to the report: controls first, then each case by its expectation.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::expectation::{Controls, Observed};
use crate::model::report::{
    ConnectionReport, ControlKind, ControlReport, EndpointInfo, PortInfo, ProfileInfo, Program,
    ProofReport, Report, Run, SCHEMA, SiteInfo, Summary, Vantage, WaivedInfo,
};
use crate::model::{
    Addresses, Attempt, Expectation, Fault, FaultCode, Finding, FindingCode, Judgement, Proof,
    Verdict, Warning, WarningCode,
};
use crate::net::dialer::millis;
use crate::profile::{Profile, Waiver};
use crate::runner::corroborate;
use crate::runner::execute::{Finished, Outcome};
use crate::runner::plan::{Case, Plan};

/// What a report says beside its rows.
#[derive(Clone, Debug)]
pub struct Header {
    /// Distinguishes the runs of a merged report.
    pub run: Arc<str>,
    /// Where the probe ran.
    pub vantage: Vantage,
    /// SHA-256 of the site file, where there is one.
    pub site: Option<String>,
    /// Start (RFC 3339).
    pub started_at: String,
    /// Today (ISO 8601, UTC), which waivers are held against.
    pub today: String,
    /// Whether the vantage is not the rows' own source.
    pub all_sources: bool,
}

/// Makes the report. Where nobody else holds the plan, what only executing needed is dropped first.
pub fn report(
    mut plan: Arc<Plan>,
    profile: &Profile,
    finished: Finished,
    header: Header,
) -> Report {
    if let Some(plan) = Arc::get_mut(&mut plan) {
        plan.spend();
    }
    let plan = &*plan;
    let Finished { outcomes, mut unfinished, panicked, negative, interrupted, elapsed } = finished;
    let mut findings = plan.findings.clone();
    if header.all_sources {
        findings.push(Finding {
            row: None,
            code: FindingCode::VantageNotSource,
            detail: "rows of every source were probed from here, which is not their source".into(),
        });
    }
    let controls = Controlled::of(plan, &outcomes, &negative);
    let mut connections = Vec::with_capacity(plan.cases.len());
    for (index, (case, outcome)) in plan.cases.iter().zip(outcomes).enumerate() {
        if let Some(works) = outcome.as_ref().and_then(|outcome| outcome.works.as_ref()) {
            findings.push(Finding {
                row: Some(case.label()),
                code: FindingCode::TableAlternateWorks,
                detail: format!("the documented way fails, and {works} works"),
            });
        }
        let lost = if panicked.contains(&index) { Lost::Panic } else { Lost::Deadline };
        let controls = controls.for_source(&case.source, case);
        let lost = (lost, unfinished.remove(&index));
        connections.push(row(case, outcome, lost, &controls, &header));
    }
    corroborate::attach(&mut connections);
    waive(&plan.waivers, &header.today, &mut connections, &mut findings);
    let reports = control_reports(plan, &connections, negative, &header.run);
    let run = Run {
        id: header.run.to_string(),
        sources: plan.sources.iter().map(ToString::to_string).collect(),
        vantage: header.vantage,
        site: header.site.map(|digest| SiteInfo { digest }),
        started_at: header.started_at,
        elapsed_ms: millis(elapsed),
        interrupted,
        setup_error: None,
    };
    let named = profile.endpoints.iter();
    Report {
        schema: SCHEMA.to_owned(),
        probe: Program { version: env!("CARGO_PKG_VERSION").to_owned() },
        profile: ProfileInfo {
            name: profile.name.clone(),
            title: profile.title.clone(),
            digest: Some(profile.digest.clone()),
        },
        runs: vec![run],
        endpoints: named
            .map(|endpoint| {
                (Arc::clone(&endpoint.name), EndpointInfo { title: Arc::clone(&endpoint.title) })
            })
            .collect(),
        summary: Summary::of(&connections),
        connections,
        controls: reports,
        findings,
    }
}

/// Why a case that should have run has no outcome.
#[derive(Clone, Copy)]
enum Lost {
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

/// What was seen of the controls of each source.
struct Controlled<'p> {
    /// Cases that pass without regard to controls.
    passing: Vec<&'p Case>,
    accepts_all: BTreeMap<Arc<str>, String>,
    plan: &'p Plan,
}

impl<'p> Controlled<'p> {
    fn of(
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

    fn for_source(&self, source: &Arc<str>, case: &Case) -> Controls {
        let accepts_all = self.accepts_all.get(source).cloned();
        let named = self.plan.controls.get(source).map_or(&[][..], |c| &c.positive);
        let passes = |id: &str| self.passing.iter().any(|passing| *passing.id == *id);
        let positive = if named.is_empty() {
            let mut ours = self.passing.iter().filter(|passing| passing.source == *source);
            ours.find(|passing| passing.id != case.id).map(|passing| passing.label())
        } else {
            named.iter().all(|id| passes(id)).then(|| named.join(", "))
        };
        Controls { positive, accepts_all }
    }
}

fn judged(case: &Case, outcome: &Outcome, controls: &Controls) -> Judgement {
    let deciding: Vec<&Attempt> =
        outcome.deciding.iter().map(|at| &outcome.attempts[*at]).collect();
    let observed =
        Observed { attempts: &deciding, addresses: Addresses::All, plain_tcp: case.plain_tcp };
    case.expectation.judge(&observed, case.required, controls)
}

fn row(
    case: &Case,
    outcome: Option<Outcome>,
    (lost, begun): (Lost, Option<Outcome>),
    controls: &Controls,
    header: &Header,
) -> ConnectionReport {
    let mut report = blank(case, &header.run);
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

/// Marks the rows that a waiver covers today, and tells of waivers that cover nothing.
fn waive(
    waivers: &[Waiver],
    today: &str,
    connections: &mut [ConnectionReport],
    findings: &mut Vec<Finding>,
) {
    for waiver in waivers {
        let mut find = |code, detail: String| {
            findings.push(Finding { row: Some(waiver.row.clone()), code, detail });
        };
        let expired = waiver.until.as_str() < today;
        let mut covers = false;
        let named = connections
            .iter_mut()
            .filter(|row| row.chosen && (*row.id == *waiver.row || row.label() == waiver.row));
        let mut seen = false;
        for row in named {
            seen = true;
            let hit = row.fault.as_ref().is_some_and(|fault| fault.code == waiver.code);
            if hit && row.verdict != Verdict::Pass {
                covers = true;
                if !expired {
                    row.waived = Some(WaivedInfo {
                        code: waiver.code,
                        reason: waiver.reason.clone(),
                        until: waiver.until.clone(),
                    });
                }
            }
        }
        if covers && expired {
            let detail = format!("the waiver for {} ended on {}", waiver.code, waiver.until);
            find(FindingCode::WaiverExpired, detail);
        } else if seen && !covers {
            let detail = format!("the waiver for {} covers nothing", waiver.code);
            find(FindingCode::WaiverUnused, detail);
        }
    }
}

fn control_reports(
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
            reports.push(ControlReport {
                run: Arc::clone(run),
                source: source.to_string(),
                kind: ControlKind::Positive,
                row: Some(id.to_string()),
                target: None,
                held: verdict == Verdict::Pass,
                detail: format!("row {id}: {verdict}"),
                attempt: None,
            });
        }
    }
    reports.extend(negative.into_iter().map(|(source, target, attempt)| {
        let held = attempt.proof < Proof::Connected;
        let detail = match (&attempt.fault, held) {
            (Some(fault), true) => format!("{target} does not connect: {}", fault.code),
            (_, true) => format!("{target} does not connect"),
            (_, false) => format!("{target} accepts connections, which no network should"),
        };
        ControlReport {
            run: Arc::clone(run),
            source: source.to_string(),
            kind: ControlKind::Negative,
            row: None,
            target: Some(target),
            held,
            detail,
            attempt: Some(attempt),
        }
    }));
    reports.sort_by(|a, b| a.source.cmp(&b.source));
    reports
}
