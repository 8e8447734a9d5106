//! `Plan::bind`: profile, site and options make a plan, or every mistake at once. Nothing is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::diagnostic::did_you_mean;
use crate::model::{
    Classification, Diagnostic, Expectation, Finding, FindingCode, Place, Proof, TimeoutSettings,
    Warning,
};
use crate::profile::{
    Alternate, Connection, Expected, InstanceSettings, Profile, RowSettings, Settings, Site,
};
use crate::runner::aim::{Maker, Parts};
use crate::runner::plan::{
    Alternative, Case, Options, Plan, SourceControls, TokenKey, TokenSource,
};
use crate::runner::select::{Selector, endpoint_named};

/// The address that no network has (RFC 5737), and a port: the negative control of a source that
/// names none.
const NOWHERE: (&str, u16) = ("192.0.2.1", 9);

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

fn nothing_chosen(profile: &Profile, options: &Options) -> Diagnostic {
    let sources: Vec<&str> = {
        let mut names: Vec<&str> = Vec::new();
        for row in &profile.connections {
            if !names.contains(&&*row.source) {
                names.push(&row.source);
            }
        }
        names
    };
    let who = options.source.as_deref().unwrap_or("any source");
    Diagnostic::plain(format!("no row is chosen for {who}"))
        .help(format!("the sources of this profile are: {}", sources.join(", ")))
}

struct Binder<'p, 'o> {
    profile: &'p Profile,
    site: &'p Site,
    maker: Maker<'o>,
    findings: Vec<Finding>,
    source: Option<String>,
    only: Vec<Selector>,
    skip: Vec<Selector>,
}

impl Binder<'_, '_> {
    /// Reads the options that choose rows.
    fn choose(&mut self) {
        let options = self.maker.options;
        match (&options.source, options.all_sources) {
            (Some(word), _) => self.source = self.named_source(word),
            (None, true) => {}
            (None, false) => self.maker.errors.push(
                Diagnostic::plain("nothing says which source this is")
                    .help("give --source NAME (or CONNPROBE_SOURCE), or --all-sources"),
            ),
        }
        self.only = self.selectors("--only", &options.only);
        self.skip = self.selectors("--skip", &options.skip);
    }

    fn named_source(&mut self, word: &str) -> Option<String> {
        let extra = || self.site.extra.iter().map(|row| &*row.source);
        if let Some(name) = endpoint_named(self.profile, word) {
            return Some(name.to_owned());
        }
        if extra().any(|name| name == word) {
            return Some(word.to_owned());
        }
        let names = self.profile.endpoints.iter().map(|endpoint| &*endpoint.name);
        let near = did_you_mean(word, names.clone())
            .unwrap_or_else(|| format!("known are: {}", names.collect::<Vec<_>>().join(", ")));
        self.maker
            .errors
            .push(Diagnostic::plain(format!("--source: no endpoint `{word}`")).help(near));
        None
    }

    fn selectors(&mut self, option: &str, words: &[String]) -> Vec<Selector> {
        let mut found = Vec::new();
        let words = words.iter().flat_map(|word| word.split(',')).map(str::trim);
        for word in words.filter(|word| !word.is_empty()) {
            let rows = self.profile.connections.iter().chain(&self.site.extra);
            match Selector::parse(word, self.profile, rows) {
                Ok(selector) => found.push(selector),
                Err(message) => {
                    let names = self.profile.endpoints.iter().map(|endpoint| &*endpoint.name);
                    let classes = Classification::ALL.iter().map(|class| class.as_str());
                    let near = did_you_mean(word, names.chain(classes));
                    let message = format!("{option}: {message}");
                    self.maker.errors.push(Diagnostic::plain(message).maybe_help(near));
                }
            }
        }
        found
    }

    /// Why a row is not chosen; `None` where it is.
    fn passed_over(&self, row: &Connection) -> Option<String> {
        if let Some(source) = &self.source
            && *row.source != **source
        {
            return Some(format!("its source is {}, not {source}", row.source));
        }
        if !self.only.is_empty() && !self.only.iter().any(|selector| selector.matches(row)) {
            return Some("not named by --only".to_owned());
        }
        self.skip
            .iter()
            .any(|selector| selector.matches(row))
            .then(|| "left out by --skip".to_owned())
    }

    /// Binds a row: a case for each instance of its destination.
    fn row(&mut self, row: &Connection, extra: bool, cases: &mut Vec<Case>) {
        let none = RowSettings::default();
        let over = self.site.connections.get(&*row.id).unwrap_or(&none);
        let endpoint = self.site.endpoints.get(&*row.destination);
        let instances = endpoint.map_or(&[][..], |endpoint| &endpoint.instances);
        let bare = Settings::default();
        let base = endpoint.map_or(&bare, |endpoint| &endpoint.settings);
        let passed_over = self.passed_over(row);
        if passed_over.is_none() {
            self.findings(row, over, extra);
        }
        let each: Vec<Option<&InstanceSettings>> = match instances {
            [] => vec![None],
            some => some.iter().map(Some).collect(),
        };
        for instance in each {
            let own = over.settings.over(row.settings.as_deref().unwrap_or(&bare));
            let settings = match instance {
                Some(instance) => own.over(&instance.settings).over(base),
                None => own.over(base),
            };
            let name = instance.map(|instance| Arc::clone(&instance.name));
            cases.push(self.case(row, over, settings, name, passed_over.clone()));
        }
    }

    fn case(
        &mut self,
        row: &Connection,
        over: &RowSettings,
        mut settings: Settings,
        instance: Option<Arc<str>>,
        passed_over: Option<String>,
    ) -> Case {
        settings.timeouts = settings.timeouts.or(self.site.timeouts);
        let endpoint = self.profile.endpoint(&row.destination);
        let hosts: Vec<Arc<str>> = match settings.hosts.is_empty() {
            false => settings.hosts.iter().map(|(host, _)| host.as_str().into()).collect(),
            true => endpoint
                .and_then(|endpoint| endpoint.host.as_deref())
                .map(Into::into)
                .into_iter()
                .collect(),
        };
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
        if !unset.is_empty() {
            self.maker.errors.extend(unset);
            return case;
        }
        if hosts.is_empty() {
            self.maker.errors.push(no_host(row));
            return case;
        }
        let mut warnings = Vec::new();
        let parts = Parts {
            endpoint: &row.destination,
            hosts,
            ports: &case.port,
            settings: &settings,
            probe,
        };
        case.aim = self.maker.aim(&parts, &mut warnings).map(Box::new);
        case.plain_tcp = case.aim.as_ref().is_some_and(|aim| aim.probe.is_plain_tcp());
        case.warnings = warnings;
        let alternates = over.alternates.as_ref().unwrap_or(&row.alternates);
        if matches!(case.expectation, Expectation::Reachable) {
            let made = alternates
                .iter()
                .filter_map(|other| self.alternative(row, other, &settings, &case, probe));
            case.alternates = made.collect();
        }
        case
    }

    fn alternative(
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
        let hosts: Vec<Arc<str>> = match (&other.host, settings.hosts.is_empty()) {
            (Some(host), _) => vec![host.as_str().into()],
            (None, false) => settings.hosts.iter().map(|(host, _)| host.as_str().into()).collect(),
            (None, true) => endpoint?.host.as_deref().map(Into::into).into_iter().collect(),
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

    /// What profile and site say of a chosen row that a reader of the report should know.
    fn findings(&mut self, row: &Connection, over: &RowSettings, extra: bool) {
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
    fn tokens(&mut self, cases: &[Case]) -> BTreeMap<TokenKey, TokenSource> {
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
    fn token_source(&mut self, endpoint: &str, source: &str, place: &Place) -> Option<TokenSource> {
        let gives = |row: &&Connection| {
            let over = self.site.connections.get(&*row.id);
            let probe = over.and_then(|over| over.probe.as_ref()).or(row.probe.as_ref());
            *row.destination == *endpoint && probe.is_some_and(|probe| probe.name == "oauth2")
        };
        let rows = || self.profile.connections.iter().chain(&self.site.extra);
        let own = rows().filter(gives).find(|row| *row.source == *source);
        let row = own.or_else(|| rows().find(gives));
        let Some(row) = row else {
            self.maker.errors.push(
                Diagnostic::at(
                    place.clone(),
                    format!("auth.oauth2 names `{endpoint}`, and no row gets tokens there"),
                )
                .help("give the profile or `extra` a row to it with `probe: oauth2`"),
            );
            return None;
        };
        let none = RowSettings::default();
        let over = self.site.connections.get(&*row.id).unwrap_or(&none);
        let bare = Settings::default();
        let base = self.site.endpoints.get(endpoint).map_or(&bare, |e| &e.settings);
        let own = over.settings.over(row.settings.as_deref().unwrap_or(&bare));
        let mut settings = own.over(base);
        settings.timeouts = settings.timeouts.or(self.site.timeouts);
        let hosts: Vec<Arc<str>> = match settings.hosts.is_empty() {
            false => settings.hosts.iter().map(|(host, _)| host.as_str().into()).collect(),
            true => self
                .profile
                .endpoint(endpoint)?
                .host
                .as_deref()
                .map(Into::into)
                .into_iter()
                .collect(),
        };
        if hosts.is_empty() {
            self.maker.errors.push(no_host(row));
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

    fn controls(&mut self, cases: &[Case]) -> BTreeMap<Arc<str>, SourceControls> {
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

fn shown(hosts: &[Arc<str>]) -> Option<Arc<str>> {
    match hosts {
        [] => None,
        [one] => Some(Arc::clone(one)),
        several => Some(several.join(", ").into()),
    }
}

fn no_host(row: &Connection) -> Diagnostic {
    let name = &row.destination;
    Diagnostic::at(row.place.clone(), format!("row {}: nothing says where `{name}` is", row.id))
        .help(format!("the profile knows no host for it; give the site file endpoints.{name}.host"))
}
