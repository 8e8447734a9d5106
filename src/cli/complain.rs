//! What is wrong, told to a person: each mistake with its file, line and column, the text underlined,
//! and what would do.

use std::io::{IsTerminal, Write};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::cli::WRONG;
use crate::model::Diagnostic;

/// Mistakes of the input: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub(super) struct Wrong(pub(super) Vec<Diagnostic>);

impl From<Diagnostic> for Wrong {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

/// Prints an error and gives its exit code.
pub(super) fn error(error: &anyhow::Error) -> u8 {
    let mut out = std::io::stderr().lock();
    // A display that has gone away is no reason to lose the exit code.
    let _ = match error.downcast_ref::<Wrong>() {
        Some(Wrong(diagnostics)) => diagnostics.iter().try_for_each(|d| show(d, &mut out)),
        None => writeln!(out, "error: {error:#}"),
    };
    WRONG
}

/// Whether colours are wanted on a stream.
pub(super) fn colour(stream: &impl IsTerminal) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("NO_COLOR") {
        return false;
    }
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    set("CLICOLOR_FORCE") || (stream.is_terminal() && !dumb)
}

/// Shows one mistake.
pub(super) fn show(diagnostic: &Diagnostic, out: &mut dyn Write) -> std::io::Result<()> {
    let renderer = match colour(&std::io::stderr()) {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let title = Level::ERROR.primary_title(diagnostic.message.as_str());
    let mut group = match &diagnostic.place {
        Some(place) => title.element(
            Snippet::source(place.source.text.as_str())
                .path(place.source.name.as_str())
                .annotation(AnnotationKind::Primary.span(span(place))),
        ),
        None => annotate_snippets::Group::with_title(title),
    };
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    writeln!(out, "{}\n", renderer.render(&[group]))
}

/// The first line of a stretch: a whole map underlined would be a page.
fn span(place: &crate::model::Place) -> std::ops::Range<usize> {
    let text = &place.source.text;
    let start = text.floor_char_boundary(place.span.start.min(text.len()));
    let end = text.floor_char_boundary(place.span.end.min(text.len())).max(start);
    let line = text[start..end].find('\n').map_or(end, |newline| start + newline);
    start..line
}
