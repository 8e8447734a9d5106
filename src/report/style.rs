//! How text for people looks: colours by what they mean, lines that fit, and nothing hidden in them.

use std::io::{self, Write};

use crate::model::{Verdict, clean};

/// How text is shown.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to use colours (ANSI SGR).
    pub colour: bool,
    /// Whether to leave out notes on the table.
    pub quiet: bool,
}

impl Style {
    /// No colour, nothing left out: for files.
    pub const PLAIN: Self = Self { colour: false, quiet: false };

    /// A text in a colour, where colours are wanted.
    pub fn ink(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Good => "32",
            Ink::Bad => "31;1",
            Ink::Unsure => "33",
            Ink::Faint => "2",
            Ink::Strong => "1",
        };
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// A name behind an indent, and a text in a column beside it; the pair is the indent and the width
    /// of the name.
    pub fn hanging(
        self,
        name: &str,
        (indent, width): (usize, usize),
        text: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut name = self.ink(Ink::Faint, &format!("{name:<width$}"));
        for line in wrapped(text, indent + width + 1) {
            writeln!(out, "{:indent$}{name} {line}", "")?;
            name = " ".repeat(width);
        }
        Ok(())
    }
}

/// How a verdict looks, and its word.
pub fn verdict(verdict: Verdict) -> (Ink, &'static str) {
    match verdict {
        Verdict::Pass => (Ink::Good, "pass"),
        Verdict::Fail => (Ink::Bad, "FAIL"),
        Verdict::Inconclusive => (Ink::Unsure, "inconclusive"),
        Verdict::Skipped => (Ink::Faint, "skipped"),
    }
}

/// Colours by what they mean. They repeat what a word says already.
#[derive(Clone, Copy, Debug)]
pub enum Ink {
    /// As it should be.
    Good,
    /// Broken.
    Bad,
    /// Can't be told, or to be looked at.
    Unsure,
    /// Of less weight.
    Faint,
    /// A title.
    Strong,
}

/// Longest text that a report's field is shown with, in characters.
const LONGEST: usize = 2_000;

/// A field of a report, made harmless for a terminal: a saved report may be anybody's.
pub(super) fn shown(text: &str) -> String {
    clean::line(text, LONGEST)
}

/// Columns of a line of prose.
pub const COLUMNS: usize = 80;

/// The words of a text in lines that, behind an indent, fit into 80 columns.
pub fn wrapped(text: &str, indent: usize) -> Vec<String> {
    let room = COLUMNS.saturating_sub(indent).max(20);
    let mut lines: Vec<String> = Vec::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let long = word.chars().count();
        match lines.last_mut() {
            Some(line) if width + 1 + long <= room => {
                line.push(' ');
                line.push_str(word);
                width += 1 + long;
            }
            _ => {
                lines.push(word.to_owned());
                width = long;
            }
        }
    }
    lines
}

/// A text in lines behind an indent.
pub fn lines(text: &str, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    wrapped(text, indent).iter().try_for_each(|line| writeln!(out, "{:indent$}{line}", ""))
}

/// A command in lines that can be pasted as they stand: broken at blanks that are within no quotes,
/// each line but the last with a backslash at its end.
pub(super) fn pasteable(command: &str, indent: usize) -> Vec<String> {
    let room = COLUMNS.saturating_sub(indent + 2).max(20);
    let mut lines = vec![String::new()];
    for word in with_values(command) {
        let line = lines.last_mut().map_or(0, |line| line.chars().count());
        if line > 0 && line + 1 + word.chars().count() > room {
            lines.push("  ".to_owned());
        }
        if let Some(line) = lines.last_mut() {
            if !line.trim().is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    let last = lines.len() - 1;
    lines.iter_mut().take(last).for_each(|line| line.push_str(" \\"));
    lines
}

/// A command's words, each with the quotes that it has.
fn shell_words(command: &str) -> Vec<&str> {
    let (mut words, mut begin, mut quote) = (Vec::new(), 0, None);
    for (at, c) in command.char_indices() {
        match quote {
            None if c == ' ' => {
                words.push(&command[begin..at]);
                begin = at + 1;
            }
            None if matches!(c, '\'' | '"') => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ => {}
        }
    }
    words.push(&command[begin..]);
    words.retain(|word| !word.is_empty());
    words
}

/// The words, an option joined with the value that follows it.
fn with_values(command: &str) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    for word in shell_words(command) {
        match joined.last_mut() {
            Some(option)
                if option.starts_with('-')
                    && !option.contains(' ')
                    && !word.starts_with(['-', '|', '<', '>']) =>
            {
                option.push(' ');
                option.push_str(word);
            }
            _ => joined.push(word.to_owned()),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_broken_outside_of_quotes_only() {
        let command = "psql -h pg.example.internal -p 5432 -U somebody -d somewhere -c 'SELECT \
                       usename, state, count(*) FROM pg_stat_activity GROUP BY 1, 2'";
        let lines = pasteable(command, 6);
        assert!(lines.len() > 1 && lines[0].ends_with(" \\"), "{lines:?}");
        let joined: Vec<&str> = lines.iter().map(|l| l.trim_end_matches(" \\").trim()).collect();
        assert_eq!(joined.join(" "), command);
        assert!(lines.iter().all(|line| line.matches('\'').count() % 2 == 0), "{lines:?}");
    }

    #[test]
    fn prose_keeps_within_its_columns() {
        let text = "word ".repeat(60);
        assert!(wrapped(&text, 4).iter().all(|line| line.len() <= 76));
        assert_eq!(wrapped("", 4), Vec::<String>::new());
    }
}
