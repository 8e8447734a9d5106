//! Whatever text a peer or a file puts into a report, every form of it is well-formed and harmless.

use connprobe::model::report::{
    ConnectionReport, ControlKind, ControlReport, EndpointInfo, Expect, PortInfo, ProfileInfo,
    Program, ProofReport, Report, Run, SCHEMA, SiteInfo, Summary, Vantage, WaivedInfo,
};
use connprobe::model::{
    Attempt, Evidence, Fault, FaultCode, Finding, FindingCode, Key, Layer, Outcome, Proof, Step,
    Value, Verdict, Warning, WarningCode,
};
use connprobe::report::style::Style;
use connprobe::report::{FORMATS, explain, saved, text};
use proptest::prelude::*;

/// Text as hostile peers have it: escapes, bidi controls, what ends CDATA, NUL, quotes, lines.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>(),
        "[a-z.0-9:-]{0,24}",
        Just("\x1b[31;1mFAIL\x1b[0m".to_owned()),
        Just("\x1b]8;;http://evil\x07".to_owned()),
        Just("\u{202e}lla ssap\u{2066}\u{200b}".to_owned()),
        Just("]]></system-out><failure>".to_owned()),
        Just("<!--&#0;&lt;\"'{}[]\\".to_owned()),
        Just("\0\u{1}\u{7f}\u{85}\u{9b}31m\r\n\t\u{2028}\u{fffe}\u{ffff}".to_owned()),
        Just("x".repeat(5_000)),
    ];
    prop::collection::vec(part, 0..3).prop_map(|parts| parts.concat())
}

fn maybe() -> impl Strategy<Value = Option<String>> {
    prop::option::of(hostile())
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let entry = (prop::sample::select(Key::ALL), hostile(), any::<i32>());
    prop::collection::vec(entry, 0..5).prop_map(|entries| {
        entries.into_iter().fold(Evidence::new(), |evidence, (key, text, number)| {
            use connprobe::model::evidence::ValueKind as Kind;
            evidence.with(
                key,
                match key.kind() {
                    Kind::Text => Value::from(text),
                    Kind::Number => Value::from(number),
                    Kind::Decimal => Value::from(f64::from(number) / 8.0),
                    Kind::Flag => Value::from(number > 0),
                    Kind::Texts => Value::from(vec![text, String::new()]),
                },
            )
        })
    })
}

fn fault() -> impl Strategy<Value = Fault> {
    (prop::sample::select(FaultCode::ALL), hostile(), evidence())
        .prop_map(|(code, detail, evidence)| Fault { code, detail, evidence })
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let step = (prop::sample::select(Layer::ALL), evidence()).prop_map(|(layer, evidence)| Step {
        layer,
        elapsed_ms: 1.25,
        outcome: Outcome::Ok,
        evidence,
    });
    let steps = prop::collection::vec(step, 0..3);
    (maybe(), prop::sample::select(Proof::ALL), prop::option::of(fault()), steps)
        .prop_map(|(address, proof, fault, steps)| Attempt { address, proof, fault, steps })
}

fn row() -> impl Strategy<Value = ConnectionReport> {
    let verdicts =
        [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive, Verdict::Skipped].as_slice();
    let texts = prop::collection::vec(hostile(), 7);
    let maybes = prop::collection::vec(maybe(), 6);
    let port =
        prop_oneof![any::<u16>().prop_map(PortInfo::One), hostile().prop_map(PortInfo::Several)];
    let seen = (prop::option::of(fault()), prop::collection::vec(attempt(), 0..2), any::<bool>());
    (texts, maybes, port, prop::sample::select(verdicts), seen).prop_map(
        |(texts, maybes, port, verdict, (fault, attempts, waived))| ConnectionReport {
            id: texts[0].as_str().into(),
            instance: maybes[0].as_deref().map(Into::into),
            run: texts[1].as_str().into(),
            source: texts[2].as_str().into(),
            destination: texts[3].as_str().into(),
            protocol: texts[4].as_str().into(),
            port,
            classification: None,
            data: maybes[1].as_deref().map(Into::into),
            host: maybes[2].as_deref().map(Into::into),
            expect: Expect::Reachable,
            chosen: true,
            verdict,
            reason: maybes[3].clone(),
            blocked_by: None,
            witness: maybes[3].clone(),
            waived: waived.then(|| WaivedInfo {
                code: FaultCode::TcpFiltered,
                reason: texts[5].clone(),
                until: texts[6].clone(),
            }),
            proof: ProofReport { required: Proof::Spoken, reached: Proof::Connected },
            fault,
            owner: maybes[4].as_deref().map(Into::into),
            runbook: maybes[5].as_deref().map(Into::into),
            warnings: vec![Warning { code: WarningCode::AuthWeak, detail: texts[5].clone() }],
            flaky: false,
            elapsed_ms: 2.5,
            attempts,
        },
    )
}

fn report() -> impl Strategy<Value = Report> {
    let texts = prop::collection::vec(hostile(), 8);
    (texts, prop::collection::vec(row(), 1..3), maybe(), any::<bool>()).prop_map(
        |(texts, connections, setup_error, held)| Report {
            schema: SCHEMA.to_owned(),
            probe: Program { version: "0.0.0".to_owned() },
            profile: ProfileInfo {
                name: texts[0].clone(),
                title: texts[1].clone(),
                digest: Some(texts[2].clone()),
            },
            runs: vec![Run {
                id: connections[0].run.to_string(),
                sources: vec![texts[3].clone()],
                vantage: Vantage {
                    host: texts[4].clone(),
                    pod: Some(texts[5].clone()),
                    namespace: Some(texts[6].clone()),
                    ..Vantage::default()
                },
                site: Some(SiteInfo { digest: texts[2].clone() }),
                started_at: texts[7].clone(),
                elapsed_ms: 3.5,
                interrupted: held,
                setup_error,
            }],
            endpoints: [(
                texts[3].as_str().into(),
                EndpointInfo { title: texts[1].as_str().into() },
            )]
            .into(),
            summary: Summary::of(&connections),
            connections,
            controls: vec![ControlReport {
                run: "1".into(),
                source: texts[3].clone(),
                kind: ControlKind::Negative,
                row: None,
                target: Some(texts[5].clone()),
                held,
                detail: texts[6].clone(),
                attempt: None,
            }],
            findings: vec![Finding {
                row: Some(texts[0].clone()),
                code: FindingCode::TableNote,
                detail: texts[7].clone(),
            }],
        },
    )
}

fn rendered(report: &Report, name: &str) -> String {
    let format = FORMATS.iter().find(|format| format.name == name).expect("it is a format");
    let mut bytes = Vec::new();
    (format.render)(report, &mut bytes).expect("it renders");
    String::from_utf8(bytes).expect("it is UTF-8")
}

/// Nothing but text, lines and our own colours.
fn harmless(text: &str) -> bool {
    let mut text = text.to_owned();
    for code in ["32", "31;1", "33", "2", "1", "0"] {
        text = text.replace(&format!("\x1b[{code}m"), "");
    }
    let bad = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    !text.contains(bad)
}

fn schema() -> jsonschema::Validator {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema/report.json");
    let text = std::fs::read_to_string(path).expect("the schema is there");
    jsonschema::validator_for(&serde_json::from_str(&text).expect("it is JSON")).expect("a schema")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_is_valid_and_reads_back_as_it_was(report in report()) {
        static SCHEMA: std::sync::LazyLock<jsonschema::Validator> = std::sync::LazyLock::new(schema);
        let text = rendered(&report, "json");
        let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        let wrong = SCHEMA.iter_errors(&value).next().map(|error| error.to_string());
        prop_assert_eq!(wrong, None);
        prop_assert_eq!(saved::read(text.as_bytes()).expect("it is read back"), report);
    }

    #[test]
    fn junit_is_read_by_another_parser_with_a_case_for_each_row(report in report()) {
        let text = rendered(&report, "junit");
        let document = roxmltree::Document::parse(&text).map_err(|error| {
            TestCaseError::fail(format!("{error}: {text}"))
        })?;
        let cases = document.descendants().filter(|node| node.has_tag_name("testcase")).count();
        let setup = usize::from(report.runs[0].setup_error.is_some());
        prop_assert_eq!(cases, report.connections.len() + setup);
        prop_assert!(!text.contains(['\x1b', '\0']));
    }

    #[test]
    fn the_table_holds_nothing_hidden(report in report()) {
        prop_assert!(harmless(&rendered(&report, "text")));
        let mut coloured = Vec::new();
        let style = Style { colour: true, quiet: false };
        text::write(&report, &mut coloured, style).expect("it is written");
        let coloured = String::from_utf8(coloured).expect("it is UTF-8");
        prop_assert!(harmless(&coloured), "{:?}", coloured);
    }

    #[test]
    fn explain_holds_nothing_hidden(report in report()) {
        let mut out = Vec::new();
        for row in &report.connections {
            explain::row(&report, row, &mut out, Style { colour: true, quiet: false }).expect("written");
        }
        let out = String::from_utf8(out).expect("it is UTF-8");
        prop_assert!(harmless(&out), "{:?}", out);
    }
}
