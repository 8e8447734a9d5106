//! `Plan::bind`: profile, site and options make a plan, or every mistake at once. Nothing is sent.

mod beside;
mod case;
mod choice;

use std::sync::Arc;

use crate::model::{Diagnostic, Finding, TimeoutSettings};
use crate::profile::{Profile, Site};
use crate::runner::aim::Maker;
use crate::runner::plan::{Options, Plan};
use crate::runner::select::Selector;
use choice::nothing_chosen;

impl Plan {
    /// Binds.
    ///
    /// # Errors
    /// Every mistake that a chosen row meets, and every mistake of the options.
    pub fn bind(
        profile: &Profile,
        site: &Site,
        options: &Options,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut binder = Binder {
            profile,
            site,
            maker: Maker::new(options),
            findings: Vec::new(),
            source: None,
            only: Vec::new(),
            skip: Vec::new(),
        };
        binder.choose();
        let rows = profile.connections.iter().map(|row| (row, false));
        let rows = rows.chain(site.extra.iter().map(|row| (row, true)));
        let mut cases = Vec::with_capacity(profile.connections.len() + site.extra.len());
        for (row, extra) in rows {
            binder.row(row, extra, &mut cases);
        }
        let tokens = binder.tokens(&cases);
        let controls = binder.controls(&cases);
        let mut errors = binder.maker.errors;
        if errors.is_empty() && !cases.iter().any(|case| case.chosen) {
            errors.push(nothing_chosen(profile, options));
        }
        if !errors.is_empty() {
            errors.dedup();
            return Err(errors);
        }
        let mut sources: Vec<Arc<str>> = Vec::new();
        for case in cases.iter().filter(|case| case.chosen) {
            if !sources.contains(&case.source) {
                sources.push(Arc::clone(&case.source));
            }
        }
        let timeouts = options.timeout.map(TimeoutSettings::all).unwrap_or_default();
        Ok(Self {
            cases,
            sources,
            controls,
            tokens,
            waivers: site.waivers.clone(),
            findings: binder.findings,
            resolve: options.resolve.clone(),
            dns: timeouts.or(site.timeouts).filled().dns,
            sampling: options.sampling,
        })
    }
}

/// Binds row after row, and keeps every mistake.
struct Binder<'p, 'o> {
    profile: &'p Profile,
    site: &'p Site,
    maker: Maker<'o>,
    findings: Vec<Finding>,
    source: Option<String>,
    only: Vec<Selector>,
    skip: Vec<Selector>,
}
