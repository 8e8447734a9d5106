//! Which fault a failed connect is: by errno, by type and code of the ICMP message (RFC 792,
//! RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1, RFC 4443 §3), and by who sent it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::model::{Fault, FaultCode, Key};
use crate::net::tcp::{Icmp, errno_name, is_ours};

/// The fault of a failed connect. `at_once` says that the call itself failed, before any packet.
pub(super) fn refusal(
    address: SocketAddr,
    error: &io::Error,
    icmp: Option<Icmp>,
    at_once: bool,
) -> Fault {
    match icmp {
        Some(icmp) => by_icmp(address, error, &icmp),
        None if at_once => local(address, error),
        None => by_errno(address, error),
    }
    .with_some(Key::Errno, errno_name(error))
}

/// The fault of a socket that could not be made ready: nothing was sent.
pub(super) fn opening(address: SocketAddr, error: &io::Error) -> Fault {
    match error.raw_os_error() {
        // Of a bind to a port that the system chooses: no port is asked for yet.
        Some(libc::EADDRNOTAVAIL) => Fault::new(
            FaultCode::LocalNoRoute,
            "this host does not have the address that was given to --bind".to_owned(),
        )
        .with_some(Key::Errno, errno_name(error)),
        _ => local(address, error),
    }
}

/// The fault of a connect that was not answered in time.
pub(super) fn filtered(address: SocketAddr, waited: Duration) -> Fault {
    let seconds = waited.as_secs_f64();
    Fault::new(FaultCode::TcpFiltered, format!("no answer from {address} within {seconds:.1} s"))
        .with(Key::WaitedMs, seconds * 1_000.0)
}

/// The same where no SYN left this host.
pub(super) fn kept_back(address: SocketAddr, waited: Duration) -> Fault {
    let detail = format!("this host's own packet filter drops every SYN to {address}");
    Fault::new(FaultCode::LocalPermission, detail)
        .with(Key::AnsweredBy, "self")
        .with(Key::WaitedMs, waited.as_secs_f64() * 1_000.0)
}

/// Without an ICMP message: RST, or the system gave up.
fn by_errno(address: SocketAddr, error: &io::Error) -> Fault {
    match error.raw_os_error() {
        Some(libc::ECONNREFUSED) => {
            Fault::new(FaultCode::TcpRefused, format!("{address} refuses connections (RST)"))
        }
        Some(libc::ETIMEDOUT) => Fault::new(
            FaultCode::TcpFiltered,
            format!("no answer from {address} until the system gave up"),
        ),
        // No ICMP message and yet no host: our own neighbour discovery found nobody.
        Some(libc::EHOSTUNREACH | libc::EHOSTDOWN) => Fault::new(
            FaultCode::TcpHostUnreachable,
            format!("nobody on the local network has the address {}", address.ip()),
        ),
        _ => local(address, error),
    }
}

/// What of this host ran out when a socket was made, bound or connected; `None` where it is something else.
pub(in crate::net) fn exhausted(error: &io::Error) -> Option<FaultCode> {
    match error.raw_os_error()? {
        libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM => {
            Some(FaultCode::LocalFilesExhausted)
        }
        libc::EADDRINUSE | libc::EADDRNOTAVAIL | libc::EAGAIN => {
            Some(FaultCode::LocalPortsExhausted)
        }
        _ => None,
    }
}

/// A failure that never left this host.
pub(super) fn local(address: SocketAddr, error: &io::Error) -> Fault {
    let fault = match error.raw_os_error() {
        Some(
            libc::ENETUNREACH
            | libc::EHOSTUNREACH
            | libc::ENETDOWN
            | libc::EAFNOSUPPORT
            | libc::EINVAL,
        ) => Fault::new(
            FaultCode::LocalNoRoute,
            format!("this host has no route to {}", address.ip()),
        ),
        Some(libc::EACCES | libc::EPERM) => Fault::new(
            FaultCode::LocalPermission,
            format!("this host's own policy forbids a connection to {address}"),
        ),
        Some(libc::ECONNREFUSED) => {
            Fault::new(FaultCode::TcpRefused, format!("{address} refuses connections (RST)"))
        }
        Some(libc::ENODEV) => Fault::new(
            FaultCode::LocalNoRoute,
            "this host has no interface of the name that was given to --bind".to_owned(),
        ),
        _ => match exhausted(error) {
            Some(code @ FaultCode::LocalPortsExhausted) => {
                Fault::new(code, format!("this host has no free local port for {address}"))
            }
            Some(code) => {
                Fault::new(code, format!("this process can open no socket for {address}"))
            }
            None => Fault::new(FaultCode::LocalInternal, format!("connect to {address}: {error}")),
        },
    };
    fault.with_some(Key::Errno, errno_name(error))
}

/// What an ICMP message says, whatever its family.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Network,
    Host,
    Port,
    Prohibited,
    Expired,
}

fn says(icmp: &Icmp) -> Says {
    if icmp.v6 {
        return match (icmp.kind, icmp.code) {
            (1, 1 | 5) => Says::Prohibited,
            (1, 4) | (4, 1) => Says::Port,
            (1, 0 | 6) => Says::Network,
            (3, _) => Says::Expired,
            _ => Says::Host,
        };
    }
    match (icmp.kind, icmp.code) {
        (3, 0 | 6 | 11) => Says::Network,
        (3, 2 | 3) => Says::Port,
        (3, 9 | 10 | 13) => Says::Prohibited,
        (11, _) => Says::Expired,
        _ => Says::Host,
    }
}

fn by_icmp(address: SocketAddr, error: &io::Error, icmp: &Icmp) -> Fault {
    let role = role(address.ip(), icmp.offender);
    let who = icmp.offender.map_or_else(|| "somebody".to_owned(), |ip| ip.to_string());
    let says = says(icmp);
    let code = match says {
        // A rule of this host's own, met on the way out.
        Says::Port | Says::Prohibited if role == Some("self") => FaultCode::LocalPermission,
        Says::Network if role == Some("self") => FaultCode::LocalNoRoute,
        Says::Network | Says::Expired => FaultCode::TcpNetworkUnreachable,
        Says::Host => FaultCode::TcpHostUnreachable,
        Says::Port => FaultCode::TcpRejected,
        Says::Prohibited => FaultCode::TcpProhibited,
    };
    let what = match says {
        Says::Network => "has no route to it (ICMP)",
        Says::Expired => "says that the packet goes in circles (ICMP time exceeded)",
        Says::Host => "can't find the host (ICMP)",
        Says::Port => "rejects it (ICMP port unreachable)",
        Says::Prohibited => "forbids it (ICMP administratively prohibited)",
    };
    Fault::new(code, format!("connect to {address}: {who} {what}"))
        .with_some(Key::Errno, errno_name(error))
        .with(Key::IcmpType, icmp.kind)
        .with(Key::IcmpCode, icmp.code)
        .with_some(Key::Offender, icmp.offender.map(|ip| ip.to_string()))
        .with_some(Key::AnsweredBy, role)
}

/// Who an offender is: the target, this host, or a router between them.
fn role(target: IpAddr, offender: Option<IpAddr>) -> Option<&'static str> {
    let offender = offender?;
    Some(if offender == target {
        "target"
    } else if is_ours(offender) {
        "self"
    } else {
        "router"
    })
}

/// The fault of a connect to which the network answered with these bytes: errno, family, ICMP type and code,
/// and the offender.
#[cfg(any(fuzzing, test))]
pub(crate) fn fuzz(bytes: &[u8]) -> Option<Fault> {
    let [errno, v6, kind, code, offender @ ..] = bytes else { return None };
    let v6 = v6 & 1 == 1;
    let offender = match v6 {
        true => <[u8; 16]>::try_from(offender).ok().map(IpAddr::from),
        false => <[u8; 4]>::try_from(offender).ok().map(IpAddr::from),
    };
    let address = if v6 { "[2001:db8::1]:80" } else { "192.0.2.1:80" }.parse().ok()?;
    let error = io::Error::from_raw_os_error(i32::from(*errno));
    let icmp = Icmp { v6, kind: *kind, code: *code, offender };
    Some(refusal(address, &error, Some(icmp), false))
}

#[cfg(test)]
mod tests {
    use super::{Icmp, refusal};
    use crate::model::FaultCode as C;

    /// Type and code of each message as measured between namespaces with nft, and its fault.
    #[test]
    fn every_kind_of_reject_has_its_own_code() {
        let router: std::net::IpAddr = "198.51.100.7".parse().unwrap();
        for (v6, kind, code, errno, fault) in [
            (false, 3, 13, libc::EHOSTUNREACH, C::TcpProhibited),
            (false, 3, 10, libc::EHOSTUNREACH, C::TcpProhibited),
            (false, 3, 9, libc::ENETUNREACH, C::TcpProhibited),
            (false, 3, 1, libc::EHOSTUNREACH, C::TcpHostUnreachable),
            (false, 3, 3, libc::ECONNREFUSED, C::TcpRejected),
            (false, 3, 2, libc::ENOPROTOOPT, C::TcpRejected),
            (false, 3, 0, libc::ENETUNREACH, C::TcpNetworkUnreachable),
            (false, 11, 0, libc::EHOSTUNREACH, C::TcpNetworkUnreachable),
            (true, 1, 1, libc::EACCES, C::TcpProhibited),
            (true, 1, 3, libc::EHOSTUNREACH, C::TcpHostUnreachable),
            (true, 1, 4, libc::ECONNREFUSED, C::TcpRejected),
            (true, 1, 0, libc::ENETUNREACH, C::TcpNetworkUnreachable),
        ] {
            let icmp = Icmp { v6, kind, code, offender: Some(router) };
            let error = std::io::Error::from_raw_os_error(errno);
            let seen = refusal("192.0.2.1:80".parse().unwrap(), &error, Some(icmp), false);
            assert_eq!(seen.code, fault, "type {kind} code {code}");
        }
    }

    #[test]
    fn without_a_message_a_refusal_is_an_rst() {
        let error = std::io::Error::from_raw_os_error(libc::ECONNREFUSED);
        let seen = refusal("192.0.2.1:80".parse().unwrap(), &error, None, false);
        assert_eq!(seen.code, C::TcpRefused);
    }
}
