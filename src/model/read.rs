//! Reading typed values out of a tree, with every mistake collected.

use std::time::Duration;

use crate::model::diagnostic::{Diagnostic, did_you_mean};
use crate::model::node::{Kind, Node};

/// What is wrong with what was read so far.
#[derive(Debug, Default)]
pub struct Problems {
    /// Mistakes that stand whatever is chosen.
    pub errors: Vec<Diagnostic>,
    /// Variables that are not set: mistakes only where a chosen row needs the value.
    pub unset: Vec<Diagnostic>,
}

impl Problems {
    /// Adds a mistake.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.errors.push(diagnostic);
    }

    /// Takes out the variables that are not set since the last call.
    pub fn take_unset(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.unset)
    }

    /// The text of a scalar; anything else is a mistake.
    pub fn text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        match &node.kind {
            Kind::Scalar { unset: Some(name), .. } => {
                self.unset.push(
                    node.wrong(format!("the variable `{name}` is not set"))
                        .help(format!("set it, or give a default: ${{{name}:-value}}")),
                );
                None
            }
            Kind::Scalar { text, .. } => Some(text),
            _ => {
                self.push(node.wrong(format!("expected a text, found {}", node.what())));
                None
            }
        }
    }

    /// A value that its own text spells.
    pub fn parse<T>(
        &mut self,
        node: &Node,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(node)?;
        parse(text).map_err(|message| self.push(node.wrong(message))).ok()
    }

    /// One word of a closed list.
    pub fn word<T: Copy>(&mut self, node: &Node, known: &[(&str, T)]) -> Option<T> {
        let text = self.text(node)?;
        if let Some((_, value)) = known.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        let near = did_you_mean(text, words.iter().copied());
        self.push(
            node.wrong(format!("`{text}` is none of: {}", words.join(", "))).maybe_help(near),
        );
        None
    }

    /// A truth value.
    pub fn flag(&mut self, node: &Node) -> Option<bool> {
        let flag = node.flag();
        if flag.is_none() {
            self.push(node.wrong(format!("expected true or false, found {}", node.what())));
        }
        flag
    }

    /// The keys of a map, to be asked for one by one.
    pub fn fields<'n>(&mut self, node: &'n Node, what: &'static str) -> Option<Fields<'n>> {
        match &node.kind {
            Kind::Map(entries) => Some(Fields { node, entries, what, asked: Vec::new() }),
            Kind::Null => Some(Fields { node, entries: &[], what, asked: Vec::new() }),
            _ => {
                self.push(node.wrong(format!("expected a map of {what}, found {}", node.what())));
                None
            }
        }
    }
}

/// The keys of one map. Each is asked for by name; [`Fields::finish`] names those that nobody knows.
#[derive(Debug)]
pub struct Fields<'n> {
    /// The map itself.
    pub node: &'n Node,
    entries: &'n [(Node, Node)],
    what: &'static str,
    asked: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The node of a key, unless it is absent or empty.
    pub fn node(&mut self, key: &'static str) -> Option<&'n Node> {
        self.asked.push(key);
        let (_, value) = self.entries.iter().find(|(name, _)| name.text() == Some(key))?;
        (value.kind != Kind::Null).then_some(value)
    }

    /// As [`Self::node`]; absence is a mistake.
    pub fn required(&mut self, key: &'static str, problems: &mut Problems) -> Option<&'n Node> {
        let node = self.node(key);
        if node.is_none() {
            problems.push(self.node.wrong(format!("{} has no `{key}`", self.what)));
        }
        node
    }

    /// A text.
    pub fn text(&mut self, key: &'static str, problems: &mut Problems) -> Option<String> {
        self.node(key).and_then(|node| problems.text(node)).map(str::to_owned)
    }

    /// A truth value.
    pub fn flag(&mut self, key: &'static str, problems: &mut Problems) -> Option<bool> {
        self.node(key).and_then(|node| problems.flag(node))
    }

    /// A value that its own text spells.
    pub fn parse<T>(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.node(key).and_then(|node| problems.parse(node, parse))
    }

    /// One word of a closed list.
    pub fn word<T: Copy>(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
        known: &[(&str, T)],
    ) -> Option<T> {
        self.node(key).and_then(|node| problems.word(node, known))
    }

    /// A list of texts; a single text is a list of one.
    pub fn texts(&mut self, key: &'static str, problems: &mut Problems) -> Vec<String> {
        let Some(node) = self.node(key) else { return Vec::new() };
        node.items().iter().filter_map(|item| problems.text(item)).map(str::to_owned).collect()
    }

    /// A length of time: `500ms`, `5s`, `2m`, `14d`.
    pub fn duration(&mut self, key: &'static str, problems: &mut Problems) -> Option<Duration> {
        self.parse(key, problems, duration)
    }

    /// The keys that were asked for so far: those that the map may have.
    pub fn known(&self) -> &[&'static str] {
        &self.asked
    }

    /// Names the keys that nobody asked for, and those that stand twice.
    pub fn finish(self, problems: &mut Problems) {
        for (i, (key, _)) in self.entries.iter().enumerate() {
            let Some(name) = key.text() else {
                problems.push(key.wrong(format!("expected a key, found {}", key.what())));
                continue;
            };
            if self.entries[..i].iter().any(|(earlier, _)| earlier.text() == Some(name)) {
                problems.push(key.wrong(format!("`{name}` stands twice in {}", self.what)));
            } else if !self.asked.contains(&name) {
                let near = did_you_mean(name, self.asked.iter().copied())
                    .unwrap_or_else(|| format!("known are: {}", self.asked.join(", ")));
                problems.push(key.wrong(format!("{} has no key `{name}`", self.what)).help(near));
            }
        }
    }
}

/// Reads a length of time: a number with a unit of `ms`, `s`, `m`, `h` or `d`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return Err(format!("`{text}` is no length of time; write 500ms, 5s, 2m, 1h or 14d")),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| format!("`{text}` is no length of time; write 500ms, 5s, 2m, 1h or 14d"))?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| format!("`{text}` is too long"))
}
