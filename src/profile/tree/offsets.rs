//! The parser counts characters, a diagnostic counts bytes.

use saphyr_parser::Marker;

/// From the parser's characters to the file's bytes.
pub(super) struct Offsets {
    /// Byte offset of each character; empty where the text is ASCII and both are the same.
    bytes: Vec<usize>,
    len: usize,
}

impl Offsets {
    pub(super) fn of(text: &str) -> Self {
        let bytes = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(offset, _)| offset).collect()
        };
        Self { bytes, len: text.len() }
    }

    pub(super) fn byte(&self, marker: Marker) -> usize {
        if self.bytes.is_empty() {
            return marker.index().min(self.len);
        }
        self.bytes.get(marker.index()).copied().unwrap_or(self.len)
    }
}
