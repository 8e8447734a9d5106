//! A race of sockets against a lossy network: while nothing answers, another SYN every 250 ms.
//!
//! The kernel sends a lost SYN again after a second, and later ever more seldom; under 30 % loss each
//! way some connects then take longer than any time-out, and silence would be told where there is
//! loss. Eight sockets, each with the kernel's own repetitions, bring 99.8 % within 1.5 s. A peer that
//! answers at once sees one socket.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, timeout_at};

use crate::model::{Fault, Key};
use crate::net::slots::Slots;
use crate::net::tcp::{Options, classify, open, send_syn, sys};
use crate::net::trace::{Path, Untraced};

/// Sockets in one race.
const SOCKETS: usize = 8;
/// How long nothing may answer before another socket joins.
const LAP: Duration = Duration::from_millis(250);
/// How long nothing may answer before the path is traced.
const SILENCE: Duration = Duration::from_secs(1);

/// The socket that won.
#[derive(Debug)]
pub struct Connected {
    /// The connection.
    pub stream: TcpStream,
    /// How many sockets began before it and were not answered.
    pub overtaken: u32,
    /// Whether the peer has reset it since: the RST came before we looked, and might as well have come after.
    pub reset: bool,
}

/// Connects to an address within a limit.
///
/// The first socket that connects wins and the others are closed. A definite refusal of one of them
/// decides too, unless another has connected by then: a late ICMP message never wins over a connection.
///
/// # Errors
/// A fault of `tcp.` or `local.`.
pub async fn connect(
    address: SocketAddr,
    options: &Options,
    slots: &Arc<Slots>,
    limit: Duration,
) -> Result<Connected, Fault> {
    let begun = Instant::now();
    let until = begun + limit;
    let mut race = Race { address, sockets: vec![Runner::first(address, options)?] };
    let silence = begun + SILENCE.min(limit / 3);
    let mut path: Option<watch::Receiver<Path>> = None;
    let mut lap = begun + LAP;
    loop {
        match timeout_at(lap.min(until), race.end()).await {
            Ok(ended) => return ended,
            Err(_) if Instant::now() >= until => break,
            Err(_) => {}
        }
        if race.sockets.len() < SOCKETS {
            race.sockets.extend(Runner::another(address, options, slots));
        }
        if let (None, Some(tracer), true) = (&path, &options.tracer, lap >= silence) {
            path = Some(tracer.follow(address, options, slots));
        }
        lap += LAP;
    }
    let untraced = match options.tracer {
        Some(_) => Untraced::TooShort,
        None => Untraced::SwitchedOff,
    };
    Err(race.silent(limit, path, untraced))
}

struct Race {
    address: SocketAddr,
    sockets: Vec<Runner>,
}

/// One socket, and the file descriptor that was set aside for it.
struct Runner {
    stream: TcpStream,
    reset: bool,
    _spare: Option<OwnedSemaphorePermit>,
}

impl Runner {
    fn first(address: SocketAddr, options: &Options) -> Result<Self, Fault> {
        let socket = open(address, options).map_err(|error| classify::opening(address, &error))?;
        let reset = match send_syn(&socket, address) {
            Err(error) if is_reset(&error) => true,
            sent => {
                let refused = |error| classify::refusal(address, &error, sys::icmp(&socket), true);
                sent.map_err(refused)?;
                false
            }
        };
        let stream =
            TcpStream::from_std(socket.into()).map_err(|error| classify::local(address, &error))?;
        Ok(Self { stream, reset, _spare: None })
    }

    /// One that may be missing: the first runs on without it.
    fn another(address: SocketAddr, options: &Options, slots: &Slots) -> Option<Self> {
        let spare = slots.spare()?;
        Some(Self { _spare: Some(spare), ..Self::first(address, options).ok()? })
    }

    /// `Ok` tells whether the connection that was made has been reset since.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.reset {
            return Poll::Ready(Ok(true));
        }
        match self.stream.poll_write_ready(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            // The errno first: draining the error queue clears it.
            Poll::Ready(Ok(())) => Poll::Ready(match self.stream.take_error() {
                Ok(None) => Ok(false),
                Ok(Some(error)) if is_reset(&error) => Ok(true),
                Ok(Some(error)) | Err(error) => Err(error),
            }),
        }
    }
}

/// Whether it is RST to a connection that stood: to a SYN it is `ECONNREFUSED`, after a FIN `EPIPE`
/// (`tcp_reset` of Linux).
fn is_reset(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ECONNRESET | libc::EPIPE))
}

impl Race {
    /// Waits until a socket connects or one is refused.
    async fn end(&mut self) -> Result<Connected, Fault> {
        let (at, outcome) = std::future::poll_fn(|cx| {
            let mut refused = None;
            for (at, socket) in self.sockets.iter().enumerate() {
                match socket.poll(cx) {
                    Poll::Ready(Ok(reset)) => return Poll::Ready((at, Ok(reset))),
                    Poll::Ready(Err(error)) => {
                        let _ = refused.get_or_insert((at, Err(error)));
                    }
                    Poll::Pending => {}
                }
            }
            refused.map_or(Poll::Pending, Poll::Ready)
        })
        .await;
        let socket = self.sockets.swap_remove(at);
        match outcome {
            Ok(reset) => {
                let overtaken = u32::try_from(at).unwrap_or(0);
                Ok(Connected { stream: socket.stream, overtaken, reset })
            }
            Err(error) => {
                let icmp = sys::icmp(&socket.stream);
                Err(classify::refusal(self.address, &error, icmp, false))
            }
        }
    }

    /// The fault of silence: our own packet filter's, or the network's as far as the trace got.
    fn silent(
        &self,
        limit: Duration,
        path: Option<watch::Receiver<Path>>,
        untraced: Untraced,
    ) -> Fault {
        if self.sockets.first().is_some_and(|socket| sys::kept_back(&socket.stream)) {
            return classify::kept_back(self.address, limit);
        }
        let fault = classify::filtered(self.address, limit);
        match path {
            Some(path) => path.borrow().tell(fault),
            None => fault.with(Key::Untraced, untraced.words()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{Shutdown, TcpListener};

    use tokio::io::AsyncReadExt;

    use super::*;
    use crate::net::tcp::{Last, Stream};

    #[tokio::test]
    async fn a_connection_that_is_reset_before_we_look_was_made_all_the_same() {
        for after_fin in [false, true] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let socket = Runner::first(address, &Options::default()).unwrap();
            let (peer, _) = listener.accept().unwrap();
            if after_fin {
                peer.shutdown(Shutdown::Write).unwrap();
            }
            socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
            drop(peer);
            let connected = Race { address, sockets: vec![socket] }.end().await.unwrap();
            assert!(connected.reset, "after a FIN: {after_fin}");
            let mut stream = Stream::new(connected.stream, &Last::default()).reset(true);
            let error = stream.read(&mut [0]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
    }
}
