//! The login: who logs in, how, and what it means where that does not work.

use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::CertificateDer;
use sha2::Digest;
use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation};
use tokio_postgres::{Client, Config, Connection};

use crate::model::{Credentials, Fault, FaultCode, Key, Layer};
use crate::net::Dialer;
use crate::net::wire::{Traffic, broken, closed};
use crate::probe::postgres::classify::{self, Phase};
use crate::probe::postgres::pooler;
use crate::probe::postgres::upgrade::mismatch;
use crate::probe::postgres::watch::{HandThrough, Seen, Stopped, Watched};

/// The account that is named where no credentials are given: the protocol wants some name.
const NOBODY: &str = "connprobe";

/// Who logs in.
pub(super) struct Account {
    pub(super) given: bool,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) password: Option<crate::model::Secret>,
}

impl Account {
    pub(super) fn of(dialer: &Dialer) -> (Self, Option<Fault>) {
        let nobody = || Self {
            given: false,
            user: NOBODY.to_owned(),
            database: NOBODY.to_owned(),
            password: None,
        };
        match dialer.credentials() {
            Ok(Credentials::Login { username, password, database }) => {
                let database = database.unwrap_or_else(|| username.clone());
                (Self { given: true, user: username, database, password }, None)
            }
            Ok(Credentials::None) => (nobody(), None),
            Ok(other) => {
                let detail = format!("{} can't be used with PostgreSQL", other.what());
                (nobody(), Some(Fault::new(FaultCode::AuthMethodUnsupported, detail)))
            }
            Err(fault) => (nobody(), Some(fault)),
        }
    }
}

pub(super) type Session = (Client, Connection<Watched, Watched>);

pub(super) async fn login(
    dialer: &Dialer,
    watched: Watched,
    account: &Account,
) -> Result<Session, tokio_postgres::Error> {
    let mut config = Config::new();
    config.user(&account.user).dbname(&account.database);
    if let Some(password) = &account.password {
        config.password(password.bytes());
    }
    if dialer.session().is_some() {
        // The handshake is done: "direct" hands the stream through with its channel binding.
        config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
        config.channel_binding(ChannelBinding::Prefer);
        config.connect_raw(watched, HandThrough).await
    } else {
        config.ssl_mode(SslMode::Disable).channel_binding(ChannelBinding::Disable);
        config.connect_raw(watched, HandThrough).await
    }
}

/// The digest of the peer's certificate for `tls-server-end-point` (RFC 5929 §4.1).
pub(super) fn binding(dialer: &Dialer) -> Option<Vec<u8>> {
    let leaf: CertificateDer<'static> = dialer.session()?.leaf.clone()?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&leaf).ok()?;
    let digest = match parsed.signature_algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => sha2::Sha384::digest(&leaf).to_vec(),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => sha2::Sha512::digest(&leaf).to_vec(),
        _ => sha2::Sha256::digest(&leaf).to_vec(),
    };
    Some(digest)
}

/// The reason why our own watch stopped the stream, if it did.
fn stopped(error: &tokio_postgres::Error) -> Option<Stopped> {
    io_cause(error)?.get_ref()?.downcast_ref::<Stopped>().copied()
}

fn io_cause(error: &tokio_postgres::Error) -> Option<&std::io::Error> {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return Some(io);
        }
        source = cause.source();
    }
    None
}

/// Whether the client refuses the proof that the server gives of itself (RFC 5802 §3): somebody answers
/// who does not know what the server must know.
pub(super) fn lied(error: &tokio_postgres::Error, seen: &Seen) -> bool {
    seen.proof && !seen.ended && error.as_db_error().is_none() && stopped(error).is_none()
}

/// The fault of a login that was refused or broke.
pub(super) fn refused(
    error: &tokio_postgres::Error,
    seen: &Seen,
    traffic: &Arc<Traffic>,
    dialer: &Dialer,
    account: &Account,
) -> Fault {
    match stopped(error) {
        Some(Stopped::Cleartext) if account.password.is_some() => {
            return Fault::new(
                FaultCode::AuthInsecure,
                "the server asks for the password in clear text and without TLS; it was not sent",
            )
            .with(Key::Option, "allow_cleartext");
        }
        Some(Stopped::NotPostgres) if !seen.spoke => return mismatch(traffic),
        _ => {}
    }
    if lied(error, seen) {
        return Fault::new(
            FaultCode::ServiceWrongPeer,
            "the server does not prove that it knows the password (SCRAM)",
        );
    }
    if seen.method.is_some()
        && !seen.ok
        && account.password.is_none()
        && error.as_db_error().is_none()
    {
        let method = seen.method.unwrap_or_default();
        return Fault::new(
            FaultCode::AuthRequired,
            format!("the server asks for a password ({method}), and none was given"),
        );
    }
    if matches!(seen.method, Some("gss" | "sspi" | "unknown")) && !seen.ok {
        let method = seen.method.unwrap_or_default();
        return Fault::new(
            FaultCode::AuthMethodUnsupported,
            format!("the server asks for the method {method}"),
        );
    }
    query_fault(error, seen, traffic, dialer.session().map(|session| &**session))
}

/// The fault of an error in a login or a query.
pub(super) fn query_fault(
    error: &tokio_postgres::Error,
    seen: &Seen,
    traffic: &Traffic,
    tls: Option<&crate::net::tls::Session>,
) -> Fault {
    if let Some(error) = error.as_db_error() {
        return classify::fault(error, Phase::of(seen));
    }
    match stopped(error) {
        Some(Stopped::TooLarge) => {
            return Fault::new(FaultCode::ProtocolTooLarge, "a message passes a mebibyte");
        }
        Some(Stopped::NotPostgres) => {
            return Fault::new(FaultCode::ProtocolMalformed, "a message can't be read");
        }
        _ => {}
    }
    match io_cause(error) {
        Some(io) if seen.ended => broken(io, traffic, tls),
        None if error.is_closed() => closed(traffic),
        // The stream is whole: the client library refuses what came.
        _ => Fault::new(FaultCode::ProtocolMalformed, "the server's messages break the protocol"),
    }
}

/// Books the fault of a login at its layer, and puts a secret that could not be had before it.
pub(super) fn login_fault(
    dialer: &mut Dialer,
    begun: Instant,
    fault: Fault,
    seen: &Seen,
    account: &Account,
    kept_back: Option<Fault>,
) -> Fault {
    let layer = if seen.spoke { Layer::Auth } else { Layer::Protocol };
    let refusal = matches!(
        fault.code,
        FaultCode::AuthRequired | FaultCode::AuthForbidden | FaultCode::AuthRejected
    );
    let fault = match kept_back {
        Some(why) if refusal => why,
        // A made-up name that is turned away says no more than that a real one is needed.
        None if refusal && !account.given => Fault {
            code: FaultCode::AuthRequired,
            detail: format!("the server asks for credentials: {}", fault.detail),
            ..fault
        },
        _ => fault,
    };
    dialer.failed(layer, begun, fault)
}

/// The fault of a login that was not done in time.
pub(super) async fn silent(
    dialer: &Dialer,
    seen: &Seen,
    traffic: &Traffic,
    account: &Account,
) -> Fault {
    let bytes = traffic.received();
    let fault = match bytes {
        0 => Fault::new(FaultCode::PeerSilent, "accepted, and no answer to the startup message"),
        bytes => Fault::new(
            FaultCode::PeerStalled,
            format!("the login stopped after {bytes} bytes of the server's"),
        ),
    };
    let phase = Phase::of(seen).as_str();
    let fault = fault.with(Key::Bytes, bytes).with(Key::Phase, phase);
    backend_down(dialer, account, fault).await
}

/// Silence after a pooler's greeting means that its server is gone.
pub(super) async fn backend_down(dialer: &Dialer, account: &Account, fault: Fault) -> Fault {
    match pooler::identify(dialer, &account.user, &account.database).await {
        Some(true) => Fault {
            code: FaultCode::ServiceBackendDown,
            detail: format!("a pooler answers, and its server does not: {}", fault.detail),
            evidence: fault
                .evidence
                .with(Key::Pooler, "refuses an unknown startup parameter before the password")
                .with(Key::Cause, fault.code.as_str()),
        },
        _ => fault,
    }
}
