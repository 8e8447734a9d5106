//! From a name to the addresses that the row wants probed.

use std::net::SocketAddr;
use std::time::Instant;

use crate::model::{
    Addresses, Attempt, Evidence, Family, Fault, FaultCode, Key, Layer, Outcome, Proof, Step,
    Warning, WarningCode,
};
use crate::net::dialer::millis;
use crate::net::names::Resolved;
use crate::runner::execute::Shared;
use crate::runner::plan::{Aim, routed};

pub(super) type Reached = (Vec<SocketAddr>, Option<Step>, Vec<Warning>, Option<Attempt>);

/// The addresses of a name, as the row's policy wants them, or the attempt that failed for lack of
/// one.
pub(super) async fn resolve(
    shared: &Shared,
    aim: &Aim,
    host: &str,
    port: u16,
) -> Result<Reached, Attempt> {
    let begun = Instant::now();
    let resolved = shared.names.resolve(host, port, aim.family, aim.target.timeouts.dns).await;
    let elapsed_ms = millis(begun.elapsed());
    let step = |outcome, evidence| Step { layer: Layer::Dns, elapsed_ms, outcome, evidence };
    let Resolved { mut addresses, evidence } = resolved.map_err(|fault| {
        let fault = match &aim.target.proxy {
            None => fault,
            Some(proxy) => Fault {
                code: FaultCode::ProxyUnreachable,
                detail: format!("the proxy {} has no address: {}", proxy.url(), fault.detail),
                evidence: fault.evidence.with(Key::Cause, fault.code.as_str()),
            },
        };
        let mut steps = vec![step(Outcome::Fault, Evidence::new())];
        steps.extend(aim.protocol.layers.iter().map(|layer| not_run(*layer)));
        Attempt { address: None, proof: Proof::None, fault: Some(fault), steps }
    })?;
    addresses.dedup();
    let mut warnings: Vec<Warning> = differing(&evidence).into_iter().collect();
    if aim.addresses != Addresses::First {
        warnings.extend(sampled(host, &evidence));
    }
    let mut unmet = None;
    match aim.family {
        Family::Any => without_route(&mut addresses, &mut warnings),
        Family::Both => unmet = missing_family(host, &addresses),
        Family::Ipv4 => addresses.retain(SocketAddr::is_ipv4),
        Family::Ipv6 => addresses.retain(SocketAddr::is_ipv6),
    }
    if addresses.is_empty() && unmet.is_none() {
        unmet = Some(no_address(host, aim.family));
    }
    if aim.addresses == Addresses::First {
        addresses.truncate(1);
    }
    let literal = evidence.text(Key::Source) == Some("literal");
    let step = (!literal).then(|| step(Outcome::Ok, evidence));
    Ok((addresses, step, warnings, unmet))
}

/// The warning that the C library of an application would have come to another answer.
pub(super) fn differing(evidence: &Evidence) -> Option<Warning> {
    let told = evidence.texts(Key::CLibrary);
    let code = WarningCode::DnsResolverDiffers;
    (!told.is_empty()).then(|| Warning { code, detail: told.join("; ") })
}

/// The warning that not every address of a name is probed.
fn sampled(host: &str, evidence: &Evidence) -> Option<Warning> {
    let limit = evidence.number(Key::Limit)?;
    let word = |key| evidence.text(key).unwrap_or("nothing");
    let (a, aaaa) = (word(Key::A), word(Key::Aaaa));
    let detail = format!("{host} has {a} (A) and {aaaa} (AAAA): {limit} of each were probed");
    Some(Warning { code: WarningCode::DnsAddressesSampled, detail })
}

fn not_run(layer: Layer) -> Step {
    Step { layer, elapsed_ms: 0.0, outcome: Outcome::NotRun, evidence: Evidence::new() }
}

/// Addresses of a family without a route don't count while another family has one.
fn without_route(addresses: &mut Vec<SocketAddr>, warnings: &mut Vec<Warning>) {
    let both =
        addresses.iter().any(SocketAddr::is_ipv4) && addresses.iter().any(SocketAddr::is_ipv6);
    if !both {
        return;
    }
    let (with, without): (Vec<_>, Vec<_>) = addresses.iter().partition(|a| routed(a.ip()));
    if with.is_empty() || without.is_empty() {
        return;
    }
    let left_out: Vec<String> = without.iter().map(|a: &SocketAddr| a.ip().to_string()).collect();
    let detail = format!("no route from here to {}: left out", left_out.join(", "));
    warnings.push(Warning { code: WarningCode::LocalFamilyWithoutRoute, detail });
    *addresses = with;
}

fn missing_family(host: &str, addresses: &[SocketAddr]) -> Option<Attempt> {
    let missing = if !addresses.iter().any(SocketAddr::is_ipv4) {
        "IPv4"
    } else if !addresses.iter().any(SocketAddr::is_ipv6) {
        "IPv6"
    } else {
        return None;
    };
    let fault = Fault::new(FaultCode::DnsNoData, format!("{host} has no {missing} address"));
    Some(Attempt { fault: Some(fault.with(Key::Name, host)), ..Attempt::new(None) })
}

fn no_address(host: &str, family: Family) -> Attempt {
    let wanted = if family == Family::Ipv6 { "IPv6" } else { "IPv4" };
    let fault = Fault::new(FaultCode::DnsNoData, format!("{host} has no {wanted} address"));
    Attempt { fault: Some(fault.with(Key::Name, host)), ..Attempt::new(None) }
}
