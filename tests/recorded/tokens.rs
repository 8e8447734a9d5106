//! Token endpoints.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use connprobe::lab::oauth2::TokenServer;

use crate::account::Recorded;

pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

#[tokio::test]
async fn the_token_stand_in_answers_as_oidc_provider_does() {
    const SCOPE: &str = "RFC 6749 §5.1 lets a server name the scope that was not asked for";
    const METHODS: &str = "the stand-in has the product's answer to another method, which is a 405";
    let recorded = Recorded::of(
        "oauth2.json",
        &[
            ("good, secret by Basic", "adds key .scope: string", SCOPE),
            ("good, secret in the body", "adds key .scope: string", SCOPE),
            ("GET", "status 405 for 404", METHODS),
            ("GET", "lacks key .error = \"invalid_request\"", METHODS),
            ("GET", "lacks key .error_description: string", METHODS),
            ("GET", "adds key .error = \"HTTP 405 Method Not Allowed\"", METHODS),
        ],
        &[(
            "unknown scope",
            "oidc-provider passes by a scope that it does not know; the stand-in refuses it with \
             the word that RFC 6749 §5.2 has for it",
        )],
    );
    let mut server = TokenServer::new("tok-123456")
        .client("probe", "good")
        .client("probe-post", "probe-post-secret")
        .refused_client("probe-web", "good", 400, "invalid_request");
    server.scopes.push("contacts");
    let server = server.serve(None).await.unwrap();
    for (case, client, secret) in [
        ("good, secret by Basic", "probe", "good"),
        ("wrong secret", "probe", "wrong"),
        ("unknown client", "nobody", "good"),
        ("grant not allowed to the client", "probe-web", "good"),
        ("unknown grant", "probe", "good"),
        ("known scope", "probe", "good"),
        ("body in JSON", "probe", "good"),
    ] {
        recorded.ask(case, &server, &[("Authorization", &basic(client, secret))], "").await;
    }
    for case in ["good, secret in the body", "no client", "GET", "ping of the product"] {
        recorded.ask(case, &server, &[], "").await;
    }
    recorded.settle();
}
