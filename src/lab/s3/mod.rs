//! S3: header signatures of AWS Signature Version 4, verified; buckets and objects in memory.
//!
//! Path style only. Errors have the XML bodies of the real one: the one of
//! `SignatureDoesNotMatch` repeats key id, string to sign and signature.

mod signature;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use crate::lab::crypto::{hex, random, sha256};
use crate::lab::http::{Answer, Reply, Request, decode, serve};
use crate::lab::s3::signature::{body_matches, canonical, signature};
use crate::lab::server::Server;

/// How far the clocks may be apart.
const SKEW: Duration = Duration::minutes(15);

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anything.
    Full,
    /// Reading.
    ReadOnly,
    /// Nothing.
    Nothing,
}

/// An access key.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// Its rights.
    pub access: Access,
}

/// The store.
#[derive(Clone, Debug)]
pub struct S3 {
    /// The one bucket.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// Keys.
    pub keys: Vec<AccessKey>,
    /// How far its clock is ahead.
    pub ahead: Duration,
}

/// An error: status, code, words, and further elements.
struct Failure(u16, &'static str, &'static str, String);

impl Failure {
    fn new(status: u16, code: &'static str, words: &'static str) -> Self {
        Self(status, code, words, String::new())
    }

    fn denied() -> Self {
        Self::new(403, "AccessDenied", "Access Denied.")
    }
}

type Objects = BTreeMap<String, Vec<u8>>;

impl S3 {
    /// A store with one bucket.
    pub fn new(bucket: &str, region: &str) -> Self {
        let (bucket, region) = (bucket.into(), region.into());
        Self { bucket, region, keys: Vec::new(), ahead: Duration::ZERO }
    }

    /// Adds a key.
    #[must_use]
    pub fn key(mut self, id: &str, secret: &str, access: Access) -> Self {
        self.keys.push(AccessKey { id: id.into(), secret: secret.into(), access });
        self
    }

    /// Sets its clock wrong.
    #[must_use]
    pub const fn ahead(mut self, ahead: Duration) -> Self {
        self.ahead = ahead;
        self
    }

    /// Serves it.
    pub async fn serve(self, tls: Option<Arc<ServerConfig>>) -> io::Result<Server> {
        let objects = Mutex::new(Objects::new());
        serve(tls, move |request| {
            let mut objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
            self.answer(&mut objects, request)
        })
        .await
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.ahead
    }

    fn answer(&self, objects: &mut Objects, request: &Request) -> Reply {
        let answer = match self.permitted(request) {
            Ok(access) => self.operation(objects, request, access),
            Err(failure) => Err(failure),
        };
        let id = random::<8>().map(|bytes| hex(&bytes).to_uppercase()).unwrap_or_default();
        let answer = answer.unwrap_or_else(|failure| error(&request.path, &id, &failure));
        let date = self.now().format(&Rfc2822).unwrap_or_default().replace("+0000", "GMT");
        answer
            .header("Server", "VERSITYGW")
            .header("x-amz-request-id", &id)
            .header("x-amz-id-2", &id)
            .header("Date", &date)
            .reply_to(request)
    }

    /// What the request's key may do, if its signature holds.
    fn permitted(&self, request: &Request) -> Result<Access, Failure> {
        let Some(authorization) = request.header("authorization") else {
            return Err(Failure::denied());
        };
        let Some(rest) = authorization.strip_prefix("AWS4-HMAC-SHA256 ") else {
            return Err(Failure::new(
                400,
                "InvalidRequest",
                "The authorization mechanism you have \
                provided is not supported. Please use AWS4-HMAC-SHA256.",
            ));
        };
        let part = |name: &str| {
            rest.split(',').find_map(|part| part.trim().strip_prefix(name)).unwrap_or_default()
        };
        let credential: Vec<&str> = part("Credential=").split('/').collect();
        let [id, day, region, "s3", "aws4_request"] = credential[..] else {
            return Err(Failure::new(
                400,
                "AuthorizationHeaderMalformed",
                "The authorization \
                header is malformed; the Credential is mal-formed.",
            ));
        };
        let Some(key) = self.keys.iter().find(|key| key.id == id) else {
            return Err(Failure(
                403,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does \
                not exist in our records.",
                format!("<AWSAccessKeyId>{id}</AWSAccessKeyId>"),
            ));
        };
        if region != self.region {
            return Err(Failure(
                400,
                "AuthorizationHeaderMalformed",
                "The authorization header is \
                malformed; the region is wrong.",
                format!("<Region>{}</Region>", self.region),
            ));
        }
        let date = request.header("x-amz-date").unwrap_or_default();
        self.check_clock(date)?;
        let scope = format!("{day}/{region}/s3/aws4_request");
        let canonical = canonical(request, part("SignedHeaders="));
        let to_sign =
            format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&sha256(canonical.as_bytes())));
        let expected = signature(&key.secret, day, region, &to_sign)
            .map_err(|_| Failure::new(500, "InternalError", "We encountered an internal error."))?;
        let given = part("Signature=");
        if given != expected || !body_matches(request) {
            return Err(Failure(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated \
                does not match the signature you provided. Check your key and signing method.",
                format!(
                    "<AWSAccessKeyId>{id}</AWSAccessKeyId><StringToSign>{to_sign}</StringToSign>\
                    <SignatureProvided>{given}</SignatureProvided>\
                    <CanonicalRequest>{}</CanonicalRequest>",
                    escaped(&canonical)
                ),
            ));
        }
        Ok(key.access)
    }

    fn check_clock(&self, date: &str) -> Result<(), Failure> {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let Ok(at) = PrimitiveDateTime::parse(date, &format) else { return Err(Failure::denied()) };
        let now = self.now();
        if (now - at.assume_utc()).abs() <= SKEW {
            return Ok(());
        }
        let time = now.format(&Rfc3339).unwrap_or_default();
        Err(Failure(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the \
            server's time is too large.",
            format!(
                "<RequestTime>{date}</RequestTime>\
            <ServerTime>{time}</ServerTime>\
            <MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>"
            ),
        ))
    }

    fn operation(
        &self,
        objects: &mut Objects,
        request: &Request,
        access: Access,
    ) -> Result<Answer, Failure> {
        let path = decode(request.path.trim_start_matches('/'));
        let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
        let reads = matches!(request.method.as_str(), "GET" | "HEAD");
        if access == Access::Nothing || (access == Access::ReadOnly && !reads) {
            return Err(Failure::denied());
        }
        if bucket.is_empty() && reads {
            return Ok(Answer::of(200, "application/xml", "<ListAllMyBucketsResult/>"));
        }
        if bucket != self.bucket {
            let more = format!("<BucketName>{}</BucketName>", escaped(bucket));
            let words = "The specified bucket does not exist.";
            return Err(Failure(404, "NoSuchBucket", words, more));
        }
        let missing = || Failure::new(404, "NoSuchKey", "The specified key does not exist.");
        match (request.method.as_str(), key) {
            ("HEAD", "") => Ok(Answer::new(200).header("x-amz-bucket-region", &self.region)),
            ("GET", "") => Ok(Answer::of(200, "application/xml", self.list(objects, request))),
            ("PUT", key) if !key.is_empty() => {
                objects.insert(key.into(), request.body.clone());
                Ok(Answer::new(200).header("ETag", &etag(&request.body)))
            }
            ("GET" | "HEAD", key) => {
                let body = objects.get(key).ok_or_else(missing)?;
                let answer = Answer::of(200, "application/octet-stream", body.clone());
                Ok(answer.header("ETag", &etag(body)))
            }
            ("DELETE", key) if !key.is_empty() => {
                objects.remove(key);
                Ok(Answer::new(204))
            }
            _ => Err(Failure::new(405, "MethodNotAllowed", "The specified method is not allowed.")),
        }
    }

    /// The body of `ListObjectsV2`.
    fn list(&self, objects: &Objects, request: &Request) -> String {
        let limit =
            request.parameter("max-keys").and_then(|keys| keys.parse().ok()).unwrap_or(1000);
        let prefix = request.parameter("prefix").unwrap_or_default();
        let found: Vec<_> = objects.iter().filter(|(key, _)| key.starts_with(&prefix)).collect();
        let one = |(key, body): &(&String, &Vec<u8>)| {
            format!(
                "<Contents><Key>{}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
                 <ETag>{}</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                escaped(key),
                etag(body),
                body.len()
            )
        };
        let contents: String = found.iter().take(limit).map(one).collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult \
             xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{}</Name><Prefix>{prefix}\
             </Prefix><KeyCount>{}</KeyCount><MaxKeys>{limit}</MaxKeys><IsTruncated>{}\
             </IsTruncated>{contents}</ListBucketResult>",
            self.bucket,
            found.len().min(limit),
            found.len() > limit,
        )
    }
}

fn error(resource: &str, id: &str, Failure(status, code, words, more): &Failure) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
         <Message>{words}</Message><Resource>{resource}</Resource>{more}\
         <RequestId>{id}</RequestId><HostId>{id}</HostId></Error>"
    );
    Answer::of(*status, "application/xml", body)
}

/// Text as XML has it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn etag(body: &[u8]) -> String {
    format!("\"{}\"", &hex(&sha256(body))[..32])
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use aws_credential_types::Credentials;
    use aws_sigv4::http_request::{self, SignableBody, SignableRequest, SigningSettings};
    use aws_sigv4::sign::v4::SigningParams;

    use super::*;

    fn store() -> S3 {
        S3::new("exports", "eu-west-1").key("AKIALAB", "right/secret+", Access::Full)
    }

    /// Signs as Amazon's own code does, and sends.
    async fn send(server: &Server, method: &str, path: &str, secret: &str) -> (u16, String) {
        let url = format!("http://{}{path}", server.address());
        let identity = Credentials::new("AKIALAB", secret, None, None, "lab").into();
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = http_request::PayloadChecksumKind::XAmzSha256;
        settings.percent_encoding_mode = http_request::PercentEncodingMode::Single;
        let signing = SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name("s3")
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .unwrap();
        let body = if method == "PUT" { "canary" } else { "" };
        let signable = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new(method, &url, std::iter::empty(), signable).unwrap();
        let (signed, _) = http_request::sign(request, &signing.into()).unwrap().into_parts();
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = crate::lab::tests::client(None).request(method, url).body(body);
        for (name, value) in signed.headers() {
            request = request.header(name, value);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    #[tokio::test]
    async fn what_amazons_own_code_signs_is_accepted() {
        let server = store().serve(None).await.unwrap();
        let good = "right/secret+";
        assert_eq!(send(&server, "PUT", "/exports/a%20b/c", good).await.0, 200);
        assert_eq!(send(&server, "GET", "/exports/a%20b/c", good).await, (200, "canary".into()));
        let list = "/exports?list-type=2&max-keys=1&prefix=a%20b%2F";
        let (status, listed) = send(&server, "GET", list, good).await;
        assert_eq!(status, 200);
        assert!(listed.contains("<Key>a b/c</Key>"), "{listed}");
        assert_eq!(send(&server, "DELETE", "/exports/a%20b/c", good).await.0, 204);
        assert_eq!(send(&server, "GET", "/exports/a%20b/c", good).await.0, 404);
    }

    #[tokio::test]
    async fn refusals_have_their_codes() {
        let list = "/exports?list-type=2";
        let code = async |store: S3, path: &str, secret: &str| {
            let server = store.serve(None).await.unwrap();
            let (_, body) = send(&server, "GET", path, secret).await;
            let (_, rest) = body.split_once("<Code>").unwrap();
            rest.split_once('<').unwrap().0.to_owned()
        };
        let good = "right/secret+";
        assert_eq!(code(store(), list, "wrong").await, "SignatureDoesNotMatch");
        assert_eq!(code(S3::new("exports", "eu-west-1"), list, good).await, "InvalidAccessKeyId");
        assert_eq!(
            code(store().ahead(Duration::hours(1)), list, good).await,
            "RequestTimeTooSkewed"
        );
        assert_eq!(code(store(), "/other?list-type=2", good).await, "NoSuchBucket");
        let elsewhere = S3 { region: "us-east-1".into(), ..store() };
        assert_eq!(code(elsewhere, list, good).await, "AuthorizationHeaderMalformed");
    }

    #[tokio::test]
    async fn an_anonymous_list_is_denied() {
        let server = store().serve(None).await.unwrap();
        let url = format!("http://{}/exports?list-type=2", server.address());
        let answer = crate::lab::tests::client(None).get(url).send().await.unwrap();
        assert_eq!(answer.status(), 403);
        assert!(answer.text().await.unwrap().contains("<Code>AccessDenied</Code>"));
    }
}
