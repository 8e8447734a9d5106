//! `Plan::bind`: profile, site and options make a plan, or every mistake at once. Nothing is sent.

mod beside;
mod case;
mod choice;

use std::sync::Arc;

use crate::model::{Diagnostic, Finding, TimeoutSettings};
use crate::profile::{Missing, Profile, Site};
use crate::runner::aim::Maker;
use crate::runner::plan::{Options, Plan};
use crate::runner::select::Selector;
use choice::nothing_chosen;

impl Plan {
    /// Binds.
    ///
    /// # Errors
    /// Every mistake that a chosen row meets, and every mistake of the options. Of files that could be
    /// read in part it tells what is wrong beside, and not what follows from the part that is missing.
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
            missing: profile.missing.or(site.missing),
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
        let whole = binder.missing == Missing::default();
        if whole && errors.is_empty() && !cases.iter().any(|case| case.chosen) {
            errors.push(nothing_chosen(profile, options));
        }
        if !errors.is_empty() {
            return Err(told_once(errors));
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

/// Several rows meet the same mistake of an endpoint.
fn told_once(errors: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut once: Vec<Diagnostic> = Vec::with_capacity(errors.len());
    for error in errors {
        if !once.contains(&error) {
            once.push(error);
        }
    }
    once
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
    /// What profile and site lack since it could not be read: told already, and no mistake of others.
    missing: Missing,
}
