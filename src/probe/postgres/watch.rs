//! Watching the backend's messages in the stream that tokio-postgres is given (PostgreSQL, chapter
//! "Message Formats"). The client answers a cleartext request by itself and hides AuthOk; here the
//! request is stopped before the answer, and AuthOk is noted. Frames are bounded, too.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

use crate::net::Wire;

/// Largest message that is taken, in bytes: what a login and our queries bring is far smaller.
const LARGEST: u32 = 1 << 20;

/// Bytes of a whole session that are taken.
const MOST: usize = 8 << 20;

/// What was seen of the login.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Any whole message came.
    pub(super) spoke: bool,
    /// The authentication that was asked for: `trust`, `cleartext`, `md5`, `scram-sha-256`, …
    pub(super) method: Option<&'static str>,
    /// SCRAM with channel binding was offered.
    pub(super) plus: bool,
    /// AuthenticationOk came.
    pub(super) ok: bool,
    /// ReadyForQuery came.
    pub(super) ready: bool,
    /// SASLFinal came, in which the server proves that it knows the password (RFC 5802 §3).
    pub(super) proof: bool,
    /// The stream ended or broke; where it did not, it is the client that refuses what came.
    pub(super) ended: bool,
}

/// Why the stream was stopped here; carried inside an I/O error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stopped {
    /// The password would travel in clear text.
    #[error("a cleartext password was asked for and may not be sent")]
    Cleartext,
    /// A message passes the bound.
    #[error("a message of the backend passes the bound")]
    TooLarge,
    /// These are no messages of PostgreSQL's.
    #[error("the bytes are no messages of PostgreSQL's protocol")]
    NotPostgres,
}

/// The stream, watched.
#[derive(Debug)]
pub(super) struct Watched {
    wire: Wire,
    seen: Arc<Mutex<Seen>>,
    cleartext_allowed: bool,
    binding: Option<Vec<u8>>,
    /// Bytes of the current message that are kept: type, length, and the start of the body.
    head: Vec<u8>,
    /// Bytes of the current message that are still to come.
    left: u32,
    /// Bytes that came in all.
    total: usize,
}

/// Enough of a message to read an authentication request with its list of mechanisms.
const HEAD: usize = 5 + 64;

impl Watched {
    pub(super) fn new(wire: Wire, cleartext_allowed: bool, binding: Option<Vec<u8>>) -> Self {
        Self {
            wire,
            seen: Arc::default(),
            cleartext_allowed,
            binding,
            head: Vec::with_capacity(HEAD),
            left: 0,
            total: 0,
        }
    }

    pub(super) fn seen(&self) -> Arc<Mutex<Seen>> {
        Arc::clone(&self.seen)
    }

    /// Follows the frames in newly read bytes.
    fn follow(&mut self, mut bytes: &[u8]) -> Result<(), Stopped> {
        self.total += bytes.len();
        if self.total > MOST {
            return Err(Stopped::TooLarge);
        }
        while !bytes.is_empty() {
            if self.head.len() < 5 {
                let take = bytes.len().min(5 - self.head.len());
                self.head.extend_from_slice(&bytes[..take]);
                bytes = &bytes[take..];
                if !b"RESKZNvTDCIGHWdcntsA123VX".contains(&self.head[0]) {
                    return Err(Stopped::NotPostgres);
                }
                let [_, a, b, c, d] = self.head[..] else { continue };
                let length = u32::from_be_bytes([a, b, c, d]);
                if length < 4 {
                    return Err(Stopped::NotPostgres);
                }
                if length > LARGEST {
                    let known = lock(&self.seen).spoke;
                    return Err(if known { Stopped::TooLarge } else { Stopped::NotPostgres });
                }
                self.left = length - 4;
            }
            let take = bytes.len().min(self.left as usize);
            let keep = take.min(HEAD - self.head.len().min(HEAD));
            self.head.extend_from_slice(&bytes[..keep]);
            bytes = &bytes[take..];
            self.left -= u32::try_from(take).unwrap_or(self.left);
            if self.left == 0 {
                let head = std::mem::take(&mut self.head);
                self.message(&head)?;
            }
        }
        Ok(())
    }

    fn message(&self, head: &[u8]) -> Result<(), Stopped> {
        let mut seen = lock(&self.seen);
        seen.spoke = true;
        match head {
            [b'Z', ..] => seen.ready = true,
            [b'R', _, _, _, _, 0, 0, 0, code, rest @ ..] => match code {
                0 => {
                    seen.ok = true;
                    seen.method.get_or_insert("trust");
                }
                3 => {
                    seen.method = Some("cleartext");
                    if !self.cleartext_allowed {
                        return Err(Stopped::Cleartext);
                    }
                }
                5 => seen.method = Some("md5"),
                7 => seen.method = Some("gss"),
                9 => seen.method = Some("sspi"),
                10 => {
                    let names = || rest.split(|byte| *byte == 0);
                    let scram = names().any(|name| name.starts_with(b"SCRAM-SHA-256"));
                    seen.method = Some(if scram { "scram-sha-256" } else { "unknown" });
                    seen.plus = names().any(|name| name.ends_with(b"-PLUS"));
                }
                11 => {}
                12 => seen.proof = true,
                _ => seen.method = Some("unknown"),
            },
            _ => {}
        }
        Ok(())
    }
}

/// What was seen, whoever held the lock.
pub(super) fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.wire).poll_read(cx, buf));
        if read.is_err() || buf.filled().len() == before {
            lock(&self.seen).ended = true;
        }
        read?;
        let this = self.get_mut();
        this.follow(&buf.filled()[before..]).map_err(io::Error::other)?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.wire).poll_write(cx, buf);
        if let Poll::Ready(Err(_)) = written {
            lock(&self.seen).ended = true;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}

impl TlsStream for Watched {
    fn channel_binding(&self) -> ChannelBinding {
        match &self.binding {
            Some(digest) => ChannelBinding::tls_server_end_point(digest.clone()),
            None => ChannelBinding::none(),
        }
    }
}

/// Hands a finished TLS stream through, with its channel binding.
pub(super) struct HandThrough;

impl TlsConnect<Watched> for HandThrough {
    type Stream = Watched;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Watched>>;

    fn connect(self, stream: Watched) -> Self::Future {
        std::future::ready(Ok(stream))
    }
}
