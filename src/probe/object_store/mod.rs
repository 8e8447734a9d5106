//! Object storage: S3 with Signature Version 4, Azure Blob with Shared Key, Google Cloud Storage.
//!
//! A bounded list is asked for, since the 403 of a HEAD carries no cause.
//!
//! - *spoken*: an answer of such a store came; without a `kind` or bucket, an HTTP answer.
//! - *identified*: by the store's own header or document, or the name that TLS verified.
//! - *authenticated*: the signed list was answered. The unsigned one is the counter-check.
//! - *operational*: as authenticated; with a canary, an object was put, read back and deleted.
//!
//! It only reads unless the row opts into a canary. Signatures are no secret and may travel in clear;
//! a token may not. One connection, and another where the peer closes after each answer.

mod azure;
mod gcs;
mod s3;

use bytes::Bytes;
use http::Method;
use http::header::DATE;
use schemars::JsonSchema;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::model::read::Problems;
use crate::model::{Credentials, Fault, FaultCode, Key, Layer, Node, Proof, WarningCode};
use crate::net::Dialer;
use crate::probe::http::exchange::{Answer, Connection, Request};
use crate::probe::http::{self as web, status};
use crate::probe::{BoxFuture, Probe, Protocol, TlsUse};

/// Object storage.
pub const PROTOCOL: Protocol = Protocol {
    name: "object_store",
    about: "S3, Azure Blob or Google Cloud Storage: a signed list of a bucket",
    schemes: &["s3"],
    default_port: 443,
    tls: TlsUse::WhenAsked,
    layers: &[Layer::Tcp, Layer::Protocol, Layer::Auth, Layer::Operation],
    connections: "one; another where the peer closes after each answer",
    options: read,
    schema,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    S3,
    AzureBlob,
    Gcs,
}

const KINDS: &[(&str, Kind)] =
    &[("s3", Kind::S3), ("azure-blob", Kind::AzureBlob), ("gcs", Kind::Gcs)];

#[derive(Debug)]
struct ObjectStore {
    kind: Option<Kind>,
    bucket: Option<String>,
    region: String,
    canary: Option<String>,
}

/// One request, whatever the kind.
#[derive(Debug)]
struct Call<'a> {
    method: Method,
    bucket: &'a str,
    object: Option<String>,
    body: Bytes,
    authority: String,
    tls: bool,
}

fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Box<dyn Probe>> {
    let mut probe =
        ObjectStore { kind: None, bucket: None, region: "us-east-1".to_owned(), canary: None };
    if let Some(node) = node {
        let mut fields = problems.fields(node, "object_store")?;
        probe.kind = fields.word("kind", problems, KINDS);
        probe.bucket = fields.parse("bucket", problems, part);
        probe.region = fields.text("region", problems).unwrap_or(probe.region);
        probe.canary = fields.parse("canary", problems, part);
        fields.finish(problems);
        if probe.kind.is_some() && probe.bucket.is_none() {
            problems.push(node.wrong("object_store has a kind and no `bucket`"));
        }
    }
    Some(Box::new(probe))
}

/// A part of a path that needs no encoding.
fn part(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    match !text.is_empty() && !text.starts_with('/') && text.bytes().all(plain) {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err(format!("`{text}` holds other characters than letters, digits and - . _ ~ /")),
    }
}

impl Probe for ObjectStore {
    fn run<'a>(&'a self, dialer: &'a mut Dialer) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.climb(dialer))
    }

    fn sends(&self) -> String {
        let canary =
            if self.canary.is_some() { ", and a canary put, read and deleted" } else { "" };
        format!("a list of {}{canary}", self.bucket.as_deref().unwrap_or("no bucket"))
    }
}

impl ObjectStore {
    async fn climb(&self, dialer: &mut Dialer) -> Result<(), Fault> {
        let Some(mut connection) = web::connect(dialer).await? else { return Ok(()) };
        let (Some(kind), Some(bucket)) = (self.kind, self.bucket.as_deref()) else {
            return unknown(dialer, &mut connection).await;
        };
        let (credentials, kept_back) = match credentials(dialer, kind) {
            Ok(credentials) => (credentials, None),
            Err(fault) => (Credentials::None, Some(fault)),
        };
        let given = credentials.given();
        let call = call(dialer, Method::GET, bucket, None, Bytes::new());
        let request = self.request(kind, &call, &credentials)?;
        let answer = web::ask(dialer, &mut connection, &request).await?;
        match (self.judge(dialer, kind, &answer, given), kept_back) {
            (Err(fault), Some(why)) if fault.code.layer() == Layer::Auth => return Err(why),
            (Err(fault), _) => return Err(fault),
            (Ok(()), Some(why)) => return Err(why),
            (Ok(()), None) => {}
        }
        if !given || !dialer.wants(Proof::Authenticated) {
            return Ok(());
        }
        dialer.step(Layer::Auth, FaultCode::PeerSilent, async { Ok(()) }).await?;
        dialer.note(Key::Bucket, bucket);
        dialer.reach(Proof::Authenticated);
        if dialer.wants(Proof::Operational) {
            if let Some(prefix) = &self.canary {
                self.canary(dialer, &mut connection, kind, &credentials, bucket, prefix).await?;
            }
            dialer.reach(Proof::Operational);
        }
        self.counter_check(dialer, connection, request, kind).await;
        Ok(())
    }

    fn request(
        &self,
        kind: Kind,
        call: &Call<'_>,
        credentials: &Credentials,
    ) -> Result<Request, Fault> {
        match kind {
            Kind::S3 => s3::request(call, &self.region, credentials),
            Kind::AzureBlob => azure::request(call, credentials),
            Kind::Gcs => gcs::request(call, credentials),
        }
    }

    fn judge(
        &self,
        dialer: &mut Dialer,
        kind: Kind,
        answer: &Answer,
        given: bool,
    ) -> Result<(), Fault> {
        let (ours, list) = match kind {
            Kind::S3 => (s3::is_ours(answer), s3::is_list(answer)),
            Kind::AzureBlob => (azure::is_ours(answer), azure::is_list(answer)),
            Kind::Gcs => (gcs::is_ours(answer), gcs::is_list(answer)),
        };
        if ours || list {
            dialer.reach(Proof::Spoken);
            if dialer.wants(Proof::Identified) {
                dialer.reach(Proof::Identified);
            }
        }
        if answer.status == 200 && list {
            return Ok(());
        }
        let own = match kind {
            Kind::S3 => s3::fault(answer, given),
            Kind::AzureBlob => azure::fault(answer, given),
            Kind::Gcs => gcs::fault(answer, given),
        };
        Err(match own {
            Some(fault) => fault,
            None if answer.status == 200 => {
                Fault::new(FaultCode::ServiceWrongPeer, "an answer that is no object store's")
                    .with(Key::Body, answer.excerpt())
            }
            None => status::fault(answer, dialer, "200", given),
        })
    }

    /// Puts a tiny object, reads it back, deletes it.
    async fn canary(
        &self,
        dialer: &mut Dialer,
        connection: &mut Connection,
        kind: Kind,
        credentials: &Credentials,
        bucket: &str,
        prefix: &str,
    ) -> Result<(), Fault> {
        let name = format!("{prefix}/connprobe-{}-{}", std::process::id(), now_s());
        let text = Bytes::from(format!("connprobe {}", now_s()));
        let steps = [
            (Method::PUT, text.clone()),
            (Method::GET, Bytes::new()),
            (Method::DELETE, Bytes::new()),
        ];
        let mut failed = None;
        let mut put = false;
        for (method, body) in steps {
            if failed.is_some() && (method != Method::DELETE || !put) {
                continue;
            }
            let call = call(dialer, method.clone(), bucket, Some(name.clone()), body);
            let request = self.request(kind, &call, credentials)?;
            reopen(dialer, connection).await?;
            let exchange = connection.send(&request);
            let answer = dialer.step(Layer::Operation, FaultCode::PeerSilent, exchange).await?;
            let good = (200..300).contains(&answer.status)
                && (method != Method::GET || answer.body == text);
            put |= method == Method::PUT && good;
            if method == Method::DELETE && !good {
                let detail =
                    format!("the canary `{name}` could not be deleted ({})", answer.status);
                dialer.warn(WarningCode::ProbeLeftovers, detail);
            } else if !good {
                failed = self.judge(dialer, kind, &answer, true).err().or_else(|| {
                    Some(Fault::new(
                        FaultCode::ServiceError,
                        format!("the canary's {method} fails"),
                    ))
                });
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// The same list unsigned: answered too, the key proves nothing.
    async fn counter_check(
        &self,
        dialer: &mut Dialer,
        connection: Connection,
        request: Request,
        kind: Kind,
    ) {
        let mut plain = request;
        plain.headers.retain(|(_, value)| !value.is_sensitive());
        let Some(answer) = web::ask_aside(dialer, connection, &plain).await else { return };
        let list = match kind {
            Kind::S3 => s3::is_list(&answer),
            Kind::AzureBlob => azure::is_list(&answer),
            Kind::Gcs => gcs::is_list(&answer),
        };
        if answer.status == 200 && list {
            dialer.warn(WarningCode::AuthNotEnforced, "the list is given unsigned too");
        }
    }
}

/// Opens another connection where the peer closed after its answer.
async fn reopen(dialer: &Dialer, connection: &mut Connection) -> Result<(), Fault> {
    if !connection.is_open()
        && let Some(fresh) = web::connect(&mut dialer.side()).await?
    {
        *connection = fresh;
    }
    Ok(())
}

fn call<'a>(
    dialer: &Dialer,
    method: Method,
    bucket: &'a str,
    object: Option<String>,
    body: Bytes,
) -> Call<'a> {
    let authority = web::authority(dialer);
    Call { method, bucket, object, body, authority, tls: dialer.target().tls }
}

/// Nothing says what kind of store this is: an answer over a verified name is all that can be proved.
async fn unknown(dialer: &mut Dialer, connection: &mut Connection) -> Result<(), Fault> {
    let request = Request::get("/", web::authority(dialer));
    let answer = web::ask(dialer, connection, &request).await?;
    if (502..=504).contains(&answer.status) {
        return Err(status::fault(&answer, dialer, "an answer", false));
    }
    dialer.reach(Proof::Spoken);
    web::identify_by_tls(dialer);
    Ok(())
}

/// Credentials of the kind's own; a token may not travel in clear.
fn credentials(dialer: &mut Dialer, kind: Kind) -> Result<Credentials, Fault> {
    if !dialer.wants(Proof::Authenticated) {
        return Ok(Credentials::None);
    }
    let credentials = dialer.credentials()?;
    match (&credentials, kind) {
        (Credentials::None | Credentials::Keys { .. }, Kind::S3)
        | (Credentials::None | Credentials::Account { .. }, Kind::AzureBlob)
        | (Credentials::None, Kind::Gcs) => {}
        (Credentials::Token(_), Kind::Gcs) => dialer.may_send_secret("the bearer token")?,
        (other, _) => {
            let detail = format!("{} can't be used with this kind of store", other.what());
            return Err(Fault::new(FaultCode::AuthMethodUnsupported, detail));
        }
    }
    Ok(credentials)
}

fn now_s() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// Our clock minus the store's, in seconds, by its Date field.
fn skew(answer: &Answer) -> Option<i64> {
    let date = answer.field(DATE)?.replace("GMT", "+0000");
    let theirs = OffsetDateTime::parse(&date, &Rfc2822).ok()?;
    Some(now_s() - theirs.unix_timestamp())
}

/// The options, as JSON Schema describes them.
#[derive(JsonSchema)]
#[schemars(rename = "ObjectStoreOptions", deny_unknown_fields)]
#[expect(dead_code, reason = "it is read for its schema alone")]
struct Form {
    /// The kind of store.
    kind: Option<KindForm>,
    /// Bucket or container.
    bucket: Option<String>,
    /// Region of the signature; us-east-1 where nothing is said.
    region: Option<String>,
    /// Prefix under which a tiny object is put, read back and deleted; nothing is written without it.
    canary: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename = "ObjectStoreKind", rename_all = "kebab-case")]
#[expect(dead_code, reason = "it is read for its schema alone")]
enum KindForm {
    S3,
    AzureBlob,
    Gcs,
}

fn schema() -> serde_json::Value {
    serde_json::to_value(schemars::schema_for!(Form)).unwrap_or_default()
}
