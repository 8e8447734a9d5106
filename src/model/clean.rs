//! Text from a peer, made harmless before it is kept.
//!
//! A terminal obeys escape sequences, XML forbids most control characters, and bidirectional
//! controls show a reader other words than are there. Whatever came from outside passes here once,
//! where it enters, so that every renderer downstream may rely on it.

/// Characters that may not be shown: controls, bidirectional and other invisible formatting
/// (Unicode TR 36 §2.5), line and paragraph separators, and what XML 1.0 §2.2 excludes.
const fn hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a text holds nothing hidden: what every text of a report must be.
#[cfg(any(fuzzing, test))]
pub(crate) fn is_clean(text: &str) -> bool {
    !text.chars().any(hidden)
}

/// At most `limit` characters of `text`, in one line, with nothing hidden in them.
///
/// Runs of white space become one blank; another hidden character becomes `·`; what was cut off is
/// marked with `…`.
///
/// ```
/// use connprobe::model::clean::line;
/// assert_eq!(line("a\x1b[31mred\r\n  b", 40), "a·[31mred b");
/// assert_eq!(line("abcdef", 3), "abc…");
/// ```
pub fn line(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit) + 4);
    let mut taken = 0;
    let mut blank = true;
    for c in text.chars() {
        let c = match c {
            c if c.is_whitespace() => ' ',
            c if hidden(c) => '·',
            c => c,
        };
        if c == ' ' && blank {
            continue;
        }
        if taken == limit {
            out.push('…');
            break;
        }
        blank = c == ' ';
        out.push(c);
        taken += 1;
    }
    while out.ends_with(' ') {
        out.pop();
    }
    out
}

/// The whole text with its line breaks; a tab becomes a blank, another hidden character `·`.
pub fn lines(text: &str) -> String {
    let shown = |c| match c {
        '\n' => '\n',
        '\t' => ' ',
        c if hidden(c) => '·',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// As [`line()`], for bytes that may not be UTF-8.
pub fn bytes(bytes: &[u8], limit: usize) -> String {
    let kept = &bytes[..bytes.len().min(limit.saturating_mul(4))];
    line(&String::from_utf8_lossy(kept), limit)
}
