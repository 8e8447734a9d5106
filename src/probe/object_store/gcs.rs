//! Google Cloud Storage by its JSON interface, with a bearer token.

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use crate::model::{Credentials, Fault, FaultCode};
use crate::probe::http::authorization;
use crate::probe::http::exchange::{Answer, Request};
use crate::probe::object_store::store::{Complaint, Operation, Store};
use crate::probe::object_store::xml;

/// A request, with the token where one is given.
pub(super) fn request(
    store: &Store<'_>,
    credentials: &Credentials,
    what: Operation<'_>,
) -> Result<Request, Fault> {
    let bucket = store.bucket;
    let base = format!("/storage/v1/b/{bucket}/o");
    // A name is one segment of the path; a prefix holds nothing else that needs encoding.
    let segment = |name: &str| name.replace('/', "%2F");
    let target = match what {
        Operation::List => format!("{base}?maxResults=1"),
        Operation::Put(name, _) => {
            let name = segment(name);
            format!("/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}")
        }
        Operation::Get(name) => format!("{base}/{}?alt=media", segment(name)),
        Operation::Delete(name) => format!("{base}/{}", segment(name)),
    };
    let mut request = Request::get(&target, store.authority.to_owned());
    request.method = what.method();
    if let Operation::Put(_, content) = what {
        request.method = Method::POST;
        request.body = Bytes::copy_from_slice(content);
    }
    if credentials.given() {
        let (name, value) = authorization(credentials)?;
        request.set(name, value);
    }
    Ok(request)
}

/// Whether an answer is Google's; emulators name themselves only by their lists.
pub(super) fn marks(answer: &Answer) -> bool {
    answer.headers.contains_key("x-guploader-uploadid") || listed(answer).is_some()
}

/// How many objects a list holds; `None` where it is no list.
pub(super) fn listed(answer: &Answer) -> Option<usize> {
    let body = answer.json()?;
    let is_list = body.get("kind").and_then(Value::as_str) == Some("storage#objects");
    is_list.then(|| body.get("items").and_then(Value::as_array).map_or(0, Vec::len))
}

/// What the service says.
pub(super) fn complaint(answer: &Answer) -> Complaint {
    let body = answer.json().unwrap_or_default();
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let code = text("/error/errors/0/reason").or_else(|| text("/error/status"));
    Complaint {
        code: code.and_then(xml::code),
        message: text("/error/message").and_then(xml::message),
        ..Complaint::default()
    }
}

/// The fault of a status, with the reason that the service gives.
pub(super) fn code(status: u16, word: &str, given: bool) -> FaultCode {
    match status {
        401 if given => FaultCode::AuthRejected,
        401 => FaultCode::AuthRequired,
        403 if matches!(word, "rateLimitExceeded" | "userRateLimitExceeded") => {
            FaultCode::ServiceNotReady
        }
        403 => FaultCode::AuthForbidden,
        429 | 503 => FaultCode::ServiceNotReady,
        _ => FaultCode::ServiceError,
    }
}

#[cfg(test)]
mod tests {
    use super::{code, complaint, listed};
    use crate::model::FaultCode;
    use crate::probe::http::exchange::Answer;

    fn answer(status: u16, body: &str) -> Answer {
        let headers = http::HeaderMap::new();
        Answer { status, headers, body: body.as_bytes().to_vec(), flaw: None }
    }

    #[test]
    fn lists_and_failures_are_read() {
        let list = answer(200, r#"{"kind": "storage#objects", "items": [{"name": "a"}]}"#);
        assert_eq!(listed(&list), Some(1));
        assert_eq!(listed(&answer(200, "{}")), None);
        let failure = r#"{"error": {"code": 404, "message": "Not Found",
            "errors": [{"reason": "notFound"}]}}"#;
        let found = complaint(&answer(404, failure));
        assert_eq!(found.code.as_deref(), Some("notFound"));
        assert_eq!(found.message.as_deref(), Some("Not Found"));
        assert_eq!(code(404, "notFound", true), FaultCode::ServiceError);
        assert_eq!(code(401, "authError", true), FaultCode::AuthRejected);
    }
}
