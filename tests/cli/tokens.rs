//! Tokens of another endpoint: fetched once a run, however many rows need them.

use connprobe::model::Verdict;

use crate::bench::{Bench, Ran, asked, said};
use crate::peers::{Peer, answer};

/// Credentials of `other`, which gives tokens, and rows of `there`, which need one.
const SITE: &str = "endpoints:\n  \
    other: {allow_cleartext: true, auth: {client_id: probe, client_secret: {env: SECRET}}}\n  \
    there: {allow_cleartext: true, auth: {oauth2: other}}\n";

fn ran(tokens: &Peer, service: &Peer) -> Ran {
    let token = format!(
        "id: 1, source: here, destination: other, protocol: HTTP, port: {}, probe: oauth2, \
         proof: authenticated",
        tokens.port()
    );
    let of = |id| asked(id, service.port(), "authenticated");
    let bench = Bench::new(&[of("2"), token, of("3"), of("4")], SITE);
    let mut command = bench.command(&["--report", "json=-", "--skip", "1"]);
    Ran::of(command.env("SECRET", "open-sesame"))
}

/// How often a token was asked for; a refusal may draw other questions.
fn asked_for(tokens: &Peer) -> usize {
    tokens.heard().iter().filter(|head| head.starts_with("POST /oauth/token ")).count()
}

#[test]
fn a_token_is_fetched_once_for_all_rows_of_a_source() {
    let json = "Content-Type: application/json\r\n";
    let body = r#"{"access_token": "issued-5d2c81", "token_type": "Bearer", "expires_in": 60}"#;
    let tokens = Peer::http(move |_| answer("200 OK", json, body));
    let service = Peer::http(|head| {
        let known = head.contains(": Bearer issued-5d2c81\r\n");
        answer(if known { "200 OK" } else { "401 Unauthorized" }, "", "")
    });
    let report = ran(&tokens, &service).report();
    for row in ["2", "3", "4"] {
        assert_eq!(said(&report, row), (Verdict::Pass, None), "{report:#?}");
    }
    assert_eq!(asked_for(&tokens), 1, "{:?}", tokens.heard());
}

#[test]
fn a_token_that_can_t_be_had_is_asked_for_once_too() {
    let json = "Content-Type: application/json\r\n";
    let body = r#"{"error": "access_denied"}"#;
    let tokens = Peer::http(move |_| answer("400 Bad Request", json, body));
    let service = Peer::http(|_| answer("401 Unauthorized", "", ""));
    let report = ran(&tokens, &service).report();
    for row in ["2", "3", "4"] {
        assert_eq!(said(&report, row), (Verdict::Inconclusive, Some("auth.no-token")));
    }
    assert_eq!(asked_for(&tokens), 1, "{:?}", tokens.heard());
}
