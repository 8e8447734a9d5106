//! What the readers of all maps share: the mistakes so far, and words that stand often.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::model::diagnostic::did_you_mean;
use crate::model::node::Kind;
use crate::model::read::{Fields, Problems};
use crate::model::{Diagnostic, Node};
use crate::profile::load::Read;
use crate::profile::mask;
use crate::profile::table::Missing;

/// For each kind of map, by its name in the JSON Schema, the keys that the reader asks for.
pub type Keys = BTreeMap<&'static str, Vec<&'static str>>;

/// Collects mistakes while types are built out of a tree.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) problems: Problems,
    /// Rows repeat names, protocols and data; each is kept once.
    words: HashSet<Arc<str>>,
    pub(super) keys: Keys,
    /// What could not be read so far, and is no mistake where it is named.
    pub(super) missing: Missing,
}

impl Reader {
    pub(super) fn wrong(&mut self, node: &Node, message: impl Into<String>) {
        self.problems.push(node.wrong(message));
    }

    /// One copy of a text that may stand often.
    pub(super) fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.words.get(text) {
            return Arc::clone(known);
        }
        let word: Arc<str> = text.into();
        self.words.insert(Arc::clone(&word));
        word
    }

    /// A text of a map, kept once.
    pub(super) fn shared(
        &mut self,
        fields: &mut Fields<'_>,
        key: &'static str,
    ) -> Option<Arc<str>> {
        let node = fields.node(key)?;
        let text = self.problems.text(node)?;
        Some(self.word(text))
    }

    /// A text that is needed whatever is chosen: a variable without a value is a mistake at once.
    pub(super) fn required_text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let outer = self.problems.take_unset();
        let text = self.problems.text(node);
        let unset = std::mem::replace(&mut self.problems.unset, outer);
        self.problems.errors.extend(unset);
        text
    }

    /// As [`Problems::parse`], where the mistake may come with what would do.
    pub(super) fn parse_with_help<T>(
        &mut self,
        node: &Node,
        parse: impl FnOnce(&str) -> Result<T, (String, Option<String>)>,
    ) -> Option<T> {
        let text = self.problems.text(node)?;
        parse(text)
            .map_err(|(message, help)| self.problems.push(node.wrong(message).maybe_help(help)))
            .ok()
    }

    /// A name that other places refer to.
    pub(super) fn name<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let text = self.required_text(node)?;
        self.is_name(node, text, what).then_some(text)
    }

    /// Whether a text may be a name; says so where it may not.
    pub(super) fn is_name(&mut self, node: &Node, text: &str, what: &str) -> bool {
        if is_word(text) {
            return true;
        }
        self.problems.push(
            node.wrong(format!("`{text}` is no name of {what}"))
                .help("letters, digits, `-`, `_` and `.` may stand in it"),
        );
        false
    }

    /// The entries of a map whose keys are names; one that stands twice is a mistake.
    pub(super) fn named<'n>(
        &mut self,
        node: &'n Node,
        what: &'static str,
    ) -> Vec<(&'n str, &'n Node, &'n Node)> {
        let Kind::Map(entries) = &node.kind else {
            self.wrong(node, format!("expected a map of {what}s by name, found {}", node.what()));
            return Vec::new();
        };
        let mut seen = HashSet::new();
        let mut named = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let Some(name) = self.required_text(key) else { continue };
            if seen.insert(name) {
                named.push((name, key, value));
            } else {
                self.wrong(key, format!("the {what} `{name}` stands twice"));
            }
        }
        named
    }

    /// The items of a list; a map is a mistake, so that a forgotten dash is told as such.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &'static str) -> &'n [Node] {
        if let Kind::List(items) = &node.kind {
            return items;
        }
        self.wrong(node, format!("expected a list of {what}s, found {}", node.what()));
        &[]
    }

    /// Ends the reading of a map; `form` is its name in the JSON Schema.
    pub(super) fn finish(&mut self, fields: Fields<'_>, form: &'static str) {
        self.keys.entry(form).or_insert_with(|| fields.known().to_vec());
        fields.finish(&mut self.problems);
    }

    /// Variables without a value where no row can be blamed are mistakes at once.
    pub(super) fn settle(&mut self) {
        let unset = self.problems.take_unset();
        self.problems.errors.extend(unset);
    }

    /// What was read, and every mistake in the order of the file, with secrets starred out.
    pub(super) fn done<T>(mut self, value: Option<T>, root: &Node) -> Read<T> {
        self.settle();
        let mut errors = self.problems.errors;
        errors.sort_by_key(|error| error.place.as_ref().map(|place| place.span.start));
        if !errors.is_empty() {
            errors = mask::diagnostics(errors, root);
        }
        Read { value, errors, keys: self.keys }
    }
}

/// Letters, digits and what names are made of: they stand in variables, file names and `18[t100]`.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// A name that nothing has: the message says so, and which one is near.
pub(super) fn unknown<'a>(
    node: &Node,
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    node.wrong(format!("there is no {what} `{name}`")).maybe_help(did_you_mean(name, known))
}
