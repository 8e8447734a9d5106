//! A site out of its file: what is said of endpoints, rows and controls of its profile.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use time::{Date, Month};

use crate::model::diagnostic::did_you_mean;
use crate::model::node::Kind;
use crate::model::read::Fields;
use crate::model::{Diagnostic, FaultCode, Node, Ports, Proof, Source};
use crate::profile::auth::{is_given, key_of};
use crate::profile::host::host;
use crate::profile::load::{SITE, digest};
use crate::profile::names::Names;
use crate::profile::reader::{Reader, unknown};
use crate::profile::site::{
    ControlSettings, EndpointSettings, InstanceSettings, NegativeControl, RowSettings, Settings,
    Site, Waiver,
};
use crate::profile::table::{Connection, Profile};

/// The rows that a site may name, by id: those of the profile and its own.
type Rows<'p> = HashMap<&'p str, &'p Connection>;

impl Reader {
    pub(super) fn site(&mut self, root: &Node, source: &Source, of: &Profile) -> Option<Site> {
        let mut names = Names::of(&of.endpoints);
        names.complete = !self.missing.endpoints;
        let mut fields = self.problems.fields(root, "site")?;
        self.schema(&mut fields, SITE)?;
        let mut site = Site { digest: digest(&source.text), ..Site::default() };
        site.profile = self.profile_name(&mut fields, of);
        if let Some(node) = fields.node("endpoints") {
            site.endpoints = self.endpoint_settings(node, &names);
        }
        if let Some(node) = fields.node("extra") {
            site.extra = self.extra_rows(node, &names, of);
        }
        let rows: Rows<'_> =
            of.connections.iter().chain(&site.extra).map(|row| (&*row.id, row)).collect();
        if let Some(node) = fields.node("connections") {
            site.connections = self.overrides(node, &names, of);
        }
        if let Some(node) = fields.node("controls") {
            site.controls = self.controls(node, &names, &rows);
        }
        if let Some(node) = fields.node("waivers") {
            let items = self.list(node, "waiver");
            site.waivers =
                items.iter().filter_map(|item| self.waiver(item, &rows, &site.endpoints)).collect();
        }
        self.whole_auth(&site, of);
        site.timeouts = self.timeouts(&mut fields);
        self.finish(fields, "SiteFile");
        Some(site)
    }

    fn profile_name(
        &mut self,
        fields: &mut Fields<'_>,
        of: &Profile,
    ) -> Option<(String, crate::model::Place)> {
        let node = fields.node("profile")?;
        let name = self.required_text(node)?;
        if name != of.name && !of.name.is_empty() {
            self.wrong(node, format!("the site is for `{name}`, the profile is `{}`", of.name));
        }
        Some((name.to_owned(), node.place()))
    }

    fn endpoint_settings(
        &mut self,
        node: &Node,
        names: &Names<'_>,
    ) -> BTreeMap<String, EndpointSettings> {
        let mut all = BTreeMap::new();
        for (name, key, value) in self.named(node, "endpoint") {
            let known = self.endpoint_named(key, name, names).is_some();
            let Some(mut fields) = self.problems.fields(value, "endpoint") else { continue };
            let settings = self.settings(&mut fields, names);
            let pods = fields.node("pods").and_then(|node| self.pods(node));
            let settings = Settings { unset: self.problems.take_unset(), ..settings };
            let instances = fields.node("instances");
            self.finish(fields, "SiteEndpoint");
            let instances = instances.map(|node| self.instances(node, names)).unwrap_or_default();
            if known {
                let place = key.place();
                let settings = EndpointSettings { settings, pods, instances, place };
                all.insert(name.to_owned(), settings);
            }
        }
        all
    }

    fn instances(&mut self, node: &Node, names: &Names<'_>) -> Vec<InstanceSettings> {
        let mut all = Vec::new();
        for (name, key, value) in self.named(node, "instance") {
            if !self.is_name(key, name, "an instance") {
                continue;
            }
            let Some(mut fields) = self.problems.fields(value, "instance") else { continue };
            let settings = self.settings(&mut fields, names);
            self.finish(fields, "Instance");
            let settings = Settings { unset: self.problems.take_unset(), ..settings };
            all.push(InstanceSettings { name: Arc::from(name), settings });
        }
        all
    }

    fn extra_rows(&mut self, node: &Node, names: &Names<'_>, of: &Profile) -> Vec<Connection> {
        let mut taken: HashMap<Arc<str>, &str> = of
            .connections
            .iter()
            .map(|row| (Arc::clone(&row.id), "a row of the profile"))
            .collect();
        let mut rows = Vec::new();
        for item in self.list(node, "extra row") {
            let Some(row) = self.extra(item, names) else {
                self.missing.rows = true;
                continue;
            };
            if let Some(by) = taken.insert(Arc::clone(&row.id), "another extra row") {
                let message = format!("the id `{}` belongs to {by}", row.id);
                self.problems.push(Diagnostic::at(row.place.clone(), message));
            }
            rows.push(row);
        }
        rows
    }

    fn overrides(
        &mut self,
        node: &Node,
        names: &Names<'_>,
        of: &Profile,
    ) -> BTreeMap<String, RowSettings> {
        let rows: Rows<'_> = of.connections.iter().map(|row| (&*row.id, row)).collect();
        let mut all = BTreeMap::new();
        for (id, key, value) in self.named(node, "row") {
            let row = self.row(key, id, &rows);
            let Some(mut fields) = self.problems.fields(value, "connection") else { continue };
            let mut settings = RowSettings {
                settings: self.settings(&mut fields, names),
                port: fields.parse("port", &mut self.problems, Ports::parse),
                skip: self.skip(&mut fields),
                proof: self.proof_override(&mut fields, row),
                expect: self.expect(&mut fields),
                probe: fields.node("probe").and_then(|node| self.probe(node)),
                alternates: self.alternates(&mut fields, names),
                place: Some(key.place()),
            };
            self.finish(fields, "Override");
            settings.settings.unset = self.problems.take_unset();
            if row.is_some() {
                all.insert(id.to_owned(), settings);
            }
        }
        all
    }

    /// The row of an id.
    fn row<'p>(&mut self, node: &Node, id: &str, rows: &Rows<'p>) -> Option<&'p Connection> {
        let row = rows.get(id).copied();
        if row.is_none() && !self.missing.rows {
            let mut known: Vec<&str> = rows.keys().copied().collect();
            known.sort_unstable();
            // Between short numbers everything is near.
            known.retain(|_| id.len() > 2);
            let mut problem = unknown(node, "row", id, known);
            if id.contains('[') {
                problem = problem.help("what differs per instance stands at its endpoint");
            }
            self.problems.push(problem);
        }
        row
    }

    /// Why a row is not probed: a report tells it, so `true` is not enough.
    fn skip(&mut self, fields: &mut Fields<'_>) -> Option<String> {
        let node = fields.node("skip")?;
        let reason = self.problems.text(node)?;
        if reason.trim().is_empty() || node.flag().is_some() {
            self.problems.push(
                node.wrong("`skip` needs a reason").help("write why: `skip: no UDM at this site`"),
            );
            return None;
        }
        Some(reason.to_owned())
    }

    fn proof_override(
        &mut self,
        fields: &mut Fields<'_>,
        row: Option<&Connection>,
    ) -> Option<(Proof, Option<String>)> {
        let map = fields.node;
        let node = fields.node("proof");
        let reason = fields.text("reason", &mut self.problems);
        let Some(node) = node else {
            if is_given(map, "reason") {
                self.wrong(
                    key_of(map, "reason"),
                    "`reason` explains another `proof`; none is given",
                );
            }
            return None;
        };
        let proof = self.proof(node)?;
        if let Some(row) = row.filter(|row| proof < row.proof)
            && !is_given(map, "reason")
        {
            self.problems.push(
                node.wrong(format!(
                    "`{proof}` is less proof than the profile's `{}`, so it needs a reason",
                    row.proof
                ))
                .help("write `reason: ..` beside it"),
            );
        }
        Some((proof, reason))
    }

    fn controls(
        &mut self,
        node: &Node,
        names: &Names<'_>,
        rows: &Rows<'_>,
    ) -> BTreeMap<String, ControlSettings> {
        let mut all = BTreeMap::new();
        for (name, key, value) in self.named(node, "source") {
            let known = self.endpoint_named(key, name, names).is_some();
            let Some(mut fields) = self.problems.fields(value, "controls") else { continue };
            let mut controls =
                ControlSettings { place: Some(key.place()), ..ControlSettings::default() };
            for item in fields.node("positive").map(Node::items).unwrap_or_default() {
                if let Some(id) = self.positive(item, name, rows) {
                    controls.positive.push((id, item.place()));
                }
            }
            if let Some(node) = fields.node("negative") {
                let items = self.list(node, "target");
                controls.negative = items.iter().filter_map(|item| self.negative(item)).collect();
            }
            self.finish(fields, "Controls");
            controls.unset = self.problems.take_unset();
            if known {
                all.insert(name.to_owned(), controls);
            }
        }
        all
    }

    /// A row of that source that must work.
    fn positive(&mut self, node: &Node, source: &str, rows: &Rows<'_>) -> Option<String> {
        let id = self.required_text(node)?;
        let row = self.row(node, id, rows)?;
        if &*row.source != source {
            let message = format!("the row `{id}` starts at `{}`, not at `{source}`", row.source);
            self.wrong(node, message);
            return None;
        }
        Some(id.to_owned())
    }

    fn negative(&mut self, node: &Node) -> Option<NegativeControl> {
        let mut fields = self.problems.fields(node, "target")?;
        let name = fields.required("host", &mut self.problems);
        let name = name.and_then(|node| self.problems.parse(node, host));
        let port = fields.required("port", &mut self.problems);
        let port = port.and_then(|node| self.problems.parse(node, single_port));
        self.finish(fields, "Negative");
        Some(NegativeControl { host: name?, port: port? })
    }

    fn waiver(
        &mut self,
        node: &Node,
        rows: &Rows<'_>,
        endpoints: &BTreeMap<String, EndpointSettings>,
    ) -> Option<Waiver> {
        let mut fields = self.problems.fields(node, "waiver")?;
        let row = fields.required("row", &mut self.problems);
        let row = row.and_then(|node| self.waived(node, rows, endpoints));
        let code = fields.required("code", &mut self.problems);
        let code = code.and_then(|node| self.parse_with_help(node, any_fault));
        let reason = fields.required("reason", &mut self.problems);
        let reason = reason.and_then(|node| self.problems.text(node));
        let until = fields.required("until", &mut self.problems);
        let until = until.and_then(|node| self.problems.parse(node, day));
        self.finish(fields, "Waiver");
        let reason = reason?.to_owned();
        self.settle();
        Some(Waiver { row: row?, code: code?, reason, until: until?, place: node.place() })
    }

    /// `18` or `18[t100]`.
    fn waived(
        &mut self,
        node: &Node,
        rows: &Rows<'_>,
        endpoints: &BTreeMap<String, EndpointSettings>,
    ) -> Option<String> {
        if let Kind::List(_) = node.kind {
            self.problems.push(
                node.wrong("expected a row, found a list")
                    .help("quote a row with an instance: \"18[t100]\""),
            );
            return None;
        }
        let text = self.required_text(node)?;
        let (id, instance) = match text.strip_suffix(']').and_then(|text| text.split_once('[')) {
            Some((id, instance)) => (id, Some(instance)),
            None => (text, None),
        };
        let row = self.row(node, id, rows)?;
        let Some(instance) = instance else { return Some(text.to_owned()) };
        let known: Vec<&str> = endpoints
            .get(&*row.destination)
            .map(|endpoint| endpoint.instances.iter().map(|one| &*one.name).collect())
            .unwrap_or_default();
        if !known.contains(&instance) {
            let what = format!("instance of `{}` with the name", row.destination);
            self.problems.push(unknown(node, &what, instance, known));
            return None;
        }
        Some(text.to_owned())
    }
}

fn single_port(text: &str) -> Result<u16, String> {
    Ports::parse(text)?.single().ok_or_else(|| format!("`{text}` is more than one port"))
}

fn any_fault(text: &str) -> Result<FaultCode, (String, Option<String>)> {
    FaultCode::parse(text).ok_or_else(|| {
        let known = FaultCode::ALL.iter().map(|code| code.as_str());
        (format!("`{text}` is no fault"), did_you_mean(text, known))
    })
}

/// A calendar date (ISO 8601, extended form).
fn day(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is no day; write it as 2027-01-31");
    let mut parts = text.splitn(3, '-');
    let mut part = |length: usize| {
        let part = parts.next().filter(|part| part.len() == length)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u16>().ok())?
    };
    let (year, month, day) = (|| Some((part(4)?, part(2)?, part(2)?)))().ok_or_else(wrong)?;
    let month = u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok());
    let date = month.zip(u8::try_from(day).ok());
    date.and_then(|(month, day)| Date::from_calendar_date(i32::from(year), month, day).ok())
        .map(|_| text.to_owned())
        .ok_or_else(wrong)
}
