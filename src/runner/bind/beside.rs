//! What stands beside the cases: findings, where tokens come from, controls.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Diagnostic, Finding, FindingCode, Place, Proof, Warning};
use crate::profile::{Connection, RowSettings};
use crate::runner::aim::Parts;
use crate::runner::bind::Binder;
use crate::runner::bind::case::hosts;
use crate::runner::plan::{Case, SourceControls, TokenKey, TokenSource};

/// The address that no network has (RFC 5737), and a port: the negative control of a source that
/// names none.
const NOWHERE: (&str, u16) = ("192.0.2.1", 9);

impl Binder<'_, '_> {
    /// What profile and site say of a chosen row that a reader of the report should know.
    pub(super) fn findings(&mut self, row: &Connection, over: &RowSettings, extra: bool) {
        let mut find = |code, detail: String| {
            self.findings.push(Finding { row: Some(row.id.to_string()), code, detail });
        };
        for note in &row.notes {
            find(FindingCode::TableNote, note.clone());
        }
        if extra {
            find(FindingCode::SiteExtra, "this row stands in the site file alone".to_owned());
        }
        if let Some(port) = over.port.as_ref().filter(|port| **port != row.port) {
            let detail = format!("the table says port {}, this site uses {port}", row.port);
            find(FindingCode::SitePort, detail);
        }
        if let Some((proof, reason)) = over.proof.as_ref().filter(|(proof, _)| *proof < row.proof) {
            let why = reason.as_deref().unwrap_or("no reason given");
            let detail =
                format!("the profile asks for {}, this site for {proof}: {why}", row.proof);
            find(FindingCode::SiteProof, detail);
        }
        if let Some(reason) = &over.skip {
            find(FindingCode::SiteSkip, format!("skipped here: {reason}"));
        }
        let port = over.port.as_ref().unwrap_or(&row.port);
        let (count, sampled) = (port.count(), port.sample().len());
        if sampled < count {
            let detail = format!("{sampled} of {count} ports were probed, at even distances");
            find(FindingCode::PortsSampled, detail);
        }
    }

    /// The rows that give the tokens which chosen rows need.
    pub(super) fn tokens(&mut self, cases: &[Case]) -> BTreeMap<TokenKey, TokenSource> {
        let mut sources = BTreeMap::new();
        for case in cases {
            let others = case.alternates.iter().map(|other| &other.aim);
            for aim in case.aim.as_deref().into_iter().chain(others) {
                let Some((endpoint, place)) = &aim.token_of else { continue };
                let key = (endpoint.clone(), Arc::clone(&case.source));
                if sources.contains_key(&key) {
                    continue;
                }
                if let Some(source) = self.token_source(endpoint, &case.source, place) {
                    sources.insert(key, source);
                }
            }
        }
        sources
    }

    /// The row by which a source gets its tokens: its own, else anybody's.
    pub(super) fn token_source(
        &mut self,
        endpoint: &str,
        source: &str,
        place: &Place,
    ) -> Option<TokenSource> {
        let gives = |row: &&Connection| {
            let over = self.site.connections.get(&*row.id);
            let probe = over.and_then(|over| over.probe.as_ref()).or(row.probe.as_ref());
            *row.destination == *endpoint && probe.is_some_and(|probe| probe.name == "oauth2")
        };
        let rows = || self.profile.connections.iter().chain(&self.site.extra);
        let own = rows().filter(gives).find(|row| *row.source == *source);
        let row = own.or_else(|| rows().find(gives));
        let Some(row) = row else {
            if !self.missing.rows {
                let message =
                    format!("auth.oauth2 names `{endpoint}`, and no row gets tokens there");
                let problem = Diagnostic::at(place.clone(), message)
                    .help("give the profile or `extra` a row to it with `probe: oauth2`");
                self.maker.errors.push(problem);
            }
            return None;
        };
        let none = RowSettings::default();
        let over = self.site.connections.get(&*row.id).unwrap_or(&none);
        // Where the endpoint has instances, the first gives the token.
        let settings = self.site.settings(row, self.site.instances(endpoint).first());
        let hosts = hosts(&settings, self.profile.endpoint(endpoint));
        if hosts.is_empty() {
            self.no_host(row);
            return None;
        }
        let ports = over.port.clone().unwrap_or_else(|| row.port.clone());
        let parts = Parts {
            endpoint,
            hosts,
            ports: &ports,
            settings: &settings,
            probe: over.probe.as_ref().or(row.probe.as_ref()),
        };
        let mut aim = self.maker.aim(&parts, &mut Vec::<Warning>::new())?;
        aim.target.cap = Proof::Operational;
        Some(TokenSource { row: Arc::clone(&row.id), aim })
    }

    pub(super) fn controls(&mut self, cases: &[Case]) -> BTreeMap<Arc<str>, SourceControls> {
        let mut controls: BTreeMap<Arc<str>, SourceControls> = BTreeMap::new();
        for case in cases.iter().filter(|case| case.runs()) {
            let entry = controls.entry(Arc::clone(&case.source)).or_default();
            if case.required == Proof::Connected && entry.negative.is_empty() {
                entry.negative = vec![(NOWHERE.0.into(), NOWHERE.1)];
            }
        }
        for (source, named) in &self.site.controls {
            let Some(entry) = controls.get_mut(source.as_str()) else { continue };
            entry.positive = named.positive.iter().map(|(id, _)| id.as_str().into()).collect();
            if !named.negative.is_empty() {
                entry.negative =
                    named.negative.iter().map(|n| (n.host.as_str().into(), n.port)).collect();
            }
            self.maker.errors.extend(named.unset.iter().cloned());
        }
        controls
    }
}
