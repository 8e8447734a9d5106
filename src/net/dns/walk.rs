//! The names that one name stands for: itself, and completed by the search list (`resolv.conf(5)`).

use hickory_proto::rr::Name;
use tokio::time::Instant;

use crate::model::{Family, FaultCode};
use crate::net::dns::ResolvConf;
use crate::net::dns::both::{self, Both};

/// A full name that was tried.
#[derive(Debug)]
pub(super) struct Tried {
    /// The name, with the dot at its end.
    pub(super) text: String,
    /// The same, as the DNS has it.
    pub(super) name: Name,
    /// Which entry of the search list completed it.
    pub(super) completed: Option<usize>,
    /// What the questions brought.
    pub(super) both: Both,
}

/// A name that the DNS can't have: too long, or with an empty label (RFC 1035 §2.3.4).
#[derive(Debug)]
pub(super) struct NoName;

/// Tries one full name after the other, as glibc does (`res_nsearch`), until one has an address. At
/// least one was tried.
pub(super) async fn walk(
    conf: &ResolvConf,
    host: &str,
    family: Family,
    until: Instant,
) -> Result<Vec<Tried>, NoName> {
    let mut tried = Vec::new();
    let mut completing = true;
    for (text, completed) in candidates(conf, host) {
        if completed.is_some() && !completing {
            continue;
        }
        let name = match full(&text) {
            Some(name) => name,
            // An entry of the search list that makes the name too long is no fault of the name's.
            None if completed.is_some() => continue,
            None => return Err(NoName),
        };
        let both = both::ask(conf, &name, family, until).await;
        let code = both.code();
        tried.push(Tried { text, name, completed, both });
        completing &= completed.is_none() || code.is_none_or(goes_on);
        if code.is_none_or(ends) {
            break;
        }
    }
    Ok(tried)
}

/// The name as the DNS has it.
pub(super) fn full(text: &str) -> Option<Name> {
    let mut name = Name::from_ascii(text).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// The full names to try, in glibc's order, and which entry of the search list completed each.
fn candidates(conf: &ResolvConf, host: &str) -> Vec<(String, Option<usize>)> {
    if host.ends_with('.') {
        return vec![(host.to_owned(), None)];
    }
    let absolute = (format!("{host}."), None);
    let domains = conf.search.iter().map(|domain| domain.trim_end_matches('.'));
    let completed = domains.enumerate().map(|(at, domain)| (format!("{host}.{domain}."), Some(at)));
    if host.matches('.').count() >= conf.ndots {
        std::iter::once(absolute).chain(completed).collect()
    } else {
        completed.chain([absolute]).collect()
    }
}

/// Whether the next entry of the search list is tried after this; else the name as it is comes next.
const fn goes_on(code: FaultCode) -> bool {
    matches!(
        code,
        FaultCode::DnsNxdomain | FaultCode::DnsNoData | FaultCode::DnsServfail | FaultCode::DnsLoop
    )
}

/// Whether no further name is tried: it would meet the same.
const fn ends(code: FaultCode) -> bool {
    matches!(
        code,
        FaultCode::DnsTimeout
            | FaultCode::DnsUnreachable
            | FaultCode::LocalFilesExhausted
            | FaultCode::LocalPortsExhausted
    )
}
