//! The TCP handshake (RFC 9293 §3.5): one non-blocking connect, and what came back in its place.
//!
//! RST and ICMP arrive as the same errno. The socket's error queue tells them apart: it holds the
//! ICMP message and who sent it. The errno has to be read first, since reading the queue clears it.

pub mod classify;
mod sys;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;

use crate::model::{Evidence, Fault, FaultCode, Key};

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

/// How to connect.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where from.
    pub bind: Bind,
    /// Whether nothing will be said, so that closing may be abrupt and leaves no TIME_WAIT behind.
    pub connect_only: bool,
}

/// Connects to an address.
///
/// # Errors
/// A fault of `tcp.` or `local.`; the time-out is the caller's (`tcp.filtered`).
pub async fn connect(address: SocketAddr, options: &Options) -> Result<TcpStream, Fault> {
    let socket = open(address, options).map_err(|error| classify::local(address, &error))?;
    match socket.connect(&address.into()) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
        Err(error) => return Err(classify::refusal(address, &error, sys::icmp(&socket), true)),
    }
    let stream =
        TcpStream::from_std(socket.into()).map_err(|error| classify::local(address, &error))?;
    stream.writable().await.map_err(|error| classify::local(address, &error))?;
    // The errno first: draining the error queue clears it.
    match stream.take_error() {
        Ok(None) => Ok(stream),
        Ok(Some(error)) | Err(error) => {
            let icmp = sys::icmp(&stream);
            Err(classify::refusal(address, &error, icmp, false))
        }
    }
}

fn open(address: SocketAddr, options: &Options) -> io::Result<Socket> {
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
    match &options.bind {
        Bind::Any => {}
        Bind::Address(from) => socket.bind(&SocketAddr::new(*from, 0).into())?,
        Bind::Interface(name) => socket.bind_device(Some(name.as_bytes()))?,
    }
    Ok(socket)
}

/// The fault of a connect that was not answered in time.
pub fn filtered(address: SocketAddr, waited: Duration) -> Fault {
    let seconds = waited.as_secs_f64();
    Fault::new(FaultCode::TcpFiltered, format!("no answer from {address} within {seconds:.1} s"))
        .with(Key::WaitedMs, waited.as_secs_f64() * 1_000.0)
}

/// What the kernel knows of an established connection.
pub fn info(stream: &TcpStream) -> Option<Info> {
    sys::info(stream)
}

/// The same as evidence: round-trip time, and retransmissions where there were any.
pub fn evidence(info: &Info) -> Evidence {
    let evidence = Evidence::new().with(Key::RttMs, f64::from(info.rtt_us) / 1_000.0);
    match info.retransmits {
        0 => evidence,
        count => evidence.with(Key::Retransmits, count),
    }
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
