//! Azure Blob Storage: `SharedKey` ("Authorize with Shared Key", versions 2015-02-21 and later).

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use sha2::Sha256;
use time::OffsetDateTime;

use crate::model::{Credentials, Fault, FaultCode, Secret};
use crate::probe::http::exchange::{Answer, Request};
use crate::probe::http::sensitive;
use crate::probe::object_store::store::{Complaint, Operation, Store};
use crate::probe::object_store::xml;

/// Version of the interface that is spoken.
const VERSION: &str = "2021-08-06";
/// The list's parameters, sorted as the signature wants them.
const LIST: &[(&str, &str)] = &[("comp", "list"), ("maxresults", "1"), ("restype", "container")];

/// A request, signed where an account's key is given.
pub(super) fn request(
    store: &Store<'_>,
    credentials: &Credentials,
    what: Operation<'_>,
) -> Result<Request, Fault> {
    let account = match credentials {
        Credentials::Account { account, key } => Some((account.as_str(), key)),
        _ => None,
    };
    let base = match account {
        Some((account, _)) if path_style(store.host, account) => {
            format!("/{account}/{}", store.bucket)
        }
        _ => format!("/{}", store.bucket),
    };
    let (path, query) = match what {
        Operation::List => (base, LIST),
        Operation::Put(name, _) | Operation::Get(name) | Operation::Delete(name) => {
            (format!("{base}/{name}"), &[][..])
        }
    };
    let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let target =
        if pairs.is_empty() { path.clone() } else { format!("{path}?{}", pairs.join("&")) };
    let mut request = Request::get(&target, store.authority.to_owned());
    request.method = what.method();
    let mut fields = vec![("x-ms-date", http_date(OffsetDateTime::now_utc()))];
    if let Operation::Put(_, content) = what {
        request.body = Bytes::copy_from_slice(content);
        fields.insert(0, ("x-ms-blob-type", "BlockBlob".to_owned()));
    }
    fields.push(("x-ms-version", VERSION.to_owned()));
    for (name, value) in &fields {
        let value = HeaderValue::from_str(value)
            .map_err(|_| Fault::new(FaultCode::LocalInternal, "a field can't be sent"))?;
        request.set(HeaderName::from_static(name), value);
    }
    if let Some((account, key)) = account {
        let text = to_sign(&request, &fields, account, &path, query);
        let value = format!("SharedKey {account}:{}", signature(key, &text)?);
        request.set(AUTHORIZATION, sensitive(value.as_bytes())?);
    }
    Ok(request)
}

/// Whether the account stands in the path, as emulators have it, and not in the host's name.
fn path_style(host: &str, account: &str) -> bool {
    let is_address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
    let named = host.get(..account.len()).is_some_and(|start| start.eq_ignore_ascii_case(account))
        && host[account.len()..].starts_with('.');
    is_address || !named
}

/// The string to sign. `fields` are those of `x-ms-`, and `query` the parameters, both sorted.
fn to_sign(
    request: &Request,
    fields: &[(&str, String)],
    account: &str,
    path: &str,
    query: &[(&str, &str)],
) -> String {
    let length = match request.body.len() {
        0 => String::new(),
        length => length.to_string(),
    };
    // Encoding, language, length, MD5, type, date, four conditions and range.
    let mut text = format!("{}\n\n\n{length}\n\n\n\n\n\n\n\n\n", request.method);
    for (name, value) in fields {
        text.extend([*name, ":", value, "\n"]);
    }
    text.extend(["/", account, path]);
    for (name, value) in query {
        text.extend(["\n", *name, ":", *value]);
    }
    text
}

fn signature(key: &Secret, text: &str) -> Result<String, Fault> {
    let unreadable =
        || Fault::new(FaultCode::LocalSecretUnreadable, "the account's key is no Base64");
    let key = BASE64_STANDARD.decode(key.bytes().trim_ascii()).map_err(|_| unreadable())?;
    let key = zeroize::Zeroizing::new(key);
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| unreadable())?;
    mac.update(text.as_bytes());
    Ok(BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// A date as HTTP has it (RFC 9110 §5.6.7).
fn http_date(at: OffsetDateTime) -> String {
    let (weekday, month) = (at.weekday().to_string(), at.month().to_string());
    let (hour, minute, second) = at.to_hms();
    let (weekday, month) = (&weekday[..3], &month[..3]);
    let (day, year) = (at.day(), at.year());
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

/// What the service says: the code stands in a field, also where there is no body.
pub(super) fn complaint(answer: &Answer) -> Complaint {
    let found = xml::complaint(&answer.body);
    let code = answer.field("x-ms-error-code").and_then(|text| xml::code(&text));
    Complaint { code: code.or(found.code), ..found }
}

/// The fault of a code ("Status and error codes" of the storage services).
pub(super) fn code(word: &str, given: bool) -> FaultCode {
    match word {
        "AuthenticationFailed"
        | "AuthorizationFailure"
        | "AuthorizationPermissionMismatch"
        | "InsufficientAccountPermissions"
        | "NoAuthenticationInformation"
        | "PublicAccessNotPermitted"
            if !given =>
        {
            FaultCode::AuthRequired
        }
        "AuthenticationFailed"
        | "AuthorizationFailure"
        | "InvalidAuthenticationInfo"
        | "NoAuthenticationInformation" => FaultCode::AuthRejected,
        "AuthorizationPermissionMismatch"
        | "AuthorizationProtocolMismatch"
        | "AuthorizationResourceTypeMismatch"
        | "AuthorizationServiceMismatch"
        | "AuthorizationSourceIPMismatch"
        | "KeyBasedAuthenticationNotPermitted"
        | "InsufficientAccountPermissions"
        | "AccountIsDisabled"
        | "PublicAccessNotPermitted" => FaultCode::AuthForbidden,
        "ServerBusy" => FaultCode::ServiceNotReady,
        _ => FaultCode::ServiceError,
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime};

    use super::{LIST, code, http_date, path_style, signature, to_sign};
    use crate::model::{FaultCode, Secret};
    use crate::probe::http::exchange::Request;

    /// The form of the documentation's example "List Containers", for a list of blobs.
    #[test]
    fn the_string_to_sign_is_as_documented() {
        let path = "/myaccount/mycontainer";
        let request = Request::get(path, String::new());
        let date = http_date(OffsetDateTime::UNIX_EPOCH + Duration::seconds(1_435_361_956));
        assert_eq!(date, "Fri, 26 Jun 2015 23:39:16 GMT");
        let fields = [("x-ms-date", date), ("x-ms-version", "2015-02-21".to_owned())];
        let text = to_sign(&request, &fields, "myaccount", path, LIST);
        assert_eq!(
            text,
            "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:16 GMT\n\
             x-ms-version:2015-02-21\n/myaccount/myaccount/mycontainer\ncomp:list\nmaxresults:1\n\
             restype:container"
        );
    }

    /// RFC 4231 §4.3, test case 2, in Base64.
    #[test]
    fn the_signature_is_an_hmac() {
        let key = Secret::from("SmVmZQ==\n");
        let found = signature(&key, "what do ya want for nothing?").unwrap();
        assert_eq!(found, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
        assert!(signature(&Secret::from("no base64!"), "").is_err());
    }

    #[test]
    fn the_account_stands_in_the_path_where_the_host_does_not_name_it() {
        assert!(!path_style("myaccount.blob.core.windows.net", "myaccount"));
        assert!(path_style("127.0.0.1", "127") && path_style("azurite", "myaccount"));
        assert!(path_style("myaccount2.blob.core.windows.net", "myaccount"));
    }

    #[test]
    fn codes_tell_who_should_act() {
        assert_eq!(code("AuthorizationFailure", true), FaultCode::AuthRejected);
        assert_eq!(code("AuthorizationFailure", false), FaultCode::AuthRequired);
        assert_eq!(code("AuthorizationPermissionMismatch", true), FaultCode::AuthForbidden);
        assert_eq!(code("AuthorizationSourceIPMismatch", true), FaultCode::AuthForbidden);
        assert_eq!(code("KeyBasedAuthenticationNotPermitted", true), FaultCode::AuthForbidden);
        assert_eq!(code("ServerBusy", true), FaultCode::ServiceNotReady);
        assert_eq!(code("ContainerNotFound", true), FaultCode::ServiceError);
    }
}
