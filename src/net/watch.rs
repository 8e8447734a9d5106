//! Somebody who watches an attempt while it climbs, as `try` does.

use std::sync::Arc;

use crate::model::{Layer, Step, clean};
use crate::net::redact::Redactor;
use crate::net::wire::{Passed, Traffic};

/// Is told each step once it is over, with the first bytes that passed, cleaned and without secrets.
pub trait Watch: std::fmt::Debug + Send + Sync {
    /// A step of the attempt at `address` is over.
    fn landed(&self, address: &str, step: &Step, bytes: &Bytes);
}

/// The first bytes of each direction in one step, fit for a terminal.
#[derive(Clone, Debug, Default)]
pub struct Bytes {
    /// What was sent.
    pub sent: String,
    /// What was received.
    pub received: String,
}

/// Longest text of either direction, in characters.
const SHOWN: usize = 200;
/// How many bytes are shown in hexadecimal.
const HEX: usize = 48;

/// The watch over one attempt.
#[derive(Debug)]
pub(super) struct Watched {
    watch: Arc<dyn Watch>,
    passed: Vec<(Layer, Passed)>,
    told: usize,
}

impl Watched {
    pub(super) fn new(watch: Arc<dyn Watch>) -> Self {
        Self { watch, passed: Vec::new(), told: 0 }
    }

    /// A layer was recorded: what passed since belongs to it.
    pub(super) fn passed(&mut self, layer: Layer, traffic: Option<&Arc<Traffic>>) {
        let Some(new) = traffic.and_then(|traffic| traffic.passed()) else { return };
        match self.passed.iter_mut().find(|(known, _)| *known == layer) {
            Some((_, passed)) => {
                passed.sent.extend_from_slice(&new.sent);
                passed.received.extend_from_slice(&new.received);
            }
            None => self.passed.push((layer, new)),
        }
    }

    /// Tells the steps that were not told yet.
    pub(super) fn tell(&mut self, address: &str, steps: &[Step], redactor: &Redactor) {
        for step in &steps[self.told.min(steps.len())..] {
            let mut step = step.clone();
            step.evidence.replace(|text| redactor.text(text));
            let passed = self.passed.iter().find(|(layer, _)| *layer == step.layer);
            let shown = |bytes: &[u8]| {
                let clean = redactor.bytes(bytes);
                let text = legible(clean.as_deref().unwrap_or(bytes));
                redactor.text(&text).unwrap_or(text)
            };
            let bytes = passed.map(|(_, passed)| Bytes {
                sent: shown(&passed.sent),
                received: shown(&passed.received),
            });
            self.watch.landed(address, &step, &bytes.unwrap_or_default());
        }
        self.told = steps.len();
    }
}

/// Text as text, anything else in hexadecimal.
fn legible(bytes: &[u8]) -> String {
    let odd = |byte: &&u8| !matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t' | 0);
    if bytes.iter().filter(odd).count() * 4 <= bytes.len() {
        return clean::bytes(bytes, SHOWN);
    }
    let pairs: Vec<String> = bytes.iter().take(HEX).map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() > HEX { " …" } else { "" };
    format!("{}{more}", pairs.join(" "))
}
