use super::*;
use crate::model::report::{ConnectionReport, Expect, PortInfo, ProofReport};
use crate::model::{Attempt, FindingCode, Proof, Verdict, WarningCode};

fn every() -> impl Iterator<Item = &'static Words> {
    FaultCode::ALL.iter().map(|code| of(*code))
}

#[test]
fn the_words_of_a_code_are_its_own() {
    for code in FaultCode::ALL {
        assert_eq!(of(*code).code, *code);
    }
}

#[test]
fn every_code_says_all_that_is_promised() {
    for words in every() {
        let texts = [words.decided, words.means, words.is_not, words.hint];
        assert!(texts.iter().all(|text| text.len() > 8), "{}", words.code);
        assert!(!words.evidence.is_empty() && !words.sources.is_empty(), "{}", words.code);
        assert!(words.means.ends_with('.') && words.is_not.ends_with('.'), "{}", words.code);
        let hints = words.when.iter().map(|when| when.hint).chain([words.hint]);
        for hint in hints {
            assert!(!hint.ends_with('.') && !hint.contains("  "), "{}: {hint}", words.code);
        }
        let lines: std::collections::BTreeSet<_> = words.commands.iter().map(|c| c.line).collect();
        assert_eq!(lines.len(), 3, "{} has a command twice", words.code);
    }
}

#[test]
fn no_blank_of_a_command_is_unknown_or_left() {
    for words in every() {
        for command in words.commands {
            let shown = Filled::nothing().fill(command.line);
            let open = shown.replace("{.spec.containers[*].name}", "");
            assert!(!open.contains('{'), "{}: {shown}", words.code);
            assert!(!shown.contains("  "), "{shown}");
        }
    }
}

#[test]
fn warnings_and_findings_say_what_to_do() {
    assert!(WarningCode::ALL.iter().all(|code| !warning(*code).is_empty()));
    assert!(FindingCode::ALL.iter().all(|code| !finding(*code).is_empty()));
}

fn row(host: &str, fault: &Fault) -> ConnectionReport {
    ConnectionReport {
        id: "18".into(),
        instance: None,
        run: "1".into(),
        source: "a".into(),
        destination: "b".into(),
        protocol: "TCP".into(),
        port: PortInfo::One(5432),
        classification: None,
        data: None,
        host: Some(host.into()),
        expect: Expect::Reachable,
        chosen: true,
        verdict: Verdict::Fail,
        reason: None,
        blocked_by: None,
        witness: None,
        waived: None,
        proof: ProofReport { required: Proof::Spoken, reached: Proof::Connected },
        fault: Some(fault.clone()),
        owner: None,
        runbook: None,
        warnings: Vec::new(),
        flaky: false,
        elapsed_ms: 1.0,
        attempts: vec![Attempt::new(Some("[fd00::1]:5432".to_owned()))],
    }
}

fn filled(host: &str, fault: &Fault, line: &str) -> String {
    Filled::by(&row(host, fault), fault, None).fill(line)
}

#[test]
fn a_row_fills_the_blanks() {
    let fault = Fault::new(FaultCode::AuthRejected, "no")
        .with(Key::Username, "ucsx_t100")
        .with(Key::Database, "ucsx");
    let line = "psql -h {HOST} -p {PORT} -U {USER} -d {DATABASE} {ADDRESS}";
    let host = "pg.infra.svc";
    assert_eq!(
        filled(host, &fault, line),
        "psql -h pg.infra.svc -p 5432 -U ucsx_t100 -d ucsx fd00::1"
    );
    let slices = command::ENDPOINTS.line;
    assert_eq!(
        filled(host, &fault, slices),
        "kubectl -n infra get endpointslices -l kubernetes.io/service-name=pg"
    );
    assert_eq!(filled("fd00::1", &fault, "{AUTHORITY}"), "[fd00::1]:5432");
}

#[test]
fn hostile_names_stay_blanks() {
    let fault = Fault::new(FaultCode::AuthRejected, "no")
        .with(Key::Username, "$(reboot)")
        .with(Key::Database, "host=evil.example");
    let hosts = ["-f/etc/passwd", "a;reboot", "a b", "`id`", "$HOME", "@evil", "a\nb", "a'b", ""];
    for host in hosts {
        assert_eq!(filled(host, &fault, "{HOST} {AUTHORITY}"), "HOST HOST:PORT", "{host:?}");
    }
    assert_eq!(filled("h", &fault, "{USER} {DATABASE}"), "USER DATABASE");
}

#[test]
fn evidence_makes_a_hint_more_particular() {
    let bare = Fault::new(FaultCode::PeerClosed, "gone");
    assert_eq!(hint(&bare), of(FaultCode::PeerClosed).hint);
    assert!(hint(&bare.with(Key::Bytes, 0)).contains("sidecar or load balancer"));
    let below = Fault::new(FaultCode::TlsUnknownIssuer, "no")
        .with(Key::ChainEnd, "below a root: CN=Lab intermediate");
    assert!(hint(&below).starts_with("the chain ends below a root"));
    let from_here = Fault::new(FaultCode::TcpRejected, "no").with(Key::AnsweredBy, "self");
    assert!(hint(&from_here).contains("without ready endpoints"));
}
