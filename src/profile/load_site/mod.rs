//! A site out of its file: what is said of endpoints, rows and controls of its profile.

mod controls;
mod rows;
mod waivers;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::model::read::Fields;
use crate::model::{Node, Place, Source};
use crate::profile::load::{SITE, digest};
use crate::profile::names::Names;
use crate::profile::reader::{Reader, unknown};
use crate::profile::site::{EndpointSettings, InstanceSettings, Settings, Site};
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
        // Overrides are of the profile's rows alone, whatever becomes of the extra ones.
        if let Some(node) = fields.node("connections") {
            site.connections = self.overrides(node, &names, of);
        }
        if let Some(node) = fields.node("extra") {
            site.extra = self.extra_rows(node, &names, of);
        }
        let rows: Rows<'_> =
            of.connections.iter().chain(&site.extra).map(|row| (&*row.id, row)).collect();
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

    fn profile_name(&mut self, fields: &mut Fields<'_>, of: &Profile) -> Option<(String, Place)> {
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

    /// The row of an id.
    pub(super) fn row<'p>(
        &mut self,
        node: &Node,
        id: &str,
        rows: &Rows<'p>,
    ) -> Option<&'p Connection> {
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
}
