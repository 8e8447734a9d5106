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

    /// A secret: as it stands, percent-encoded, in base64 and in hexadecimal.
    pub fn add(&mut self, secret: &[u8]) {
        self.keep(secret.to_vec());
        self.keep(base64::engine::general_purpose::STANDARD.encode(secret).into_bytes());
        let mut encoded = Vec::with_capacity(secret.len() * 3);
        let mut hex = Vec::with_capacity(secret.len() * 2);
        for byte in secret {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
                encoded.push(*byte);
            } else {
                encoded.extend(format!("%{byte:02X}").bytes());
            }
            hex.extend(format!("{byte:02x}").bytes());
        }
        self.keep(encoded);
        self.keep(hex);
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
            self.0.push(Secret::new(form));
            // The longest first: a form that holds another must be sought before it.
            self.0.sort_by_key(|form| std::cmp::Reverse(form.bytes().len()));
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
        out
    }

    /// The text without any form of a secret; `None` where there is none in it.
    pub fn text(&self, text: &str) -> Option<String> {
        self.bytes(text.as_bytes()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
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
