//! Which fault a handshake is: by rustls' variant, by the alert (RFC 8446 §6.2), by the first bytes.

use std::io;
use std::sync::atomic::Ordering;

use rustls::{AlertDescription as A, Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};

use crate::model::{Fault, FaultCode, Key};
use crate::net::spoke;
use crate::net::tls::Session;
use crate::net::wire::{Traffic, broken, first_bytes};

/// What we know of our own side of a handshake.
#[derive(Clone, Copy, Debug)]
pub(super) struct OurSide {
    /// The peer asked for a client certificate.
    pub(super) asked: bool,
    /// We gave one.
    pub(super) gave: bool,
}

impl OurSide {
    /// The words for the evidence; none where no certificate was asked for.
    pub(super) fn words(self) -> Option<&'static str> {
        match (self.asked, self.gave) {
            (false, _) => None,
            (true, true) => Some("asked for, sent"),
            (true, false) => Some("asked for, not sent"),
        }
    }
}

/// The rustls error inside an I/O error.
pub fn inner(error: &io::Error) -> Option<&Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Error>())
}

/// The fault of a handshake that did not end.
pub(super) fn handshake(error: &io::Error, raw: &Traffic, ours: OurSide) -> Fault {
    let fault = match inner(error) {
        Some(tls) => by_variant(tls, raw, ours),
        None => broken(error, raw, None),
    };
    fault.with_some(Key::ClientCertificate, ours.words())
}

fn by_variant(error: &Error, raw: &Traffic, ours: OurSide) -> Fault {
    match error {
        Error::AlertReceived(alert) => by_alert(*alert, ours),
        Error::InvalidMessage(
            InvalidMessage::MessageTooLarge
            | InvalidMessage::HandshakePayloadTooLarge
            | InvalidMessage::CertificatePayloadTooLarge,
        )
        | Error::PeerSentOversizedRecord => {
            malformed("the peer's handshake passes the size that is read", error)
        }
        Error::InvalidMessage(_) => not_tls(error, raw),
        Error::PeerIncompatible(why) => incompatible(why),
        Error::NoApplicationProtocol
        | Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
            Fault::new(
                FaultCode::TlsAlpn,
                "the peer chose an application protocol we did not offer",
            )
        }
        Error::InvalidCertificate(why) => Fault::new(
            FaultCode::TlsInvalidCertificate,
            format!("a certificate can't be read: {why:?}"),
        ),
        Error::NoCertificatesPresented => {
            Fault::new(FaultCode::TlsMalformed, "the peer presents no certificate")
        }
        _ => malformed("the peer's handshake breaks RFC 8446", error),
    }
}

fn malformed(what: &str, error: &Error) -> Fault {
    Fault::new(FaultCode::TlsMalformed, what)
        .with(Key::Found, crate::model::clean::line(&format!("{error:?}"), 120))
}

/// Something answered a ClientHello that is no TLS, or TLS that can't be read.
fn not_tls(error: &Error, raw: &Traffic) -> Fault {
    let first = raw.first_bytes();
    match spoke::recognise(&first) {
        "tls" => malformed("the peer's handshake can't be read", error),
        spoke => {
            let what = match spoke {
                "unknown" => "the peer does not speak TLS here".to_owned(),
                name => format!("the peer speaks {name}, not TLS"),
            };
            Fault::new(FaultCode::TlsNotTls, what)
                .with(Key::Spoke, spoke)
                .with(Key::FirstBytes, first_bytes(raw))
        }
    }
}

fn incompatible(why: &PeerIncompatible) -> Fault {
    use PeerIncompatible as P;
    match why {
        P::ServerDoesNotSupportTls12Or13
        | P::ServerTlsVersionIsDisabledByOurConfig
        | P::Tls12NotOffered
        | P::Tls12NotOfferedOrEnabled => {
            Fault::new(FaultCode::TlsVersion, "the peer chose a version of TLS older than allowed")
        }
        other => Fault::new(
            FaultCode::TlsNoCommonParameters,
            format!("no parameters in common: {other:?}"),
        ),
    }
}

/// The name of an alert, as RFC 8446 spells it.
pub fn alert_name(alert: A) -> String {
    let name = format!("{alert:?}");
    let mut out = String::new();
    for c in
        name.replace("CA", "Ca").replace("PSK", "Psk").replace("Recognised", "recognized").chars()
    {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

pub(super) fn by_alert(alert: A, ours: OurSide) -> Fault {
    let name = alert_name(alert);
    let fault = match alert {
        A::CertificateRequired => required(),
        A::BadCertificate
        | A::UnsupportedCertificate
        | A::CertificateRevoked
        | A::CertificateExpired
        | A::CertificateUnknown
        | A::UnknownCA
        | A::AccessDenied
            if ours.gave =>
        {
            rejected(&name)
        }
        // TLS 1.2 has no alert of its own for a missing certificate.
        A::HandshakeFailure
        | A::BadCertificate
        | A::NoCertificate
        | A::AccessDenied
        | A::CertificateUnknown
            if ours.asked && !ours.gave =>
        {
            required()
        }
        A::HandshakeFailure if ours.gave => rejected(&name),
        A::ProtocolVersion => {
            Fault::new(FaultCode::TlsVersion, "the peer speaks none of the versions offered")
        }
        A::HandshakeFailure | A::InsufficientSecurity => Fault::new(
            FaultCode::TlsNoCommonParameters,
            "the peer has no cipher suite, group or signature scheme in common with us",
        ),
        A::NoApplicationProtocol => Fault::new(
            FaultCode::TlsAlpn,
            "the peer speaks none of the application protocols offered",
        ),
        A::UnrecognisedName => {
            Fault::new(FaultCode::TlsUnknownServerName, "the peer does not know the server name")
        }
        _ => Fault::new(FaultCode::TlsAlert, format!("the peer ended the handshake: {name}")),
    };
    fault.with(Key::TlsAlert, name)
}

fn required() -> Fault {
    Fault::new(
        FaultCode::TlsClientCertificateRequired,
        "the peer asks for a client certificate, and none was given",
    )
}

fn rejected(alert: &str) -> Fault {
    Fault::new(
        FaultCode::TlsClientCertificateRejected,
        format!("the peer rejects our client certificate: {alert}"),
    )
}

/// The fault of a stream that broke after its handshake, where TLS tells why. Under TLS 1.3 a
/// missing client certificate shows only here.
pub fn late(error: &io::Error, traffic: &Traffic, session: Option<&Session>) -> Option<Fault> {
    let ours = session.map_or(OurSide { asked: false, gave: false }, |session| OurSide {
        asked: session.client_asked,
        gave: session.client_sent,
    });
    if let Some(Error::AlertReceived(alert)) = inner(error) {
        let fault = match by_alert(*alert, ours) {
            fault if fault.code == FaultCode::TlsNoCommonParameters => {
                Fault { code: FaultCode::TlsAlert, ..fault }
            }
            fault => fault,
        };
        return Some(fault.with_some(Key::ClientCertificate, ours.words()));
    }
    if inner(error).is_some() {
        return Some(Fault::new(FaultCode::TlsMalformed, "a TLS record can't be read"));
    }
    // Some servers close without an alert; the certificate that they asked for is then the likely
    // cause. A time-out is no close, and before TLS 1.3 a certificate was judged in the handshake.
    // Where tickets came, the peer was content with it.
    let content = session.is_some_and(|session| session.accepted.load(Ordering::Relaxed));
    let closed = traffic.received() == 0 && error.kind() != io::ErrorKind::TimedOut;
    if !ours.asked || content || !closed {
        return None;
    }
    if !ours.gave {
        let how = "asked for, not sent; closed without an alert";
        return Some(required().with(Key::ClientCertificate, how));
    }
    session.filter(|session| session.tls13).map(|_| {
        rejected("closed without an alert")
            .with(Key::ClientCertificate, "asked for, sent; closed without an alert")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(kind: io::ErrorKind, client_asked: bool, client_sent: bool) -> Option<FaultCode> {
        told(kind, &session(client_asked, client_sent))
    }

    fn session(client_asked: bool, client_sent: bool) -> Session {
        let accepted = false.into();
        Session {
            leaf: None,
            name_verified: true,
            client_asked,
            client_sent,
            tls13: true,
            accepted,
        }
    }

    fn told(kind: io::ErrorKind, session: &Session) -> Option<FaultCode> {
        late(&kind.into(), &Traffic::default(), Some(session)).map(|fault| fault.code)
    }

    #[test]
    fn a_close_tells_of_a_client_certificate_only_where_one_was_asked_for() {
        let end = io::ErrorKind::UnexpectedEof;
        assert_eq!(code(end, true, false), Some(FaultCode::TlsClientCertificateRequired));
        assert_eq!(code(end, true, true), Some(FaultCode::TlsClientCertificateRejected));
        assert_eq!(code(end, false, false), None);
    }

    #[test]
    fn after_a_ticket_a_close_is_no_refusal() {
        for sent in [true, false] {
            let session = session(true, sent);
            session.accepted.store(true, Ordering::Relaxed);
            assert_eq!(told(io::ErrorKind::UnexpectedEof, &session), None);
        }
    }

    #[test]
    fn a_time_out_is_no_close() {
        assert_eq!(code(io::ErrorKind::TimedOut, true, true), None);
        assert_eq!(code(io::ErrorKind::TimedOut, true, false), None);
    }
}
