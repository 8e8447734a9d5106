//! The words for people: one registry for every code of a fault, one file for each layer.
//!
//! The hint under a red row, JUnit, `explain` and `docs/faults.md` are all made from here, so that
//! nothing is said twice. A code without words does not compile: the table is made at compile time.

mod auth;
pub mod command;
mod dns;
mod elsewhere;
mod local;
mod peer;
pub mod place;
mod policy;
mod protocol;
mod proxy;
mod service;
mod tcp;
mod tls_certificate;
mod tls_handshake;

pub use command::{Command, Pod};
pub use elsewhere::{finding, warning};
pub use place::{Blank, Filled};

use crate::model::evidence::Key;
use crate::model::fault::{Fault, FaultCode};

/// What is said of a code, beside [`FaultCode::about`], [`FaultCode::layer`] and [`FaultCode::acts`].
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// The code.
    pub code: FaultCode,
    /// By which type it is decided: errno, ICMP, RCODE, `rustls` variant, alert, SQLSTATE, status.
    pub decided: &'static str,
    /// What it means, in a few sentences.
    pub means: &'static str,
    /// What it is not: the nearest mistake that a reader makes.
    pub is_not: &'static str,
    /// The keys of evidence that one finds.
    pub evidence: &'static [Key],
    /// What to do, in one sentence, where the evidence says nothing more particular.
    pub hint: &'static str,
    /// More particular hints, the first that holds wins.
    pub when: &'static [When],
    /// The next three commands to type.
    pub commands: [Command; 3],
    /// Where it is written down: section of an RFC, chapter of a manual, manual page.
    pub sources: &'static [&'static str],
}

/// A hint that evidence makes more particular.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// Whether the evidence says so.
    pub holds: fn(&Fault) -> bool,
    /// What to do then.
    pub hint: &'static str,
}

/// The files, in the order of the layers.
const FILES: &[&[Words]] = &[
    dns::WORDS,
    tcp::WORDS,
    peer::WORDS,
    proxy::WORDS,
    tls_certificate::WORDS,
    tls_handshake::WORDS,
    protocol::WORDS,
    auth::WORDS,
    service::WORDS,
    policy::WORDS,
    local::WORDS,
];

const COUNT: usize = FaultCode::ALL.len();

/// The words of each code, at the place that the code has in its list.
static TABLE: [&Words; COUNT] = table();

const fn table() -> [&'static Words; COUNT] {
    let mut table = [&dns::WORDS[0]; COUNT];
    let mut known = [false; COUNT];
    let mut file = 0;
    while file < FILES.len() {
        let mut at = 0;
        while at < FILES[file].len() {
            let words = &FILES[file][at];
            assert!(!known[words.code as usize], "a code has words twice");
            table[words.code as usize] = words;
            known[words.code as usize] = true;
            at += 1;
        }
        file += 1;
    }
    let mut code = 0;
    while code < COUNT {
        assert!(known[code], "a code has no words");
        code += 1;
    }
    table
}

/// The words of a code.
pub fn of(code: FaultCode) -> &'static Words {
    TABLE[code as usize]
}

/// The hint for a fault: as particular as its evidence allows. It is advice; what was seen stands in
/// the evidence.
pub fn hint(fault: &Fault) -> &'static str {
    let words = of(fault.code);
    words.when.iter().find(|when| (when.holds)(fault)).map_or(words.hint, |when| when.hint)
}

#[cfg(test)]
mod tests;
