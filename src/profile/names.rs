//! The endpoints that other places may name.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::Node;
use crate::profile::reader::{Reader, unknown};
use crate::profile::table::Endpoint;

/// Endpoints by name, and what people call them.
#[derive(Debug)]
pub(super) struct Names<'p> {
    by_name: HashMap<&'p str, &'p Endpoint>,
    /// Aliases and titles in lower case.
    aliases: HashMap<String, &'p Endpoint>,
    /// Whether every endpoint could be read; else one that is unknown is no mistake of the row.
    pub(super) complete: bool,
}

impl<'p> Names<'p> {
    pub(super) fn of(endpoints: &'p [Endpoint]) -> Self {
        let mut aliases = HashMap::new();
        for endpoint in endpoints {
            for alias in endpoint.aliases.iter().map(String::as_str).chain([&*endpoint.title]) {
                aliases.entry(alias.to_lowercase()).or_insert(endpoint);
            }
        }
        let by_name = endpoints.iter().map(|endpoint| (&*endpoint.name, endpoint)).collect();
        Self { by_name, aliases, complete: true }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The names in the order of the alphabet, so that a suggestion is always the same.
    pub(super) fn all(&self) -> Vec<&'p str> {
        let mut names: Vec<&str> = self.by_name.keys().copied().collect();
        names.sort_unstable();
        names
    }

    fn alias(&self, text: &str) -> Option<&'p Endpoint> {
        self.aliases.get(&text.to_lowercase()).copied()
    }
}

impl Reader {
    /// The endpoint that a text names.
    pub(super) fn endpoint(&mut self, node: &Node, names: &Names<'_>) -> Option<Arc<str>> {
        let name = self.required_text(node)?;
        self.endpoint_named(node, name, names)
    }

    /// As [`Self::endpoint`], for a name that was read already.
    pub(super) fn endpoint_named(
        &mut self,
        node: &Node,
        name: &str,
        names: &Names<'_>,
    ) -> Option<Arc<str>> {
        if let Some(endpoint) = names.by_name.get(name) {
            return Some(Arc::clone(&endpoint.name));
        }
        let problem = match names.alias(name) {
            Some(endpoint) => {
                node.wrong(format!("`{name}` is an alias of `{}`", endpoint.name)).help(format!(
                    "write `{}`: aliases are for people and the command line",
                    endpoint.name
                ))
            }
            None if !names.complete => return Some(self.word(name)),
            None => unknown(node, "endpoint", name, names.all()),
        };
        self.problems.push(problem);
        None
    }
}

/// Aliases that two endpoints claim, or that another endpoint has as its name.
pub(super) fn clashes(reader: &mut Reader, endpoints: &[Endpoint]) {
    let names: HashMap<String, &Endpoint> =
        endpoints.iter().map(|endpoint| (endpoint.name.to_lowercase(), endpoint)).collect();
    let mut seen: HashMap<String, &Endpoint> = HashMap::new();
    for endpoint in endpoints {
        for alias in &endpoint.aliases {
            let key = alias.to_lowercase();
            let other = names.get(&key).or_else(|| seen.get(&key)).copied();
            if let Some(other) = other.filter(|other| other.name != endpoint.name) {
                reader.problems.push(crate::model::Diagnostic::at(
                    endpoint.place.clone(),
                    format!(
                        "the alias `{alias}` of `{}` also means `{}`",
                        endpoint.name, other.name
                    ),
                ));
            }
            seen.insert(key, endpoint);
        }
    }
}
