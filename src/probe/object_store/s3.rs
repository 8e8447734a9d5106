//! S3: path-style requests, signed with Signature Version 4 by the vendor's own crate.

use std::time::SystemTime;

use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use http::{HeaderName, HeaderValue};
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::model::{Credentials, Fault, FaultCode as C, Key, clean};
use crate::probe::http::exchange::{Answer, Request};
use crate::probe::object_store::Call;

/// Builds the request of a call.
pub(super) fn request(
    call: &Call<'_>,
    region: &str,
    credentials: &Credentials,
) -> Result<Request, Fault> {
    let target = match &call.object {
        None => format!("/{}?list-type=2&max-keys=1", call.bucket),
        Some(name) => format!("/{}/{name}", call.bucket),
    };
    let mut request = Request::get(&target, call.authority.clone());
    request.method = call.method.clone();
    request.body = call.body.clone();
    let Credentials::Keys { access_key, secret_key } = credentials else { return Ok(request) };
    let broken =
        |what: &str| Fault::new(C::LocalInternal, format!("the request can't be signed: {what}"));
    let secret = secret_key.text().ok_or_else(|| {
        Fault::new(C::LocalSecretUnreadable, "the secret access key is not UTF-8")
    })?;
    let identity =
        aws_credential_types::Credentials::new(access_key, secret, None, None, "connprobe").into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("s3")
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .map_err(|_| broken("parameters"))?
        .into();
    let scheme = if call.tls { "https" } else { "http" };
    let url = format!("{scheme}://{}{target}", call.authority);
    let host = std::iter::once(("host", call.authority.as_str()));
    let signable =
        SignableRequest::new(call.method.as_str(), &url, host, SignableBody::Bytes(&call.body))
            .map_err(|_| broken("form"))?;
    let (signed, _) = sign(signable, &params).map_err(|_| broken("signature"))?.into_parts();
    for (name, value) in signed.headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| broken("header"))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| broken("header"))?;
        // The counter-check leaves out what is marked so.
        value.set_sensitive(true);
        request.set(name, value);
    }
    Ok(request)
}

/// Whether an answer is a list of a bucket.
pub(super) fn is_list(answer: &Answer) -> bool {
    first_element(&answer.body).as_deref() == Some("ListBucketResult")
}

/// Whether an answer comes from S3 at all.
pub(super) fn is_ours(answer: &Answer) -> bool {
    answer.headers.contains_key("x-amz-request-id") || error_code(&answer.body).is_some()
}

/// The fault of an error: by its code, since HTTP's status is too coarse.
pub(super) fn fault(answer: &Answer, given: bool) -> Option<Fault> {
    let code = error_code(&answer.body)?;
    let fault = match code.as_str() {
        "SignatureDoesNotMatch" | "InvalidAccessKeyId" | "InvalidToken" | "ExpiredToken" => {
            Fault::new(C::AuthRejected, format!("the store rejects our key: {code}"))
        }
        "RequestTimeTooSkewed" => {
            Fault::new(C::AuthRejected, "the store rejects our clock: RequestTimeTooSkewed")
        }
        "AccessDenied" | "AllAccessDisabled" if given => {
            Fault::new(C::AuthForbidden, "the store knows our key and denies access")
        }
        "AccessDenied" => Fault::new(C::AuthRequired, "the store asks for a signed request"),
        "SlowDown" | "ServiceUnavailable" => {
            Fault::new(C::ServiceNotReady, format!("the store is not ready: {code}"))
        }
        _ => Fault::new(C::ServiceError, format!("the store answers {code}")),
    };
    // The rest of the body repeats key, string to sign and signature: none of it is kept.
    Some(
        fault
            .with(Key::ServiceCode, code)
            .with(Key::Status, answer.status)
            .with_some(Key::Region, element(&answer.body, "Region"))
            .with_some(Key::SkewS, super::skew(answer)),
    )
}

fn error_code(body: &[u8]) -> Option<String> {
    if first_element(body).as_deref() != Some("Error") {
        return None;
    }
    element(body, "Code").filter(|code| code.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn first_element(body: &[u8]) -> Option<String> {
    let mut reader = Reader::from_reader(body);
    let mut buffer = Vec::new();
    for _ in 0..8 {
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(start) | Event::Empty(start) => {
                return Some(String::from_utf8_lossy(start.local_name().as_ref()).into_owned());
            }
            Event::Eof => return None,
            _ => {}
        }
        buffer.clear();
    }
    None
}

/// The text of the first element of this name.
fn element(body: &[u8], name: &str) -> Option<String> {
    let mut reader = Reader::from_reader(body);
    let mut buffer = Vec::new();
    let mut inside = false;
    for _ in 0..256 {
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(start) => inside = start.local_name().as_ref() == name.as_bytes(),
            Event::Text(text) if inside => return Some(clean::bytes(&text, 80)),
            Event::Eof => return None,
            _ => {}
        }
        buffer.clear();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{element, error_code};

    #[test]
    fn an_error_gives_its_code_and_region_alone() {
        let body = b"<?xml version=\"1.0\"?><Error><Code>AuthorizationHeaderMalformed</Code>\
                     <Region>eu-west-1</Region><AWSAccessKeyId>AKID</AWSAccessKeyId></Error>";
        assert_eq!(error_code(body).as_deref(), Some("AuthorizationHeaderMalformed"));
        assert_eq!(element(body, "Region").as_deref(), Some("eu-west-1"));
        assert_eq!(error_code(b"<html><Code>x</Code></html>"), None);
    }
}
