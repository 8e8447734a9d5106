//! JUnit: what CI systems read.

use std::collections::BTreeSet;
use std::process::Command;

use connprobe::lab::demo::BROKEN;
use roxmltree::{Document, Node};

use crate::demo::{broken, healthy};

fn children<'a, 'd>(node: Node<'a, 'd>, name: &'static str) -> impl Iterator<Item = Node<'a, 'd>> {
    node.children().filter(move |child| child.has_tag_name(name))
}

fn cases<'a>(document: &'a Document<'a>) -> impl Iterator<Item = Node<'a, 'a>> {
    document.descendants().filter(|node| node.has_tag_name("testcase"))
}

#[test]
fn a_suite_per_source_holds_a_case_per_row() {
    for shown in [healthy(), broken()] {
        let document = Document::parse(&shown.junit).expect("the report is XML");
        let root = document.root_element();
        assert!(root.has_tag_name("testsuites"));
        let mut seen = Vec::new();
        for suite in children(root, "testsuite") {
            let source = suite.attribute("name").expect("a suite has a name");
            let tests = suite.attribute("tests").and_then(|text| text.parse().ok());
            assert_eq!(tests, Some(children(suite, "testcase").count()), "{source}");
            for case in children(suite, "testcase") {
                assert_eq!(case.attribute("classname"), Some(&*format!("genesys-ucs.{source}")));
                seen.push((source, case.attribute("name").expect("a case has a name")));
            }
        }
        let report = shown.report();
        let mut names: Vec<(&str, String)> = Vec::new();
        for row in &report.connections {
            let path = format!("{} → {}", row.source, row.destination);
            names.push((&row.source, format!("{} {path} {}/{}", row.id, row.protocol, row.port)));
        }
        let seen: BTreeSet<(&str, String)> =
            seen.into_iter().map(|(source, name)| (source, name.to_owned())).collect();
        assert_eq!(seen, names.into_iter().collect());
        let one = "18 ucs → ucsx-tenant-db TCP/5432".to_owned();
        assert!(seen.contains(&("ucs", one)), "{seen:?}");
        let sources: BTreeSet<&str> = report.connections.iter().map(|row| &*row.source).collect();
        assert_eq!(children(root, "testsuite").count(), sources.len());
    }
}

#[test]
fn times_are_seconds_with_at_most_three_decimals() {
    let document = Document::parse(&broken().junit).expect("the report is XML");
    let mut seen = 0;
    for node in document.descendants() {
        let Some(time) = node.attribute("time") else { continue };
        assert!(time.parse::<f64>().is_ok_and(|time| time >= 0.0), "{time}");
        let decimals = time.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        assert!(decimals <= 3, "{time}");
        seen += 1;
    }
    assert!(seen >= 21, "{seen} times");
}

#[test]
fn failures_are_typed_by_their_code() {
    let document = Document::parse(&broken().junit).expect("the report is XML");
    let mut seen = BTreeSet::new();
    for case in cases(&document) {
        let id = case.attribute("name").and_then(|name| name.split(' ').next()).unwrap_or_default();
        for failure in children(case, "failure") {
            let message = failure.attribute("message").unwrap_or_default();
            assert!(!message.is_empty(), "row {id} fails without a word");
            seen.insert((id, failure.attribute("type").unwrap_or_default()));
        }
        assert_eq!(children(case, "system-out").count(), 1, "row {id} tells no steps");
    }
    assert_eq!(seen, BROKEN.iter().map(|(id, code)| (*id, code.as_str())).collect());
    let document = Document::parse(&healthy().junit).expect("the report is XML");
    assert!(cases(&document).all(|case| children(case, "failure").count() == 0));
}

#[test]
fn the_schema_of_jenkins_accepts_them() {
    let Some(schema) = std::env::var_os("CONNPROBE_JUNIT_XSD") else {
        let full = std::env::var_os("CONNPROBE_FULL").is_some_and(|value| value == "1");
        assert!(!full, "CONNPROBE_JUNIT_XSD names no schema: JUnit was not validated");
        return;
    };
    let directory = tempfile::tempdir().expect("a private directory");
    for (name, shown) in [("healthy.xml", healthy()), ("broken.xml", broken())] {
        let path = directory.path().join(name);
        std::fs::write(&path, &shown.junit).expect("the file is written");
        let mut command = Command::new("xmllint");
        command.args(["--noout", "--nonet", "--schema"]).arg(&schema).arg(&path);
        let output = command.output().expect("xmllint runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
