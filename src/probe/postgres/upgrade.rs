//! TLS within the protocol: one packet asks for it, one byte answers (PostgreSQL, chapter "SSL Session
//! Encryption"); and who else answers that packet.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::model::{Fault, FaultCode, Proof, VerifyMode};
use crate::net::dialer::SSL_REQUEST;
use crate::net::tls::TlsRequest;
use crate::net::wire::{Traffic, broken, closed};
use crate::net::{Dialer, Wire, spoke};
use crate::probe::postgres::classify;

/// Asks for TLS within the protocol, as `tls.mode` wants it. Says whether TLS is on.
pub(super) async fn upgrade(dialer: &mut Dialer, mut wire: Wire) -> Result<(Wire, bool), Fault> {
    let mode = dialer.target().trust.mode;
    if mode == VerifyMode::Disable || !dialer.target().tls {
        return Ok((wire, false));
    }
    let asked = async {
        let answer = async {
            wire.write_all(&SSL_REQUEST).await?;
            wire.flush().await?;
            wire.read_u8().await
        };
        match answer.await {
            Ok(answer) => Ok((answer, wire)),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(closed(wire.traffic()))
            }
            Err(error) => Err(broken(&error, wire.traffic(), None)),
        }
    };
    let (answer, mut wire) = dialer.first_words("postgres", asked).await?;
    match answer {
        b'S' => {
            // An `S` may be the first letter of another greeting; then more follows at once.
            let raw = Arc::clone(wire.traffic());
            let ask = TlsRequest { lead_in: &SSL_REQUEST, ..TlsRequest::default() };
            match dialer.tls(wire, &ask).await {
                Err(fault)
                    if fault.code == FaultCode::TlsNotTls
                        && spoke::recognise(&raw.first_bytes()) != "unknown" =>
                {
                    Err(mismatch(&raw))
                }
                shaken => Ok((shaken?, true)),
            }
        }
        b'N' if mode == VerifyMode::Prefer => Ok((wire, false)),
        b'N' => {
            dialer.reach(Proof::Spoken);
            let detail =
                format!("the server declines TLS, and tls.mode {} needs it", mode.as_str());
            Err(Fault::new(FaultCode::TlsNotOffered, detail))
        }
        _ => {
            let fault = other_answer(&mut wire, answer).await;
            if fault.code != FaultCode::ProtocolMismatch {
                dialer.reach(Proof::Spoken);
            }
            Err(fault)
        }
    }
}

/// Something else than S or N: an error of PostgreSQL's, or another protocol.
async fn other_answer(wire: &mut Wire, first: u8) -> Fault {
    let mut bytes = vec![first; 512];
    let more = wire.read(&mut bytes[1..]);
    let more = tokio::time::timeout(std::time::Duration::from_millis(200), more).await;
    bytes.truncate(1 + more.ok().and_then(Result::ok).unwrap_or_default());
    classify::before_startup(&bytes).unwrap_or_else(|| mismatch(wire.traffic()))
}

/// Another protocol where PostgreSQL is expected.
pub(super) fn mismatch(traffic: &Traffic) -> Fault {
    spoke::mismatch(traffic, "PostgreSQL")
}
