//! A row becomes cases: one for each instance of its destination, with what to try when it fails.

use std::sync::Arc;

use crate::model::{Diagnostic, Expectation};
use crate::profile::{
    Alternate, Connection, Endpoint, Expected, InstanceSettings, RowSettings, Settings,
};
use crate::runner::aim::Parts;
use crate::runner::bind::Binder;
use crate::runner::plan::{Alternative, Case};

impl Binder<'_, '_> {
    /// Binds a row: a case for each instance of its destination.
    pub(super) fn row(&mut self, row: &Connection, extra: bool, cases: &mut Vec<Case>) {
        let none = RowSettings::default();
        let over = self.site.connections.get(&*row.id).unwrap_or(&none);
        let passed_over = self.passed_over(row);
        if passed_over.is_none() {
            self.findings(row, over, extra);
        }
        let each: Vec<Option<&InstanceSettings>> = match self.site.instances(&row.destination) {
            [] => vec![None],
            some => some.iter().map(Some).collect(),
        };
        for instance in each {
            let settings = self.site.settings(row, instance);
            let name = instance.map(|instance| Arc::clone(&instance.name));
            cases.push(self.case(row, over, &settings, name, passed_over.clone()));
        }
    }

    pub(super) fn case(
        &mut self,
        row: &Connection,
        over: &RowSettings,
        settings: &Settings,
        instance: Option<Arc<str>>,
        passed_over: Option<String>,
    ) -> Case {
        let endpoint = self.profile.endpoint(&row.destination);
        let hosts = hosts(settings, endpoint);
        let stated = over.proof.as_ref().map_or(row.proof, |(proof, _)| *proof);
        let required = self.maker.options.proof.map_or(stated, |cap| stated.min(cap));
        let ports = over.port.clone().unwrap_or_else(|| row.port.clone());
        let expected = over.expect.as_ref().or(row.expect.as_ref());
        let chosen = passed_over.is_none();
        let skipped = passed_over.or_else(|| over.skip.clone());
        let mut case = Case {
            id: Arc::clone(&row.id),
            instance,
            source: Arc::clone(&row.source),
            destination: Arc::clone(&row.destination),
            protocol: Arc::clone(&row.protocol),
            classification: row.classification,
            data: row.data.clone(),
            host: shown(&hosts),
            expectation: match expected {
                None | Some(Expected::Reachable) => Expectation::Reachable,
                Some(Expected::Blocked(by)) => Expectation::Blocked { by: by.clone() },
            },
            required,
            chosen,
            skipped,
            owner: settings.owner.clone().or_else(|| endpoint.and_then(|e| e.owner.clone())),
            runbook: settings.runbook.clone().or_else(|| endpoint.and_then(|e| e.runbook.clone())),
            warnings: Vec::new(),
            plain_tcp: false,
            aim: None,
            alternates: Vec::new(),
            port: ports,
        };
        let probe = over.probe.as_ref().or(row.probe.as_ref());
        if !case.chosen || case.skipped.is_some() {
            // What is not run is still read: its file has to be right.
            let _ = self.maker.probe(probe);
            return case;
        }
        let unset = row.unset.iter().chain(&settings.unset);
        let unset = unset.chain(endpoint.map_or(&[][..], |endpoint| &endpoint.unset));
        let unset: Vec<Diagnostic> = unset.cloned().collect();
        // What a variable leaves open is one mistake; files and options are read all the same.
        let open = !unset.is_empty();
        self.maker.errors.extend(unset);
        let nowhere = hosts.is_empty();
        if nowhere && !open {
            self.no_host(row);
        }
        let mut warnings = Vec::new();
        let parts = Parts { endpoint: &row.destination, hosts, ports: &case.port, settings, probe };
        let aim = self.maker.aim(&parts, &mut warnings).map(Box::new);
        if open || nowhere {
            return case;
        }
        case.aim = aim;
        case.plain_tcp = case.aim.as_ref().is_some_and(|aim| aim.probe.is_plain_tcp());
        case.warnings = warnings;
        let alternates = over.alternates.as_ref().unwrap_or(&row.alternates);
        if matches!(case.expectation, Expectation::Reachable) {
            let made = alternates
                .iter()
                .filter_map(|other| self.alternative(row, other, settings, &case, probe));
            case.alternates = made.collect();
        }
        case
    }

    pub(super) fn alternative(
        &mut self,
        row: &Connection,
        other: &Alternate,
        settings: &Settings,
        case: &Case,
        probe: Option<&crate::profile::ProbeNode>,
    ) -> Option<Alternative> {
        let destination = other.destination.as_ref().unwrap_or(&row.destination);
        let elsewhere = other.destination.is_some();
        let bare = Settings::default();
        let theirs = self.site.endpoints.get(&**destination).map_or(&bare, |e| &e.settings);
        let settings = if elsewhere { theirs } else { settings };
        let endpoint = self.profile.endpoint(destination);
        let hosts = match &other.host {
            Some(host) => vec![host.as_str().into()],
            None => hosts(settings, endpoint),
        };
        let ports = other.port.as_ref().unwrap_or(&case.port);
        let same =
            !elsewhere && other.host.is_none() && ports == &case.port && other.probe.is_none();
        if hosts.is_empty() || same {
            return None;
        }
        let what = match (elsewhere, &other.port) {
            (true, _) => format!("{destination} on port {ports}"),
            (false, Some(port)) => format!("port {port}"),
            (false, None) => format!("host {}", hosts.join(", ")),
        };
        let parts = Parts {
            endpoint: destination,
            hosts,
            ports,
            settings,
            probe: other.probe.as_ref().or(probe),
        };
        let aim = self.maker.aim(&parts, &mut Vec::new())?;
        Some(Alternative { what, aim })
    }

    /// Nothing says where the destination of a row is.
    pub(super) fn no_host(&mut self, row: &Connection) {
        if self.missing.endpoints {
            return;
        }
        let name = &row.destination;
        let message = format!("row {}: nothing says where `{name}` is", row.id);
        self.maker.errors.push(Diagnostic::at(row.place.clone(), message).help(format!(
            "the profile knows no host for it; give the site file endpoints.{name}.host"
        )));
    }
}

/// Where an endpoint is: by the site's settings, else as the profile knows it.
pub(super) fn hosts(settings: &Settings, endpoint: Option<&Endpoint>) -> Vec<Arc<str>> {
    if settings.hosts.is_empty() {
        let known = endpoint.and_then(|endpoint| endpoint.host.as_deref());
        return known.map(Into::into).into_iter().collect();
    }
    settings.hosts.iter().map(|(host, _)| host.as_str().into()).collect()
}

fn shown(hosts: &[Arc<str>]) -> Option<Arc<str>> {
    match hosts {
        [] => None,
        [one] => Some(Arc::clone(one)),
        several => Some(several.join(", ").into()),
    }
}
