//! `connprobe schema`, and the schemas that editors are pointed to.

use std::path::Path;

use serde_json::Value;

use crate::bench::{Ran, program};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What `connprobe schema` prints.
fn text(what: &str) -> String {
    let ran = Ran::of(program(Path::new(ROOT)).args(["schema", what]));
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    ran.out
}

/// The same, read.
pub(crate) fn printed(what: &str) -> Value {
    serde_json::from_str(&text(what)).expect("a schema is JSON")
}

#[test]
fn committed_schemas_are_those_that_the_program_prints() {
    for what in ["profile", "site", "report"] {
        let file = Path::new(ROOT).join("docs/schema").join(format!("{what}.json"));
        let committed = std::fs::read_to_string(&file).expect("the schema is committed");
        let same = committed == text(what);
        assert!(same, "connprobe schema {what} > docs/schema/{what}.json");
    }
}

#[test]
fn every_object_of_the_report_s_schema_allows_no_property_more() {
    let mut open = Vec::new();
    walk(&printed("report"), "", &mut open);
    assert!(open.is_empty(), "{open:#?}");
}

/// Collects where properties are named and others are allowed.
fn walk(schema: &Value, path: &str, open: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties")
                && map.get("additionalProperties") != Some(&false.into())
            {
                open.push(path.to_owned());
            }
            map.iter().for_each(|(key, value)| walk(value, &format!("{path}/{key}"), open));
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, path, open)),
        _ => {}
    }
}

#[test]
fn profiles_point_editors_to_the_schemas() {
    let folder = Path::new(ROOT).join("profiles");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).expect("profiles are there").flatten() {
        let path = entry.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let what = if name.ends_with(".site.yaml") { "site" } else { "profile" };
        let text = std::fs::read_to_string(&path).expect("the file is text");
        let first = text.lines().next().unwrap_or_default();
        let schema = first.strip_prefix("# yaml-language-server: $schema=");
        let schema = schema.unwrap_or_else(|| panic!("{name} points nowhere: {first}"));
        let pointed = folder.join(schema).canonicalize().expect("it points to a file");
        let file = Path::new(ROOT).join("docs/schema").join(format!("{what}.json"));
        assert_eq!(pointed, file.canonicalize().expect("the schema is committed"), "{name}");
        seen += 1;
    }
    assert!(seen >= 2, "{seen} files");
}
