//! One boxed stream, whatever is beneath it, that counts what passes and keeps the first bytes.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use zeroize::Zeroizing;

use crate::model::{Fault, FaultCode, Key, clean};
use crate::net::tls::Session;

/// What a [`Wire`] can be made of.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How many of the first bytes are kept: enough to recognise a protocol, too few to be a burden.
const KEPT: usize = 256;

/// What has passed over one layer of a connection.
#[derive(Default)]
pub struct Traffic {
    received: AtomicU64,
    sent: AtomicU64,
    first: Mutex<Vec<u8>>,
    /// Made where somebody watches; elsewhere a read or write has no lock to take.
    passing: OnceLock<Mutex<Passed>>,
}

/// What passed over a wire while one step was climbed: the first bytes of each direction. They may
/// hold secrets; see [`crate::net::redact`].
#[derive(Clone, Default)]
pub struct Passed {
    /// Sent.
    pub sent: Zeroizing<Vec<u8>>,
    /// Received.
    pub received: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Passed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[bytes]")
    }
}

/// How many bytes of each direction are kept for one step, where somebody watches.
const WATCHED: usize = 2_048;

fn keep(kept: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    let room = WATCHED.saturating_sub(kept.len());
    kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

impl std::fmt::Debug for Traffic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (received, sent) = (self.received(), self.sent());
        f.debug_struct("Traffic").field("received", &received).field("sent", &sent).finish()
    }
}

impl Traffic {
    /// Bytes received so far.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Bytes sent so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// The first bytes received, at most 256.
    pub fn first_bytes(&self) -> Vec<u8> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps what passes from now on, for whoever watches.
    pub(crate) fn watch(&self) {
        self.passing.get_or_init(Mutex::default);
    }

    /// What passed since this was asked last; nothing where nobody watches.
    pub(crate) fn passed(&self) -> Option<Passed> {
        let passing = self.passing.get()?;
        Some(std::mem::take(&mut *passing.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    fn passes(&self, bytes: &[u8], direction: fn(&mut Passed) -> &mut Zeroizing<Vec<u8>>) {
        if let Some(passing) = self.passing.get() {
            let mut passed = passing.lock().unwrap_or_else(PoisonError::into_inner);
            keep(direction(&mut passed), bytes);
        }
    }

    fn took(&self, bytes: &[u8]) {
        self.passes(bytes, |passed| &mut passed.received);
        let before = self.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if before < KEPT as u64 {
            let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            let room = KEPT - first.len().min(KEPT);
            first.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }
}

/// A stream to the peer.
pub struct Wire {
    io: Box<dyn Stream>,
    traffic: Arc<Traffic>,
    session: Option<Arc<Session>>,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("traffic", &self.traffic).finish_non_exhaustive()
    }
}

impl Wire {
    /// A wire over a stream of any kind.
    pub fn new(io: impl Stream + 'static) -> Self {
        Self { io: Box::new(io), traffic: Arc::default(), session: None }
    }

    /// A wire over a finished TLS handshake.
    pub fn secure(io: impl Stream + 'static, session: Arc<Session>) -> Self {
        Self { io: Box::new(io), traffic: Arc::default(), session: Some(session) }
    }

    /// What has passed over it.
    pub fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// The TLS session that it runs in, if it does.
    pub fn session(&self) -> Option<&Arc<Session>> {
        self.session.as_ref()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        let new = &buf.filled()[before..];
        if !new.is_empty() {
            self.traffic.took(new);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, buf))?;
        self.traffic.sent.fetch_add(written as u64, Ordering::Relaxed);
        self.traffic.passes(&buf[..written], |passed| &mut passed.sent);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Why a stream broke that had been accepted: by a TLS alert, by RST, by FIN, by our own system.
///
/// `traffic` is that of the layer that was read; `session` the TLS session it runs in.
pub fn broken(error: &io::Error, traffic: &Traffic, session: Option<&Session>) -> Fault {
    if let Some(fault) = crate::net::tls::classify::late(error, traffic, session) {
        return fault;
    }
    let bytes = traffic.received();
    let fault = match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Fault::new(
            FaultCode::PeerReset,
            format!("the peer reset the connection after {bytes} bytes of its answer"),
        ),
        io::ErrorKind::TimedOut => Fault::new(
            FaultCode::PeerStalled,
            "the system gave up sending: the peer acknowledges nothing",
        ),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Fault::new(
            FaultCode::PeerStalled,
            "the path to the peer went away while it was answering",
        ),
        // Of a connection that stands, these are the errnos of ICMP port unreachable and prohibited.
        io::ErrorKind::ConnectionRefused | io::ErrorKind::PermissionDenied => Fault::new(
            FaultCode::PeerStalled,
            "packets of the connection were rejected by ICMP after its handshake",
        ),
        _ => closed_detail(bytes),
    };
    fault.with(Key::Bytes, bytes).with_some(Key::Errno, crate::net::tcp::errno_name(error))
}

/// The peer closed before its answer was whole.
pub fn closed(traffic: &Traffic) -> Fault {
    let bytes = traffic.received();
    closed_detail(bytes).with(Key::Bytes, bytes)
}

fn closed_detail(bytes: u64) -> Fault {
    let detail = match bytes {
        0 => "the peer closed the connection without a byte".to_owned(),
        bytes => format!("the peer closed the connection after {bytes} bytes, in mid-answer"),
    };
    Fault::new(FaultCode::PeerClosed, detail)
}

/// The first bytes that were received, cleaned for a report.
pub fn first_bytes(traffic: &Traffic) -> String {
    clean::bytes(&traffic.first_bytes(), 64)
}
