//! PostgreSQL (frontend/backend protocol 3.0): the startup exchange, authentication, harmless
//! queries.
//!
//! TLS is asked for within the protocol. The upgrade is one packet, so it is done here, and the
//! handshake is the dialer's as for every other protocol. The login is tokio-postgres', over our own
//! stream: its messages are watched, so that a cleartext request is stopped before the answer, and
//! AuthOk is known even where a later step fails.
//!
//! - *spoken*: a message of the protocol came.
//! - *identified*: the server's name was verified by TLS.
//! - *authenticated*: AuthOk came.
//! - *operational*: `SELECT 1` and what the row asks for reached the server.
//!
//! It stops with `auth.required` where a password is asked for and none is given. A healthy row
//! opens one connection and ends it with Terminate; after silence one more tells a pooler from a
//! server.

mod classify;
mod options;
mod pooler;
mod session;
mod watch;

use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::CertificateDer;
use sha2::Digest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation};
use tokio_postgres::{Client, Config, Connection};

use crate::model::read::Problems;
use crate::model::{
    Credentials, Fault, FaultCode, Key, Layer, Node, Proof, VerifyMode, WarningCode,
};
use crate::net::dialer::SSL_REQUEST;
use crate::net::tls::TlsRequest;
use crate::net::wire::{Traffic, broken, closed, first_bytes};
use crate::net::{Dialer, Wire, spoke};
use crate::probe::{BoxFuture, Probe, Protocol, TlsUse};
use classify::Phase;
use options::Options;
use watch::{HandThrough, Seen, Stopped, Watched, lock};

/// PostgreSQL, and poolers that speak its protocol.
pub const PROTOCOL: Protocol = Protocol {
    name: "postgres",
    about: "PostgreSQL or a pooler before it: login and harmless queries",
    schemes: &["postgres", "postgresql"],
    default_port: 5432,
    tls: TlsUse::Negotiated,
    layers: &[Layer::Tcp, Layer::Protocol, Layer::Auth, Layer::Operation],
    connections: "one",
    options: read,
    schema: options::schema,
};

fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Box<dyn Probe>> {
    Options::read(node, problems).map(|options| Box::new(Postgres { options }) as Box<dyn Probe>)
}

/// The account that is named where no credentials are given: the protocol wants some name.
const NOBODY: &str = "connprobe";

#[derive(Debug)]
struct Postgres {
    options: Options,
}

/// Who logs in.
struct Account {
    given: bool,
    user: String,
    database: String,
    password: Option<crate::model::Secret>,
}

impl Account {
    fn of(dialer: &Dialer) -> (Self, Option<Fault>) {
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

type Session = (Client, Connection<Watched, Watched>);

impl Probe for Postgres {
    fn run<'a>(&'a self, dialer: &'a mut Dialer) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.climb(dialer))
    }

    fn sends(&self) -> String {
        "SSLRequest where TLS is wanted, a startup message, SELECT 1, Terminate".to_owned()
    }
}

impl Postgres {
    async fn climb(&self, dialer: &mut Dialer) -> Result<(), Fault> {
        let wire = dialer.tcp().await?;
        if !dialer.wants(Proof::Spoken) {
            return Ok(());
        }
        let (wire, _) = upgrade(dialer, wire).await?;
        let traffic = Arc::clone(wire.traffic());
        let (mut account, kept_back) = Account::of(dialer);
        if !dialer.wants(Proof::Authenticated) {
            account.password = None;
        }
        let cleartext = dialer.session().is_some() || dialer.target().allow_cleartext;
        let watched = Watched::new(wire, cleartext, binding(dialer));
        let seen = watched.seen();
        let begun = Instant::now();
        let login = login(dialer, watched, &account);
        let limit = dialer.target().timeouts.answer;
        // After SSLRequest the peer has spoken; without TLS these are the first words.
        let stranger = (traffic.received() == 0 && dialer.session().is_none())
            .then(|| dialer.stranger("postgres"));
        let outcome = match &stranger {
            None => tokio::time::timeout(limit, login).await,
            Some(stranger) => tokio::select! {
                outcome = tokio::time::timeout(limit, login) => outcome,
                fault = stranger.while_silent(limit) => {
                    return Err(dialer.failed(Layer::Protocol, begun, fault));
                }
            },
        };
        let seen_now = lock(&seen).clone();
        Self::note_login(dialer, &seen_now, begun, &account);
        let (client, connection) = match outcome {
            Ok(Ok(session)) => session,
            Ok(Err(error)) => {
                let mut fault = refused(&error, &seen_now, &traffic, dialer, &account);
                if let Some(stranger) = &stranger {
                    fault = stranger.after_close(fault).await;
                }
                if fault.code == FaultCode::AuthRequired && !dialer.wants(Proof::Authenticated) {
                    return Ok(());
                }
                return Err(login_fault(dialer, begun, fault, &seen_now, &account, kept_back));
            }
            Err(_) => {
                let fault = silent(dialer, &seen_now, &traffic, &account).await;
                return Err(login_fault(dialer, begun, fault, &seen_now, &account, kept_back));
            }
        };
        dialer.passed(Layer::Auth, begun);
        Self::logged_in(dialer, &seen_now, &account);
        let driver = tokio::spawn(async move {
            // Its error reaches whoever asked; here it only has to be driven.
            let _ = connection.await;
        });
        let result = match account.given && dialer.wants(Proof::Operational) {
            true => self.operate(dialer, &client, &account, &seen, &traffic).await,
            false => Ok(()),
        };
        // Dropping the client makes the driver send Terminate; the server's log stays quiet.
        drop(client);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), driver).await;
        match kept_back {
            Some(fault) if result.is_ok() => Err(fault),
            _ => result,
        }
    }

    /// What is proved by the messages of the login, however it ended.
    fn note_login(dialer: &mut Dialer, seen: &Seen, begun: Instant, account: &Account) {
        if !seen.spoke {
            return;
        }
        dialer.passed(Layer::Protocol, begun);
        dialer.reach(Proof::Spoken);
        super::http::identify_by_tls(dialer);
        if let Some(method) = seen.method {
            dialer.note(Key::AuthMethod, method);
        }
        if seen.ok && account.given && dialer.wants(Proof::Authenticated) {
            dialer.reach(Proof::Authenticated);
        }
    }

    fn logged_in(dialer: &mut Dialer, seen: &Seen, account: &Account) {
        dialer.note(Key::Username, account.user.as_str());
        let tls = dialer.session().cloned();
        if let (Some(_), Some("scram-sha-256")) = (&tls, seen.method) {
            dialer.note(Key::ChannelBinding, seen.plus);
        }
        let by_certificate = tls.is_some_and(|session| session.client_sent);
        match seen.method {
            Some("trust") if account.given && !by_certificate => dialer.warn(
                WarningCode::AuthNotEnforced,
                "the server lets this user in without asking for a password",
            ),
            Some("md5") => dialer.warn(
                WarningCode::AuthWeak,
                "the password is checked by md5, which PostgreSQL has deprecated",
            ),
            Some("cleartext") if dialer.session().is_none() => {
                dialer.warn(WarningCode::AuthCleartext, "the password travels without TLS");
            }
            _ => {}
        }
    }

    async fn operate(
        &self,
        dialer: &mut Dialer,
        client: &Client,
        account: &Account,
        seen: &Arc<std::sync::Mutex<Seen>>,
        traffic: &Arc<Traffic>,
    ) -> Result<(), Fault> {
        let tls = dialer.session().cloned();
        let wrong = |error: &tokio_postgres::Error| {
            query_fault(error, &lock(seen), traffic, tls.as_deref())
        };
        let done = session::operate(dialer, client, &self.options, &account.database, &wrong).await;
        let stalled =
            |fault: &Fault| matches!(fault.code, FaultCode::PeerStalled | FaultCode::PeerSilent);
        match done {
            Ok(()) => {
                dialer.reach(Proof::Operational);
                Ok(())
            }
            Err(fault) if stalled(&fault) => Err(backend_down(dialer, account, fault).await),
            Err(fault) => Err(fault),
        }
    }
}

/// Asks for TLS within the protocol, as `tls.mode` wants it. Says whether TLS is on.
async fn upgrade(dialer: &mut Dialer, mut wire: Wire) -> Result<(Wire, bool), Fault> {
    let mode = dialer.target().trust.mode;
    if mode == VerifyMode::Disable || !dialer.target().tls {
        return Ok((wire, false));
    }
    let asked = async {
        let answer = async {
            wire.write_all(&SSL_REQUEST).await?;
            wire.flush().await?;
            wire.read_u8().await
        };
        match answer.await {
            Ok(answer) => Ok((answer, wire)),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(closed(wire.traffic()))
            }
            Err(error) => Err(broken(&error, wire.traffic(), None)),
        }
    };
    let (answer, mut wire) = dialer.first_words("postgres", asked).await?;
    match answer {
        b'S' => {
            // An `S` may be the first letter of another greeting; then more follows at once.
            let raw = Arc::clone(wire.traffic());
            let ask = TlsRequest { lead_in: &SSL_REQUEST, ..TlsRequest::default() };
            match dialer.tls(wire, &ask).await {
                Err(fault)
                    if fault.code == FaultCode::TlsNotTls
                        && spoke::recognise(&raw.first_bytes()) != "unknown" =>
                {
                    Err(mismatch(&raw))
                }
                shaken => Ok((shaken?, true)),
            }
        }
        b'N' if mode == VerifyMode::Prefer => Ok((wire, false)),
        b'N' => {
            dialer.reach(Proof::Spoken);
            let detail =
                format!("the server declines TLS, and tls.mode {} needs it", mode.as_str());
            Err(Fault::new(FaultCode::TlsNotOffered, detail))
        }
        _ => Err(other_answer(&mut wire).await),
    }
}

/// Something else than S or N: an error of PostgreSQL's, or another protocol.
async fn other_answer(wire: &mut Wire) -> Fault {
    let mut rest = [0_u8; 255];
    let more = tokio::time::timeout(std::time::Duration::from_millis(200), wire.read(&mut rest));
    let _ = more.await;
    match spoke::recognise(&wire.traffic().first_bytes()) {
        "postgres" => Fault::new(
            FaultCode::ServiceError,
            "the server answers the request for TLS with an error",
        )
        .with(Key::FirstBytes, first_bytes(wire.traffic())),
        _ => mismatch(wire.traffic()),
    }
}

/// Another protocol where PostgreSQL is expected.
fn mismatch(traffic: &Traffic) -> Fault {
    let spoke = spoke::recognise(&traffic.first_bytes());
    let what = match spoke {
        "unknown" => "something that is no PostgreSQL answers".to_owned(),
        name => format!("the peer speaks {name}, not PostgreSQL"),
    };
    Fault::new(FaultCode::ProtocolMismatch, what)
        .with(Key::Spoke, spoke)
        .with(Key::FirstBytes, first_bytes(traffic))
}

async fn login(
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
fn binding(dialer: &Dialer) -> Option<Vec<u8>> {
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

/// The fault of a login that was refused or broke.
fn refused(
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
        Some(Stopped::NotPostgres) => return mismatch(traffic),
        _ => {}
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
fn query_fault(
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
        Some(io) => broken(io, traffic, tls),
        None if error.is_closed() => closed(traffic),
        // What the client library itself refuses: a SCRAM exchange that does not verify.
        None if seen.method.is_some() && !seen.ok => Fault::new(
            FaultCode::AuthRejected,
            "the server's side of the authentication does not verify",
        ),
        None => {
            Fault::new(FaultCode::ProtocolMalformed, "the server's messages break the protocol")
        }
    }
}

/// Books the fault of a login at its layer, and puts a secret that could not be had before it.
fn login_fault(
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
async fn silent(dialer: &Dialer, seen: &Seen, traffic: &Traffic, account: &Account) -> Fault {
    let bytes = traffic.received();
    let fault = match bytes {
        0 => Fault::new(FaultCode::PeerSilent, "accepted, and no answer to the startup message"),
        bytes => Fault::new(
            FaultCode::PeerStalled,
            format!("the login stopped after {bytes} bytes of the server's"),
        ),
    };
    let fault = fault.with(Key::Bytes, bytes).with(
        Key::Phase,
        match Phase::of(seen) {
            Phase::Startup => "startup",
            Phase::Authentication => "authentication",
            Phase::Session | Phase::Query => "session",
        },
    );
    backend_down(dialer, account, fault).await
}

/// Silence after a pooler's greeting means that its server is gone.
async fn backend_down(dialer: &Dialer, account: &Account, fault: Fault) -> Fault {
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
