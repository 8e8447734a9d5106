//! Azure Blob Storage: `SharedKey`, verified; one container with block blobs in memory.
//!
//! Both forms of address are taken: `/container/blob` at the account's own host, and
//! `/account/container/blob` as emulators have it. Every failure has `x-ms-error-code`.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rustls::ServerConfig;

use crate::lab::crypto::{hex, hmac, random};
use crate::lab::http::{Answer, Reply, Request, decode, serve};
use crate::lab::server::Server;

/// The store.
#[derive(Clone, Debug)]
pub struct AzureBlob {
    /// The account.
    pub account: String,
    /// Its key in Base64.
    pub key: String,
    /// The one container.
    pub container: String,
    /// Whether the key is good and may do nothing.
    pub forbidden: bool,
}

/// Status, code and words.
struct Failure(u16, &'static str, &'static str);

type Blobs = BTreeMap<String, Vec<u8>>;

impl AzureBlob {
    /// A store with one container.
    pub fn new(account: &str, key: &str, container: &str) -> Self {
        let (account, key, container) = (account.into(), key.into(), container.into());
        Self { account, key, container, forbidden: false }
    }

    /// Serves it.
    pub async fn serve(self, tls: Option<Arc<ServerConfig>>) -> io::Result<Server> {
        let blobs = Mutex::new(Blobs::new());
        serve(tls, move |request| {
            let mut blobs = blobs.lock().unwrap_or_else(PoisonError::into_inner);
            self.answer(&mut blobs, request)
        })
        .await
    }

    fn answer(&self, blobs: &mut Blobs, request: &Request) -> Reply {
        let answer = match self.check(request).and_then(|()| self.operation(blobs, request)) {
            Ok(answer) => answer.header("x-ms-version", "2021-10-04"),
            Err(Failure(status, code, words)) => {
                let body = format!(
                    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Error><Code>{code}</Code>\
                     <Message>{words}</Message></Error>"
                );
                Answer::of(status, "application/xml", body).header("x-ms-error-code", code)
            }
        };
        let id = random::<16>().map(|bytes| hex(&bytes)).unwrap_or_default();
        answer
            .header("Server", "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0")
            .header("x-ms-request-id", &id)
            .reply_to(request)
    }

    fn check(&self, request: &Request) -> Result<(), Failure> {
        let Some(authorization) = request.header("authorization") else {
            return Err(Failure(
                401,
                "NoAuthenticationInformation",
                "Server failed to authenticate the request. Please refer to the information in the \
                 www-authenticate header.",
            ));
        };
        let failed = Failure(
            403,
            "AuthenticationFailed",
            "Server failed to authenticate the request. Make sure the value of Authorization \
             header is formed correctly including the signature.",
        );
        let given = authorization.strip_prefix("SharedKey ").and_then(|rest| rest.split_once(':'));
        let Some((account, given)) = given else { return Err(failed) };
        if account != self.account {
            return Err(Failure(404, "ResourceNotFound", "The specified resource does not exist."));
        }
        let key = BASE64_STANDARD.decode(&self.key).unwrap_or_default();
        let expected = hmac(&key, to_sign(request, account).as_bytes());
        if expected.is_ok_and(|expected| BASE64_STANDARD.encode(expected) == given) {
            Ok(())
        } else {
            Err(failed)
        }
    }

    fn operation(&self, blobs: &mut Blobs, request: &Request) -> Result<Answer, Failure> {
        if self.forbidden {
            let words = "This request is not authorized to perform this operation using this \
                permission.";
            return Err(Failure(403, "AuthorizationPermissionMismatch", words));
        }
        let path = decode(request.path.trim_start_matches('/'));
        let own = format!("{}/", self.account);
        let path = path.strip_prefix(&own).unwrap_or(&path);
        let (container, blob) = path.split_once('/').unwrap_or((path, ""));
        if container != self.container {
            return Err(Failure(
                404,
                "ContainerNotFound",
                "The specified container does not exist.",
            ));
        }
        let missing = || Failure(404, "BlobNotFound", "The specified blob does not exist.");
        match (request.method.as_str(), blob) {
            ("GET", "") if request.parameter("comp").as_deref() == Some("list") => {
                Ok(Answer::of(200, "application/xml", self.list(blobs, request)))
            }
            ("GET" | "HEAD", "") => Ok(Answer::new(200).header("x-ms-lease-state", "available")),
            ("PUT", blob) if !blob.is_empty() => {
                if request.header("x-ms-blob-type") != Some("BlockBlob") {
                    let words =
                        "An HTTP header that's mandatory for this request is not specified.";
                    return Err(Failure(400, "MissingRequiredHeader", words));
                }
                blobs.insert(blob.into(), request.body.clone());
                Ok(Answer::new(201).header("ETag", "\"0x8DCB0000000000\""))
            }
            ("GET" | "HEAD", blob) => {
                let body = blobs.get(blob).ok_or_else(missing)?;
                let answer = Answer::of(200, "application/octet-stream", body.clone());
                Ok(answer.header("x-ms-blob-type", "BlockBlob"))
            }
            ("DELETE", blob) => blobs.remove(blob).map(|_| Answer::new(202)).ok_or_else(missing),
            _ => {
                Err(Failure(405, "UnsupportedHttpVerb", "The resource doesn't support this verb."))
            }
        }
    }

    fn list(&self, blobs: &Blobs, request: &Request) -> String {
        let limit =
            request.parameter("maxresults").and_then(|most| most.parse().ok()).unwrap_or(5000);
        let prefix = request.parameter("prefix").unwrap_or_default();
        let names = blobs.keys().filter(|name| name.starts_with(&prefix)).take(limit);
        let found: Vec<_> = names.map(|name| format!("<Blob><Name>{name}</Name></Blob>")).collect();
        let found = found.concat();
        format!(
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults \
             ServiceEndpoint=\"https://{}.blob.core.windows.net/\" ContainerName=\"{}\">\
             <MaxResults>{limit}</MaxResults><Blobs>{found}</Blobs><NextMarker />\
             </EnumerationResults>",
            self.account, self.container
        )
    }
}

/// The string to sign ("Authorize with Shared Key", versions 2015-02-21 and later).
fn to_sign(request: &Request, account: &str) -> String {
    let field = |name: &str| request.header(name).unwrap_or_default();
    let length = Some(field("content-length")).filter(|&length| length != "0").unwrap_or_default();
    let mut lines = [
        request.method.as_str(),
        field("content-encoding"),
        field("content-language"),
        length,
        field("content-md5"),
        field("content-type"),
        // With x-ms-date, Date does not count.
        if request.header("x-ms-date").is_some() { "" } else { field("date") },
    ]
    .join("\n");
    for name in ["if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range"] {
        lines.push('\n');
        lines.push_str(field(name));
    }
    lines.push('\n');
    let mut own: Vec<_> =
        request.headers.iter().filter(|(name, _)| name.starts_with("x-ms-")).collect();
    own.sort();
    let own: Vec<_> = own.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let own = own.concat();
    let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in request.query_pairs() {
        query.entry(name.to_ascii_lowercase()).or_default().push(value);
    }
    let query: Vec<_> = query
        .iter_mut()
        .map(|(name, values)| {
            values.sort();
            format!("\n{name}:{}", values.join(","))
        })
        .collect();
    format!("{lines}{own}/{account}{}{}", request.path, query.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The account key of the public emulator, which is no secret.
    const KEY: &str =
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    async fn list(key: &str) -> reqwest::Response {
        let store = AzureBlob::new("devstoreaccount1", KEY, "exports");
        let server = store.serve(None).await.unwrap();
        let date = "Tue, 24 Nov 2026 06:00:00 GMT";
        // Written out by hand, from the published format.
        let text = format!(
            "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:2021-10-04\n\
             /devstoreaccount1/exports\ncomp:list\nrestype:container"
        );
        let signature = hmac(&BASE64_STANDARD.decode(key).unwrap(), text.as_bytes()).unwrap();
        let signature = BASE64_STANDARD.encode(signature);
        let path = "exports?restype=container&comp=list";
        crate::lab::tests::client(None)
            .get(format!("http://{}/{path}", server.address()))
            .header("x-ms-date", date)
            .header("x-ms-version", "2021-10-04")
            .header("Authorization", format!("SharedKey devstoreaccount1:{signature}"))
            .send()
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_signed_list_is_answered_and_another_key_is_refused() {
        assert_eq!(list(KEY).await.status(), 200);
        let refused = list("AAAA").await;
        assert_eq!(refused.status(), 403);
        assert_eq!(refused.headers()["x-ms-error-code"], "AuthenticationFailed");
    }
}
