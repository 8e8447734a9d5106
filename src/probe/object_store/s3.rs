//! S3: signature version 4 in the Authorization field, path-style addresses, codes of failures.

use std::time::SystemTime;

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    self, PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use crate::model::{Credentials, Fault, FaultCode};
use crate::probe::http::exchange::{Answer, Request};
use crate::probe::http::sensitive;
use crate::probe::object_store::store::{Operation, Store};
use crate::probe::object_store::xml;

/// A request, signed where keys are given.
pub(super) fn request(
    store: &Store<'_>,
    credentials: &Credentials,
    what: Operation<'_>,
) -> Result<Request, Fault> {
    let bucket = store.bucket;
    let target = match what {
        Operation::List => format!("/{bucket}?list-type=2&max-keys=1"),
        Operation::Put(name, _) | Operation::Get(name) | Operation::Delete(name) => {
            format!("/{bucket}/{name}")
        }
    };
    let mut request = Request::get(&target, store.authority.to_owned());
    request.method = what.method();
    if let Operation::Put(_, content) = what {
        request.body = Bytes::copy_from_slice(content);
    }
    if let Credentials::Keys { access_key, secret_key } = credentials {
        let secret = secret_key.text().ok_or_else(|| {
            Fault::new(FaultCode::LocalSecretUnreadable, "the secret key is no text")
        })?;
        let keys = AwsCredentials::new(access_key, secret, None, None, "connprobe");
        sign(&mut request, store.tls, store.region, keys, SystemTime::now())?;
    }
    Ok(request)
}

/// Adds the fields of a signature to a request.
fn sign(
    request: &mut Request,
    tls: bool,
    region: &str,
    keys: AwsCredentials,
    at: SystemTime,
) -> Result<(), Fault> {
    let wrong = |error: &dyn std::error::Error| {
        Fault::new(FaultCode::LocalInternal, format!("the request can't be signed: {error}"))
    };
    // S3 takes the path as it was sent.
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let identity = keys.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("s3")
        .time(at)
        .settings(settings)
        .build()
        .map_err(|error| wrong(&error))?
        .into();
    let scheme = if tls { "https" } else { "http" };
    let url = format!("{scheme}://{}{}", request.host, request.target);
    let headers = std::iter::once(("host", request.host.as_str()));
    let body = SignableBody::Bytes(&request.body);
    let signable = SignableRequest::new(request.method.as_str(), url, headers, body)
        .map_err(|error| wrong(&error))?;
    let signed = http_request::sign(signable, &params).map_err(|error| wrong(&error))?;
    let (instructions, _) = signed.into_parts();
    let (headers, _) = instructions.into_parts();
    for header in headers {
        request.set(HeaderName::from_static(header.name()), value(header.name(), header.value())?);
    }
    Ok(())
}

fn value(name: &str, text: &str) -> Result<HeaderValue, Fault> {
    match name {
        "authorization" => sensitive(text.as_bytes()),
        _ => HeaderValue::from_str(text).map_err(|_| {
            Fault::new(FaultCode::LocalInternal, format!("the field `{name}` can't be sent"))
        }),
    }
}

/// Whether an answer is an S3's.
pub(super) fn marks(answer: &Answer) -> bool {
    answer.headers.contains_key("x-amz-request-id")
        || xml::objects(&answer.body, "ListBucketResult", "Contents").is_some()
}

/// The fault of a code ("Error responses" of the S3 API reference).
pub(super) fn code(word: &str, given: bool) -> FaultCode {
    match word {
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" if given => {
            FaultCode::AuthForbidden
        }
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" => FaultCode::AuthRequired,
        "RequestTimeTooSkewed"
        | "SignatureDoesNotMatch"
        | "InvalidAccessKeyId"
        | "InvalidToken"
        | "ExpiredToken" => FaultCode::AuthRejected,
        "SlowDown" | "ServiceUnavailable" => FaultCode::ServiceNotReady,
        _ => FaultCode::ServiceError,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use aws_credential_types::Credentials as AwsCredentials;
    use http::header::AUTHORIZATION;

    use super::{code, sign};
    use crate::model::FaultCode;
    use crate::probe::http::exchange::Request;

    /// "GET Bucket (List Objects)" of the S3 API reference, "Signature Calculations for the
    /// Authorization Header".
    #[test]
    fn the_signature_is_that_of_the_published_example() {
        let host = "examplebucket.s3.amazonaws.com".to_owned();
        let mut request = Request::get("/?max-keys=2&prefix=J", host);
        let keys = AwsCredentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            None,
            None,
            "test",
        );
        let at = SystemTime::UNIX_EPOCH + Duration::from_hours(380_376);
        sign(&mut request, true, "us-east-1", keys, at).unwrap();
        let field = |wanted: &str| {
            let found = request.headers.iter().find(|(name, _)| name == wanted);
            found.unwrap().1.clone()
        };
        assert_eq!(
            field(AUTHORIZATION.as_str()).to_str().unwrap(),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
             SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
             Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
        assert_eq!(field("x-amz-date"), "20130524T000000Z");
        assert_eq!(
            field("x-amz-content-sha256"),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert!(field(AUTHORIZATION.as_str()).is_sensitive());
    }

    #[test]
    fn codes_tell_who_should_act() {
        assert_eq!(code("AccessDenied", true), FaultCode::AuthForbidden);
        assert_eq!(code("AccessDenied", false), FaultCode::AuthRequired);
        assert_eq!(code("InvalidAccessKeyId", true), FaultCode::AuthRejected);
        assert_eq!(code("SlowDown", true), FaultCode::ServiceNotReady);
        assert_eq!(code("NoSuchBucket", true), FaultCode::ServiceError);
        assert_eq!(code("RequestTimeTooSkewed", true), FaultCode::AuthRejected);
    }
}
