//! Object storage: S3 and Azure Blob, with signatures that are verified.

use std::io;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use time::Duration;

use crate::lab::azure_blob::AzureBlob;
use crate::lab::ground::{Ground, HOST};
use crate::lab::http::{Answer, Request, serve};
use crate::lab::pki::{Leaf, Signer};
use crate::lab::s3::{Access, S3};
use crate::lab::scenario::{Scenario, Served, Start};
use crate::lab::server::Server;
use crate::model::{FaultCode as F, Key, WarningCode};

const ID: &str = "AKIALABEXAMPLE000001";
const SECRET: &str = "lab/secret+key/0123456789abcdefghijklmn";
const ACCOUNT: &str = "labaccount";
const ACCOUNT_KEY: &str = "bGFiIGFjY291bnQga2V5LCAzMiBieXRlcyBsb25nLi4u";

const fn good(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::good(name, "object_store", about, start)
}

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "object_store", code, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("s3-good", "a signed list over TLS", |ground| Box::pin(s3(ground, store(), SECRET))),
    good("s3-in-clear", "the same without TLS: a signature is no secret", |ground| {
        Box::pin(in_clear(ground))
    }),
    good("s3-canary", "an object written, read back and removed", |ground| {
        Box::pin(canary(ground, Access::Full))
    }),
    bad(
        "s3-canary-stays",
        F::AuthForbidden,
        "the object may be written, and not removed",
        |ground| Box::pin(keeping(ground)),
    )
    .warning(&[WarningCode::ProbeLeftovers])
    .showing(&[(Key::ServiceCode, "AccessDenied")]),
    bad("s3-wrong-secret", F::AuthRejected, "SignatureDoesNotMatch", |ground| {
        Box::pin(s3(ground, store(), "another/secret+key/0123456789abcdefghijk"))
    })
    .showing(&[(Key::ServiceCode, "SignatureDoesNotMatch")]),
    bad("s3-unknown-key", F::AuthRejected, "InvalidAccessKeyId", |ground| {
        Box::pin(s3(ground, S3::new("exports", "eu-west-1"), SECRET))
    })
    .showing(&[(Key::ServiceCode, "InvalidAccessKeyId")]),
    bad("s3-denied", F::AuthForbidden, "AccessDenied to a good key", |ground| {
        let store = S3::new("exports", "eu-west-1").key(ID, SECRET, Access::Nothing);
        Box::pin(s3(ground, store, SECRET))
    })
    .showing(&[(Key::ServiceCode, "AccessDenied")]),
    bad("s3-read-only", F::AuthForbidden, "the canary may not be written", |ground| {
        Box::pin(canary(ground, Access::ReadOnly))
    })
    .near(F::ServiceReadOnly)
    .showing(&[(Key::ServiceCode, "AccessDenied")]),
    bad("s3-skewed", F::AuthRejected, "RequestTimeTooSkewed", |ground| {
        Box::pin(s3(ground, store().ahead(Duration::hours(2)), SECRET))
    })
    .showing(&[(Key::ServiceCode, "RequestTimeTooSkewed")]),
    bad("s3-no-bucket", F::ServiceError, "NoSuchBucket", |ground| {
        let store = S3::new("another", "eu-west-1").key(ID, SECRET, Access::Full);
        Box::pin(s3(ground, store, SECRET))
    })
    .showing(&[(Key::ServiceCode, "NoSuchBucket")]),
    bad("s3-anonymous", F::AuthRequired, "AccessDenied, and no key of ours", |ground| {
        Box::pin(anonymous(ground))
    }),
    bad("s3-unknown-issuer", F::TlsUnknownIssuer, "a proxy that opens TLS", |ground| {
        Box::pin(intercepted(ground))
    }),
    good("azure-good", "a signed list", |ground| {
        Box::pin(azure(ground, blobs(), ACCOUNT_KEY, false))
    }),
    good("azure-canary", "a blob written, read back and removed", |ground| {
        Box::pin(azure(ground, blobs(), ACCOUNT_KEY, true))
    }),
    bad("azure-wrong-key", F::AuthRejected, "AuthenticationFailed", |ground| {
        Box::pin(azure(ground, blobs(), "d3Jvbmcga2V5LCBidXQgd2VsbC1mb3JtZWQ=", false))
    })
    .showing(&[(Key::ServiceCode, "AuthenticationFailed")]),
    bad("azure-forbidden", F::AuthForbidden, "AuthorizationPermissionMismatch", |ground| {
        Box::pin(azure(ground, AzureBlob { forbidden: true, ..blobs() }, ACCOUNT_KEY, false))
    }),
    bad("azure-no-container", F::ServiceError, "ContainerNotFound", |ground| {
        Box::pin(azure(ground, AzureBlob::new(ACCOUNT, ACCOUNT_KEY, "another"), ACCOUNT_KEY, false))
    })
    .showing(&[(Key::ServiceCode, "ContainerNotFound")]),
];

fn store() -> S3 {
    S3::new("exports", "eu-west-1").key(ID, SECRET, Access::Full)
}

fn blobs() -> AzureBlob {
    AzureBlob::new(ACCOUNT, ACCOUNT_KEY, "exports")
}

fn keys(ground: &Ground, secret: &str) -> io::Result<Value> {
    let name = if secret == SECRET { "s3-secret" } else { "s3-wrong-secret" };
    Ok(json!({"access_key": ID, "secret_key": ground.secret(name, secret)?}))
}

fn served(server: Server, canary: bool, tls: Value) -> Served {
    let mut options = json!({"kind": "s3", "bucket": "exports", "region": "eu-west-1"});
    if canary {
        options["canary"] = json!(true);
    }
    let proof = if canary { "operational" } else { "authenticated" };
    Served::at(server, &json!({"object_store": options}), proof).with("tls", tls)
}

async fn s3(ground: &Ground, store: S3, secret: &str) -> io::Result<Served> {
    let server = store.serve(Some(ground.tls()?)).await?;
    Ok(served(server, false, ground.verify_full()).with("auth", keys(ground, secret)?))
}

async fn in_clear(ground: &Ground) -> io::Result<Served> {
    let server = store().serve(None).await?;
    Ok(served(server, false, json!({"mode": "disable"})).with("auth", keys(ground, SECRET)?))
}

async fn canary(ground: &Ground, access: Access) -> io::Result<Served> {
    let store = S3::new("exports", "eu-west-1").key(ID, SECRET, access);
    let server = store.serve(Some(ground.tls()?)).await?;
    Ok(served(server, true, ground.verify_full()).with("auth", keys(ground, SECRET)?))
}

/// A store of one object, which nobody removes.
async fn keeping(ground: &Ground) -> io::Result<Served> {
    let object = Mutex::new(Vec::new());
    let answer = move |request: &Request| {
        let mut object = object.lock().unwrap_or_else(PoisonError::into_inner);
        let xml = |status, body: &str| Answer::of(status, "application/xml", body);
        match request.method.as_str() {
            "PUT" => {
                object.clone_from(&request.body);
                Answer::new(200)
            }
            "GET" if request.path.trim_matches('/') == "exports" => {
                xml(200, "<ListBucketResult><Name>exports</Name></ListBucketResult>")
            }
            "GET" => Answer::of(200, "application/octet-stream", object.clone()),
            _ => xml(
                403,
                "<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>",
            ),
        }
    };
    let server = serve(Some(ground.tls()?), move |request| answer(request).reply_to(request));
    Ok(served(server.await?, true, ground.verify_full()).with("auth", keys(ground, SECRET)?))
}

async fn anonymous(ground: &Ground) -> io::Result<Served> {
    Ok(served(store().serve(Some(ground.tls()?)).await?, false, ground.verify_full()))
}

async fn intercepted(ground: &Ground) -> io::Result<Served> {
    let leaf = Leaf { sans: &[HOST], signer: Signer::Other, ..Leaf::GOOD };
    let server = store().serve(Some(ground.tls_of(&leaf)?)).await?;
    Ok(served(server, false, ground.verify_full()).with("auth", keys(ground, SECRET)?))
}

async fn azure(ground: &Ground, blobs: AzureBlob, key: &str, canary: bool) -> io::Result<Served> {
    let server = blobs.serve(Some(ground.tls()?)).await?;
    let mut options = json!({"kind": "azure-blob", "bucket": "exports"});
    if canary {
        options["canary"] = json!(true);
    }
    let name = if key == ACCOUNT_KEY { "azure-key" } else { "azure-wrong-key" };
    let auth = json!({"account": ACCOUNT, "account_key": ground.secret(name, key)?});
    let proof = if canary { "operational" } else { "authenticated" };
    let scene = Served::at(server, &json!({"object_store": options}), proof);
    Ok(scene.with("tls", ground.verify_full()).with("auth", auth))
}
