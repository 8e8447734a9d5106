//! `docs/faults.md` is made from the code, and every code of a fault has something that makes it.
//!
//! `CONNPROBE_UPDATE=1 cargo test --test faults` writes the file anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use connprobe::lab::scenario;
use connprobe::model::{FaultCode, words};

const PAGE: &str = "docs/faults.md";

/// Tests that make what the lab can't: each names the code, or the variant of it, that it sees.
const TESTS: &[&str] = &[
    "tests/cli/blocked.rs",
    "tests/cli/exhausted.rs",
    "tests/cli/signals.rs",
    "tests/cli/sites.rs",
    "tests/servers/names.rs",
    "tests/servers/postgres.rs",
    "tests/servers/proxies.rs",
    "tests/servers/web.rs",
    "tests/lab.rs",
    "tests/netns/main.rs",
    "tests/netns/ports.rs",
    "tests/chains/staples.rs",
    "tests/chains/table.rs",
    "src/net/tcp/classify.rs",
];

/// Codes that nothing makes yet: none. Whoever adds a code without a proof names it here, and whoever
/// makes one takes it out: the test asks for both.
const UNPROVED: &[FaultCode] = &[];

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_default()
}

/// The part of a file that tests.
fn testing(path: &str) -> String {
    let text = read(path);
    match path.starts_with("src/") {
        true => text.split("#[cfg(test)]").nth(1).unwrap_or_default().to_owned(),
        false => text,
    }
}

/// What proves each code: scenarios of the lab, and files of tests.
fn proofs() -> BTreeMap<&'static str, Vec<String>> {
    let mut proofs: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for scenario in scenario::all() {
        if let Some(code) = scenario.expect {
            proofs.entry(code.as_str()).or_default().push(format!("`{}`", scenario.name));
        }
    }
    for path in TESTS {
        let text = testing(path);
        for code in FaultCode::ALL {
            let word = format!("\"{}\"", code.as_str());
            let variant = format!("C::{code:?}");
            let code_variant = format!("FaultCode::{code:?}");
            if [word, variant, code_variant].iter().any(|seen| text.contains(seen.as_str())) {
                proofs.entry(code.as_str()).or_default().push(format!("`{path}`"));
            }
        }
    }
    proofs
}

fn page() -> String {
    let proofs = proofs();
    let mut page =
        "# Faults\n\nMade from the code by `CONNPROBE_UPDATE=1 cargo test --test faults`; \
                    don't edit it by hand.\n`connprobe explain CODE` says more. A scenario is \
                    served by `connprobe lab --scenario NAME`.\n\
                    A near miss looks like the fault, and must get another code.\n\n\
                    | code | layer | decided by | who acts | proved by | near miss |\n\
                    | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for code in FaultCode::ALL {
        let known = proofs.get(code.as_str()).map_or(&[][..], Vec::as_slice);
        let mut proved = known.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        if known.len() > 3 {
            let _ = write!(proved, " and {} more", known.len() - 3);
        }
        if known.is_empty() {
            "nothing yet".clone_into(&mut proved);
        }
        let decided = words::of(*code).decided.replace('|', "\\|");
        let (layer, acts) = (code.layer().as_str(), code.acts().as_str());
        let near: Vec<String> = scenario::all()
            .filter(|scenario| scenario.near == Some(*code))
            .map(|scenario| format!("`{}`", scenario.name))
            .collect();
        let near = near.join(", ");
        let _ = writeln!(page, "| `{code}` | {layer} | {decided} | {acts} | {proved} | {near} |");
    }
    page
}

#[test]
fn the_page_of_faults_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if std::env::var_os("CONNPROBE_UPDATE").is_some() {
        std::fs::write(&path, page()).expect("the page is written");
    }
    assert!(read(PAGE) == page(), "{PAGE} is stale: CONNPROBE_UPDATE=1 cargo test --test faults");
}

#[test]
fn every_code_has_something_that_makes_it() {
    let proofs = proofs();
    let bare = |code: &&FaultCode| !proofs.contains_key(code.as_str());
    let missing: Vec<&FaultCode> =
        FaultCode::ALL.iter().filter(bare).filter(|code| !UNPROVED.contains(code)).collect();
    assert!(missing.is_empty(), "no scenario makes {missing:?}");
    let proved: Vec<&FaultCode> = UNPROVED.iter().filter(|code| !bare(code)).collect();
    assert!(proved.is_empty(), "proved by now, so no longer UNPROVED: {proved:?}");
}
