//! Azure Blob: Shared Key authorization ("Authorize with Shared Key", version 2009-09-19 and later).

use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use sha2::Sha256;
use time::OffsetDateTime;

use crate::model::{Credentials, Fault, FaultCode as C, Key, clean};
use crate::probe::http::exchange::{Answer, Request};
use crate::probe::object_store::Call;

const VERSION: &str = "2021-08-06";

/// Builds the request of a call.
pub(super) fn request(call: &Call<'_>, credentials: &Credentials) -> Result<Request, Fault> {
    let (account, key) = match credentials {
        Credentials::Account { account, key } => (Some(account.as_str()), Some(key)),
        _ => (None, None),
    };
    // A host that names the account needs it in the path no more; an emulator's does.
    let in_path = account.filter(|account| !call.authority.starts_with(&format!("{account}.")));
    let base =
        in_path.map_or_else(|| format!("/{}", call.bucket), |a| format!("/{a}/{}", call.bucket));
    let (path, query) = match &call.object {
        None => (base, Some("comp=list&maxresults=1&restype=container")),
        Some(name) => (format!("{base}/{name}"), None),
    };
    let target = query.map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
    let mut request = Request::get(&target, call.authority.clone());
    request.method = call.method.clone();
    request.body = call.body.clone();
    let mut headers = vec![("x-ms-date", date()), ("x-ms-version", VERSION.to_owned())];
    if call.method == Method::PUT {
        headers.insert(0, ("x-ms-blob-type", "BlockBlob".to_owned()));
        request.set(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    }
    for (name, value) in &headers {
        request.set(HeaderName::from_static(name), plain(value)?);
    }
    if let (Some(account), Some(key)) = (account, key) {
        let length = call.body.len();
        let kind = if call.method == Method::PUT { "text/plain" } else { "" };
        let text = string_to_sign(&call.method, length, kind, &headers, account, &path, query);
        let signature = signed(key.bytes(), &text)?;
        let mut value = plain(&format!("SharedKey {account}:{signature}"))?;
        value.set_sensitive(true);
        request.set(AUTHORIZATION, value);
    }
    Ok(request)
}

fn plain(text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(text)
        .map_err(|_| Fault::new(C::LocalInternal, "the account's name can't stand in a header"))
}

/// The date as RFC 9110 §5.6.7 has it.
fn date() -> String {
    let now = OffsetDateTime::now_utc();
    let day = now.weekday().to_string();
    let month = now.month().to_string();
    format!(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        &day[..3],
        now.day(),
        &month[..3],
        now.year(),
        now.hour(),
        now.minute(),
        now.second()
    )
}

/// The string that is signed; `headers` are those of `x-ms-` in order of their names.
fn string_to_sign(
    method: &Method,
    length: usize,
    kind: &str,
    headers: &[(&str, String)],
    account: &str,
    path: &str,
    query: Option<&str>,
) -> String {
    let length = if length == 0 { String::new() } else { length.to_string() };
    let mut text = format!("{method}\n\n\n{length}\n\n{kind}\n\n\n\n\n\n\n");
    for (name, value) in headers {
        text += &format!("{name}:{value}\n");
    }
    text += &format!("/{account}{path}");
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        text += &format!("\n{name}:{value}");
    }
    text
}

fn signed(key: &[u8], text: &str) -> Result<String, Fault> {
    let base64 = base64::engine::general_purpose::STANDARD;
    let key = base64
        .decode(key)
        .map(zeroize::Zeroizing::new)
        .map_err(|_| Fault::new(C::LocalSecretUnreadable, "the account key is no base64"))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key)
        .map_err(|_| Fault::new(C::LocalInternal, "the account key can't be used"))?;
    mac.update(text.as_bytes());
    Ok(base64.encode(mac.finalize().into_bytes()))
}

/// Whether an answer is a list of a container.
pub(super) fn is_list(answer: &Answer) -> bool {
    is_ours(answer) && clean::bytes(&answer.body, 400).contains("<EnumerationResults")
}

/// Whether an answer comes from Azure Blob at all.
pub(super) fn is_ours(answer: &Answer) -> bool {
    answer.headers.contains_key("x-ms-request-id")
}

/// The fault of an error, by the code in its header.
pub(super) fn fault(answer: &Answer, given: bool) -> Option<Fault> {
    let code = answer.field("x-ms-error-code")?;
    let fault = match code.as_str() {
        "AuthenticationFailed" | "AuthorizationFailure" | "InvalidAuthenticationInfo" if given => {
            Fault::new(C::AuthRejected, format!("the store rejects our key: {code}"))
        }
        "AuthenticationFailed"
        | "AuthorizationFailure"
        | "InvalidAuthenticationInfo"
        | "NoAuthenticationInformation"
        | "PublicAccessNotPermitted" => {
            Fault::new(C::AuthRequired, format!("the store asks for a signed request: {code}"))
        }
        "AuthorizationPermissionMismatch" | "InsufficientAccountPermissions" => {
            Fault::new(C::AuthForbidden, format!("the store denies access: {code}"))
        }
        "ServerBusy" | "OperationTimedOut" => {
            Fault::new(C::ServiceNotReady, format!("the store is not ready: {code}"))
        }
        // An account that is not there, or that is another one.
        _ => Fault::new(C::ServiceError, format!("the store answers {code}")),
    };
    Some(
        fault
            .with(Key::ServiceCode, clean::line(&code, 80))
            .with(Key::Status, answer.status)
            .with_some(Key::SkewS, super::skew(answer)),
    )
}

#[cfg(test)]
mod tests {
    use super::string_to_sign;
    use http::Method;

    /// The layout of the vendor's documentation: twelve lines, then headers, then the resource.
    #[test]
    fn the_string_to_sign_has_the_documented_layout() {
        let headers = [
            ("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT".to_owned()),
            ("x-ms-version", "2015-02-21".to_owned()),
        ];
        let text = string_to_sign(
            &Method::GET,
            0,
            "",
            &headers,
            "myaccount",
            "/mycontainer",
            Some("comp=metadata&restype=container&timeout=20"),
        );
        assert_eq!(
            text,
            "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n\
             /myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20"
        );
    }
}
