//! Object storage: S3 and Azure Blob.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4::SigningParams;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use connprobe::lab::azure_blob::AzureBlob;
use connprobe::lab::crypto::hmac;
use connprobe::lab::s3::{Access, S3};
use connprobe::lab::server::Server;

use crate::account::Recorded;
use crate::said::send;

/// The header fields of a request that Amazon's own code signed.
fn signed(
    server: &Server,
    method: &str,
    target: &str,
    body: &str,
    (key, secret, region): (&str, &str, &str),
) -> Vec<(String, String)> {
    let url = format!("http://{}{target}", server.address());
    let identity = Credentials::new(key, secret, None, None, "recorded").into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = http_request::PayloadChecksumKind::XAmzSha256;
    settings.percent_encoding_mode = http_request::PercentEncodingMode::Single;
    let signing = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("s3")
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .expect("nothing is missing");
    let body = SignableBody::Bytes(body.as_bytes());
    let request = SignableRequest::new(method, &url, std::iter::empty(), body);
    let request = request.expect("the address is one");
    let (signed, _) =
        http_request::sign(request, &signing.into()).expect("it can be signed").into_parts();
    signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[tokio::test]
async fn the_s3_stand_in_answers_as_versitygw_does() {
    const RESOURCE: &str = "Amazon's own errors name the resource, and versitygw's do not";
    const OPTIONAL: &str = "versitygw sends it empty; Amazon leaves out what was not asked for";
    let recorded = Recorded::of(
        "s3.json",
        &[
            ("*", "adds element Error/Resource", RESOURCE),
            ("list", "adds element ListBucketResult/Prefix", "Amazon's own list has it, empty"),
            ("list", "lacks element ListBucketResult/EncodingType", OPTIONAL),
            ("list", "lacks element ListBucketResult/Contents/ChecksumAlgorithm", OPTIONAL),
            ("list", "lacks element ListBucketResult/Contents/ChecksumType", OPTIONAL),
        ],
        &[],
    );
    let server = S3::new("recordings", "us-east-1")
        .key("admin", "good/secret+", Access::Full)
        .key("stranger", "good/secret+", Access::Nothing)
        .serve(None)
        .await
        .unwrap();
    let good = ("admin", "good/secret+", "us-east-1");
    let put = signed(&server, "PUT", "/recordings/greeting.txt", "hello\n", good);
    let put = send(&server, "PUT", "/recordings/greeting.txt", &put, "hello\n").await;
    assert_eq!(put.status, 200, "{put:?}");
    for (case, who) in [
        ("list", good),
        ("wrong secret", ("admin", "wrong", "us-east-1")),
        ("unknown key", ("nobody", "wrong", "us-east-1")),
        ("no right", ("stranger", "good/secret+", "us-east-1")),
        ("no such bucket", good),
        ("wrong region", ("admin", "good/secret+", "eu-west-9")),
    ] {
        let target = recorded.cases[case]["request"]["target"].as_str().unwrap();
        let headers = signed(&server, "GET", target, "", who);
        let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        recorded.ask(case, &server, &headers, "").await;
    }
    recorded.ask("without a signature", &server, &[], "").await;
    recorded.ask("HEAD without a signature", &server, &[], "").await;
    recorded.settle();
}

#[tokio::test]
async fn the_azure_stand_in_answers_as_azurite_does_but_for_the_codes_of_azure_itself() {
    const SERVICE: &str =
        "Azure's own service has its own codes where Azurite has AuthorizationFailure";
    const HEAD: &str = "RFC 9110 §9.3.2 gives HEAD the fields of GET, Azurite leaves this one out";
    const OPTIONAL: &str = "Azure's own service leaves out what was not asked for";
    let recorded = Recorded::of(
        "azure-blob.json",
        &[
            ("*", "lacks header x-ms-error-code AuthorizationFailure", SERVICE),
            ("*", "lacks element Error/Code = AuthorizationFailure", SERVICE),
            ("*", "adds header x-ms-error-code AuthenticationFailed", SERVICE),
            ("*", "adds element Error/Code = AuthenticationFailed", SERVICE),
            ("*", "adds header x-ms-error-code NoAuthenticationInformation", SERVICE),
            ("*", "adds element Error/Code = NoAuthenticationInformation", SERVICE),
            ("HEAD without a signature", "adds header content-type application/xml", HEAD),
            ("*", "status 401 for 403", SERVICE),
            ("list", "lacks element EnumerationResults/Prefix", OPTIONAL),
            ("list", "lacks element EnumerationResults/Marker", OPTIONAL),
        ],
        &[],
    );
    let key = BASE64_STANDARD.encode("a key of the lab");
    let server = AzureBlob::new("probeaccount", &key, "recordings").serve(None).await.unwrap();
    let date = "Thu, 01 Jan 2026 00:00:00 GMT";
    for (case, account, container, key) in [
        ("list", "probeaccount", "recordings", "a key of the lab"),
        ("wrong key", "probeaccount", "recordings", "another key"),
        ("no such container", "probeaccount", "nowhere", "a key of the lab"),
        ("other account", "otheraccount", "recordings", "a key of the lab"),
    ] {
        let to_sign = format!(
            "GET{}x-ms-date:{date}\nx-ms-version:2021-08-06\n/{account}/{account}/{container}\n\
             comp:list\nmaxresults:1\nrestype:container",
            "\n".repeat(12)
        );
        let signature = BASE64_STANDARD.encode(hmac(key.as_bytes(), to_sign.as_bytes()).unwrap());
        let authorization = format!("SharedKey {account}:{signature}");
        let headers = [("x-ms-date", date), ("Authorization", &authorization)];
        recorded.ask(case, &server, &headers, "").await;
    }
    recorded.ask("without a signature", &server, &[], "").await;
    recorded.ask("HEAD without a signature", &server, &[], "").await;
    recorded.settle();
}
