//! Object storage: S3, Azure Blob Storage and Google Cloud Storage, by a list of one object.
//!
//! - *spoken*: an HTTP answer came that is no gateway's excuse.
//! - *identified*: the answer bears the service's own marks, or the name was verified by TLS.
//! - *authenticated*: the list is given to our credentials. The same without them is the
//!   counter-check: given too brings the warning `auth.not-enforced`.
//! - *operational*: as authenticated, since the list is the harmless operation; with `canary`, a
//!   tiny object was written, read back and removed.
//!
//! It stops with proof short where no credentials are given and none are asked for, and where the
//! row does not say which kind and bucket: then `GET /` proves what HTTP does. One connection;
//! another for the counter-check where the peer closes after each answer.

mod azure;
mod canary;
mod gcs;
mod options;
mod s3;
mod store;
mod xml;

use crate::model::read::Problems;
use crate::model::{Credentials, Fault, FaultCode, Key, Layer, Node, Proof, WarningCode, clean};
use crate::net::Dialer;
use crate::probe::http::exchange::{Answer, Connection, Request};
use crate::probe::http::secrets::Given;
use crate::probe::http::{self as web, status};
use crate::probe::{BoxFuture, Probe, Protocol, TlsUse};
use options::{Kind, Options};
use store::{Operation, Store};

/// Object storage.
pub const PROTOCOL: Protocol = Protocol {
    name: "object_store",
    about: "object storage: a signed list of a bucket of S3, Azure Blob or Google Cloud Storage",
    schemes: &["s3", "azure-blob", "gcs"],
    default_port: 443,
    tls: TlsUse::WhenAsked,
    layers: &[Layer::Tcp, Layer::Protocol, Layer::Auth, Layer::Operation],
    connections: "one; another for the counter-check of credentials where the peer closes after \
                  each answer",
    options: read,
    schema: options::schema,
};

fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Box<dyn Probe>> {
    Options::read(node, problems).map(|options| Box::new(ObjectStore { options }) as Box<dyn Probe>)
}

#[derive(Debug)]
struct ObjectStore {
    options: Options,
}

impl Probe for ObjectStore {
    fn run<'a>(&'a self, dialer: &'a mut Dialer) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.climb(dialer))
    }

    fn dials(&self) -> usize {
        2
    }

    fn sends(&self) -> String {
        let options = &self.options;
        let (Some(kind), Some(bucket)) = (options.kind, &options.bucket) else {
            return "GET /".to_owned();
        };
        let list = format!("a list of one object of `{bucket}` ({})", kind.name());
        match &options.canary {
            Some(prefix) => format!("{list}; PUT, GET and DELETE of an object under `{prefix}`"),
            None => list,
        }
    }
}

impl ObjectStore {
    async fn climb(&self, dialer: &mut Dialer) -> Result<(), Fault> {
        let Some(mut connection) = web::connect(dialer).await? else { return Ok(()) };
        let options = &self.options;
        let (Some(kind), Some(bucket)) = (options.kind, options.bucket.as_deref()) else {
            return unspecified(dialer, &mut connection).await;
        };
        let (target, authority) = (dialer.target().clone(), web::authority(dialer));
        let store = Store {
            kind,
            bucket,
            region: &options.region,
            host: &target.host,
            authority: &authority,
            tls: target.tls,
        };
        // Kept back until the end: what can be proved without the secret is proved first.
        let (credentials, kept_back) = match credentials(dialer, kind) {
            Ok(credentials) => (credentials, None),
            Err(fault) => (Credentials::None, Some(fault)),
        };
        let signed = store.request(&credentials, Operation::List);
        let (request, credentials, kept_back) = match signed {
            Ok(request) => (request, credentials, kept_back),
            Err(fault) => {
                let plain = store.request(&Credentials::None, Operation::List)?;
                (plain, Credentials::None, Some(fault))
            }
        };
        let answer = web::ask(dialer, &mut connection, &request).await?;
        dialer.note(Key::Bucket, clean::line(bucket, 100));
        let judged = judge(dialer, &store, &answer, credentials.given());
        Given::judged(kept_back, judged)?;
        if !credentials.given() || !dialer.wants(Proof::Authenticated) {
            return Ok(());
        }
        dialer.step(Layer::Auth, FaultCode::PeerSilent, async { Ok(()) }).await?;
        dialer.reach(Proof::Authenticated);
        let operated = self.operate(dialer, &mut connection, &store, &credentials).await;
        counter_check(dialer, connection, &store, request).await;
        operated
    }

    /// The harmless operation: the list that was given, or the canary where the row asks for it.
    async fn operate(
        &self,
        dialer: &mut Dialer,
        connection: &mut Connection,
        store: &Store<'_>,
        credentials: &Credentials,
    ) -> Result<(), Fault> {
        if !dialer.wants(Proof::Operational) {
            return Ok(());
        }
        match &self.options.canary {
            Some(prefix) => canary::run(dialer, connection, store, credentials, prefix).await?,
            None => dialer.step(Layer::Operation, FaultCode::PeerSilent, async { Ok(()) }).await?,
        }
        dialer.reach(Proof::Operational);
        Ok(())
    }
}

/// The row says neither kind nor bucket: what HTTP alone proves.
async fn unspecified(dialer: &mut Dialer, connection: &mut Connection) -> Result<(), Fault> {
    let request = Request::get("/", web::authority(dialer));
    let answer = web::ask(dialer, connection, &request).await?;
    if (502..=504).contains(&answer.status) {
        let fault = status::fault(&answer, dialer, "an answer", false);
        if fault.code == FaultCode::ProtocolGateway {
            return Err(fault);
        }
    }
    dialer.reach(Proof::Spoken);
    web::identify_by_tls(dialer);
    Ok(())
}

/// The credentials, once it is certain that they fit and may be sent. Signatures may travel in clear.
fn credentials(dialer: &mut Dialer, kind: Kind) -> Result<Credentials, Fault> {
    if !dialer.wants(Proof::Authenticated) {
        return Ok(Credentials::None);
    }
    let credentials = dialer.credentials()?;
    match (kind, &credentials) {
        (_, Credentials::None)
        | (Kind::S3, Credentials::Keys { .. })
        | (Kind::AzureBlob, Credentials::Account { .. }) => {}
        (Kind::Gcs, Credentials::Token(_)) => {
            dialer.may_send_secret(web::credentials_name(&credentials))?;
        }
        (kind, other) => {
            let detail = format!("{} can't be used with {}", other.what(), kind.name());
            return Err(Fault::new(FaultCode::AuthMethodUnsupported, detail));
        }
    }
    Ok(credentials)
}

/// Judges the answer to the list.
fn judge(
    dialer: &mut Dialer,
    store: &Store<'_>,
    answer: &Answer,
    given: bool,
) -> Result<(), Fault> {
    let good = (200..300).contains(&answer.status);
    let fault = (!good).then(|| store.fault(answer, dialer, given));
    if let Some(fault) = fault.clone().filter(|fault| fault.code == FaultCode::ProtocolGateway) {
        return Err(fault);
    }
    dialer.reach(Proof::Spoken);
    web::identify_by_tls(dialer);
    let listed = if good { store.listed(answer) } else { None };
    if (listed.is_some() || store.marks(answer)) && dialer.wants(Proof::Identified) {
        dialer.reach(Proof::Identified);
    }
    match (fault, listed) {
        (Some(fault), _) => Err(fault),
        (None, Some(objects)) => {
            dialer.note(Key::Objects, objects);
            Ok(())
        }
        (None, None) => Err(store.intruder(answer)),
    }
}

/// The same list without credentials: given too, they prove nothing.
async fn counter_check(
    dialer: &mut Dialer,
    connection: Connection,
    store: &Store<'_>,
    mut plain: Request,
) {
    plain.headers.retain(|(_, value)| !value.is_sensitive());
    let Some(answer) = web::ask_aside(dialer, connection, &plain).await else { return };
    if answer.status == 200 && store.listed(&answer).is_some() {
        dialer.warn(WarningCode::AuthNotEnforced, "the same list is given without credentials too");
    }
}

/// What is kept of an error's body: code, message and region.
#[cfg(any(fuzzing, test))]
pub(crate) fn fuzz(body: &[u8]) -> Vec<String> {
    xml::objects(body, "ListBucketResult", "Contents");
    let found = xml::complaint(body);
    [found.code, found.message, found.region].into_iter().flatten().collect()
}
