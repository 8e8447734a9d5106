//! The TCP handshake (RFC 9293 §3.5): a non-blocking connect, and what came back in its place.
//!
//! RST and ICMP arrive as the same errno. The socket's error queue tells them apart: it holds the
//! ICMP message and who sent it. The errno has to be read first, since reading the queue clears it.

pub mod classify;
mod race;
mod stream;
pub(super) mod sys;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;

use crate::model::{Evidence, Key};
use crate::net::trace::Tracer;

pub use race::{Connected, connect};
pub use stream::{Ending, Last, Stream};
pub use sys::{Icmp, Info};

/// Where a connection starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Bind {
    /// Wherever the system chooses.
    #[default]
    Any,
    /// This address of ours.
    Address(IpAddr),
    /// This interface (`SO_BINDTODEVICE`).
    Interface(String),
}

impl Bind {
    /// Whether this host has it: an address of ours, or an interface of that name (if_nametoindex(3)).
    pub fn is_here(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Address(address) => is_ours(*address),
            Self::Interface(name) => nix::net::if_::if_nametoindex(name.as_str()).is_ok(),
        }
    }
}

/// How to connect.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where from.
    pub bind: Bind,
    /// Whether nothing will be said, so that closing may be abrupt and leaves no TIME_WAIT behind.
    pub connect_only: bool,
    /// What finds out more about a silence or a refusal; nothing where it is switched off.
    pub tracer: Option<Arc<Tracer>>,
    /// The largest segment that both sides may send, in bytes; nothing where the path decides
    /// (`tcp(7)`, `TCP_MAXSEG`).
    pub max_segment: Option<u32>,
}

/// A socket that is ready to connect.
pub(super) fn open(address: SocketAddr, options: &Options) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM.nonblocking().cloexec(),
        Some(Protocol::TCP),
    )?;
    // Without it ICMPv6 errors surface a second late, and the queue stays empty.
    sys::keep_errors(&socket, address.is_ipv6())?;
    if options.connect_only {
        socket.set_linger(Some(Duration::ZERO))?;
    } else {
        socket.set_tcp_nodelay(true)?;
    }
    if let Some(bytes) = options.max_segment {
        socket.set_tcp_mss(bytes)?;
    }
    match &options.bind {
        Bind::Any => {}
        Bind::Address(from) => {
            // The port is chosen at the connect, when the destination is known: ports last longer.
            setsockopt(&socket, sockopt::IpBindAddressNoPort, &true)?;
            socket.bind(&SocketAddr::new(*from, 0).into())?;
        }
        Bind::Interface(name) => socket.bind_device(Some(name.as_bytes()))?,
    }
    Ok(socket)
}

/// Sends the SYN of a socket, and does not wait for what it draws.
pub(super) fn send_syn(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(()),
        sent => sent,
    }
}

/// Waits for what a SYN draws: the errno of a refusal, and the ICMP message behind it. The errno is
/// read first, since draining the error queue clears it.
pub(super) async fn drawn(stream: &TcpStream) -> io::Result<(Option<io::Error>, Option<Icmp>)> {
    stream.writable().await?;
    let refused = stream.take_error()?;
    Ok((refused, sys::icmp(stream)))
}

/// What the kernel knows of an established connection.
pub fn info(stream: &TcpStream) -> Option<Info> {
    sys::info(stream)
}

/// The same as evidence, with the SYNs that were lost before the one that was answered. The
/// round-trip time counts only where the SYN was not sent again: one can't tell which was answered.
pub fn evidence(info: &Info, lost: u32) -> Evidence {
    let rtt = (info.retransmits == 0).then(|| f64::from(info.rtt_us) / 1_000.0);
    Evidence::new()
        .with_some(Key::RttMs, rtt)
        .with(Key::Mss, info.mss)
        .with(Key::PathMtu, info.path_mtu)
        .with_some(Key::Retransmits, (lost > 0).then_some(lost))
}

/// What became of a connection on which nothing came any more, as evidence.
pub fn at_its_end(ending: &Ending) -> Evidence {
    let some = |count: u32| (count > 0).then_some(count);
    let info = &ending.info;
    let errno = ending.errno.map(io::Error::from_raw_os_error);
    Evidence::new()
        .with_some(Key::Errno, errno.as_ref().and_then(errno_name))
        .with(Key::Mss, info.mss)
        .with(Key::PathMtu, info.path_mtu)
        .with_some(Key::Retransmits, some(info.retransmits))
        .with_some(Key::Unacknowledged, some(info.unacknowledged))
        .with_some(Key::OutOfOrder, some(info.out_of_order))
}

/// Whether an address is this host's: only then can a socket be bound to it.
pub(super) fn is_ours(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

/// Whether this host has a route to an address. Nothing is sent: connecting a UDP socket looks the
/// route up and no more.
pub fn has_route(address: IpAddr) -> bool {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    UdpSocket::bind((any, 0)).and_then(|socket| socket.connect((address, 9))).is_ok()
}

/// The name of a system error: `ECONNREFUSED`.
pub fn errno_name(error: &io::Error) -> Option<String> {
    error.raw_os_error().map(|errno| format!("{:?}", nix::errno::Errno::from_raw(errno)))
}
