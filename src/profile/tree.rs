//! YAML into a tree with positions, with the environment's variables put in.
//!
//! The parser counts characters, a diagnostic counts bytes; `Offsets` translates.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use crate::model::node::Kind;
use crate::model::{Diagnostic, Node, Place, Source};
use crate::profile::expand::{self, Lookup};
use crate::profile::mask;

/// How deep lists and maps may nest. Readers of the tree recurse, so this bounds their stack.
const DEPTH: usize = 64;
/// How many nodes a file may have, those that aliases repeat included (10,000 rows have 300,000).
const NODES: usize = 2_000_000;

/// Reads the only document of a file.
///
/// Errors: what is no YAML (the first place alone, since what follows can't be trusted), an empty
/// file, a second document, nesting over 64 levels, and every text whose variable is misspelt.
pub fn tree(source: &Arc<Source>, lookup: Lookup<'_>) -> Result<Node, Vec<Diagnostic>> {
    let mut builder = Builder {
        source,
        lookup,
        offsets: Offsets::of(&source.text),
        open: Vec::new(),
        anchors: HashMap::new(),
        root: None,
        documents: 0,
        nodes: 0,
        errors: Vec::new(),
    };
    for event in Parser::new_from_str(&source.text) {
        let step = match event {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => Err(builder.syntax(&error)),
        };
        if let Err(fatal) = step {
            builder.errors.push(fatal);
            return Err(mask::unread(builder.errors, source));
        }
    }
    builder.end()
}

/// From the parser's characters to the file's bytes.
struct Offsets {
    /// Byte offset of each character; empty where the text is ASCII and both are the same.
    bytes: Vec<usize>,
    len: usize,
}

impl Offsets {
    fn of(text: &str) -> Self {
        let bytes = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(offset, _)| offset).collect()
        };
        Self { bytes, len: text.len() }
    }

    fn byte(&self, marker: Marker) -> usize {
        if self.bytes.is_empty() {
            return marker.index().min(self.len);
        }
        self.bytes.get(marker.index()).copied().unwrap_or(self.len)
    }
}

/// A list or map whose end was not met yet.
struct Open {
    anchor: usize,
    start: usize,
    depth: usize,
    what: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map { entries: Vec<(Node, Node)>, key: Option<Node> },
}

/// A node that an alias may repeat.
struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

struct Builder<'a> {
    source: &'a Arc<Source>,
    lookup: Lookup<'a>,
    offsets: Offsets,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    errors: Vec<Diagnostic>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Diagnostic> {
        match event {
            Event::DocumentStart(_) => self.document(span),
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(&text, style, tag.as_deref(), span)?;
                self.place(node, anchor, 0)
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::SequenceStart(anchor, tag) => {
                self.begin(anchor, tag.as_deref(), span, Inside::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                let inside = Inside::Map { entries: Vec::new(), key: None };
                self.begin(anchor, tag.as_deref(), span, inside)
            }
            Event::SequenceEnd | Event::MappingEnd => self.finish(span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn document(&mut self, span: Span) -> Result<(), Diagnostic> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        Err(self
            .wrong(span, "a second document begins here")
            .help("a file holds one document; remove the `---`, or make it two files"))
    }

    fn scalar(
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
    fn tag(&self, tag: Option<&Tag>, span: Span) -> Result<bool, Diagnostic> {
        match tag {
            None => Ok(false),
            Some(tag) if tag.is_yaml_core_schema() => Ok(tag.suffix == "str"),
            Some(tag) => Err(self
                .wrong(span, format!("the tag `{}{}` means nothing here", tag.handle, tag.suffix))
                .help("remove it")),
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Diagnostic> {
        let Some(Anchored { node, nodes, depth }) = self.anchors.get(&anchor) else {
            return Err(self.wrong(span, "an alias of something that still contains it"));
        };
        let (node, nodes, depth) = (node.clone(), *nodes, *depth);
        if self.open.len() + depth > DEPTH {
            return Err(self.wrong(span, format!("nested over {DEPTH} levels deep")));
        }
        self.count(nodes, span)?;
        self.deepen(depth);
        self.attach(node);
        Ok(())
    }

    fn begin(
        &mut self,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
        what: Inside,
    ) -> Result<(), Diagnostic> {
        self.tag(tag, span)?;
        self.count(1, span)?;
        if self.open.len() == DEPTH {
            return Err(self.wrong(span, format!("nested over {DEPTH} levels deep")));
        }
        let start = self.offsets.byte(span.start);
        self.open.push(Open { anchor, start, depth: 1, what });
        Ok(())
    }

    fn finish(&mut self, span: Span) -> Result<(), Diagnostic> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let flow = self.source.text[open.start..].starts_with(['{', '[']);
        let (kind, first) = match open.what {
            Inside::List(items) => {
                let first = items.first().map(Node::span);
                (Kind::List(items), first)
            }
            Inside::Map { entries, .. } => {
                let first = entries.first().map(|(key, _)| key.span());
                (Kind::Map(entries), first)
            }
        };
        // What stands in braces is shown whole; of the rest the first item is enough to find it.
        let whole = open.start..self.offsets.byte(span.end).max(open.start);
        let span = if flow { whole } else { first.unwrap_or(whole) };
        let node = Node::new(kind, Arc::clone(self.source), span);
        self.deepen(open.depth);
        self.place(node, open.anchor, open.depth)
    }

    /// Tells the list or map around that something of this depth stands in it.
    fn deepen(&mut self, depth: usize) {
        if let Some(outer) = self.open.last_mut() {
            outer.depth = outer.depth.max(depth + 1);
        }
    }

    fn place(&mut self, node: Node, anchor: usize, depth: usize) -> Result<(), Diagnostic> {
        if let Kind::Null | Kind::Scalar { .. } = node.kind {
            self.nodes += 1;
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Anchored { nodes: size(&node), node: node.clone(), depth });
        }
        if self.nodes > NODES {
            return Err(node.wrong(format!("the file has over {NODES} values")));
        }
        self.attach(node);
        Ok(())
    }

    fn count(&mut self, more: usize, span: Span) -> Result<(), Diagnostic> {
        self.nodes += more;
        if self.nodes > NODES {
            return Err(self.wrong(span, format!("the file has over {NODES} values")));
        }
        Ok(())
    }

    fn attach(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.what) {
            None => self.root = Some(node),
            Some(Inside::List(items)) => items.push(node),
            Some(Inside::Map { entries, key }) => match key.take() {
                None => *key = Some(node),
                Some(name) => entries.push((name, node)),
            },
        }
    }

    fn end(self) -> Result<Node, Vec<Diagnostic>> {
        let mut errors = self.errors;
        match self.root {
            Some(root) if root.kind != Kind::Null => {
                if errors.is_empty() {
                    Ok(root)
                } else {
                    Err(mask::diagnostics(errors, &root))
                }
            }
            _ => {
                let place = Place { source: Arc::clone(self.source), span: 0..0 };
                errors.push(Diagnostic::at(place, "the file is empty"));
                Err(errors)
            }
        }
    }

    fn wrong(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        let start = self.offsets.byte(span.start);
        let end = self.offsets.byte(span.end).max(start);
        Diagnostic::at(Place { source: Arc::clone(self.source), span: start..end }, message)
    }

    /// What is no YAML, with the usual cause where the place shows it.
    fn syntax(&self, error: &ScanError) -> Diagnostic {
        let at = self.offsets.byte(*error.marker());
        let line = self.source.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let before = &self.source.text[line..at];
        let whole = self.source.text[line..].lines().next().unwrap_or_default();
        let indent = whole.len() - whole.trim_start().len();
        let help = if whole[..indent].contains('\t') || before.ends_with('\t') {
            Some("indent with blanks; YAML takes no tabs")
        } else if whole.matches(": ").count() > 1 && !whole.contains('{') {
            Some("a text that holds `: ` needs quotes")
        } else {
            None
        };
        let span = Span::empty(*error.marker());
        self.wrong(span, format!("this is no YAML: {}", error.info()))
            .maybe_help(help.map(str::to_owned))
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

/// How many nodes a tree has.
fn size(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::Null | Kind::Scalar { .. } => 0,
        Kind::List(items) => items.iter().map(size).sum(),
        Kind::Map(entries) => entries.iter().map(|(key, value)| size(key) + size(value)).sum(),
    }
}
