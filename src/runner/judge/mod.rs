//! From what was seen to the report: controls first, then each case by its expectation.

mod controls;
mod row;
mod waivers;

use std::sync::Arc;
use std::time::Duration;

use crate::model::report::{
    EndpointInfo, ProfileInfo, Program, Report, Run, SCHEMA, SiteInfo, Summary, Vantage,
};
use crate::model::{Finding, FindingCode};
use crate::net::dialer::millis;
use crate::profile::Profile;
use crate::runner::corroborate;
use crate::runner::execute::{Finished, Outcome};
use crate::runner::judge::controls::{Controlled, control_reports};
use crate::runner::judge::row::{Lost, row};
use crate::runner::judge::waivers::waive;
use crate::runner::plan::Plan;

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
    let mut findings = findings(plan, &outcomes, header.all_sources);
    let controls = Controlled::of(plan, &outcomes, &negative);
    let mut connections = Vec::with_capacity(plan.cases.len());
    for (index, (case, outcome)) in plan.cases.iter().zip(outcomes).enumerate() {
        let lost = if panicked.contains(&index) { Lost::Panic } else { Lost::Deadline };
        let lost = (lost, unfinished.remove(&index));
        connections.push(row(case, outcome, lost, &controls.for_case(case), &header.run));
    }
    corroborate::attach(&mut connections);
    waive(&plan.waivers, &header.today, &mut connections, &mut findings);
    let named = profile.endpoints.iter();
    Report {
        schema: SCHEMA.to_owned(),
        probe: Program { version: env!("CARGO_PKG_VERSION").to_owned() },
        profile: ProfileInfo {
            name: profile.name.clone(),
            title: profile.title.clone(),
            digest: Some(profile.digest.clone()),
        },
        endpoints: named
            .map(|endpoint| {
                (Arc::clone(&endpoint.name), EndpointInfo { title: Arc::clone(&endpoint.title) })
            })
            .collect(),
        summary: Summary::of(&connections),
        controls: control_reports(plan, &connections, negative, &header.run),
        runs: vec![run(plan, header, interrupted, elapsed)],
        connections,
        findings,
    }
}

/// What is found before waivers are held against the rows.
fn findings(plan: &Plan, outcomes: &[Option<Outcome>], all_sources: bool) -> Vec<Finding> {
    let mut findings = plan.findings.clone();
    if all_sources {
        findings.push(Finding {
            row: None,
            code: FindingCode::VantageNotSource,
            detail: "rows of every source were probed from here, which is not their source".into(),
        });
    }
    findings.extend(plan.cases.iter().zip(outcomes).filter_map(|(case, outcome)| {
        let works = outcome.as_ref()?.works.as_ref()?;
        Some(Finding {
            row: Some(case.label()),
            code: FindingCode::TableAlternateWorks,
            detail: format!("the documented way fails, and {works} works"),
        })
    }));
    findings
}

fn run(plan: &Plan, header: Header, interrupted: bool, elapsed: Duration) -> Run {
    Run {
        id: header.run.to_string(),
        sources: plan.sources.iter().map(ToString::to_string).collect(),
        vantage: header.vantage,
        site: header.site.map(|digest| SiteInfo { digest }),
        started_at: header.started_at,
        elapsed_ms: millis(elapsed),
        interrupted,
        setup_error: None,
    }
}
