//! Which fault an error of the backend is: by SQLSTATE (PostgreSQL, appendix A). The one exception is
//! PgBouncer up to 1.18, which gives `08P01` for everything: a closed table of its constant phrases.

use tokio_postgres::error::DbError;

use crate::model::{Fault, FaultCode as C, Key, clean};
use crate::probe::postgres::watch::Seen;

/// Where in the session an error came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Startup,
    Authentication,
    Session,
    Query,
}

impl Phase {
    /// The phase of a login, by what was seen of it.
    pub(super) fn of(seen: &Seen) -> Self {
        match seen {
            Seen { ready: true, .. } => Self::Query,
            Seen { ok: true, .. } => Self::Session,
            Seen { method: Some(_), .. } => Self::Authentication,
            _ => Self::Startup,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Authentication => "authentication",
            Self::Session => "session",
            Self::Query => "query",
        }
    }
}

/// Whether an error came from a pooler: the server's own errors name file and routine.
pub(super) fn from_pooler(error: &DbError) -> bool {
    error.file().is_none() && error.routine().is_none()
}

/// The fault of an error.
pub(super) fn fault(error: &DbError, phase: Phase) -> Fault {
    said(error.code().code(), error.message(), from_pooler(error), phase)
}

/// The fault of the bytes of an error in place of S or N; `None` where they are none of PostgreSQL's. A
/// server that can't start a process for us says so in the words of protocol 2, without a code.
pub(super) fn before_startup(bytes: &[u8]) -> Option<Fault> {
    let text = bytes.strip_prefix(b"E")?;
    if text.first() != Some(&0) {
        let words = std::str::from_utf8(text.strip_suffix(b"\0")?).ok()?;
        let printable = |c: char| c == '\n' || !c.is_control();
        return (words.contains(' ') && words.chars().all(printable)).then(|| {
            let message = clean::line(words.trim_end(), 200);
            Fault::new(C::ServiceError, message.clone())
                .with(Key::Phase, Phase::Startup.as_str())
                .with(Key::Message, message)
        });
    }
    let fields: Vec<&[u8]> = text.get(4..)?.split(|byte| *byte == 0).collect();
    let field = |kind: u8| {
        let field = fields.iter().find(|field| field.first() == Some(&kind))?;
        Some(String::from_utf8_lossy(&field[1..]))
    };
    let pooler = field(b'F').is_none() && field(b'R').is_none();
    Some(said(&field(b'C')?, &field(b'M')?, pooler, Phase::Startup))
}

fn said(state: &str, message: &str, pooler: bool, phase: Phase) -> Fault {
    let code = match state {
        "08P01" if pooler => by_phrase(message, phase),
        _ => by_state(state, pooler),
    };
    let message = clean::line(message, 200);
    // Five letters where the peer is honest (appendix A).
    let state = clean::line(state, 5);
    Fault::new(code, format!("{message} (SQLSTATE {state})"))
        .with(Key::Sqlstate, state)
        .with(Key::Phase, phase.as_str())
        .with(Key::Message, message)
        .with_some(Key::Pooler, pooler.then_some("its errors name no file and routine"))
}

fn by_state(state: &str, pooler: bool) -> C {
    match state {
        "28P01" => C::AuthRejected,
        "28000" | "42501" => C::AuthForbidden,
        "3D000" => C::ServiceNoSuchDatabase,
        "53300" => C::ServiceTooManyConnections,
        "57P01" | "57P02" | "57P03" => C::ServiceNotReady,
        "25006" => C::ServiceReadOnly,
        // Newer poolers tell with class 08 that their server can't be had.
        "08000" | "08001" | "08003" | "08004" | "08006" if pooler => C::ServiceBackendDown,
        _ => C::ServiceError,
    }
}

/// PgBouncer's constant phrases, and the server's that it passes on without their SQLSTATE.
const PHRASES: &[(&str, C)] = &[
    ("SASL authentication failed", C::AuthRejected),
    ("password authentication failed", C::AuthRejected),
    ("no such user", C::AuthRejected),
    ("auth failed", C::AuthRejected),
    ("authentication failed", C::AuthRejected),
    ("no such database", C::ServiceNoSuchDatabase),
    ("too many connections", C::ServiceTooManyConnections),
    // PostgreSQL's 28000, as it comes where no password is asked for.
    ("role \"", C::AuthForbidden),
    ("does not exist", C::ServiceNoSuchDatabase),
    ("query_wait_timeout", C::ServiceBackendDown),
    ("server login has been failing", C::ServiceBackendDown),
    ("server_login_retry", C::ServiceBackendDown),
    ("server conn crashed", C::ServiceBackendDown),
    ("connect failed", C::ServiceBackendDown),
    ("cannot connect to server", C::ServiceBackendDown),
    ("server DNS lookup failed", C::ServiceBackendDown),
    ("client_login_timeout", C::ServiceBackendDown),
    ("the database system is", C::ServiceNotReady),
    ("pooler is shut down", C::ServiceNotReady),
    ("pgbouncer is shutting down", C::ServiceNotReady),
    ("no more connections allowed", C::ServiceTooManyConnections),
    ("too many clients", C::ServiceTooManyConnections),
    ("remaining connection slots", C::ServiceTooManyConnections),
    ("SSL required", C::AuthForbidden),
    ("TLS required", C::AuthForbidden),
    ("login rejected", C::AuthForbidden),
    ("not allowed", C::AuthForbidden),
    ("pg_hba.conf", C::AuthForbidden),
    ("permission denied", C::AuthForbidden),
];

/// An unknown phrase counts by its stage.
fn by_phrase(message: &str, phase: Phase) -> C {
    let known = PHRASES.iter().find(|(phrase, _)| message.contains(phrase));
    known.map_or(
        match phase {
            Phase::Authentication => C::AuthRejected,
            Phase::Startup | Phase::Session | Phase::Query => C::ServiceError,
        },
        |(_, code)| *code,
    )
}
