//! A connection that leaves behind what the kernel knew of it at its end.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::net::tcp::{Info, sys};

/// What the kernel knew of a connection when it was given up; empty as long as it is held.
pub type Last = Arc<OnceLock<Ending>>;

/// How a connection ended.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// What the kernel knew at last.
    pub info: Info,
    /// The errno that an ICMP message left behind. The message itself is queued for a SYN alone, and
    /// who waits for a byte is not woken by it.
    pub errno: Option<i32>,
}

/// A connection that tells [`Last`] when it goes. Whoever gives up on silence has long handed the
/// connection on to a protocol, and sees no more of it.
#[derive(Debug)]
pub struct Stream {
    inner: TcpStream,
    last: Last,
    /// Whether the peer has reset it already, which the socket tells but once.
    reset: bool,
}

impl Stream {
    /// Over a connection.
    pub fn new(inner: TcpStream, last: &Last) -> Self {
        Self { inner, last: Arc::clone(last), reset: false }
    }

    /// The same, whose first word finds what it would have found had the RST come later.
    #[must_use]
    pub fn reset(mut self, reset: bool) -> Self {
        self.reset = reset;
        self
    }

    fn stands(&self) -> io::Result<()> {
        match self.reset {
            true => Err(io::Error::from_raw_os_error(libc::ECONNRESET)),
            false => Ok(()),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(info) = sys::info(&self.inner) {
            let rejected = (info.unacknowledged > 0).then(|| self.inner.take_error().ok()?);
            let errno = rejected.flatten().and_then(|error| error.raw_os_error());
            // A second end does not happen.
            let _ = self.last.set(Ending { info, errno });
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stands()?;
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stands()?;
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
