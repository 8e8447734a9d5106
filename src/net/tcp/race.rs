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
    _spare: Option<OwnedSemaphorePermit>,
}

impl Runner {
    fn first(address: SocketAddr, options: &Options) -> Result<Self, Fault> {
        let socket = open(address, options).map_err(|error| classify::opening(address, &error))?;
        send_syn(&socket, address)
            .map_err(|error| classify::refusal(address, &error, sys::icmp(&socket), true))?;
        let stream =
            TcpStream::from_std(socket.into()).map_err(|error| classify::local(address, &error))?;
        Ok(Self { stream, _spare: None })
    }

    /// One that may be missing: the first runs on without it.
    fn another(address: SocketAddr, options: &Options, slots: &Slots) -> Option<Self> {
        let spare = slots.spare()?;
        Some(Self { _spare: Some(spare), ..Self::first(address, options).ok()? })
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.stream.poll_write_ready(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            // The errno first: draining the error queue clears it.
            Poll::Ready(Ok(())) => Poll::Ready(match self.stream.take_error() {
                Ok(None) => Ok(()),
                Ok(Some(error)) | Err(error) => Err(error),
            }),
        }
    }
}

impl Race {
    /// Waits until a socket connects or one is refused.
    async fn end(&mut self) -> Result<Connected, Fault> {
        let (at, outcome) = std::future::poll_fn(|cx| {
            let mut refused = None;
            for (at, socket) in self.sockets.iter().enumerate() {
                match socket.poll(cx) {
                    Poll::Ready(Ok(())) => return Poll::Ready((at, Ok(()))),
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
            Ok(()) => {
                let overtaken = u32::try_from(at).unwrap_or(0);
                Ok(Connected { stream: socket.stream, overtaken })
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
