//! One question to the servers of `resolv.conf` in turn, as glibc goes through them.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RecordType};
use tokio::time::Instant;

use crate::model::FaultCode;
use crate::net::dns::answer::{self, Found};
use crate::net::dns::exchange::{self, Ended};
use crate::net::dns::{ResolvConf, shown};

/// What a question brought, and from whom.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// What it brought.
    pub(super) found: Found,
    /// The server that this is from, or that was asked last.
    pub(super) server: SocketAddr,
    /// Each server that was asked, with its outcome.
    pub(super) servers: Vec<String>,
}

/// Asks the servers in turn until one answers.
pub(super) async fn ask(conf: &ResolvConf, name: &Name, kind: RecordType, until: Instant) -> Asked {
    let count = conf.servers.len();
    // A single server has all the time: its question is sent again meanwhile.
    let turns = match count {
        1 => 1,
        several => several * usize::try_from(conf.attempts).unwrap_or(2),
    };
    let mut last: Option<(Found, SocketAddr)> = None;
    let mut servers = Vec::new();
    for turn in 0..turns {
        let server = conf.servers[turn % count];
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let turns_left = u32::try_from(turns - turn).unwrap_or(1);
        let within = match count {
            1 => left,
            _ => (left / turns_left).min(Duration::from_secs(conf.timeout_s)),
        };
        let ended = exchange::ask(server, name, kind, within).await;
        let found = answer::read(ended, name, kind);
        servers.push(format!("{}: {}", shown(server), found.word));
        let (over, silent) = (settles(&found), found.code() == Some(FaultCode::DnsTimeout));
        if !silent || last.is_none() {
            last = Some((found, server));
        }
        if over || (!silent && turn + 1 >= count) {
            break;
        }
    }
    let (found, server) =
        last.unwrap_or_else(|| (answer::read(Ended::Silent(0), name, kind), conf.servers[0]));
    Asked { found, server, servers }
}

/// Whether no other server is asked: of what is left out here, glibc asks the next one too.
fn settles(found: &Found) -> bool {
    match found.code() {
        Some(FaultCode::DnsError) => found.rcode != Some(ResponseCode::NotImp),
        Some(code) => !matches!(
            code,
            FaultCode::DnsTimeout
                | FaultCode::DnsUnreachable
                | FaultCode::DnsServfail
                | FaultCode::DnsRefused
                | FaultCode::DnsMalformed
                | FaultCode::DnsTruncated
        ),
        None => true,
    }
}
