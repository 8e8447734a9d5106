//! TCP: a connect, and where the row says so, bytes to send and bytes to expect.
//!
//! - *connected*: the handshake was done. A connect alone never claims more: a mesh sidecar accepts
//!   everything. An RST right after it may come before we look or not, so it changes nothing: a row that wants to
//!   see one expects something.
//! - *spoken*: what the row expects came.
//!
//! It stops at what the row says to reject, at an end of the stream, at silence. One connection.

use schemars::JsonSchema;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::model::node::Kind;
use crate::model::read::Problems;
use crate::model::{Fault, FaultCode, Key, Layer, Node, Proof, clean};
use crate::net::wire::{Wire, broken, closed, first_bytes};
use crate::net::{Dialer, spoke};
use crate::probe::{BoxFuture, Probe, Protocol, TlsUse};

/// A connect, or an exchange of bytes.
pub const PROTOCOL: Protocol = Protocol {
    name: "tcp",
    about: "a TCP connect; with send and expect, an exchange of bytes",
    schemes: &["tcp"],
    default_port: 0,
    tls: TlsUse::Never,
    layers: &[Layer::Tcp],
    connections: "one",
    options: read,
    schema,
};

/// Bytes that are read in search of what is expected.
const LIMIT: usize = 64 * 1024;

#[derive(Debug, Default)]
struct Tcp {
    send: Option<Vec<u8>>,
    expect: Vec<Vec<u8>>,
    reject: Vec<Vec<u8>>,
}

fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Box<dyn Probe>> {
    let Some(node) = node else { return Some(Box::new(Tcp::default())) };
    let mut fields = problems.fields(node, "tcp")?;
    let send = fields.node("send").and_then(|node| bytes(node, problems));
    let mut list = |key, problems: &mut Problems| match fields.node(key) {
        Some(node) => {
            if node.items().is_empty() {
                problems.push(node.wrong(format!("`{key}` names nothing")).help("leave it out"));
            }
            node.items().iter().filter_map(|item| bytes(item, problems)).collect()
        }
        None => Vec::new(),
    };
    let expect: Vec<Vec<u8>> = list("expect", problems);
    let reject: Vec<Vec<u8>> = list("reject", problems);
    fields.finish(problems);
    if (send.is_some() || !reject.is_empty()) && expect.is_empty() {
        problems.push(
            node.wrong("tcp sends or rejects, but expects nothing, so it could prove nothing")
                .help("add `expect`"),
        );
    }
    Some(Box::new(Tcp { send, expect, reject }))
}

/// Bytes as a text with `\r`, `\n`, `\t`, `\0`, `\\` and `\xNN`, or as `hex:` and digits.
fn bytes(node: &Node, problems: &mut Problems) -> Option<Vec<u8>> {
    if let Kind::Map(_) = node.kind {
        problems.push(node.wrong("expected a text, or `hex:` and digits"));
        return None;
    }
    problems.parse(node, |text| match text.strip_prefix("hex:") {
        _ if text.is_empty() => Err("an empty text is never found".to_owned()),
        Some(digits) => unhex(digits),
        None => unescape(text),
    })
}

fn unhex(digits: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<char> = digits.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| match pair {
        [high, low] => high.to_digit(16).zip(low.to_digit(16)),
        _ => None,
    };
    digits
        .chunks(2)
        .map(|pair| byte(pair).and_then(|(high, low)| u8::try_from(high * 16 + low).ok()))
        .collect::<Option<Vec<u8>>>()
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(|| "after `hex:` stand pairs of hexadecimal digits".to_owned())
}

fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = rest[at + 1..].chars().next();
        let (byte, used) = match escape {
            Some('r') => (b'\r', 1),
            Some('n') => (b'\n', 1),
            Some('t') => (b'\t', 1),
            Some('0') => (0, 1),
            Some('\\') => (b'\\', 1),
            Some('x') => {
                let digits = rest.get(at + 2..at + 4).unwrap_or_default();
                let byte = u8::from_str_radix(digits, 16)
                    .map_err(|_| "after `\\x` stand two hexadecimal digits".to_owned())?;
                (byte, 3)
            }
            _ => return Err("known escapes are \\r \\n \\t \\0 \\\\ and \\xNN".to_owned()),
        };
        out.push(byte);
        rest = &rest[at + 1 + used..];
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

impl Probe for Tcp {
    fn run<'a>(&'a self, dialer: &'a mut Dialer) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let mut wire = dialer.tcp().await?;
            if self.expect.is_empty() || !dialer.wants(Proof::Spoken) {
                return Ok(());
            }
            let exchange = self.exchange(&mut wire);
            let found = dialer.step(Layer::Protocol, FaultCode::PeerSilent, exchange).await;
            let found = found.map_err(|fault| match fault.code {
                // It spoke, and then waited for an answer in its own protocol, or gave up on us.
                FaultCode::PeerStalled | FaultCode::PeerReset => {
                    let named = self.unexpected(&wire);
                    if named.code == FaultCode::ProtocolMismatch { named } else { fault }
                }
                _ => fault,
            })?;
            dialer.note(Key::Found, found);
            dialer.reach(Proof::Spoken);
            Ok(())
        })
    }

    fn sends(&self) -> String {
        match &self.send {
            Some(bytes) => format!("{} bytes: {}", bytes.len(), clean::bytes(bytes, 40)),
            None => "nothing".to_owned(),
        }
    }

    fn is_plain_tcp(&self) -> bool {
        self.expect.is_empty()
    }
}

impl Tcp {
    async fn exchange(&self, wire: &mut Wire) -> Result<String, Fault> {
        let lost = |error: &std::io::Error, wire: &Wire| broken(error, wire.traffic(), None);
        if let Some(bytes) = &self.send {
            let sent = async {
                wire.write_all(bytes).await?;
                wire.flush().await
            };
            if let Err(error) = sent.await {
                return Err(lost(&error, wire));
            }
        }
        let mut seen = Vec::new();
        let mut buffer = [0_u8; 4_096];
        loop {
            let count = match wire.read(&mut buffer).await {
                Ok(0) => return Err(self.ended(wire)),
                Ok(count) => count,
                Err(error) => return Err(lost(&error, wire)),
            };
            seen.extend_from_slice(&buffer[..count]);
            if let Some(word) = self.reject.iter().find(|word| holds(&seen, word)) {
                let fault = Fault::new(
                    FaultCode::ProtocolUnexpectedBody,
                    format!("the peer says what the row rejects: `{}`", clean::bytes(word, 60)),
                );
                return Err(fault.with(Key::Found, clean::bytes(&seen, 120)));
            }
            if self.expect.iter().all(|word| holds(&seen, word)) {
                return Ok(clean::bytes(&seen, 120));
            }
            if seen.len() > LIMIT {
                return Err(self.endless(wire));
            }
        }
    }

    fn ended(&self, wire: &Wire) -> Fault {
        if wire.traffic().received() == 0 { closed(wire.traffic()) } else { self.unexpected(wire) }
    }

    /// More came than is read; where its beginning is another protocol's, that says more.
    fn endless(&self, wire: &Wire) -> Fault {
        let mut fault = self.unexpected(wire).with(Key::Limit, LIMIT);
        if fault.code == FaultCode::ProtocolUnexpectedBody {
            fault.code = FaultCode::ProtocolTooLarge;
            fault.detail = format!("what is expected is not in the first {LIMIT} bytes");
        }
        fault
    }

    /// Something else came: another protocol where its bytes are known.
    fn unexpected(&self, wire: &Wire) -> Fault {
        let spoke = spoke::recognise(&wire.traffic().first_bytes());
        let expected = self.expect.iter().map(|word| clean::bytes(word, 40)).collect::<Vec<_>>();
        let fault = match spoke {
            "unknown" => Fault::new(
                FaultCode::ProtocolUnexpectedBody,
                "the peer did not say what is expected",
            ),
            name => Fault::new(
                FaultCode::ProtocolMismatch,
                format!("the peer speaks {name}, and not what is expected"),
            )
            .with(Key::Spoke, name),
        };
        fault
            .with(Key::Expected, expected.join(", "))
            .with(Key::FirstBytes, first_bytes(wire.traffic()))
    }
}

fn holds(seen: &[u8], word: &[u8]) -> bool {
    seen.windows(word.len().max(1)).any(|window| window == word)
}

/// The options, as JSON Schema describes them.
#[derive(JsonSchema)]
#[schemars(rename = "TcpOptions", deny_unknown_fields)]
#[expect(dead_code, reason = "it is read for its schema alone")]
struct Form {
    /// What to send: a text with \r \n \t \0 \\ \xNN, or `hex:` and digits.
    send: Option<String>,
    /// What must come: one text or several, all of them.
    expect: Option<serde_json::Value>,
    /// What must not come.
    reject: Option<serde_json::Value>,
}

fn schema() -> serde_json::Value {
    serde_json::to_value(schemars::schema_for!(Form)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{unescape, unhex};

    #[test]
    fn bytes_can_be_written_as_text_or_hex() {
        assert_eq!(unescape(r"PING\r\n\x00\\").unwrap(), b"PING\r\n\0\\");
        assert_eq!(unhex("00 ff 4A").unwrap(), [0, 255, 0x4a]);
        assert!(unescape(r"\q").is_err() && unhex("0").is_err() && unhex("").is_err());
    }
}
