//! A run that could not be set up: it leaves a report too.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::cli::complain::Wrong;
use crate::cli::run::args::RunArgs;
use crate::cli::run::deliver::write;
use crate::cli::run::{Job, id, rfc3339};
use crate::facts::vantage;
use crate::model::report::{ProfileInfo, Program, Report, Run, SCHEMA, SiteInfo, Summary};
use crate::report::target::Target;

/// Reports that nothing could be run, too: whoever waits for the file gets it.
pub(super) fn set_up_failed(args: &RunArgs, wrong: Wrong, job: Option<&Job>) -> Wrong {
    if !args.output.reports.is_empty() {
        // Several that go to one place may be what is wrong: they are not written.
        let all = &args.output.reports;
        let alone = |one: &&Target| all.iter().filter(|other| other.path == one.path).count() == 1;
        let reports: Vec<Target> = all.iter().filter(alone).cloned().collect();
        write(&empty(args, &wrong, job), &reports);
    }
    wrong
}

/// A report without rows that says what is wrong.
fn empty(args: &RunArgs, wrong: &Wrong, job: Option<&Job>) -> Report {
    let now = OffsetDateTime::now_utc();
    let site = job.filter(|job| job.has_site);
    Report {
        schema: SCHEMA.to_owned(),
        probe: Program { version: env!("CARGO_PKG_VERSION").to_owned() },
        profile: ProfileInfo {
            name: job.map_or_else(|| args.profile.clone(), |job| job.profile.name.clone()),
            title: job.map_or_else(|| args.profile.clone(), |job| job.profile.title.clone()),
            digest: job.map(|job| job.profile.digest.clone()),
        },
        runs: vec![Run {
            id: id(now),
            sources: Vec::new(),
            vantage: vantage::read(),
            site: site.map(|job| SiteInfo { digest: job.site.digest.clone() }),
            started_at: rfc3339(now),
            elapsed_ms: 0.0,
            interrupted: false,
            setup_error: Some(wrong.to_string()),
        }],
        endpoints: BTreeMap::new(),
        summary: Summary::default(),
        connections: Vec::new(),
        controls: Vec::new(),
        findings: Vec::new(),
    }
}
