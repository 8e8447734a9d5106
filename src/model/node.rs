//! A tree with positions: what a YAML file says, before anything is made of it.
//!
//! A serde reader stops at the first mistake; all are wanted at once, each where it stands.

use std::ops::Range;
use std::sync::Arc;

use crate::model::diagnostic::{Diagnostic, Place, Source};

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// A word, number or text.
    Scalar {
        /// The text after expansion of variables.
        text: Box<str>,
        /// Whether it stood without quotes, so that it may be a number or a truth value.
        plain: bool,
        /// A variable that it names and that is not set.
        unset: Option<Box<str>>,
    },
    /// A list.
    List(Vec<Node>),
    /// Keys and values in the order of the file.
    Map(Vec<(Node, Node)>),
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it holds.
    pub kind: Kind,
    /// The file.
    pub source: Arc<Source>,
    /// The bytes of the file; four bytes each, since a table of 10,000 rows has 150,000 nodes.
    span: (u32, u32),
}

impl Node {
    /// A part of a file. Offsets over 4 GiB, which no reader takes, point to the end of those.
    pub fn new(kind: Kind, source: Arc<Source>, span: Range<usize>) -> Self {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { kind, source, span: (offset(span.start), offset(span.end)) }
    }

    /// The bytes of the file.
    pub fn span(&self) -> Range<usize> {
        self.span.0 as usize..self.span.1 as usize
    }

    /// Where it stands.
    pub fn place(&self) -> Place {
        Place { source: Arc::clone(&self.source), span: self.span() }
    }

    /// A diagnostic that points here.
    pub fn wrong(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(self.place(), message)
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// A scalar without quotes that is `true` or `false`.
    pub fn flag(&self) -> Option<bool> {
        match &self.kind {
            Kind::Scalar { text, plain: true, .. } => match &**text {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// The items of a list; a node that is no list is its own only item, an empty one has none.
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// Keys and values of a map.
    pub fn entries(&self) -> Option<&[(Self, Self)]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()?.iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// What it is, in words: "a list", "a text".
    pub fn what(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Scalar { text, plain: true, .. } if text.parse::<f64>().is_ok() => "a number",
            Kind::Scalar { .. } if self.flag().is_some() => "a truth value",
            Kind::Scalar { .. } => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}
