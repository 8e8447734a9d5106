//! The wire format of the DNS, written out a second time (RFC 1035 §4.1): questions are read, answers
//! are written with names compressed as unbound compresses them.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Type A.
pub const A: u16 = 1;
/// Type AAAA.
pub const AAAA: u16 = 28;
/// Class IN.
pub const IN: u16 = 1;
/// Class CH.
pub const CHAOS: u16 = 3;
/// Time to live of every record, in seconds.
pub const TTL: u32 = 30;

const HEADER: usize = 12;

/// Response codes (RFC 6895 §2.3).
pub mod rcode {
    /// The question can't be read.
    pub const FORMERR: u8 = 1;
    /// The server could not find out.
    pub const SERVFAIL: u8 = 2;
    /// The name does not exist.
    pub const NXDOMAIN: u8 = 3;
    /// The server does not know this kind of question.
    pub const NOTIMP: u8 = 4;
    /// The server does not answer this client.
    pub const REFUSED: u8 = 5;
    /// A name exists that should not.
    pub const YXDOMAIN: u8 = 6;
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The ID, to be repeated.
    pub id: u16,
    /// The name in lower case, without the dot at its end.
    pub name: String,
    /// The type.
    pub kind: u16,
}

impl Question {
    /// Reads the first question of a message; `None` where it is none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
        let (id, flags, questions) = (word(0)?, word(2)?, word(4)?);
        if flags & 0x8000 != 0 || questions == 0 {
            return None;
        }
        let (mut at, mut labels) = (HEADER, Vec::new());
        loop {
            let size = usize::from(*bytes.get(at)?);
            at += 1;
            match size {
                0 => break,
                1..=63 => labels.push(String::from_utf8_lossy(bytes.get(at..at + size)?)),
                // A question has nothing before it that it could point at.
                _ => return None,
            }
            at += size;
        }
        let name = labels.join(".").to_ascii_lowercase();
        Some(Self { id, name, kind: word(at)? })
    }
}

/// The data of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// Another name for this one.
    Cname(String),
    /// Text of at most 255 bytes.
    Txt(&'static str),
    /// The start of authority: the zone's first server and its keeper's mailbox.
    Soa(String, String),
}

impl Data {
    /// The number of its type.
    pub const fn kind(&self) -> u16 {
        match self {
            Self::A(_) => A,
            Self::Cname(_) => 5,
            Self::Soa(..) => 6,
            Self::Txt(_) => 16,
            Self::Aaaa(_) => AAAA,
        }
    }
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name that it is of.
    pub owner: String,
    /// Its class.
    pub class: u16,
    /// Its type and what it holds.
    pub data: Data,
}

impl Record {
    /// A record of class IN.
    pub fn new(owner: impl Into<String>, data: Data) -> Self {
        Self { owner: owner.into(), class: IN, data }
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The response code.
    pub rcode: u8,
    /// Whether the server keeps the zone itself (AA).
    pub authoritative: bool,
    /// Whether more would not fit (TC).
    pub truncated: bool,
    /// The answer section.
    pub answers: Vec<Record>,
    /// The authority section.
    pub authority: Vec<Record>,
}

impl Reply {
    /// An answer without records.
    pub fn of_code(rcode: u8) -> Self {
        Self { rcode, ..Self::default() }
    }

    /// An answer with these records.
    pub fn of(answers: Vec<Record>) -> Self {
        Self { answers, ..Self::default() }
    }

    /// The message that answers `question`: from a resolver that recurses (RD and RA).
    pub fn bytes(&self, question: &Question) -> Vec<u8> {
        let flags = 0x8180
            | u16::from(self.authoritative) << 10
            | u16::from(self.truncated) << 9
            | u16::from(self.rcode);
        let count = |records: &[Record]| u16::try_from(records.len()).unwrap_or(u16::MAX);
        let mut message = Message::default();
        let counts = [1, count(&self.answers), count(&self.authority), 0];
        [question.id, flags].into_iter().chain(counts).for_each(|word| message.word(word));
        message.name(&question.name);
        message.word(question.kind);
        message.word(IN);
        for record in self.answers.iter().chain(&self.authority) {
            message.record(record);
        }
        message.bytes
    }
}

/// A message in the making, and where in it each name stands.
#[derive(Default)]
struct Message {
    bytes: Vec<u8>,
    names: HashMap<String, u16>,
}

impl Message {
    fn word(&mut self, word: u16) {
        self.bytes.extend(word.to_be_bytes());
    }

    /// A name, whose end points at the same end of an earlier one (RFC 1035 §4.1.4).
    fn name(&mut self, name: &str) {
        let mut rest = name;
        while !rest.is_empty() {
            if let Some(at) = self.names.get(rest) {
                return self.word(0xc000 | at);
            }
            // Only what 14 bits reach can be pointed at.
            if let Some(at) = u16::try_from(self.bytes.len()).ok().filter(|at| *at < 0x4000) {
                self.names.insert(rest.to_owned(), at);
            }
            let (label, after) = rest.split_once('.').unwrap_or((rest, ""));
            self.bytes.push(u8::try_from(label.len()).unwrap_or(63));
            self.bytes.extend(label.bytes());
            rest = after;
        }
        self.bytes.push(0);
    }

    fn record(&mut self, record: &Record) {
        self.name(&record.owner);
        self.word(record.data.kind());
        self.word(record.class);
        self.bytes.extend(TTL.to_be_bytes());
        let at = self.bytes.len();
        self.word(0);
        self.data(&record.data);
        let size = u16::try_from(self.bytes.len() - at - 2).unwrap_or(u16::MAX);
        self.bytes[at..at + 2].copy_from_slice(&size.to_be_bytes());
    }

    fn data(&mut self, data: &Data) {
        match data {
            Data::A(address) => self.bytes.extend(address.octets()),
            Data::Aaaa(address) => self.bytes.extend(address.octets()),
            Data::Cname(target) => self.name(target),
            Data::Txt(text) => {
                self.bytes.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
                self.bytes.extend(text.bytes().take(255));
            }
            Data::Soa(server, keeper) => {
                self.name(server);
                self.name(keeper);
                // Serial, refresh, retry, expire, and how long "no" may be kept.
                for number in [1, 3_600, 600, 86_400, TTL] {
                    self.bytes.extend(number.to_be_bytes());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Vec<u8> {
        let mut bytes = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        bytes.extend(b"\x02Ok\x04test\0\0\x01\0\x01");
        bytes
    }

    #[test]
    fn a_question_is_read_whatever_its_case() {
        let question = Question::read(&asked()).unwrap();
        assert_eq!(question, Question { id: 0x1234, name: "ok.test".into(), kind: A });
    }

    #[test]
    fn what_is_cut_off_or_an_answer_is_no_question() {
        let bytes = asked();
        assert!((0..bytes.len() - 2).all(|size| Question::read(&bytes[..size]).is_none()));
        let mut answer = bytes;
        answer[2] |= 0x80;
        assert_eq!(Question::read(&answer), None);
    }
}
