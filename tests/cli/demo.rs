//! `connprobe demo`: the first profile, healthy and after a bad change.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use connprobe::lab::demo::{BROKEN, UNHARMED};
use connprobe::model::report::Report;
use connprobe::model::{Key, Verdict, WarningCode};
use serde_json::Value;

use crate::bench::{Ran, code, program};

/// A demo that was run, with its reports.
pub(crate) struct Shown {
    pub(crate) ran: Ran,
    pub(crate) json: String,
    pub(crate) junit: String,
}

impl Shown {
    fn run(more: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a private directory");
        let mut command = program(directory.path());
        command.arg("demo").args(more);
        command.args(["--report", "json=out/demo.json", "--report", "junit=out/demo.xml"]);
        let ran = Ran::of(&mut command);
        let text = |name| {
            let path = directory.path().join("out").join(name);
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
        };
        let (json, junit) = (text("demo.json"), text("demo.xml"));
        Self { ran, json, junit }
    }

    pub(crate) fn report(&self) -> Report {
        serde_json::from_str(&self.json).expect("the report is one")
    }
}

/// Both demos, each run once.
pub(crate) fn healthy() -> &'static Shown {
    static SHOWN: OnceLock<Shown> = OnceLock::new();
    SHOWN.get_or_init(|| Shown::run(&[]))
}

pub(crate) fn broken() -> &'static Shown {
    static SHOWN: OnceLock<Shown> = OnceLock::new();
    SHOWN.get_or_init(|| Shown::run(&["--broken"]))
}

#[test]
fn the_healthy_demo_passes_all_rows() {
    let shown = healthy();
    let report = shown.report();
    let wrong: Vec<_> =
        report.connections.iter().filter(|row| row.verdict != Verdict::Pass).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!((report.summary.pass, report.summary.chosen), (21, 21));
    assert_eq!(shown.ran.code, Some(0));
    assert!(shown.ran.out.contains("21 of 21 rows chosen: 21 pass"), "{}", shown.ran.out);
}

#[test]
fn the_broken_demo_tells_each_row_s_cause() {
    let shown = broken();
    let report = shown.report();
    let seen: BTreeMap<&str, _> =
        report.connections.iter().map(|row| (&*row.id, (row.verdict, code(row)))).collect();
    let fails = BROKEN.iter().map(|(id, code)| (*id, (Verdict::Fail, Some(*code))));
    let passes = UNHARMED.iter().map(|id| (*id, (Verdict::Pass, None)));
    assert_eq!(seen, fails.chain(passes).collect());
    assert_eq!(shown.ran.code, Some(1));
}

#[test]
fn json_on_standard_output_stands_alone_there() {
    let directory = tempfile::tempdir().expect("a private directory");
    for more in [&[][..], &["--broken"]] {
        let mut command = program(directory.path());
        command.args(["demo", "--only", "12,16", "--report", "json=-"]).args(more);
        let ran = Ran::of(&mut command);
        assert_eq!((ran.report().summary.chosen, ran.report().summary.pass), (2, 2));
        assert_eq!(ran.code, Some(0));
    }
}

#[test]
fn reports_hold_to_their_schema_and_their_totals_to_the_rows() {
    let schema = crate::schemas::printed("report");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    for shown in [healthy(), broken()] {
        let value: Value = serde_json::from_str(&shown.json).expect("the report is JSON");
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let report = shown.report();
        assert_eq!(report.unreconciled(), None);
        let s = report.summary;
        assert_eq!(s.pass + s.fail + s.inconclusive + s.skipped, s.chosen);
        assert_eq!((s.declared, report.connections.len()), (21, 21));
        assert_eq!(serde_json::to_value(&report).expect("a report is JSON"), value);
        let ids: Vec<String> = report.connections.iter().map(|row| row.id.to_string()).collect();
        assert_eq!(ids, (1..=21).map(|id| id.to_string()).collect::<Vec<_>>());
    }
}

#[test]
fn the_schema_refuses_a_report_with_a_key_more() {
    let schema = crate::schemas::printed("report");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let value: Value = serde_json::from_str(&broken().json).expect("the report is JSON");
    let places = ["", "/runs/0", "/runs/0/vantage", "/summary", "/connections/0"];
    let deeper = ["/connections/0/proof", "/connections/0/fault", "/connections/0/attempts/0"];
    let deepest =
        ["/connections/0/attempts/0/steps/0", "/connections/0/fault/evidence", "/findings/0"];
    for place in places.into_iter().chain(deeper).chain(deepest) {
        let mut more = value.clone();
        let map = more.pointer_mut(place).and_then(Value::as_object_mut);
        map.unwrap_or_else(|| panic!("no map at {place}")).insert("more".into(), Value::from(1));
        assert!(!validator.is_valid(&more), "a key more at `{place}` is accepted");
    }
}

#[test]
fn what_a_service_says_of_its_dependencies_stands_beside_their_rows() {
    let told = |shown: &Shown, id: &str| {
        let report = shown.report();
        let row = report.connections.into_iter().find(|row| &*row.id == id).expect("the row");
        let steps = row.attempts.iter().flat_map(|attempt| &attempt.steps);
        let words = steps.filter_map(|step| step.evidence.text(Key::Corroboration));
        let warned = row.warnings.iter().any(|w| w.code == WarningCode::ServiceReportsDependency);
        (words.collect::<String>(), warned)
    };
    for (id, gauge) in [
        ("17", "ucsx_elasticsearch_health_status"),
        ("18", "ucsx_tenantdb_health_status"),
        ("19", "ucsx_masterdb_health_status"),
    ] {
        let (words, warned) = told(healthy(), id);
        assert!(words.contains(&format!("row 16: {gauge}")) && !warned, "{id}: {words}");
        assert!(told(broken(), id).1, "row {id} has no warning after the bad change");
    }
    assert_eq!(told(healthy(), "3").0, "", "another service's database");
}
