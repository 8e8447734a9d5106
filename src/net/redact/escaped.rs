//! A secret in a text some characters of which are escaped: by percent (RFC 3986 §2.1), with a plus for a
//! blank as forms have it, as in JSON (RFC 8259 §7) and other quoted text, as in HTML, or read as Latin-1.
//! Which characters an encoder escapes is its own choice, so each may stand either way.

use std::ops::Range;

use crate::net::redact::{CUT, SHORTEST};

/// Where `secret` stands in `text` from an offset on; also where the text ends within it.
pub(super) fn find(text: &[u8], secret: &[u8], from: usize) -> Option<Range<usize>> {
    let end = text.len() - text.strip_suffix(CUT).map_or(0, |_| CUT.len());
    (from..end).find_map(|at| match reach(&text[at..end], secret)? {
        Reach::Whole(length) => Some(at..at + length),
        Reach::Cut => Some(at..end),
    })
}

enum Reach {
    /// The secret is there, this many bytes long.
    Whole(usize),
    /// The text ends after its beginning.
    Cut,
}

/// Follows every reading of the text at once: a secret may itself look like an escape.
fn reach(text: &[u8], secret: &[u8]) -> Option<Reach> {
    // Nearly every place of a text is passed over here, before anything is allocated.
    let mut begins = false;
    step(text, secret, &mut |_, _| begins = true);
    if !begins {
        return None;
    }
    let mut at = vec![(0, 0)];
    let mut parted = Vec::new();
    let mut cut = false;
    while let Some((read, matched)) = at.pop() {
        if matched == secret.len() {
            return Some(Reach::Whole(read));
        }
        let rest = &text[read..];
        cut |= matched >= SHORTEST && ends_within(rest);
        let before = at.len();
        step(rest, &secret[matched..], &mut |taken, more| {
            at.push((read + taken, matched + more));
        });
        // Where readings part they part once, so that the work stays in proportion to the text.
        if at.len() > before + 1 {
            if parted.contains(&(read, matched)) {
                at.truncate(before);
            } else {
                parted.push((read, matched));
            }
        }
    }
    cut.then_some(Reach::Cut)
}

/// Whether nothing is left, or the beginning of an escape.
fn ends_within(rest: &[u8]) -> bool {
    rest.is_empty()
        || rest.len() < 12 && matches!(rest[0], b'%' | b'\\' | b'&') && !rest.contains(&b';')
}

/// Tells of each reading of the text's first character that is the secret's next: how much of the text and
/// of the secret it takes.
fn step(text: &[u8], secret: &[u8], goes: &mut impl FnMut(usize, usize)) {
    let [first, ..] = text else { return };
    if *first == secret[0] || (*first == b'+' && secret[0] == b' ') {
        goes(1, 1);
    }
    match text {
        [b'%', high, low, ..] if pair(*high, *low) == Some(secret[0]) => goes(3, 1),
        [b'\\', b'x', high, low, ..] if pair(*high, *low) == Some(secret[0]) => goes(4, 1),
        [b'\\', b'u', ..] => {
            if let Some((code, taken)) = unicode(text) {
                character(code, taken, secret, goes);
            }
        }
        [b'\\', letter, ..] if quoted(*letter) == secret[0] => goes(2, 1),
        [b'&', ..] => {
            if let Some((code, taken)) = entity(text) {
                character(code, taken, secret, goes);
            }
        }
        // A byte read as Latin-1 and written as UTF-8.
        [0xc2 | 0xc3, next, ..]
            if next & 0xc0 == 0x80 && (first & 3) << 6 | next & 0x3f == secret[0] =>
        {
            goes(2, 1);
        }
        _ => {}
    }
}

/// A character by its number: as UTF-8 has it, or a byte read as Latin-1.
fn character(code: u32, taken: usize, secret: &[u8], goes: &mut impl FnMut(usize, usize)) {
    let Some(character) = char::from_u32(code) else { return };
    let mut buffer = [0; 4];
    let utf8 = character.encode_utf8(&mut buffer).as_bytes();
    if secret.starts_with(utf8) {
        goes(taken, utf8.len());
    }
    if u8::try_from(code).is_ok_and(|byte| byte == secret[0]) {
        goes(taken, 1);
    }
}

fn pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// What a letter behind a backslash means; itself where it has no meaning.
fn quoted(letter: u8) -> u8 {
    match letter {
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'f' => 0x0c,
        b'r' => b'\r',
        b'0' => 0,
        other => other,
    }
}

/// `\u` and four digits, or two of them for a character beyond the first plane.
fn unicode(text: &[u8]) -> Option<(u32, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let first = unit(0)?;
    if let (0xd800..=0xdbff, Some(second @ 0xdc00..=0xdfff)) = (first, unit(6)) {
        return Some((0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00), 12));
    }
    Some((first, 6))
}

/// `&amp;`, `&#38;`, `&#x26;`.
fn entity(text: &[u8]) -> Option<(u32, usize)> {
    let end = text.iter().take(12).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(&text[1..end]).ok()?;
    let code = match name {
        "amp" => u32::from(b'&'),
        "lt" => u32::from(b'<'),
        "gt" => u32::from(b'>'),
        "quot" => u32::from(b'"'),
        "apos" => u32::from(b'\''),
        _ => match name.strip_prefix('#')? {
            hex if hex.starts_with(['x', 'X']) => u32::from_str_radix(&hex[1..], 16).ok()?,
            decimal => decimal.parse().ok()?,
        },
    };
    Some((code, end + 1))
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn every_way_of_escaping_is_seen_through() {
        let secret = "a\"b\\c/d%e f&g<ä€😀\n'".as_bytes();
        for said in [
            "a\"b\\c/d%e f&g<ä€😀\n'",
            "a%22b%5Cc%2fd%25e+f%26g%3C%C3%A4%E2%82%AC%F0%9F%98%80%0A'",
            "%61%22%62%5c%63%2F%64%25%65%20%66%26%67%3c%c3%a4%e2%82%ac%f0%9f%98%80%0a%27",
            r#"a\"b\\c\/d%e f&g<ä€😀\n'"#,
            r"a\u0022b\u005cc/d%e f\u0026g\u003c\u00e4\u20ac\ud83d\ude00\u000a\u0027",
            "a&quot;b\\c/d%e f&amp;g&lt;&#228;&#x20AC;&#x1F600;&#10;&#39;",
            r#"a\"b\\c/d%e f&g<\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n\'"#,
        ] {
            assert_eq!(
                find(format!("x{said}y").as_bytes(), secret, 0),
                Some(1..said.len() + 1),
                "{said}"
            );
        }
        let latin = "Ã¤bcdef".as_bytes();
        assert_eq!(find(latin, "äbcdef".as_bytes(), 0), Some(0..latin.len()));
        assert_eq!(find(b"hunter2/22", b"hunter/22", 0), None);
    }

    #[test]
    fn a_secret_that_looks_like_an_escape_is_found_as_it_stands() {
        for secret in ["%25%25%41", r"\u0041\\x", "&amp;amp;", "%%%%%2", "++ ++"] {
            assert_eq!(find(secret.as_bytes(), secret.as_bytes(), 0), Some(0..secret.len()));
        }
        assert_eq!(find(b"%2525%2541x", b"%25%41", 0), Some(0..10));
    }

    #[test]
    fn what_a_text_was_cut_off_in_is_found_at_its_end() {
        for said in ["x hunt", "x hunter%2", "x hunter%2F2…", "x h%75nt\\u00"] {
            let end = said.trim_end_matches('…').len();
            assert_eq!(find(said.as_bytes(), b"hunter/22", 0), Some(2..end), "{said}");
        }
        assert_eq!(find(b"x hun", b"hunter/22", 0), None);
    }
}
