//! The JSON Schemas say what the reader does.

use std::collections::BTreeSet;
use std::path::Path;

use connprobe::model::Node;
use connprobe::model::node::Kind;
use connprobe::profile::embedded::{EMBEDDED, EXAMPLE_SITES};
use connprobe::profile::schema::{profile_schema, site_schema};
use connprobe::profile::tree::tree;
use connprobe::profile::{Keys, read_profile, read_site};
use serde_json::{Map, Number, Value, json};

use crate::{environment, genesys, lines, source};

/// A profile in which every kind of map stands.
const WHOLE_PROFILE: &str = "\
schema: connprobe/profile/v1
name: p
endpoints: {a: {pods: {labels: {x: y}}, host: '${HOST}'}, b: }
connections:
  - {id: 1, source: a, destination: b, protocol: TCP, port: 8080, proof: connected,
     expect: blocked, by: tcp.refused, retries: 1,
     probe: {http: {path: /}}, timeouts: {tcp: 5s}, alternates: [{port: 1-2}]}
  - {id: x, source: a, destination: b, protocol: TCP, port: '${PORT}', proof: '${P:-spoken}',
     data: 5, notes: one}
";

/// A site in which every kind of map stands.
const WHOLE_SITE: &str = "\
schema: connprobe/site/v1
endpoints:
  ucs:
    pods: {namespace: x}
    tls: {mode: '${MODE:-require}', min_version: 1.3, pins: sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=}
    auth: {username: 17, password: {file: /a, exact: false}}
    proxy: {url: 'socks5://p:1', auth: {username: a, password: {env: B}}}
    allow_cleartext: ${CLEAR:-true}
    instances: {t100: {auth: {oauth2: nexus}, proxy: 'http://p'}, t200: {auth: {database: x}}}
connections:
  4: {skip: no UDM, proof: resolved, reason: x, probe: postgres, by: [peer.reset], expect: blocked}
extra: [{alternates: [{port: 1}], id: x, source: ucs, destination: y, host: '2001:db8::1', port: 9, hosts: }]
controls: {ucs: {positive: 18, negative: [{host: 192.0.2.1, port: 9}]}}
waivers: [{row: '14[t100]', code: tcp.filtered, reason: x, until: 2027-01-31}]
timeouts: {}
";

fn probes() -> Vec<(&'static str, Value)> {
    let names =
        ["http", "postgres", "elasticsearch", "prometheus", "oauth2", "cometd", "object_store"];
    let any = json!({"$schema": "x", "type": "object", "properties": {"port": {"$ref": "#/$defs/Own"}},
                     "$defs": {"Own": {"type": "integer"}}});
    names.map(|name| (name, any.clone())).to_vec()
}

/// The document as JSON, as an editor would see it: variables as they stand.
fn json_of(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Scalar { text, plain, .. } => scalar(text, *plain),
        Kind::List(items) => items.iter().map(json_of).collect(),
        Kind::Map(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, value)| (key.text().expect("a key").to_owned(), json_of(value)))
                .collect::<Map<_, _>>(),
        ),
    }
}

fn scalar(text: &str, plain: bool) -> Value {
    match text {
        "true" | "false" if plain => Value::Bool(text == "true"),
        _ if !plain => text.into(),
        _ => text
            .parse::<i64>()
            .map(Value::from)
            .or_else(|_| text.parse::<f64>().map(|f| Number::from_f64(f).into()))
            .unwrap_or_else(|_| text.into()),
    }
}

fn document(text: &str) -> Value {
    // Every variable stays as it stands.
    let lookup = |name: &str| Some(format!("${{{name}}}"));
    json_of(
        &tree(&source("f", text), &lookup).unwrap_or_else(|errors| panic!("{}", lines(&errors))),
    )
}

fn complaints(schema: &Value, text: &str) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    validator
        .iter_errors(&document(text))
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// The keys of one form, those of its variants included.
fn keys<'s>(root: &'s Value, form: &'s Value, found: &mut BTreeSet<&'s str>) {
    if let Some(name) = form["$ref"].as_str() {
        keys(root, &root["$defs"][name.trim_start_matches("#/$defs/")], found);
    }
    for variant in form["anyOf"].as_array().into_iter().flatten() {
        keys(root, variant, found);
    }
    if let Some(properties) = form["properties"].as_object() {
        assert_eq!(form["additionalProperties"], json!(false), "{form}");
        found.extend(properties.keys().map(String::as_str));
    }
}

fn compare(schema: &Value, root: &str, read: &Keys) {
    for (form, asked) in read {
        let mut found = BTreeSet::new();
        let part = if *form == root { schema } else { &schema["$defs"][form] };
        assert!(!part.is_null(), "the schema has no {form}");
        keys(schema, part, &mut found);
        assert_eq!(found, asked.iter().copied().collect(), "{form}");
    }
    // No form of the schema is one that the reader never asks for.
    for (name, form) in schema["$defs"].as_object().expect("definitions") {
        let variants = [
            "Login",
            "Client",
            "Token",
            "ApiKey",
            "Keys",
            "Account",
            "OAuth2",
            "SecretEnv",
            "SecretFile",
        ];
        let known = read.contains_key(name.as_str()) || variants.contains(&name.as_str());
        assert!(known || form["properties"].is_null(), "nobody reads {name}");
    }
}

#[test]
fn reader_and_schema_know_the_same_keys_of_every_map() {
    let profile = source("p", WHOLE_PROFILE);
    let read = read_profile(&profile, &environment);
    assert!(read.errors.is_empty(), "{}", lines(&read.errors));
    compare(&profile_schema(&probes()), "ProfileFile", &read.keys);
    let site = source("s", WHOLE_SITE);
    let read = read_site(&site, &environment, Some(&genesys()));
    assert!(read.errors.is_empty(), "{}", lines(&read.errors));
    compare(&site_schema(&probes()), "SiteFile", &read.keys);
}

#[test]
fn what_the_reader_accepts_is_valid() {
    for schema in [profile_schema(&probes()), profile_schema(&[])] {
        for text in EMBEDDED.iter().map(|(_, text)| *text).chain([WHOLE_PROFILE]) {
            assert_eq!(complaints(&schema, text), [""; 0]);
        }
    }
    for schema in [site_schema(&probes()), site_schema(&[])] {
        for text in EXAMPLE_SITES.iter().map(|(_, text)| *text).chain([WHOLE_SITE]) {
            assert_eq!(complaints(&schema, text), [""; 0]);
        }
    }
}

#[test]
fn what_the_reader_refuses_for_its_form_is_invalid() {
    let profile = profile_schema(&probes());
    let head = "schema: connprobe/profile/v1\nname: p\nendpoints: {a: }\nconnections:\n  - ";
    let row = "id: 1, source: a, destination: a, protocol: TCP, port: 1, proof: spoken";
    assert_eq!(complaints(&profile, &format!("{head}{{{row}}}")), [""; 0]);
    for wrong in [
        "prot: 1",
        "probe: {http: , postgres: }",
        "probe: htp",
        "probe: [http]",
        "by: refused",
        "retries: 11",
        "classification: internal",
        "timeouts: {tcp: 5}",
        "alternates: [{}]",
        "auth: {token: {env: A}}",
        "allow_cleartext: true",
    ] {
        let text = format!("{head}{{{row}, {wrong}}}");
        assert!(!complaints(&profile, &text).is_empty(), "{wrong}");
        if wrong != "probe: htp" {
            assert!(!read_profile(&source("p", &text), &environment).errors.is_empty(), "{wrong}");
        }
    }
    for wrong in ["port: 0", "port: x", "proof: none", "id: a b", "protocol: "] {
        let (key, _) = wrong.split_once(':').expect("a key");
        let others: Vec<&str> = row.split(", ").filter(|part| !part.starts_with(key)).collect();
        let text = format!("{head}{{{}, {wrong}}}", others.join(", "));
        assert!(!complaints(&profile, &text).is_empty(), "{wrong}");
        assert!(!read_profile(&source("p", &text), &environment).errors.is_empty(), "{wrong}");
    }
}

#[test]
fn sites_that_the_reader_refuses_for_their_form_are_invalid() {
    let site = site_schema(&probes());
    let profile = genesys();
    for wrong in [
        "endpoint: {}",
        "endpoints: {ucs: {port: 1}}",
        "endpoints: {ucs: {auth: {token: x}}}",
        "endpoints: {ucs: {auth: {username: a, token: {env: A}}}}",
        "endpoints: {ucs: {auth: {token: {env: A, file: /a}}}}",
        "endpoints: {ucs: {auth: {token: {}}}}",
        "endpoints: {ucs: {auth: {}}}",
        "endpoints: {ucs: {tls: {pins: abc}}}",
        "endpoints: {ucs: {tls: {min_version: 1.1}}}",
        "endpoints: {ucs: {tls: {mode: full}}}",
        "endpoints: {ucs: {proxy: 'http://joe:pw@proxy'}}",
        "endpoints: {ucs: {proxy: {ca_file: /a}}}",
        "endpoints: {ucs: {instances: {t: {instances: {}}}}}",
        "endpoints: {ucs: {allow_cleartext: 'yes'}}",
        "connections: {4: {skip: true}}",
        "connections: {4: {source: ucs}}",
        "extra: [{alternates: [{port: 1}], id: x, source: ucs, port: 1}]",
        "controls: {ucs: {negative: [{host: a}]}}",
        "waivers: [{row: 4, code: tcp.closed, reason: x, until: 2027-01-31}]",
        "waivers: [{row: 4, code: tcp.filtered, reason: x, until: soon}]",
        "timeouts: {tcp: 5 sec}",
        "schema: connprobe/profile/v1",
    ] {
        let text = if wrong.starts_with("schema") {
            wrong.to_owned()
        } else {
            format!("schema: connprobe/site/v1\n{wrong}\n")
        };
        assert!(!complaints(&site, &text).is_empty(), "{wrong}");
        let read = read_site(&source("s", &text), &environment, Some(&profile));
        assert!(!read.errors.is_empty(), "{wrong}");
    }
}

#[test]
fn options_of_protocols_are_part_of_the_schema() {
    let schema = profile_schema(&probes());
    assert_eq!(schema["$defs"]["Own"]["anyOf"][0], json!({"type": "integer"}));
    let head = "schema: connprobe/profile/v1\nname: p\nendpoints: {a: }\nconnections:\n  - \
                {id: 1, source: a, destination: a, protocol: TCP, port: 1, proof: spoken, probe: ";
    assert_eq!(complaints(&schema, &format!("{head}{{http: {{port: 1}}}}}}")), [""; 0]);
    assert!(!complaints(&schema, &format!("{head}{{http: {{port: x}}}}}}")).is_empty());
}

/// `CONNPROBE_UPDATE=1` writes them anew.
#[test]
fn the_schemas_in_the_documentation_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
    let probes: Vec<(&str, Value)> = connprobe::probe::PROTOCOLS
        .iter()
        .map(|protocol| (protocol.name, (protocol.schema)()))
        .collect();
    for (name, schema) in [("profile", profile_schema(&probes)), ("site", site_schema(&probes))] {
        let path = folder.join(format!("{name}.json"));
        let text = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
        if std::env::var_os("CONNPROBE_UPDATE").is_some() {
            std::fs::write(&path, &text).expect("write");
        }
        assert_eq!(std::fs::read_to_string(&path).expect("a schema"), text, "{name}");
    }
}
