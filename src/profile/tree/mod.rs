//! YAML into a tree with positions, with the environment's variables put in.

mod offsets;
mod scalar;

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScanError, Span, Tag};

use crate::model::node::Kind;
use crate::model::{Diagnostic, Node, Place, Source};
use crate::profile::expand::Lookup;
use crate::profile::mask;
use crate::profile::tree::offsets::Offsets;

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

/// How many nodes a tree has.
fn size(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::Null | Kind::Scalar { .. } => 0,
        Kind::List(items) => items.iter().map(size).sum(),
        Kind::Map(entries) => entries.iter().map(|(key, value)| size(key) + size(value)).sum(),
    }
}
