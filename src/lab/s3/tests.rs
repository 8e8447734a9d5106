//! The store against what Amazon's own code signs.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{self, SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4::SigningParams;
use time::Duration;

use crate::lab::s3::{Access, S3};
use crate::lab::server::Server;

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
    assert_eq!(code(store().ahead(Duration::hours(1)), list, good).await, "RequestTimeTooSkewed");
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
