//! Which old version a peer speaks (RFC 2246, RFC 4346, RFC 5246): one `ClientHello` of our own bytes
//! that offers whatever there is up to TLS 1.2, and the version in the `ServerHello`. Nothing else is
//! sent, so nothing is ever said under an old version.

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::net::tls::trust::provider;
use crate::net::wire::Wire;

/// Suites, strong before weak, down to what only old peers know; the last says that renegotiation is
/// understood (RFC 5746 §3.3).
const SUITES: &[u16] = &[
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xc009, 0xc013, 0xc00a, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
    0x003c, 0x0033, 0x0039, 0x0016, 0xc012, 0x000a, 0x0005, 0x0004, 0x00ff,
];

/// P-256, P-384, P-521, uncompressed; signatures by ECDSA and RSA with SHA-256, SHA-384 and SHA-1.
const EXTENSIONS: &[u8] = &[
    0, 10, 0, 8, 0, 6, 0, 23, 0, 24, 0, 25, // supported_groups (RFC 8422 §5.1.1)
    0, 11, 0, 2, 1, 0, // ec_point_formats (RFC 8422 §5.1.2)
    0, 13, 0, 14, 0, 12, 4, 3, 4, 1, 5, 3, 5, 1, 2, 3, 2,
    1, // signature_algorithms (RFC 5246 §7.4.1.4.1)
];

/// The version that the peer chooses where everything up to TLS 1.2 is offered; `None` where it
/// chooses none, or its answer is no `ServerHello`.
pub(in crate::net) async fn version(mut wire: Wire, name: &str) -> Option<&'static str> {
    wire.write_all(&client_hello(name)?).await.ok()?;
    wire.flush().await.ok()?;
    // The record's head, the handshake's head, the version: no more is read.
    let mut answer = [0_u8; 11];
    wire.read_exact(&mut answer).await.ok()?;
    chosen(&answer)
}

pub(super) fn chosen(answer: &[u8; 11]) -> Option<&'static str> {
    match answer {
        [22, 3, _, _, _, 2, _, _, _, 3, minor] => match minor {
            0 => Some("SSL 3.0"),
            1 => Some("TLS 1.0"),
            2 => Some("TLS 1.1"),
            3 => Some("TLS 1.2"),
            _ => None,
        },
        _ => None,
    }
}

/// A `ClientHello` (RFC 5246 §7.4.1.2) in one record.
pub(in crate::net) fn client_hello(name: &str) -> Option<Vec<u8>> {
    let mut random = [0; 32];
    provider().secure_random.fill(&mut random).ok()?;
    let mut extensions = server_name(name)?;
    extensions.extend(EXTENSIONS);
    let suites: Vec<u8> = SUITES.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    let mut hello = vec![3, 3];
    hello.extend(random);
    hello.push(0);
    hello.extend(sized(&suites)?);
    hello.extend([1, 0]);
    hello.extend(sized(&extensions)?);
    let mut message = vec![1, 0];
    message.extend(sized(&hello)?);
    // The record says TLS 1.0, which the oldest peers want (RFC 5246 appendix E.1).
    let mut record = vec![22, 3, 1];
    record.extend(sized(&message)?);
    Some(record)
}

/// The extension `server_name` (RFC 6066 §3); nothing for an address.
fn server_name(name: &str) -> Option<Vec<u8>> {
    let Ok(ServerName::DnsName(name)) = ServerName::try_from(name) else { return Some(Vec::new()) };
    let mut entry = vec![0];
    entry.extend(sized(name.as_ref().as_bytes())?);
    let mut extension = vec![0, 0];
    extension.extend(sized(&sized(&entry)?)?);
    Some(extension)
}

/// Bytes behind their number in two bytes.
fn sized(bytes: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(bytes.len()).ok()?;
    Some([&length.to_be_bytes(), bytes].concat())
}

#[cfg(test)]
mod tests {
    use super::chosen;

    #[test]
    fn only_a_server_hello_tells_a_version() {
        assert_eq!(chosen(&[22, 3, 2, 0, 60, 2, 0, 0, 56, 3, 2]), Some("TLS 1.1"));
        // An alert, another handshake message, a version that was not offered.
        assert_eq!(chosen(&[21, 3, 1, 0, 2, 2, 70, 0, 0, 3, 2]), None);
        assert_eq!(chosen(&[22, 3, 2, 0, 60, 11, 0, 0, 56, 3, 2]), None);
        assert_eq!(chosen(&[22, 3, 2, 0, 60, 2, 0, 0, 56, 3, 9]), None);
    }
}
