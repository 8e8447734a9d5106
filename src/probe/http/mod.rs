//! HTTP/1.1 (RFC 9110, RFC 9112), in clear or within TLS: one request, its answer judged by status,
//! fields, body and JSON pointers.
//!
//! - *spoken*: an HTTP answer came that is no gateway's excuse.
//! - *identified*: the name was verified by TLS, or the answer meets what the row states of it.
//! - *authenticated*: the answer to our credentials is accepted. The same request without them is
//!   the counter-check: accepted too gives the warning `auth.not-enforced`.
//! - *operational*: as authenticated, since the request itself is the harmless operation.
//!
//! It stops with proof short where no credentials are given and none are asked for. A healthy row
//! opens one connection; another where the peer closes after each answer and credentials are
//! counter-checked; one more for each redirect followed.

pub mod between;
pub mod body;
pub mod exchange;
pub mod options;
mod redirect;
pub(crate) mod secrets;
pub mod status;

use http::header::LOCATION;

use crate::model::read::Problems;
use crate::model::{Fault, FaultCode, Key, Layer, Node, Proof, SecretRef, WarningCode};
use crate::net::Dialer;
use crate::net::tls::TlsRequest;
use crate::probe::{BoxFuture, Probe, Protocol, TlsUse};
use exchange::{Answer, Connection, Request};
use options::Options;
use redirect::Hop;
use secrets::{Field, Given};
pub(crate) use secrets::{authorization, basic, credentials_name, sensitive};

/// HTTP, in clear unless the site or the port says otherwise.
pub const PROTOCOL: Protocol = Protocol {
    name: "http",
    about: "HTTP/1.1: status, fields, body and JSON of one request",
    schemes: &["http"],
    default_port: 80,
    tls: TlsUse::WhenAsked,
    layers: &[Layer::Tcp, Layer::Protocol, Layer::Auth, Layer::Operation],
    connections: "one; one more for each redirect followed, and one for the counter-check of \
                  credentials where the peer closes after each answer",
    options: read,
    schema: options::schema,
};

/// HTTP within TLS.
pub const HTTPS: Protocol = Protocol {
    name: "https",
    about: "HTTP/1.1 within TLS",
    schemes: &["https"],
    default_port: 443,
    tls: TlsUse::Always,
    ..PROTOCOL
};

fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Box<dyn Probe>> {
    Options::read(node, problems).map(|options| Box::new(Http { options }) as Box<dyn Probe>)
}

#[derive(Debug)]
struct Http {
    options: Options,
}

impl Probe for Http {
    fn run<'a>(&'a self, dialer: &'a mut Dialer) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.climb(dialer))
    }

    fn follows_redirects(&self) -> bool {
        self.options.follow
    }

    fn dials(&self) -> usize {
        2 + if self.options.follow { redirect::LIMIT } else { 0 }
    }

    fn own_secrets(&self) -> Vec<&SecretRef> {
        self.options.secrets().map(|(_, secret)| secret).collect()
    }

    fn sends(&self) -> String {
        let secrets: Vec<_> = self.options.secrets().map(|(name, _)| name.as_str()).collect();
        let with = if secrets.is_empty() {
            String::new()
        } else {
            format!(" with {} from a secret", secrets.join(", "))
        };
        format!("{} {}{with}", self.options.method, self.options.path)
    }
}

impl Http {
    async fn climb(&self, dialer: &mut Dialer) -> Result<(), Fault> {
        let Some(mut connection) = connect(dialer).await? else { return Ok(()) };
        let mut request = self.options.request(authority(dialer));
        // Kept back until the end: what can be proved without the secret is proved first.
        let Given { given, kept_back } = Given::put(&mut request, self.secrets(dialer));
        let mut answer = self.ask(dialer, &mut connection, &request).await?;
        if self.options.follow {
            answer = self.follow(dialer, &mut connection, &mut request, answer).await?;
        }
        // Secrets that stayed behind at a redirect were not checked where it led.
        let given = given && request.headers.iter().any(|(_, value)| value.is_sensitive());
        self.judge(dialer, &answer, given, kept_back.as_ref()).await?;
        if let Some(fault) = kept_back {
            return dialer.step(Layer::Auth, FaultCode::PeerSilent, async { Err(fault) }).await;
        }
        if !given || !dialer.wants(Proof::Authenticated) {
            return Ok(());
        }
        dialer.step(Layer::Auth, FaultCode::PeerSilent, async { Ok(()) }).await?;
        dialer.reach(Proof::Authenticated);
        self.counter_check(dialer, connection, request).await;
        if dialer.wants(Proof::Operational) {
            dialer.step(Layer::Operation, FaultCode::PeerSilent, async { Ok(()) }).await?;
            dialer.reach(Proof::Operational);
        }
        Ok(())
    }

    /// As [`ask`]; but what says all that the row expects of the content is the service's, whatever else it says.
    async fn ask(
        &self,
        dialer: &mut Dialer,
        connection: &mut Connection,
        request: &Request,
    ) -> Result<Answer, Fault> {
        let answer = ask_anybody(dialer, connection, request).await?;
        match between::page(&answer).filter(|_| !self.options.recognise(&answer)) {
            Some(page) => Err(page),
            None => {
                let counts = self.options.status.accept(answer.status);
                answer.whole(counts, |answer| self.options.unmet(answer).is_none())
            }
        }
    }

    /// The fields that hold secrets, once it is certain that they may be sent.
    fn secrets(&self, dialer: &mut Dialer) -> Result<Vec<Field>, Fault> {
        if !dialer.wants(Proof::Authenticated) {
            return Ok(Vec::new());
        }
        let credentials = dialer.credentials()?;
        let mut fields = Vec::new();
        if credentials.given() {
            fields.push(authorization(&credentials)?);
        }
        for (name, secret) in self.options.secrets() {
            let secret = secret.load().map_err(|why| {
                Fault::new(FaultCode::LocalSecretUnreadable, format!("the field `{name}`: {why}"))
            })?;
            dialer.conceal(secret.bytes());
            fields.push((name.clone(), sensitive(secret.bytes())?));
        }
        if !fields.is_empty() {
            dialer.may_send_secret(credentials_name(&credentials))?;
        }
        Ok(fields)
    }

    /// Follows redirects, each verified as the first target was; secrets stay with their host.
    async fn follow(
        &self,
        dialer: &mut Dialer,
        connection: &mut Connection,
        request: &mut Request,
        mut answer: Answer,
    ) -> Result<Answer, Fault> {
        let (mut followed, mut seen) = (Vec::new(), Vec::new());
        while redirect::is_redirect(answer.status) && !self.options.status.accept(answer.status) {
            let Some(hop) = Hop::of(dialer, request, &answer)? else { break };
            let location = answer.field(LOCATION).unwrap_or_default();
            let circle = seen.contains(&hop.url);
            if circle || followed.len() >= redirect::LIMIT {
                let what = if circle { "lead in a circle" } else { "have no end" };
                let fault =
                    Fault::new(FaultCode::ProtocolRedirect, format!("the redirects {what}"));
                return Err(fault.with(Key::Location, location).with(Key::Redirects, followed));
            }
            let target = dialer.target();
            if target.tls && !hop.tls {
                let fault = redirect::into_the_clear().with(Key::Location, location);
                return Err(fault.with(Key::Redirects, followed));
            }
            let same = hop.host.eq_ignore_ascii_case(&target.host)
                && (hop.port == target.port || hop.tls && !target.tls)
                && (hop.tls || !target.tls);
            if !same {
                request.headers.retain(|(_, value)| !value.is_sensitive());
            }
            dialer.turn_to(&hop.host, hop.port, hop.tls).await?;
            let Some(next) = connect(dialer).await? else { return Ok(answer) };
            *connection = next;
            request.method = redirect::method(answer.status, request.method.clone());
            request.target = hop.path;
            request.host = hop.named.unwrap_or_else(|| authority(dialer));
            followed.push(location);
            seen.push(hop.url);
            answer = self.ask(dialer, connection, request).await?;
            dialer.note(Key::Redirects, followed.clone());
        }
        Ok(answer)
    }

    /// Judges an answer: status, then what the row expects of it.
    async fn judge(
        &self,
        dialer: &mut Dialer,
        answer: &Answer,
        given: bool,
        kept_back: Option<&Fault>,
    ) -> Result<(), Fault> {
        let options = &self.options;
        if !options.status.accept(answer.status) {
            let fault = status::fault(answer, dialer, &options.status.to_string(), given);
            if fault.code == FaultCode::ProtocolGateway {
                return Err(fault);
            }
            dialer.reach(Proof::Spoken);
            identify_by_tls(dialer);
            let fault = match (fault.code, kept_back) {
                (FaultCode::AuthRequired | FaultCode::AuthForbidden, Some(why)) => why.clone(),
                _ => fault,
            };
            // A status that the row states is content: the right name with another one is no proof.
            let own = fault.code.layer();
            let layer = if options.status_stated { own.min(Layer::Protocol) } else { own };
            return dialer.step(layer, FaultCode::PeerSilent, async { Err(fault) }).await;
        }
        dialer.reach(Proof::Spoken);
        identify_by_tls(dialer);
        if let Some(fault) = options.unmet(answer) {
            return Err(fault);
        }
        if options.identifies() && dialer.wants(Proof::Identified) {
            dialer.reach(Proof::Identified);
        }
        Ok(())
    }

    /// The same request without credentials: accepted too, they prove nothing. Only for methods that
    /// are safe to repeat (RFC 9110 §9.2.1).
    async fn counter_check(&self, dialer: &mut Dialer, connection: Connection, request: Request) {
        if !request.method.is_safe() {
            return;
        }
        let mut plain = request;
        plain.headers.retain(|(_, value)| !value.is_sensitive());
        let Some(answer) = ask_aside(dialer, connection, &plain).await else { return };
        if self.options.status.accept(answer.status) && self.options.unmet(&answer).is_none() {
            dialer.warn(
                WarningCode::AuthNotEnforced,
                "the same request is accepted without credentials too",
            );
        }
    }
}

/// Connects and, where TLS is spoken, shakes hands; `None` where no more is wanted.
pub(crate) async fn connect(dialer: &mut Dialer) -> Result<Option<Connection>, Fault> {
    let wire = dialer.tcp().await?;
    if !dialer.wants(Proof::Spoken) {
        return Ok(None);
    }
    let wire = if dialer.target().tls {
        dialer.tls(wire, &TlsRequest::alpn("http/1.1")).await?
    } else {
        wire
    };
    Connection::open(wire).await.map(Some)
}

/// The Host field of the target.
pub(crate) fn authority(dialer: &Dialer) -> String {
    let target = dialer.target();
    target.authority(if target.tls { 443 } else { 80 })
}

/// Sends a request as the step of the protocol, and keeps what the answer says of itself. A page of somebody
/// in between is no answer.
pub(crate) async fn ask(
    dialer: &mut Dialer,
    connection: &mut Connection,
    request: &Request,
) -> Result<Answer, Fault> {
    ask_for(dialer, connection, request, |answer| answer.json().is_some()).await
}

/// As [`ask`]. `holds` tells whether what is expected is in a body whose end alone is not certain: JSON that
/// is whole, where nothing else is said.
pub(crate) async fn ask_for(
    dialer: &mut Dialer,
    connection: &mut Connection,
    request: &Request,
    holds: impl FnOnce(&Answer) -> bool,
) -> Result<Answer, Fault> {
    let answer = ask_anybody(dialer, connection, request).await?;
    match between::page(&answer) {
        Some(page) => Err(page),
        None => answer.good_or_failing(holds),
    }
}

async fn ask_anybody(
    dialer: &mut Dialer,
    connection: &mut Connection,
    request: &Request,
) -> Result<Answer, Fault> {
    let exchange = connection.exchange(request);
    let answer = dialer.first_words("http", exchange).await?;
    dialer.note_all(answer.evidence(request));
    // Within TLS a proxy of the mesh can't put its name on an answer: there it is the peer's gateway.
    if let Some(mark) = between::mesh(&answer).filter(|_| dialer.session().is_none()) {
        dialer.warn_once(WarningCode::MeshSidecar, format!("{mark} answers in between"));
    }
    if answer.status == 400
        && dialer.session().is_none()
        && Box::pin(dialer.stranger("http").speaks_tls()).await
    {
        let detail = "the peer speaks TLS here, and answers clear text with 400";
        return Err(Fault::new(FaultCode::ProtocolMismatch, detail)
            .with(Key::Spoke, "tls")
            .with(Key::Status, answer.status));
    }
    Ok(answer)
}

/// Sends a request beside the climb, as the last over its connection.
pub(crate) async fn ask_aside(
    dialer: &Dialer,
    mut connection: Connection,
    request: &Request,
) -> Option<Answer> {
    aside(dialer, &mut connection, request).await
}

/// Sends a request beside the climb: over the connection, or a new one where the peer closed it.
/// Whatever goes wrong is no fault of the row's, and a broken body takes nothing from the status.
pub(crate) async fn aside(
    dialer: &Dialer,
    connection: &mut Connection,
    request: &Request,
) -> Option<Answer> {
    let limit = dialer.target().timeouts.answer;
    if connection.is_open()
        && let Ok(Ok(answer)) = tokio::time::timeout(limit, connection.exchange(request)).await
    {
        return Some(answer);
    }
    let mut side = dialer.side();
    *connection = connect(&mut side).await.ok()??;
    tokio::time::timeout(limit, connection.exchange(request)).await.ok()?.ok()
}

/// A name verified by TLS is the right peer, once the row's protocol was spoken.
pub(crate) fn identify_by_tls(dialer: &mut Dialer) {
    if dialer.session().is_some_and(|session| session.name_verified)
        && dialer.wants(Proof::Identified)
    {
        dialer.reach(Proof::Identified);
    }
}
