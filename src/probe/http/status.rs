//! Which fault a status is (RFC 9110 §15), and who gave it: the service, or something in between.

use http::header::LOCATION;

use crate::model::{Fault, FaultCode, Key, clean};
use crate::net::Dialer;
use crate::probe::http::exchange::Answer;
use crate::probe::http::{between, redirect};

/// The statuses that are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses(Vec<(u16, u16)>);

impl Default for Statuses {
    fn default() -> Self {
        Self(vec![(200, 299)])
    }
}

impl Statuses {
    /// Reads `200`, `2xx` or `200-204`.
    pub fn parse_one(text: &str) -> Result<(u16, u16), String> {
        let wrong = || format!("`{text}` is no status; write 200, 2xx or 200-204");
        let code =
            |text: &str| text.trim().parse::<u16>().ok().filter(|code| (100..=599).contains(code));
        if let Some(class) = text.strip_suffix("xx") {
            let class = class.parse::<u16>().ok().filter(|class| (1..=5).contains(class));
            return class.map(|class| (class * 100, class * 100 + 99)).ok_or_else(wrong);
        }
        let range = match text.split_once('-') {
            Some((first, last)) => code(first).zip(code(last)),
            None => code(text).map(|code| (code, code)),
        };
        range.filter(|(first, last)| first <= last).ok_or_else(wrong)
    }

    /// Those of a list of ranges.
    pub fn new(ranges: Vec<(u16, u16)>) -> Self {
        Self(ranges)
    }

    /// Whether a status is accepted.
    pub fn accept(&self, status: u16) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&status))
    }
}

impl std::fmt::Display for Statuses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, (first, last)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            match (first, last) {
                (first, last) if first == last => write!(f, "{comma}{first}")?,
                (first, last) if first % 100 == 0 && *last == first + 99 => {
                    write!(f, "{comma}{}xx", first / 100)?;
                }
                (first, last) => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

/// The fault of a status that is not accepted. `given` says whether credentials were sent.
pub fn fault(answer: &Answer, dialer: &Dialer, expected: &str, given: bool) -> Fault {
    let status = answer.status;
    let fault = match status {
        400 | 495 | 496 => {
            client_certificate(answer, dialer).unwrap_or_else(|| unexpected(status, expected))
        }
        401 if given => {
            Fault::new(FaultCode::AuthRejected, "the peer rejects our credentials (401)")
        }
        401 => Fault::new(FaultCode::AuthRequired, "the peer asks for credentials (401)"),
        403 => Fault::new(FaultCode::AuthForbidden, "the peer forbids the request (403)"),
        _ if redirect::is_redirect(status) => {
            let what = match answer.headers.contains_key(LOCATION) {
                true => "that the row may not follow",
                false => "that leads nowhere: it has no Location",
            };
            Fault::new(FaultCode::ProtocolRedirect, format!("a redirect ({status}) {what}"))
        }
        502..=504 => gateway(answer),
        _ => unexpected(status, expected),
    };
    let realm = answer.field(http::header::WWW_AUTHENTICATE);
    let fault = match fault.evidence.get(Key::Gateway) {
        None => fault.with_some(Key::Gateway, between::gateway(answer)),
        Some(_) => fault,
    };
    fault.with(Key::Status, status).with_some(Key::Realm, realm).with(Key::Expected, expected)
}

fn unexpected(status: u16, expected: &str) -> Fault {
    Fault::new(
        FaultCode::ProtocolUnexpectedStatus,
        format!("status {status} in place of {expected}"),
    )
}

/// nginx (495, 496) and others (400) judge a client certificate above TLS.
fn client_certificate(answer: &Answer, dialer: &Dialer) -> Option<Fault> {
    let session = dialer.session().filter(|session| session.client_asked)?;
    let status = answer.status;
    Some(if session.client_sent {
        Fault::new(
            FaultCode::TlsClientCertificateRejected,
            format!("the peer rejects our client certificate (status {status})"),
        )
        .with(Key::ClientCertificate, "asked for, sent")
    } else {
        Fault::new(
            FaultCode::TlsClientCertificateRequired,
            format!("the peer asks for a client certificate (status {status})"),
        )
        .with(Key::ClientCertificate, "asked for, not sent")
    })
}

fn gateway(answer: &Answer) -> Fault {
    let status = answer.status;
    let mark = between::gateway(answer);
    if status == 503 && mark.is_none() {
        return Fault::new(
            FaultCode::ServiceUnhealthy,
            "the service itself says that it is not available (503)",
        )
        .with(Key::Body, answer.excerpt());
    }
    let what = match status {
        504 => "the service behind the gateway does not answer in time (504)",
        503 => "the gateway has no live service behind it (503)",
        _ => "the gateway can't reach the service behind it (502)",
    };
    Fault::new(FaultCode::ProtocolGateway, what)
        .with_some(Key::Gateway, mark)
        .with(Key::Body, clean::line(&answer.excerpt(), 120))
}
