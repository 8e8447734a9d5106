//! The messages of PostgreSQL's protocol 3.0 (its documentation, chapter 55).

use std::fmt::Write as _;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::lab::server::Stream;

/// The longest message that is taken, in bytes.
const LIMIT: usize = 64 * 1024;

/// Where an error stands: what a pooler loses and a server tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// SQLSTATE.
    pub code: &'static str,
    /// The words.
    pub message: String,
    /// More words.
    pub detail: Option<String>,
}

impl Refusal {
    /// A refusal without detail.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None }
    }

    /// Adds the detail.
    #[must_use]
    pub fn detail(mut self, detail: &str) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// Messages to the client, gathered and sent in one write.
#[derive(Debug, Default)]
pub(super) struct Out(Vec<u8>);

impl Out {
    pub(super) fn message(&mut self, kind: u8, body: &[u8]) -> &mut Self {
        self.0.push(kind);
        self.0.extend(u32::try_from(body.len() + 4).unwrap_or(u32::MAX).to_be_bytes());
        self.0.extend(body);
        self
    }

    pub(super) fn authentication(&mut self, code: u32, rest: &[u8]) -> &mut Self {
        self.message(b'R', &[&code.to_be_bytes(), rest].concat())
    }

    pub(super) fn parameter(&mut self, name: &str, value: &str) -> &mut Self {
        self.message(b'S', format!("{name}\0{value}\0").as_bytes())
    }

    pub(super) fn ready(&mut self) -> &mut Self {
        self.message(b'Z', b"I")
    }

    /// An error as PostgreSQL words it; `severity` is FATAL or ERROR.
    pub(super) fn error(&mut self, severity: &str, refusal: &Refusal) -> &mut Self {
        let Refusal { code, message, detail } = refusal;
        let mut body = format!("S{severity}\0V{severity}\0C{code}\0M{message}\0");
        if let Some(detail) = detail {
            let _ = write!(body, "D{detail}\0");
        }
        body.push_str("Fstandin.c\0L1\0Rstand_in\0\0");
        self.message(b'E', body.as_bytes())
    }

    /// An error as PgBouncer 1.18 words it: one SQLSTATE for all, no file, line or routine.
    pub(super) fn pooler_error(&mut self, message: &str) -> &mut Self {
        self.message(b'E', format!("SFATAL\0C08P01\0M{message}\0\0").as_bytes())
    }

    /// Rows of text, with their description.
    pub(super) fn rows(
        &mut self,
        columns: &[(String, u32)],
        rows: &[Vec<Option<String>>],
    ) -> &mut Self {
        let count = |length: usize| u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
        let mut description = count(columns.len()).to_vec();
        for (name, oid) in columns {
            description.extend(name.as_bytes());
            description.extend([0, 0, 0, 0, 0, 0, 0]);
            description.extend(oid.to_be_bytes());
            description.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0]);
        }
        self.message(b'T', &description);
        for row in rows {
            let mut data = count(row.len()).to_vec();
            for value in row {
                match value {
                    None => data.extend([0xff; 4]),
                    Some(text) => {
                        data.extend(u32::try_from(text.len()).unwrap_or(0).to_be_bytes());
                        data.extend(text.as_bytes());
                    }
                }
            }
            self.message(b'D', &data);
        }
        self.message(b'C', format!("SELECT {}\0", rows.len()).as_bytes())
    }

    pub(super) async fn send(&mut self, stream: &mut dyn Stream) -> io::Result<()> {
        stream.write_all(&self.0).await?;
        self.0.clear();
        stream.flush().await
    }
}

/// One message of the client after startup: its kind and its body.
pub(super) async fn read(stream: &mut dyn Stream) -> io::Result<(u8, Vec<u8>)> {
    let kind = stream.read_u8().await?;
    Ok((kind, body(stream).await?))
}

/// A startup packet: its code and what follows; `None` where the length can't be one.
pub(super) async fn read_startup(stream: &mut dyn Stream) -> io::Result<Option<(u32, Vec<u8>)>> {
    let length = stream.read_u32().await? as usize;
    if !(8..=10_000).contains(&length) {
        return Ok(None);
    }
    let code = stream.read_u32().await?;
    let mut rest = vec![0; length - 8];
    stream.read_exact(&mut rest).await?;
    Ok(Some((code, rest)))
}

async fn body(stream: &mut dyn Stream) -> io::Result<Vec<u8>> {
    let length = stream.read_u32().await? as usize;
    if !(4..=LIMIT).contains(&length) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length - 4];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

/// The string up to a zero byte, and what follows it.
pub(super) fn cstr(bytes: &[u8]) -> (String, &[u8]) {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let rest = bytes.get(end + 1..).unwrap_or_default();
    (String::from_utf8_lossy(&bytes[..end]).into_owned(), rest)
}

/// The parameters of a startup packet.
pub(super) fn parameters(mut bytes: &[u8]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while bytes.first().is_some_and(|&byte| byte != 0) {
        let (name, rest) = cstr(bytes);
        let (value, rest) = cstr(rest);
        found.push((name, value));
        bytes = rest;
    }
    found
}
