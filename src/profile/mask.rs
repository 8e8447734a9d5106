//! Secrets that stand in a file although they may not: never shown, wherever the mistake is.
//!
//! A diagnostic shows the line that it points at, so a literal password would be printed by the very
//! message that refuses it, or by one about its neighbour. Diagnostics therefore point into a copy of
//! the file in which such values are starred out, character by character, so that lines, columns and
//! bytes stay where they are.

use std::ops::Range;
use std::sync::Arc;

use crate::model::node::Kind;
use crate::model::{Diagnostic, Node, Source};
use crate::profile::expand;

/// What the names of keys end with whose values are secret.
const SECRET: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "secret_key",
    "account_key",
];
/// Keys below `auth` whose values may be seen.
const OPEN: &[&str] = &[
    "username",
    "database",
    "client_id",
    "access_key",
    "account",
    "oauth2",
    "env",
    "file",
    "exact",
];

/// Points diagnostics about a tree at a copy of its file without secrets.
pub(crate) fn diagnostics(mut errors: Vec<Diagnostic>, root: &Node) -> Vec<Diagnostic> {
    let mut hidden = Vec::new();
    collect(root, false, &mut hidden);
    if !hidden.is_empty() {
        point_into(&mut errors, &starred(&root.source, &hidden));
    }
    errors
}

/// Points diagnostics about a file that is no YAML at a copy of it without secrets.
pub(crate) fn unread(mut errors: Vec<Diagnostic>, source: &Arc<Source>) -> Vec<Diagnostic> {
    point_into(&mut errors, &by_text(source));
    errors
}

fn point_into(errors: &mut [Diagnostic], source: &Arc<Source>) {
    for place in errors.iter_mut().filter_map(|error| error.place.as_mut()) {
        place.source = Arc::clone(source);
    }
}

/// The places of secrets below a node; `inside` where it stands below `auth`, or is itself secret.
fn collect(node: &Node, inside: bool, hidden: &mut Vec<Range<usize>>) {
    match &node.kind {
        Kind::Null => {}
        Kind::Scalar { text, .. } => {
            if inside || (text.contains(':') && text.contains('@')) {
                hidden.push(node.span());
            }
        }
        Kind::List(items) => items.iter().for_each(|item| collect(item, inside, hidden)),
        Kind::Map(entries) => {
            for (key, value) in entries {
                let name = key.text().unwrap_or_default();
                // What is no name of a variable may be the secret itself.
                let misplaced =
                    name == "env" && value.text().is_some_and(|text| !expand::is_name(text));
                let below = name == "auth"
                    || misplaced
                    || is_secret(name)
                    || (inside && !OPEN.contains(&name));
                collect(value, below, hidden);
            }
        }
    }
}

fn is_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    SECRET.iter().any(|word| key.ends_with(word))
}

/// A copy of a file that is no YAML: without a tree, what follows a secret's key in its line is
/// starred out, except a reference in braces.
fn by_text(source: &Arc<Source>) -> Arc<Source> {
    let mut hidden = Vec::new();
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        for (colon, _) in line.match_indices(':') {
            let key = line[..colon].rsplit([' ', ',', '{', '\t']).next().unwrap_or_default();
            let value = line[colon + 1..].trim_start();
            if is_secret(key) && !value.starts_with('{') {
                hidden.push(start + line.len() - value.len()..start + line.trim_end().len());
            }
        }
        start += line.len();
    }
    if hidden.is_empty() { Arc::clone(source) } else { starred(source, &hidden) }
}

/// The file with these bytes starred out, each character by one as long.
fn starred(source: &Source, hidden: &[Range<usize>]) -> Arc<Source> {
    let mut text = String::with_capacity(source.text.len());
    for (offset, c) in source.text.char_indices() {
        let seen = c == '\n' || c == '\r' || !hidden.iter().any(|span| span.contains(&offset));
        text.push(match c.len_utf8() {
            _ if seen => c,
            1 => '*',
            2 => '·',
            3 => '•',
            _ => '🔒',
        });
    }
    Arc::new(Source { name: source.name.clone(), text })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{by_text, starred};
    use crate::model::Source;

    #[test]
    fn stars_keep_every_byte_and_character_in_place() {
        let source = Source { name: "f".to_owned(), text: "a: pä€😀b\nc".to_owned() };
        let masked = starred(&source, std::slice::from_ref(&(3..14)));
        assert_eq!(masked.text, "a: *·•🔒*\nc");
        assert_eq!(masked.text.len(), source.text.len());
    }

    #[test]
    fn secrets_are_starred_out_even_where_the_file_is_no_yaml() {
        let text = "auth: {password: hunter2\n  token: \"abc\n  password: {env: A\n";
        let source = Arc::new(Source { name: "f".to_owned(), text: text.to_owned() });
        let masked = by_text(&source);
        assert_eq!(masked.text, "auth: {password: *******\n  token: ****\n  password: {env: A\n");
    }
}
