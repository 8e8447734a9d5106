//! A value that must not be seen.

use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

/// Bytes that appear in no output: `Debug`, `Display` and `Serialize` show a fixed word, and the
/// memory is zeroed on drop.
///
/// ```
/// let secret = connprobe::model::Secret::from("hunter22");
/// assert_eq!(format!("{secret} {secret:?}"), "[secret] [secret]");
/// assert_eq!(secret.bytes(), b"hunter22");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// What is shown in place of the value.
    pub const SHOWN: &str = "[secret]";

    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves; for the wire only.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The value as text, where it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes().to_vec())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Self::SHOWN)
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Self::SHOWN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Self::SHOWN)
    }
}
