//! Wrong command lines, profiles and sites: what is said, exit code 2, and nothing sent.
//!
//! The lines and what is said to them stand in `wrong.txt`: a title after `# `, the arguments after
//! `$ connprobe `, then standard error to the letter. `CONNPROBE_BLESS=1` writes it anew, for a person
//! to read the difference.

use std::path::Path;

use serde_json::Value;

use crate::bench::{Bench, Ran, greeted, program};
use crate::peers::Silent;

/// What must not be repeated, where a person wrote it into a file.
const LITERAL: &str = "written-out-5e0b";

/// Files beside `profile.yaml` and `site.yaml`; without the head of a site.
const SITES: &[(&str, &str)] = &[
    ("literal.yaml", "endpoints:\n  there:\n    auth: {username: ucsx, password: LITERAL}\n"),
    ("variable.yaml", "endpoints:\n  there:\n    auth: {token: {env: \"$LITERAL\"}}\n"),
    (
        "proxy.yaml",
        "endpoints:\n  there:\n    host: there.test\n    proxy: http://me:LITERAL@proxy.test:3128\n",
    ),
    (
        "ca.yaml",
        "endpoints:\n  there:\n    host: there.test\n    tls: {mode: verify-full, ca_file: no/ca.pem}\n",
    ),
    ("pair.yaml", "endpoints:\n  there: {tls: {client_key_file: profile.yaml}}\n"),
    ("option.yaml", "connections:\n  1: {probe: {tcp: {expct: ready}}}\n"),
    (
        "clear.yaml",
        "endpoints:\n  there: {host: there.test, tls: {mode: disable}}\n\
         connections:\n  1: {probe: {https: {path: /}}}\n",
    ),
    ("nothing.yaml", "connections:\n  1: {probe: {tcp: {send: hello}}}\n"),
    ("empty.yaml", "connections:\n  1: {probe: {tcp: {expect: [\"\"], reject: []}}}\n"),
    ("protocol.yaml", "connections:\n  1: {probe: postgers}\n"),
    ("unset.yaml", "endpoints:\n  there: {host: \"${THERE_HOST}\"}\n"),
    (
        "tiers.yaml",
        "endpoints:\n  there: {host: 127.0.0.1, tls: {ca_file: no-such-ca.pem, server_name: \"${THERE_NAME}\"}}\n\
         connections:\n  1: {probe: {http: {path: health}}}\n",
    ),
    ("skip.yaml", "connections:\n  1: {skip: true}\n"),
    ("proof.yaml", "connections:\n  1: {proof: connected}\n"),
    ("row.yaml", "connections:\n  deny: {port: 81}\n"),
    ("endpoint.yaml", "endpoints:\n  their: {host: there.test}\n"),
    ("token.yaml", "endpoints:\n  there: {auth: {oauth2: other}}\n"),
    ("by.yaml", "connections:\n  1: {expect: blocked, by: [tcp.refuse]}\n"),
    (
        "waiver.yaml",
        "waivers:\n  - {row: 1, code: tcp.refused, reason: CHG-1234, until: 2027-02-30}\n",
    ),
    (
        "several.yaml",
        "endpoints:\n  there: {hots: there.test, family: ipv5}\nconnections:\n  1: {port: 0}\n",
    ),
    ("yaml.yaml", "endpoints: {there: {host: there.test}\n"),
    (
        "all.yaml",
        "endpoints:\n  there:\n    host: \"${THERE_HOST}\"\n    tls: {ca_file: no/ca.pem}\n    \
         auth: {username: ucsx, password: LITERAL}\n  their: {host: there.test}\nconnections:\n  \
         1: {prot: 81}\n  deny: {port: 81}\n",
    ),
];

/// A profile in which each row has another mistake.
const ALL: &str = "schema: connprobe/profile/v1
name: bench
endpoints:
  here: {}
  there: {host: 7, colour: red}
connections:
  - {id: 1, source: here, destination: there, protocol: TCP, port: 70000, proof: connected}
  - {id: 1, source: here, destination: nowhere, protocol: TCP, port: 80, proof: connected}
  - {id: 3, source: here, destination: there, protocol: TCP, port: 80, proof: spoken, probe: htp}
";

fn bench() -> Bench {
    let rows = [
        greeted("1", 80),
        "id: 2, source: here, destination: other, protocol: TCP, port: 80, \
         probe: {tcp: {expect: ready}}, proof: spoken, classification: egress"
            .to_owned(),
    ];
    let bench = Bench::new(&rows, "endpoints: {there: {host: there.test}}\n");
    for (name, text) in SITES {
        let text = text.replace("LITERAL", LITERAL);
        bench.file(name, format!("schema: connprobe/site/v1\nprofile: bench\n{text}"));
    }
    bench.file("all-profile.yaml", ALL);
    bench.file("of-another.yaml", "schema: connprobe/site/v1\nprofile: genesys-ucs\n");
    bench.file("latin-1.yaml", b"schema: connprobe/site/v1\n# caf\xe9\n");
    std::fs::create_dir(bench.path("folder")).expect("the folder is made");
    bench
}

/// One command line and what is said to it.
struct Case {
    title: String,
    line: String,
    said: String,
}

fn cases(text: &str) -> Vec<Case> {
    let blocks = text.split("\n# ").map(|block| block.strip_prefix("# ").unwrap_or(block));
    blocks
        .map(|block| {
            let (title, rest) = block.split_once('\n').expect("a line follows the title");
            let (line, said) = rest.split_once('\n').unwrap_or((rest, ""));
            let line = line.strip_prefix("$ connprobe ").expect("the line begins with the program");
            Case { title: title.into(), line: line.into(), said: said.trim_end().into() }
        })
        .collect()
}

/// The command of a line. Whatever would be sent goes to `port`.
fn ran(bench: &Bench, line: &str, port: u16, more: &[&str]) -> Ran {
    let mut command = program(&bench.path("."));
    command.args(line.split(' '));
    if line.starts_with("run ") {
        for host in ["there.test:80", "127.0.0.1:80"] {
            command.args(["--resolve", &format!("{host}=127.0.0.1:{port}")]);
        }
    }
    Ran::of(command.args(more))
}

#[test]
fn what_is_wrong_is_said_to_the_letter_and_nothing_is_sent() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/wrong.txt");
    let text = std::fs::read_to_string(&file).expect("the cases are there");
    let bless = std::env::var_os("CONNPROBE_BLESS").is_some();
    let (bench, silent) = (bench(), Silent::new());
    let (mut wrong, mut anew) = (Vec::new(), String::new());
    let cases = cases(&text);
    for Case { title, line, said } in &cases {
        let ran = ran(&bench, line, silent.port(), &[]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{title}: {ran:?}");
        assert!(!ran.err.contains(LITERAL), "{title} repeats a secret: {}", ran.err);
        let seen = ran.err.trim_end();
        anew.push_str(&format!("# {title}\n$ connprobe {line}\n{seen}\n\n"));
        if seen != said {
            wrong.push(format!("# {title}\n{line}\n--- expected\n{said}\n--- seen\n{seen}\n"));
        }
    }
    assert_eq!(silent.connections(), 0, "something was sent");
    if bless {
        std::fs::write(&file, format!("{}\n", anew.trim_end())).expect("the cases are written");
    }
    assert!(bless || wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() >= 25, "{} cases", cases.len());
}

#[test]
fn the_right_command_line_is_accepted_and_connects() {
    let (bench, silent) = (bench(), Silent::new());
    let line = "run --profile profile.yaml --site site.yaml --source here --timeout 200ms";
    let ran = ran(&bench, line, silent.port(), &[]);
    assert_eq!(ran.code, Some(1), "the listener is silent: {ran:?}");
    // Each row connects once, and once more to find out whether the silence depends on size.
    assert_eq!(silent.connections(), 4);
    let ran = self::ran(&bench, line, silent.port(), &["--no-trace"]);
    assert_eq!((ran.code, silent.connections()), (Some(1), 2), "and with --no-trace only once");
}

#[test]
fn a_report_in_a_file_tells_why_nothing_was_run() {
    let (bench, silent) = (bench(), Silent::new());
    let validator = jsonschema::validator_for(&crate::schemas::printed("report"));
    let validator = validator.expect("the schema is one");
    let here = "--profile profile.yaml --source here";
    for (line, why) in [
        ("--profile genesys-ucz --source ucs".to_owned(), "no profile `genesys-ucz`"),
        ("--profile profile.yaml --source her".to_owned(), "--source: no endpoint `her`"),
        ("--profile profile.yaml --site site.yaml".to_owned(), "nothing says which source this is"),
        (format!("{here} --site absent.yaml"), "can't read the site `absent.yaml`"),
        (format!("{here} --site literal.yaml"), "literal.yaml:5:28"),
        (format!("{here} --site ca.yaml"), "ca.yaml:6:39"),
        (format!("{here} --only 9"), "--only: `9` is no row"),
    ] {
        let outputs = ["--report", "json=out/r.json", "--report", "junit=out/r.xml"];
        let ran = ran(&bench, &format!("run {line}"), silent.port(), &outputs);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        let value: Value = serde_json::from_str(&bench.text("out/r.json")).expect("it is JSON");
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        let told = value.pointer("/runs/0/setup_error").and_then(Value::as_str);
        let told = told.unwrap_or_default();
        assert!(told.contains(why), "{line}: {told}");
        let junit = bench.text("out/r.xml");
        let document = roxmltree::Document::parse(&junit).expect("it is XML");
        assert!(document.descendants().any(|node| node.has_tag_name("error")), "{junit}");
        for text in [ran.err, ran.out, value.to_string(), junit] {
            assert!(!text.contains(LITERAL), "{line} repeats a secret: {text}");
        }
        std::fs::remove_dir_all(bench.path("out")).expect("each line writes its own");
    }
    assert_eq!(silent.connections(), 0, "something was sent");
}

#[test]
fn a_file_without_end_is_not_read_to_its_end() {
    let (bench, silent) = (bench(), Silent::new());
    let line = "run --profile profile.yaml --source here --site /dev/zero";
    let ran = ran(&bench, line, silent.port(), &[]);
    assert_eq!((ran.code, silent.connections()), (Some(2), 0), "{ran:?}");
    assert!(ran.err.contains("it holds more than"), "{}", ran.err);
}

#[test]
fn a_resolver_that_can_t_be_read_is_told_in_the_report_too() {
    for conf in ["folder", "absent.conf"] {
        let (bench, silent) = (bench(), Silent::new());
        let line = "run --profile profile.yaml --site site.yaml --source here --resolv-conf";
        let ran =
            ran(&bench, &format!("{line} {conf}"), silent.port(), &["--report", "json=r.json"]);
        assert_eq!((ran.code, silent.connections()), (Some(2), 0), "{ran:?}");
        assert!(bench.path("r.json").exists(), "no report was written: {ran:?}");
        assert!(bench.text("r.json").contains(&format!("can't read `{conf}`")));
    }
}

#[test]
fn all_sources_goes_before_the_source_of_the_environment() {
    let (bench, silent) = (bench(), Silent::new());
    let line = ["run", "--profile", "profile.yaml", "--site", "site.yaml", "--dry-run"];
    let resolve = format!("there.test:80=127.0.0.1:{}", silent.port());
    let ran = |source: &str, more: &[&str]| {
        let mut command = program(bench.path("site.yaml").parent().expect("a directory"));
        command.args(line).args(["--resolve", &resolve]).args(more);
        Ran::of(command.env("CONNPROBE_SOURCE", source))
    };
    assert_eq!(ran("nobody", &["--all-sources"]).code, Some(0));
    assert_eq!(ran("here", &[]).code, Some(0));
    let wrong = ran("nobody", &[]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("--source: no endpoint `nobody`"), "{wrong:?}");
}
