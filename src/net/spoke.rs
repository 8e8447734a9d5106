//! Which protocol a peer speaks, by the first bytes that it sends.

use crate::model::{Fault, FaultCode, Key};
use crate::net::wire::{Traffic, first_bytes};

/// The protocol's name, for the evidence `spoke`; `unknown` where the bytes tell nothing.
///
/// Greetings by RFC 4253 §4.2 (SSH), RFC 5321 §4.2 (SMTP), RFC 959 (FTP), RFC 1939 (POP3),
/// RFC 9051 (IMAP), RFC 9112 §4 (HTTP), RFC 8446 §5.1 (TLS), RFC 4511 §4 (LDAP), RFC 1928 §3
/// (SOCKS), MySQL's protocol::HandshakeV10, the Redis serialization protocol, PostgreSQL §55.7,
/// AMQP 0-9-1 §4.2.2, RFC 6143 §7.1.1 (RFB).
pub fn recognise(bytes: &[u8]) -> &'static str {
    let starts = |prefix: &[u8]| bytes.starts_with(prefix);
    let holds =
        |word: &[u8]| bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
    match bytes {
        _ if starts(b"SSH-") => "ssh",
        _ if starts(b"HTTP/") || starts(b"<html") || starts(b"<!DOCTYPE") => "http",
        [0x14..=0x17, 0x03, 0x00..=0x04, ..] => "tls",
        _ if starts(b"220") && holds(b"ftp") => "ftp",
        _ if starts(b"220") || starts(b"554 ") || starts(b"421 ") => "smtp",
        _ if starts(b"AMQP") => "amqp",
        _ if starts(b"RFB ") => "vnc",
        _ if starts(b"* OK") || starts(b"* BYE") => "imap",
        _ if starts(b"+OK") => "pop3",
        _ if starts(b"INFO {") => "nats",
        _ if redis(bytes) => "redis",
        _ if postgres(bytes) => "postgres",
        _ if mysql(bytes) => "mysql",
        [0x05, 0x00..=0x02 | 0xff] => "socks5",
        [0x30, length, 0x02, ..] if usize::from(*length) + 2 >= bytes.len().min(130) => "ldap",
        [0x00, 0x00, 0x00, length, _, _, _, _, ..] if kafka(bytes, *length) => "kafka",
        [0x00, 0x00, 0x12..=0x24, 0x04, 0x00, ..] => "http2",
        _ => "unknown",
    }
}

/// The fault of another protocol where `own` is expected, by the first bytes that came.
pub fn mismatch(traffic: &Traffic, own: &str) -> Fault {
    let spoke = recognise(&traffic.first_bytes());
    let what = match spoke {
        "unknown" => format!("something that is no {own} answers"),
        name => format!("the peer speaks {name}, not {own}"),
    };
    Fault::new(FaultCode::ProtocolMismatch, what)
        .with(Key::Spoke, spoke)
        .with(Key::FirstBytes, first_bytes(traffic))
}

fn redis(bytes: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[
        b"-ERR",
        b"-NOAUTH",
        b"-WRONGPASS",
        b"-DENIED",
        b"-NOPERM",
        b"-MASTERDOWN",
        b"-LOADING",
        b"-READONLY",
        b"+PONG",
        b"$-1\r\n",
        b"-BUSY",
    ];
    WORDS.iter().any(|word| bytes.starts_with(word))
}

/// A backend message: a type, a length of four bytes, and for an error a field of severity.
fn postgres(bytes: &[u8]) -> bool {
    match bytes {
        [b'E', 0, 0, _, _, b'S', ..] => true,
        [b'R', 0, 0, 0, 8..=0x60, 0, 0, 0, 0..=12, ..] => true,
        [b'v', 0, 0, 0, ..] => bytes.len() >= 9,
        _ => false,
    }
}

/// A handshake of version 10, or an error in its place.
fn mysql(bytes: &[u8]) -> bool {
    match bytes {
        [_, _, 0, 0, 0x0a, version @ ..] => {
            version.first().is_some_and(u8::is_ascii_digit) && version.contains(&b'.')
        }
        [_, _, 0, 0, 0xff, _, _, ..] => bytes.len() > 8,
        _ => false,
    }
}

/// A response: its length matches and the correlation id is one that we sent.
fn kafka(bytes: &[u8], length: u8) -> bool {
    bytes.len() == usize::from(length) + 4 && bytes.get(4..8) == Some(&[0x63, 0x70, 0x00, 0x01])
}

#[cfg(test)]
mod tests {
    use super::recognise;

    #[test]
    fn greetings_are_told_apart() {
        for (bytes, name) in [
            (&b"SSH-2.0-OpenSSH_9.2p1"[..], "ssh"),
            (b"HTTP/1.1 400 Bad Request\r\n", "http"),
            (b"220 mail ESMTP Exim", "smtp"),
            (b"220 (vsFTPd 3.0.3)", "ftp"),
            (b"J\0\0\0\n8.0.36\0", "mysql"),
            (b"-ERR unknown command", "redis"),
            (b"E\0\0\0\x40SFATAL\0C08P01\0", "postgres"),
            (b"\x15\x03\x03\0\x02\x02\x46", "tls"),
            (b"AMQP\0\0\x09\x01", "amqp"),
            (b"\0\0\0", "unknown"),
        ] {
            assert_eq!(recognise(bytes), name, "{bytes:?}");
        }
    }
}
