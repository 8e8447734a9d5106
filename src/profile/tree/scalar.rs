//! Scalars: what is nothing, what is a text, and where variables are put in.

use std::sync::Arc;

use saphyr_parser::{ScalarStyle, Span, Tag};

use crate::model::node::Kind;
use crate::model::{Diagnostic, Node};
use crate::profile::expand;
use crate::profile::tree::{Builder, Inside, Open};

impl Builder<'_> {
    pub(super) fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<Node, Diagnostic> {
        let as_text = self.tag(tag, span)?;
        let plain = style == ScalarStyle::Plain && !as_text;
        let start = self.offsets.byte(span.start);
        let end = self.offsets.byte(span.end).max(start);
        let end = scalar_end(&self.source.text, start, end, style);
        let mut node = Node::new(Kind::Null, Arc::clone(self.source), start..end);
        if plain && is_null(text) {
            return Ok(node);
        }
        let expanded = if self.is_key() || !text.contains('$') {
            expand::Expanded { text: text.into(), unset: None }
        } else {
            expand::text(text, self.lookup).unwrap_or_else(|error| {
                self.errors.push(node.wrong(error.message).help(error.help));
                expand::Expanded { text: text.into(), unset: None }
            })
        };
        // `${NAME:-}` without quotes says nothing, as an absent value does.
        if !(plain && expanded.text.is_empty() && expanded.unset.is_none()) {
            node.kind = Kind::Scalar { text: expanded.text, plain, unset: expanded.unset };
        }
        Ok(node)
    }

    /// Whether the next node is the key of a map.
    fn is_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { what: Inside::Map { key: None, .. }, .. }))
    }

    /// Whether a tag makes a text of what follows; other tags than those of YAML itself are refused.
    pub(super) fn tag(&self, tag: Option<&Tag>, span: Span) -> Result<bool, Diagnostic> {
        match tag {
            None => Ok(false),
            Some(tag) if tag.is_yaml_core_schema() => Ok(tag.suffix == "str"),
            Some(tag) => Err(self
                .wrong(span, format!("the tag `{}{}` means nothing here", tag.handle, tag.suffix))
                .help("remove it")),
        }
    }
}

/// Where a scalar ends: the parser lets some end behind the blanks and comments that follow.
fn scalar_end(text: &str, start: usize, end: usize, style: ScalarStyle) -> usize {
    let quote = match style {
        ScalarStyle::SingleQuoted => '\'',
        ScalarStyle::DoubleQuoted => '"',
        _ => return start + text[start..end].trim_end().len(),
    };
    let mut inside = text[start..end].char_indices().skip(1).peekable();
    while let Some((at, c)) = inside.next() {
        if c == '\\' && quote == '"' {
            inside.next();
        } else if c == quote {
            // Two single quotes are one that is meant.
            if quote == '\'' && inside.next_if(|(_, next)| *next == quote).is_some() {
                continue;
            }
            return start + at + 1;
        }
    }
    end
}

/// The spellings of nothing (YAML 1.2 §10.2.1.1).
fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
