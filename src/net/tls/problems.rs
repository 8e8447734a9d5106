//! All that can be seen to be wrong with a chain, whatever the verifier stopped at: evidence beside
//! the fault, never the fault.

use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::revocation_list::CertificateRevocationList;

use crate::model::VerifyMode;
use crate::net::tls::bare;
use crate::net::tls::certificate::{self, MANY};
use crate::net::tls::der::Signed;
use crate::net::tls::trust::Trust;

const DAY: i64 = 86_400;
/// Authorities of one name whose keys are tried.
const SAME: usize = 8;

/// The problems of a chain that is judged by `trust` for `name`, leaf first.
pub(super) fn of(
    chain: &[CertificateDer<'_>],
    trust: &Trust,
    name: &str,
    now_s: i64,
) -> Vec<String> {
    let mut found = Vec::new();
    for (depth, der) in chain.iter().take(MANY).enumerate() {
        let who = if depth == 0 { "leaf".to_owned() } else { format!("certificate {depth}") };
        let mut say = |what: String| found.push(format!("{who}: {what}"));
        let Ok((_, parsed)) = X509Certificate::from_der(der) else {
            say("can't be read".to_owned());
            continue;
        };
        dates(&parsed, now_s, &mut say);
        if let Some(weakness) = certificate::weakness(der) {
            say(weakness);
        }
        if depth == 0 {
            leaf(&parsed, &mut say);
            if trust.mode == VerifyMode::VerifyFull {
                other_name(der, &parsed, name, &mut say);
            }
        } else if !certificate::is_self_issued(der) && !parsed.is_ca() {
            say("no authority (basicConstraints), so nothing it signed counts".to_owned());
        }
        if listed(&parsed, trust) {
            say("listed as revoked (CRL)".to_owned());
        }
        issuer(der, chain, trust, &mut say);
    }
    found
}

fn dates(parsed: &X509Certificate<'_>, now_s: i64, say: &mut impl FnMut(String)) {
    let validity = parsed.validity();
    let (begins, ends) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    if now_s > ends {
        let days = (now_s - ends) / DAY;
        say(format!("expired {days} days ago ({})", certificate::rfc3339(ends)));
    }
    if now_s < begins {
        let days = (begins - now_s) / DAY;
        say(format!("not valid for {days} days yet ({})", certificate::rfc3339(begins)));
    }
}

fn leaf(parsed: &X509Certificate<'_>, say: &mut impl FnMut(String)) {
    if parsed.is_ca() {
        say("an authority's own certificate, used as a server's".to_owned());
    }
    if let Ok(Some(usage)) = parsed.extended_key_usage()
        && !usage.value.server_auth
    {
        say("not made for servers (extended key usage)".to_owned());
    }
}

fn other_name(
    der: &CertificateDer<'_>,
    parsed: &X509Certificate<'_>,
    name: &str,
    say: &mut impl FnMut(String),
) {
    let (Ok(expected), Ok(leaf)) =
        (ServerName::try_from(bare(name)), ParsedCertificate::try_from(der))
    else {
        return;
    };
    if verify_server_name(&leaf, &expected).is_err() {
        let names = certificate::alternative_names(parsed);
        let names = if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") };
        say(format!("for {names}, not for {name}"));
    }
}

/// Whether a list names this certificate; the verifier alone judges who signed the list.
fn listed(parsed: &X509Certificate<'_>, trust: &Trust) -> bool {
    trust.crls.iter().any(|list| {
        CertificateRevocationList::from_der(list).is_ok_and(|(_, list)| {
            list.issuer().as_raw() == parsed.issuer().as_raw()
                && list
                    .iter_revoked_certificates()
                    .any(|one| one.raw_serial() == parsed.raw_serial())
        })
    })
}

/// Who issued it: somebody presented, somebody trusted, itself, or nobody known here.
fn issuer(
    der: &CertificateDer<'_>,
    chain: &[CertificateDer<'_>],
    trust: &Trust,
    say: &mut impl FnMut(String),
) {
    let known = trust.authorities.certificates();
    if known.contains(der) {
        return;
    }
    let issuer = certificate::issuer(der);
    let named = |other: &&CertificateDer<'_>| certificate::subject(other) == issuer;
    let issuers: Vec<_> = chain.iter().take(MANY).chain(known).filter(named).take(SAME).collect();
    let by = |issuer: &&&CertificateDer<'_>| {
        Signed::certificate(der).is_some_and(|signed| signed.is_by(issuer))
    };
    // Of the system's authorities only names and keys are kept: what they hold can't be told here.
    let unknown = known.is_empty();
    if certificate::is_self_issued(der) {
        if unknown && chain.first() != Some(der) {
            return;
        }
        say("its own issuer, and not trusted here".to_owned());
    } else if issuers.is_empty() {
        if unknown {
            return;
        }
        let issuer = issuer.unwrap_or_default();
        say(format!("its issuer `{issuer}` is neither presented nor trusted"));
    } else if !issuers.iter().any(|issuer| by(&issuer)) {
        say("its signature is none that its issuer's key is known to have made".to_owned());
    }
}
