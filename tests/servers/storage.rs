//! Rows 5 and 6: an S3 server that checks signatures, and Azure Blob storage.

use serde_json::{Value, json};

use crate::harness::{Site, port, text};

fn s3(access_key: &str, secret_key: &str, bucket: &str) -> Site {
    let probe = json!({"object_store": {
        "kind": "s3", "bucket": bucket, "region": text("/s3/region"),
    }});
    Site::of_row(5).port(port("/s3/tls_port")).with(json!({"probe": probe})).destination(json!({
        "tls": {"ca_file": text("/s3/ca")},
        "auth": {"access_key": access_key, "secret_key": {"secret": secret_key}},
    }))
}

fn blob(account_key: &str, container: &str) -> Site {
    let probe = json!({"object_store": {"kind": "azure-blob", "bucket": container}});
    Site::of_row(6).port(port("/azurite/port")).with(json!({"probe": probe})).destination(json!({
        "tls": {"ca_file": text("/azurite/ca")},
        "auth": {"account": text("/azurite/account"), "account_key": {"secret": account_key}},
    }))
}

fn owner() -> String {
    text("/s3/users/admin")
}

/// A key that could be one, and is not.
fn other_key() -> String {
    "bm90IHRoZSBrZXkgb2YgdGhlIGFjY291bnQgYXQgYWxs".into()
}

#[test]
fn row_5_passes_with_a_signature_that_the_server_checks() {
    s3("admin", &owner(), &text("/s3/bucket")).run().passes().proving("authenticated");
}

#[test]
fn row_5_fails_when_the_signature_is_made_with_another_secret() {
    let outcome = s3("admin", "not-the-secret", &text("/s3/bucket")).run();
    outcome.fails("auth.rejected").because("service_code", "SignatureDoesNotMatch");
}

#[test]
fn row_5_fails_when_the_user_has_no_right_to_the_bucket() {
    let secret = text("/s3/users/stranger");
    let outcome = s3("stranger", &secret, &text("/s3/bucket")).run();
    outcome.fails("auth.forbidden").because("service_code", "AccessDenied");
}

#[test]
fn row_5_fails_when_there_is_no_such_bucket() {
    let outcome = s3("admin", &owner(), "nowhere").run();
    assert_eq!(outcome.row["verdict"], "fail", "{:#}", outcome.row);
    outcome.because("service_code", "NoSuchBucket");
}

#[test]
fn row_6_passes_with_a_key_that_the_account_has() {
    let outcome = blob(&text("/azurite/account_key"), &text("/azurite/container")).run();
    outcome.passes().proving("authenticated");
}

#[test]
fn row_6_fails_when_the_key_is_another() {
    let outcome = blob(&other_key(), &text("/azurite/container")).run();
    let code = outcome.row["fault"]["code"].as_str().map(str::to_owned);
    assert_eq!(outcome.row["verdict"], "fail", "{:#}", outcome.row);
    // Azurite's AuthorizationFailure tells no wrong key from a missing right.
    assert!(matches!(code.as_deref(), Some("auth.rejected" | "auth.forbidden")), "{code:?}");
    outcome.because("service_code", "AuthorizationFailure");
}

#[test]
fn row_6_fails_when_there_is_no_such_container() {
    let outcome = blob(&text("/azurite/account_key"), "nowhere").run();
    assert_eq!(outcome.row["verdict"], "fail", "{:#}", outcome.row);
    outcome.because("service_code", Value::from("ContainerNotFound"));
}
