//! Our own secrets, sought in what peers say: a peer that echoes what it was sent must not put it into
//! a report.

mod escaped;

use std::ops::Range;

use base64::Engine;

use crate::model::{Credentials, Secret};

/// Shorter secrets can't be sought: they stand in ordinary words too.
const SHORTEST: usize = 4;

/// The forms in which a secret may come back.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    /// As they stand; sought through every way of escaping single characters.
    plain: Vec<Secret>,
    /// Other letters altogether.
    coded: Vec<Secret>,
}

impl Redactor {
    /// Those of credentials.
    pub fn of(credentials: &Credentials) -> Self {
        let mut redactor = Self::default();
        match credentials {
            Credentials::None => {}
            Credentials::Login { username, password, .. } => {
                if let Some(password) = password {
                    redactor.pair(username, password.bytes());
                }
            }
            Credentials::Client { id, secret } => redactor.pair(id, secret.bytes()),
            Credentials::Token(secret)
            | Credentials::ApiKey(secret)
            | Credentials::Keys { secret_key: secret, .. }
            | Credentials::Account { key: secret, .. } => redactor.add(secret.bytes()),
        }
        redactor
    }

    /// A user name and password, also as HTTP Basic joins them.
    fn pair(&mut self, user: &str, password: &[u8]) {
        self.add(password);
        let pair = zeroize::Zeroizing::new([user.as_bytes(), b":", password].concat());
        self.keep(base64::engine::general_purpose::STANDARD.encode(&*pair).into_bytes());
    }

    /// A secret: as it stands, with any of its characters escaped, cleaned, in base64 at each of the three
    /// offsets, and in hexadecimal.
    pub fn add(&mut self, secret: &[u8]) {
        add(&mut self.plain, secret.to_vec());
        self.keep(crate::model::clean::bytes(secret, secret.len()).into_bytes());
        let engines = [
            base64::engine::general_purpose::STANDARD_NO_PAD,
            base64::engine::general_purpose::URL_SAFE_NO_PAD,
        ];
        for engine in engines {
            self.keep(engine.encode(secret).into_bytes());
            for offset in 0..3 {
                self.keep(within_base64(secret, offset, &engine));
            }
        }
        for digits in [UPPER, LOWER] {
            self.keep(secret.iter().flat_map(|byte| hex(*byte, digits)).collect());
        }
    }

    /// What another seeks too.
    pub fn join(&mut self, other: &Self) {
        for secret in &other.plain {
            add(&mut self.plain, secret.bytes().to_vec());
        }
        for form in &other.coded {
            self.keep(form.bytes().to_vec());
        }
    }

    /// The value of a header field, and what stands behind the word of a scheme.
    pub fn add_field(&mut self, value: &[u8]) {
        self.add(value);
        let credentials = value.iter().position(|byte| *byte == b' ').map(|at| &value[at + 1..]);
        if let Some(credentials) = credentials {
            self.add(credentials);
        }
        let decoded = credentials
            .and_then(|basic| base64::engine::general_purpose::STANDARD.decode(basic).ok());
        if let Some(pair) = decoded.map(zeroize::Zeroizing::new)
            && let Some(at) = pair.iter().position(|byte| *byte == b':')
        {
            self.add(&pair[at + 1..]);
        }
    }

    fn keep(&mut self, form: Vec<u8>) {
        add(&mut self.coded, form);
    }

    /// Whether there is nothing to seek.
    pub fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.coded.is_empty()
    }

    /// The bytes without any form of a secret; `None` where there is none in them.
    pub fn bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut out: Option<Vec<u8>> = None;
        let plain = self.plain.iter().map(|secret| (secret, escaped::find as Find));
        let coded = self.coded.iter().map(|form| (form, literal as Find));
        for (form, find) in plain.chain(coded) {
            let seen = out.as_deref().unwrap_or(bytes);
            if let Some(replaced) = replace(seen, form.bytes(), find) {
                out = Some(replaced);
            }
        }
        out
    }

    /// The text without any form of a secret; `None` where there is none in it.
    pub fn text(&self, text: &str) -> Option<String> {
        self.bytes(text.as_bytes()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}

const UPPER: &[u8; 16] = b"0123456789ABCDEF";
const LOWER: &[u8; 16] = b"0123456789abcdef";

fn hex(byte: u8, digits: &[u8; 16]) -> [u8; 2] {
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}

/// What base64 makes of a secret with `offset` bytes before it, whatever these are and whatever follows:
/// only the letters that the secret alone decides.
fn within_base64(secret: &[u8], offset: usize, engine: &impl Engine) -> Vec<u8> {
    let padded = zeroize::Zeroizing::new([&[0; 2][..offset], secret].concat());
    let letters = engine.encode(&*padded).into_bytes();
    let first = (offset * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    letters.get(first..end).unwrap_or_default().to_vec()
}

/// Adds a form where it is long enough, the longest first: one that holds another must be sought before it.
fn add(forms: &mut Vec<Secret>, form: Vec<u8>) {
    if form.len() >= SHORTEST && !forms.iter().any(|known| known.bytes() == form) {
        let at = forms.partition_point(|known| known.bytes().len() >= form.len());
        forms.insert(at, Secret::new(form));
    }
}

/// Where a form stands in a text from an offset on. A beginning of it at the very end counts: what was cut
/// off there may be a secret's rest.
type Find = fn(&[u8], &[u8], usize) -> Option<Range<usize>>;

/// Text that was cut off ends with a mark.
const CUT: &[u8] = "…".as_bytes();

fn literal(text: &[u8], form: &[u8], from: usize) -> Option<Range<usize>> {
    let whole = text.get(from..)?.windows(form.len()).position(|window| window == form);
    if let Some(at) = whole {
        return Some(from + at..from + at + form.len());
    }
    let end = text.len() - text.strip_suffix(CUT).map_or(0, |_| CUT.len());
    let longest = form.len().saturating_sub(1).min(end.saturating_sub(from));
    let cut = (SHORTEST..=longest).rev().find(|cut| text[..end].ends_with(&form[..*cut]))?;
    Some(end - cut..end)
}

fn replace(text: &[u8], form: &[u8], find: Find) -> Option<Vec<u8>> {
    let mut found = find(text, form, 0)?;
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    loop {
        out.extend_from_slice(&text[from..found.start]);
        out.extend_from_slice(Secret::SHOWN.as_bytes());
        from = found.end;
        match find(text, form, from) {
            Some(next) => found = next,
            None => break,
        }
    }
    out.extend_from_slice(&text[from..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::Redactor;

    #[test]
    fn every_form_of_a_secret_is_found() {
        let mut redactor = Redactor::default();
        redactor.add(b"hunter/22");
        for form in ["hunter/22", "hunter%2F22", "aHVudGVyLzIy", "68756e7465722f3232"] {
            let text = redactor.text(&format!("said {form}, and {form}"));
            assert_eq!(text.as_deref(), Some("said [secret], and [secret]"), "{form}");
        }
        assert_eq!(redactor.text("nothing"), None);
    }

    #[test]
    fn the_password_within_basic_is_a_secret_too() {
        let mut redactor = Redactor::default();
        redactor.add_field(b"Basic dWNzeDpzd29yZGZpc2g=");
        assert_eq!(redactor.text("swordfish").as_deref(), Some("[secret]"));
        assert_eq!(redactor.text("Basic x"), None);
    }
}
