//! Our own secrets, sought in what peers say: a peer that echoes what it was sent must not put it into
//! a report.

use base64::Engine;

use crate::model::{Credentials, Secret};

/// Shorter secrets can't be sought: they stand in ordinary words too.
const SHORTEST: usize = 4;

/// The forms in which a secret may come back.
#[derive(Clone, Debug, Default)]
pub struct Redactor(Vec<Secret>);

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

    /// A secret: as it stands and cleaned, percent-encoded, in base64 at each of the three offsets, in
    /// hexadecimal and as JSON escapes it.
    pub fn add(&mut self, secret: &[u8]) {
        self.keep(secret.to_vec());
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
        for (digits, plus) in [(UPPER, false), (LOWER, false), (UPPER, true)] {
            self.keep(percent(secret, digits, plus));
        }
        for digits in [UPPER, LOWER] {
            self.keep(secret.iter().flat_map(|byte| hex(*byte, digits)).collect());
        }
        if let Ok(text) = std::str::from_utf8(secret)
            && let Ok(json) = serde_json::to_string(text)
        {
            self.keep(json.as_bytes()[1..json.len() - 1].to_vec());
            self.keep(json[1..json.len() - 1].replace('/', "\\/").into_bytes());
        }
    }

    /// The value of a header field: the word of its scheme is no secret.
    pub fn add_field(&mut self, value: &[u8]) {
        let credentials = value.iter().position(|byte| *byte == b' ').map(|at| &value[at + 1..]);
        self.add(credentials.unwrap_or(value));
        let decoded = credentials
            .and_then(|basic| base64::engine::general_purpose::STANDARD.decode(basic).ok());
        if let Some(pair) = decoded.map(zeroize::Zeroizing::new)
            && let Some(at) = pair.iter().position(|byte| *byte == b':')
        {
            self.add(&pair[at + 1..]);
        }
    }

    fn keep(&mut self, form: Vec<u8>) {
        if form.len() >= SHORTEST && !self.0.iter().any(|known| known.bytes() == form) {
            // The longest first: a form that holds another must be sought before it.
            let at = self.0.partition_point(|known| known.bytes().len() >= form.len());
            self.0.insert(at, Secret::new(form));
        }
    }

    /// Whether there is nothing to seek.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes without any form of a secret; `None` where there is none in them.
    pub fn bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut out: Option<Vec<u8>> = None;
        for form in &self.0 {
            let seen = out.as_deref().unwrap_or(bytes);
            if let Some(replaced) = replace(seen, form.bytes()) {
                out = Some(replaced);
            }
        }
        for form in &self.0 {
            let seen = out.as_deref().unwrap_or(bytes);
            // Text that was cut off ends with a mark.
            let (text, mark) = match seen.strip_suffix("…".as_bytes()) {
                Some(text) => (text, "…"),
                None => (seen, ""),
            };
            if let Some(mut cut) = without_tail(text, form.bytes()) {
                cut.extend_from_slice(mark.as_bytes());
                out = Some(cut);
                break;
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

/// Percent-encoded (RFC 3986 §2.1), or as a form has it, where a blank is a plus.
fn percent(secret: &[u8], digits: &[u8; 16], plus: bool) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(secret.len() * 3);
    for byte in secret {
        match byte {
            b' ' if plus => encoded.push(b'+'),
            byte if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) => encoded.push(*byte),
            byte => {
                encoded.push(b'%');
                encoded.extend(hex(*byte, digits));
            }
        }
    }
    encoded
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

/// The bytes without a beginning of a form at their end: what was cut off there may be a secret's rest.
fn without_tail(bytes: &[u8], form: &[u8]) -> Option<Vec<u8>> {
    let longest = form.len().saturating_sub(1).min(bytes.len());
    let cut = (SHORTEST..=longest).rev().find(|cut| bytes.ends_with(&form[..*cut]))?;
    Some([&bytes[..bytes.len() - cut], Secret::SHOWN.as_bytes()].concat())
}

fn replace(bytes: &[u8], form: &[u8]) -> Option<Vec<u8>> {
    let find = |from: usize| {
        let rest = bytes.get(from..)?;
        rest.windows(form.len()).position(|window| window == form).map(|at| from + at)
    };
    let mut at = find(0)?;
    let mut out = Vec::with_capacity(bytes.len());
    let mut from = 0;
    loop {
        out.extend_from_slice(&bytes[from..at]);
        out.extend_from_slice(Secret::SHOWN.as_bytes());
        from = at + form.len();
        match find(from) {
            Some(next) => at = next,
            None => break,
        }
    }
    out.extend_from_slice(&bytes[from..]);
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
