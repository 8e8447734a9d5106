//! Google Cloud Storage: the JSON API with a bearer token.

use http::Method;

use crate::model::{Credentials, Fault, FaultCode as C, Key, clean};
use crate::probe::http::exchange::{Answer, Request};
use crate::probe::object_store::Call;

/// Builds the request of a call.
pub(super) fn request(call: &Call<'_>, credentials: &Credentials) -> Result<Request, Fault> {
    let bucket = call.bucket;
    let target = match (&call.object, &call.method) {
        (None, _) => format!("/storage/v1/b/{bucket}/o?maxResults=1"),
        (Some(name), &Method::PUT) => {
            format!(
                "/upload/storage/v1/b/{bucket}/o?uploadType=media&name={}",
                name.replace('/', "%2F")
            )
        }
        (Some(name), &Method::GET) => {
            format!("/storage/v1/b/{bucket}/o/{}?alt=media", name.replace('/', "%2F"))
        }
        (Some(name), _) => format!("/storage/v1/b/{bucket}/o/{}", name.replace('/', "%2F")),
    };
    let mut request = Request::get(&target, call.authority.clone());
    request.method = if call.method == Method::PUT { Method::POST } else { call.method.clone() };
    request.body = call.body.clone();
    if let Credentials::Token(_) = credentials {
        let (name, value) = crate::probe::http::authorization(credentials)?;
        request.set(name, value);
    }
    Ok(request)
}

/// Whether an answer is a list of a bucket.
pub(super) fn is_list(answer: &Answer) -> bool {
    answer.json().is_some_and(|body| body["kind"] == "storage#objects")
}

/// Whether an answer comes from the store at all.
pub(super) fn is_ours(answer: &Answer) -> bool {
    is_list(answer) || answer.json().is_some_and(|body| body.pointer("/error/code").is_some())
}

/// The fault of an error.
pub(super) fn fault(answer: &Answer, given: bool) -> Option<Fault> {
    let body = answer.json()?;
    let reason = body.pointer("/error/errors/0/reason").and_then(serde_json::Value::as_str);
    let reason = clean::line(reason.unwrap_or("error"), 80);
    let fault = match body.pointer("/error/code").and_then(serde_json::Value::as_u64)? {
        401 if given => {
            Fault::new(C::AuthRejected, format!("the store rejects our token: {reason}"))
        }
        401 => Fault::new(C::AuthRequired, format!("the store asks for a token: {reason}")),
        403 if given => Fault::new(C::AuthForbidden, format!("the store denies access: {reason}")),
        403 => Fault::new(C::AuthRequired, format!("the store asks for a token: {reason}")),
        503 => Fault::new(C::ServiceNotReady, format!("the store is not ready: {reason}")),
        _ => Fault::new(C::ServiceError, format!("the store answers {reason}")),
    };
    Some(fault.with(Key::ServiceCode, reason).with(Key::Status, answer.status))
}
