//! A profile out of its file.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::model::read::Fields;
use crate::model::{Diagnostic, Node, Source};
use crate::profile::expand::Lookup;
use crate::profile::host::host;
use crate::profile::names::{Names, clashes};
use crate::profile::reader::{Keys, Reader};
use crate::profile::site::Site;
use crate::profile::table::{Confidence, Connection, Endpoint, Missing, Pods, Profile};
use crate::profile::tree::tree;

/// What the first key of a profile says.
pub const PROFILE: &str = "connprobe/profile/v1";
/// What the first key of a site says.
pub const SITE: &str = "connprobe/site/v1";

/// What could be read of a file, and everything that is wrong with it, in its order.
#[derive(Debug)]
pub struct Read<T> {
    /// What could be read; nothing where the file is none of its kind.
    pub value: Option<T>,
    /// The mistakes.
    pub errors: Vec<Diagnostic>,
    /// The keys that the reader asked for: the JSON Schema is held against them.
    pub keys: Keys,
}

impl<T> Read<T> {
    /// The whole of the file.
    ///
    /// Errors: every mistake.
    pub fn whole(self) -> Result<T, Vec<Diagnostic>> {
        match self.value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(self.errors),
        }
    }

    /// Nothing but mistakes.
    pub const fn broken(errors: Vec<Diagnostic>) -> Self {
        Self { value: None, errors, keys: Keys::new() }
    }
}

/// Reads a profile.
///
/// Errors: every mistake of the file at once, in its order. A variable without a value is one only
/// where it stands in a name; elsewhere the endpoint or row keeps it, for whoever chooses the row.
#[expect(clippy::needless_pass_by_value, reason = "a file is read once, and the tree keeps it")]
pub fn profile(source: Arc<Source>, lookup: Lookup<'_>) -> Result<Profile, Vec<Diagnostic>> {
    read_profile(&source, lookup).whole()
}

/// As [`profile`], with what could be read beside the mistakes.
pub fn read_profile(source: &Arc<Source>, lookup: Lookup<'_>) -> Read<Profile> {
    let root = match tree(source, lookup) {
        Ok(root) => root,
        Err(errors) => return Read::broken(errors),
    };
    let mut reader = Reader::default();
    let profile = reader.profile(&root, source);
    reader.done(profile, &root)
}

/// Reads a site of a profile. Errors: as [`profile`]; also every name that the profile hasn't.
#[expect(clippy::needless_pass_by_value, reason = "a file is read once, and the tree keeps it")]
pub fn site(
    source: Arc<Source>,
    lookup: Lookup<'_>,
    profile: &Profile,
) -> Result<Site, Vec<Diagnostic>> {
    read_site(&source, lookup, Some(profile)).whole()
}

/// As [`site`], with what could be read beside the mistakes. Without a profile it is only looked
/// whether the file is YAML.
pub fn read_site(
    source: &Arc<Source>,
    lookup: Lookup<'_>,
    profile: Option<&Profile>,
) -> Read<Site> {
    let root = match tree(source, lookup) {
        Ok(root) => root,
        Err(errors) => return Read::broken(errors),
    };
    let Some(profile) = profile else { return Read::broken(Vec::new()) };
    let mut reader = Reader::default();
    reader.missing = profile.missing;
    let site = reader.site(&root, source, profile);
    let mut read = reader.done(site, &root);
    let some = !read.errors.is_empty();
    if let Some(site) = &mut read.value {
        site.missing = Missing { endpoints: some, rows: some };
    }
    read
}

/// SHA-256 of a text's bytes, in hex.
pub fn digest(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

impl Reader {
    fn profile(&mut self, root: &Node, source: &Source) -> Option<Profile> {
        let mut fields = self.problems.fields(root, "profile")?;
        self.schema(&mut fields, PROFILE)?;
        let name = fields.required("name", &mut self.problems);
        let name = name.and_then(|node| self.name(node, "a profile"));
        let title = fields.text("title", &mut self.problems);
        let notes = fields.texts("notes", &mut self.problems);
        let endpoints = fields.required("endpoints", &mut self.problems);
        let entries = endpoints.and_then(Node::entries);
        let endpoints = endpoints.map(|node| self.endpoints(node)).unwrap_or_default();
        let mut names = Names::of(&endpoints);
        // Where an endpoint could not be read, that rows miss it is no news.
        let is_read = |(key, _): &(Node, Node)| key.text().is_some_and(|name| names.has(name));
        names.complete = entries.is_some_and(|entries| entries.iter().all(is_read));
        let complete = names.complete;
        clashes(self, &endpoints);
        let connections = fields.required("connections", &mut self.problems);
        let connections = connections.map(|node| self.connections(node, &names));
        self.missing.rows |= connections.is_none();
        self.finish(fields, "ProfileFile");
        let name = name.unwrap_or_default().to_owned();
        Some(Profile {
            title: title.unwrap_or_else(|| name.clone()),
            name,
            digest: digest(&source.text),
            notes,
            endpoints,
            connections: connections.unwrap_or_default(),
            missing: Missing { endpoints: !complete, ..self.missing },
        })
    }

    /// Whether the file is what it is read as. `None` where it is the other kind of file: every key
    /// would be a mistake.
    pub(super) fn schema(&mut self, fields: &mut Fields<'_>, expected: &str) -> Option<()> {
        let Some(node) = fields.required("schema", &mut self.problems) else { return Some(()) };
        let Some(text) = self.required_text(node) else { return Some(()) };
        if text == expected {
            return Some(());
        }
        let message = match text {
            PROFILE => format!("this is a profile, expected `{expected}`"),
            SITE => format!("this is a site, expected `{expected}`"),
            _ => format!("`{text}` is no schema that this version reads; expected `{expected}`"),
        };
        self.wrong(node, message);
        (text != PROFILE && text != SITE).then_some(())
    }

    fn endpoints(&mut self, node: &Node) -> Vec<Endpoint> {
        let named = self.named(node, "endpoint");
        named.into_iter().filter_map(|(name, key, value)| self.box_(name, key, value)).collect()
    }

    /// One box of the diagram.
    fn box_(&mut self, name: &str, key: &Node, node: &Node) -> Option<Endpoint> {
        if !self.is_name(key, name, "an endpoint") {
            return None;
        }
        let mut fields = self.problems.fields(node, "endpoint")?;
        let name: Arc<str> = self.word(name);
        let title = self.shared(&mut fields, "title").unwrap_or_else(|| Arc::clone(&name));
        let endpoint = Endpoint {
            name,
            title,
            aliases: fields.texts("aliases", &mut self.problems),
            host: fields.parse("host", &mut self.problems, host),
            confidence: fields.word("confidence", &mut self.problems, Confidence::WORDS),
            about: self.shared(&mut fields, "about"),
            pods: fields.node("pods").and_then(|node| self.pods(node)),
            owner: self.shared(&mut fields, "owner"),
            runbook: self.shared(&mut fields, "runbook"),
            unset: Vec::new(),
            place: key.place(),
        };
        self.finish(fields, "Endpoint");
        Some(Endpoint { unset: self.problems.take_unset(), ..endpoint })
    }

    /// How pods are found: a namespace and labels.
    pub(super) fn pods(&mut self, node: &Node) -> Option<Pods> {
        let mut fields = self.problems.fields(node, "pods")?;
        let namespace = fields.text("namespace", &mut self.problems);
        let labels = fields.node("labels");
        self.finish(fields, "Pods");
        let mut pods = Pods { namespace, ..Pods::default() };
        let Some(labels) = labels else { return Some(pods) };
        let Some(entries) = labels.entries() else {
            self.wrong(labels, format!("expected a map of labels, found {}", labels.what()));
            return None;
        };
        for (key, value) in entries {
            let (Some(key_text), Some(value)) = (key.text(), self.problems.text(value)) else {
                continue;
            };
            if pods.labels.insert(key_text.to_owned(), value.to_owned()).is_some() {
                self.wrong(key, format!("the label `{key_text}` stands twice"));
            }
        }
        Some(pods)
    }

    fn connections(&mut self, node: &Node, names: &Names<'_>) -> Vec<Connection> {
        let items = self.list(node, "connection");
        if items.is_empty() && self.problems.errors.is_empty() {
            self.wrong(node, "the profile has no connections");
        }
        let mut seen = HashSet::with_capacity(items.len());
        let mut rows = Vec::with_capacity(items.len());
        for item in items {
            let row = self.connection(item, names);
            // A row that can't be read has its id all the same.
            if let Some(id) = item.get("id")
                && let Some(text) = id.text()
                && !seen.insert(text)
            {
                self.wrong(id, format!("the row `{text}` stands twice"));
            }
            self.missing.rows |= row.is_none();
            rows.extend(row);
        }
        rows
    }
}
