//! Who answers where the row's own protocol draws no answer: asked on connections of their own, with
//! the first words of other protocols, side by side. Only after silence, or a close without a byte.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use crate::model::{Fault, FaultCode, Key, Layer};
use crate::net::dialer::{Dialer, Target};
use crate::net::names::Names;
use crate::net::spoke;
use crate::net::tls::{self, TlsRequest};
use crate::net::wire::Traffic;

/// How long the other protocols have after a close.
const ASKING: Duration = Duration::from_secs(2);

/// How long a peer may think about a request of HTTP at least before anybody else is sought, as a share of
/// the time-out; handshakes are answered at once, or not at all.
const SHARE: u32 = 2;
const HANDSHAKE: Duration = Duration::from_secs(1);

/// First words of protocols where the client speaks first, and whose they are. A line of HTTP also draws
/// the errors of Redis, PgBouncer, AMQP and others that read it as their own.
const WORDS: &[(&str, &[u8])] = &[
    ("http", b"GET / HTTP/1.0\r\n\r\n"),
    ("redis", b"PING\r\n"),
    ("postgres", &SSL_REQUEST),
    ("ldap", &ANONYMOUS_BIND),
    ("kafka", &API_VERSIONS),
];

/// Asks PostgreSQL for TLS (PostgreSQL, chapter "Message Formats", `SSLRequest`).
pub const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// An anonymous simple bind (RFC 4511 §4.2, RFC 4513 §5.1.1).
const ANONYMOUS_BIND: [u8; 14] = [0x30, 12, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0];
/// `ApiVersions` of version 0 (Kafka protocol guide), under the correlation id that [`spoke`] knows.
const API_VERSIONS: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0x63, 0x70, 0, 1, 0xff, 0xff];

impl Dialer {
    /// Does the step that sends a protocol's first words and reads the first answer. Where the peer
    /// closes without a byte, or keeps silent for long (half of the time-out at most), other protocols are tried on
    /// connections of their own.
    ///
    /// # Errors
    /// As [`Dialer::step`]; `protocol.mismatch` where something else than `own` answers.
    pub async fn first_words<T>(
        &mut self,
        own: &'static str,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        if self.aside || self.traffic.as_ref().is_some_and(|traffic| traffic.received() > 0) {
            return self.step(Layer::Protocol, FaultCode::PeerSilent, work).await;
        }
        let stranger = self.stranger(own);
        let limit = self.target.timeouts.answer;
        let work = std::pin::pin!(work);
        let work = async { stranger.beside(limit, work).await? };
        match self.step(Layer::Protocol, FaultCode::PeerSilent, work).await {
            Err(fault) => Err(stranger.after_close(fault).await),
            done => done,
        }
    }

    /// Who may be at home in place of `own`.
    pub fn stranger(&self, own: &'static str) -> Stranger {
        Stranger {
            target: Arc::clone(&self.target),
            names: Arc::clone(&self.names),
            address: self.address,
            own,
            within_tls: self.session.is_some(),
            traffic: self.traffic.clone().unwrap_or_default(),
        }
    }
}

/// Somebody else who may be at home at an address. Nothing is made for him until he is sought.
#[derive(Debug)]
pub struct Stranger {
    target: Arc<Target>,
    names: Arc<Names>,
    address: SocketAddr,
    own: &'static str,
    within_tls: bool,
    /// What passes over the climb's own connection.
    traffic: Arc<Traffic>,
}

impl Stranger {
    /// Does the work, and seeks beside it where the peer keeps silent. The work is pinned by whoever has it:
    /// each hand that it passes through would else hold its size once more.
    ///
    /// # Errors
    /// The fault of another protocol that is recognised before the work is done.
    pub async fn beside<T>(
        &self,
        limit: Duration,
        work: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, Fault> {
        tokio::select! {
            done = work => Ok(done),
            fault = self.while_silent(limit) => Err(fault),
        }
    }

    /// Waits for a second, or with HTTP for half of a time-out, then seeks, where not a byte came until
    /// then. Ends only where another protocol is recognised, with its fault.
    async fn while_silent(&self, limit: Duration) -> Fault {
        let patience = limit / SHARE;
        let patience = if self.own == "http" { patience } else { patience.min(HANDSHAKE) };
        tokio::time::sleep(patience).await;
        if self.traffic.received() == 0
            && let Some(spoke) = self.boxed().await
            && self.traffic.received() == 0
        {
            return mismatch(self.own, spoke, FaultCode::PeerSilent);
        }
        std::future::pending().await
    }

    /// Seeks after a close without a byte; every other fault stays as it is.
    pub async fn after_close(&self, fault: Fault) -> Fault {
        let gone = matches!(fault.code, FaultCode::PeerClosed | FaultCode::PeerReset);
        if !gone || self.traffic.received() > 0 {
            return fault;
        }
        match tokio::time::timeout(ASKING, self.boxed()).await {
            Ok(Some(spoke)) => mismatch(self.own, spoke, fault.code),
            _ => fault,
        }
    }

    /// Whether TLS is spoken at the same port: many servers of it answer clear text with an error in clear.
    pub async fn speaks_tls(&self) -> bool {
        let asked = async {
            let answer = answer(self.side(), &self.hello()?, false).await?;
            Some(spoke::recognise(&answer) == "tls")
        };
        tokio::time::timeout(ASKING, asked).await.ok().flatten().unwrap_or(false)
    }

    fn side(&self) -> Dialer {
        Dialer::beside(&self.target, &self.names, self.address)
    }

    fn hello(&self) -> Option<Vec<u8>> {
        let name = self.target.trust.server_name.as_deref().unwrap_or(&self.target.host);
        tls::old::client_hello(tls::bare(name))
    }

    /// Boxed: the rung of TLS seeks strangers, and seeking climbs the rung of TLS.
    fn boxed(&self) -> Pin<Box<dyn Future<Output = Option<&'static str>> + Send + '_>> {
        Box::pin(self.seek())
    }

    /// Another protocol than the row's that answers here; `None` where none is recognised.
    async fn seek(&self) -> Option<&'static str> {
        let hello = self.hello().filter(|_| !self.within_tls).map(|hello| ("tls", hello));
        let words = WORDS.iter().map(|(of, words)| (*of, words.to_vec()));
        let mut tries = JoinSet::new();
        for (of, words) in words.chain(hello).filter(|(of, _)| *of != self.own) {
            let (side, within_tls) = (self.side(), self.within_tls);
            tries.spawn(async move {
                let answer = answer(side, &words, within_tls).await?;
                Some(recognised(of, &answer)).filter(|spoke| *spoke != "unknown")
            });
        }
        while let Some(tried) = tries.join_next().await {
            if let Ok(Some(spoke)) = tried {
                // Where the row's own protocol is what answers, the peer is no stranger.
                return Some(spoke).filter(|spoke| *spoke != self.own);
            }
        }
        None
    }
}

/// The first bytes that words draw on a connection of their own.
async fn answer(mut side: Dialer, words: &[u8], within_tls: bool) -> Option<Vec<u8>> {
    let mut wire = side.tcp().await.ok()?;
    if within_tls {
        wire = side.tls(wire, &TlsRequest::default()).await.ok()?;
    }
    wire.write_all(words).await.ok()?;
    wire.flush().await.ok()?;
    let mut answer = vec![0_u8; 128];
    let read = wire.read(&mut answer).await.ok()?;
    answer.truncate(read);
    Some(answer)
}

/// What an answer to these words shows: `S` and `N` are whole answers of PostgreSQL's.
fn recognised(words: &str, answer: &[u8]) -> &'static str {
    match (words, answer) {
        ("postgres", [b'S' | b'N']) => "postgres",
        (_, answer) => spoke::recognise(answer),
    }
}

/// Another protocol than `own`, as a second connection shows; `first` is what the first one drew.
fn mismatch(own: &str, spoke: &'static str, first: FaultCode) -> Fault {
    let (code, own) = match own {
        "tls" => (FaultCode::TlsNotTls, "TLS"),
        own => (FaultCode::ProtocolMismatch, own),
    };
    let detail = format!("the peer speaks {spoke}, not {own}, as a second connection shows");
    Fault::new(code, detail)
        .with(Key::Spoke, spoke)
        .with(Key::Cause, first.as_str())
        .with(Key::Bytes, 0_u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_is_postgresql_s_only_after_its_own_words() {
        assert_eq!(recognised("postgres", b"S"), "postgres");
        assert_eq!(recognised("postgres", b"N"), "postgres");
        assert_eq!(recognised("http", b"S"), "unknown");
        assert_eq!(recognised("postgres", b"SSH-2.0-x"), "ssh");
    }
}
