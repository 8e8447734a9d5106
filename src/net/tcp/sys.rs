//! What the standard library and its friends do not have: the error queue, `TCP_INFO`, and the least
//! TTL of answers that are taken.
#![expect(unsafe_code, reason = "neither TCP_INFO nor IP_MINTTL is wrapped in nix or socket2")]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd};

use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};

/// An ICMP or ICMPv6 message about a socket (`ip(7)`, `IP_RECVERR`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Icmp {
    /// Whether it is ICMPv6.
    pub v6: bool,
    /// Its type.
    pub kind: u8,
    /// Its code.
    pub code: u8,
    /// Who sent it.
    pub offender: Option<IpAddr>,
}

impl Icmp {
    /// Whether it says that a packet's TTL or hop limit came to its end (RFC 792, RFC 4443 §3.3).
    pub fn is_expired(&self) -> bool {
        self.kind == if self.v6 { 3 } else { 11 }
    }
}

/// Asks the kernel to queue ICMP errors for the socket.
pub(super) fn keep_errors(socket: &impl AsFd, v6: bool) -> io::Result<()> {
    if v6 {
        setsockopt(socket, sockopt::Ipv6RecvErr, &true)?;
    } else {
        setsockopt(socket, sockopt::Ipv4RecvErr, &true)?;
    }
    Ok(())
}

/// The first ICMP message in the socket's error queue.
pub(in crate::net) fn icmp(socket: &impl AsRawFd) -> Option<Icmp> {
    let mut space = nix::cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
    let mut payload = [0_u8; 64];
    // One socket sends few packets, so its queue is short; the bound is for a hostile network.
    for _ in 0..16 {
        let mut parts = [io::IoSliceMut::new(&mut payload)];
        let message = recvmsg::<SockaddrStorage>(
            socket.as_raw_fd(),
            &mut parts,
            Some(&mut space),
            MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT,
        )
        .ok()?;
        for control in message.cmsgs().ok()? {
            let found = match control {
                ControlMessageOwned::Ipv4RecvErr(error, from) => Some(Icmp {
                    v6: error.ee_origin == libc::SO_EE_ORIGIN_ICMP6,
                    kind: error.ee_type,
                    code: error.ee_code,
                    offender: from
                        .filter(|from| i32::from(from.sin_family) == libc::AF_INET)
                        .map(|from| Ipv4Addr::from(u32::from_be(from.sin_addr.s_addr)).into()),
                })
                .filter(|_| error.ee_origin == libc::SO_EE_ORIGIN_ICMP),
                ControlMessageOwned::Ipv6RecvErr(error, from) => Some(Icmp {
                    v6: true,
                    kind: error.ee_type,
                    code: error.ee_code,
                    offender: from
                        .filter(|from| i32::from(from.sin6_family) == libc::AF_INET6)
                        .map(|from| Ipv6Addr::from(from.sin6_addr.s6_addr).into()),
                })
                .filter(|_| error.ee_origin == libc::SO_EE_ORIGIN_ICMP6),
                _ => None,
            };
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

/// `TCPI_OPT_TIMESTAMPS` of `linux/tcp.h`.
const TIMESTAMPS: u8 = 1;

/// What the kernel knows of an established connection (`tcp(7)`, `TCP_INFO`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Smoothed round-trip time, in microseconds.
    pub rtt_us: u32,
    /// Segments sent again since the SYN.
    pub retransmits: u32,
    /// Maximum segment size towards the peer, in bytes.
    pub mss: u32,
    /// Path MTU, in bytes.
    pub path_mtu: u32,
    /// The largest segment that the peer was told it may send, in bytes.
    pub advertised: u32,
    /// Whether segments carry timestamps (RFC 7323 §3).
    pub timestamps: bool,
    /// Bytes of ours that were sent, those sent again not counted twice.
    pub sent: u64,
    /// Bytes of the peer's that came without a gap.
    pub received: u64,
    /// Segments of ours that are not acknowledged.
    pub unacknowledged: u32,
    /// Segments of the peer's that came after a gap.
    pub out_of_order: u32,
}

/// Reads `TCP_INFO`; `None` where the kernel won't.
pub(super) fn info(socket: &impl AsRawFd) -> Option<Info> {
    let raw = raw_info(socket)?;
    Some(Info {
        rtt_us: raw.tcpi_rtt,
        retransmits: raw.tcpi_total_retrans,
        mss: raw.tcpi_snd_mss,
        path_mtu: raw.tcpi_pmtu,
        advertised: raw.tcpi_advmss,
        timestamps: raw.tcpi_options & TIMESTAMPS != 0,
        sent: raw.tcpi_bytes_sent.saturating_sub(raw.tcpi_bytes_retrans),
        received: raw.tcpi_bytes_received,
        unacknowledged: raw.tcpi_unacked,
        out_of_order: raw.tcpi_rcv_ooopack,
    })
}

/// Whether our own system keeps back what a socket in SYN-SENT sends again: a packet filter's drop on
/// the way out is told to the kernel's retransmission and to nobody else, so the count of attempts
/// grows and that of segments in flight does not.
pub(in crate::net) fn kept_back(socket: &impl AsRawFd) -> bool {
    raw_info(socket).is_some_and(|raw| raw.tcpi_total_retrans > 0 && raw.tcpi_retrans == 0)
}

fn raw_info(socket: &impl AsRawFd) -> Option<libc::tcp_info> {
    let mut raw = std::mem::MaybeUninit::<libc::tcp_info>::zeroed();
    let mut length = libc::socklen_t::try_from(size_of::<libc::tcp_info>()).ok()?;
    // SAFETY: the descriptor is open for the length of the call, the buffer has the length that is
    // told, and all-zero bytes are a valid `tcp_info`, so a shorter answer leaves it initialised.
    unsafe {
        let result = libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            raw.as_mut_ptr().cast(),
            &raw mut length,
        );
        (result == 0).then(|| raw.assume_init())
    }
}

/// Takes only answers that arrive with at least this TTL or hop limit (`ip(7)`, `IP_MINTTL`;
/// RFC 5082 §3): the others are dropped in silence.
pub(in crate::net) fn least_ttl(socket: &impl AsRawFd, v6: bool, least: u8) -> io::Result<()> {
    let (level, name) = match v6 {
        true => (libc::IPPROTO_IPV6, libc::IPV6_MINHOPCOUNT),
        false => (libc::IPPROTO_IP, libc::IP_MINTTL),
    };
    let value = libc::c_int::from(least);
    let length = libc::socklen_t::try_from(size_of::<libc::c_int>()).map_err(io::Error::other)?;
    // SAFETY: the descriptor is open for the length of the call, and the value is an int of the
    // length that is told.
    let result = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), length)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
