//! The floor plan of the crate is true: no module uses what stands above it.
//!
//! Every path of every file is read: imports with groups, renames and globs, paths within code,
//! `super::` and `self::`, visibilities, and, as far as words go, the bodies of macros and attributes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// Who may use whom.
const TABLE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("profile", &["model"]),
    ("net", &["model"]),
    ("facts", &["model"]),
    ("report", &["model"]),
    ("render", &["profile", "model"]),
    ("lab", &["model"]),
    ("probe", &["net", "model"]),
    ("runner", &["probe", "profile", "facts", "net", "model"]),
    ("bundle", &["report", "facts", "model"]),
    ("kube", &["report", "profile", "model"]),
    (
        "cli",
        &[
            "model", "profile", "net", "facts", "report", "render", "lab", "probe", "runner",
            "bundle", "kube",
        ],
    ),
    (
        "fuzzing",
        &[
            "model", "profile", "net", "facts", "report", "render", "lab", "probe", "runner",
            "bundle", "kube", "cli",
        ],
    ),
];

fn allowed(floor: &str) -> Option<&'static [&'static str]> {
    TABLE.iter().find(|(name, _)| *name == floor).map(|(_, below)| *below)
}

/// Collects the paths of one file, resolved from the root of the crate.
struct Paths {
    /// The module in which the visitor is.
    module: Vec<String>,
    /// Each path, and the words by which its line is found.
    found: Vec<(Vec<String>, String)>,
}

impl Paths {
    /// `None` where a path begins with a name that an import or the prelude explains.
    fn resolve(&self, segments: &[String]) -> Option<Vec<String>> {
        let mut base = match segments.first()?.as_str() {
            "crate" | "connprobe" => Vec::new(),
            "self" | "super" => self.module.clone(),
            _ => return None,
        };
        for segment in segments.iter().skip(usize::from(segments[0] != "super")) {
            if segment == "super" {
                base.pop();
            } else if segment != "self" {
                base.push(segment.clone());
            }
        }
        Some(base)
    }

    fn note(&mut self, segments: &[String]) {
        let Some(target) = self.resolve(segments) else { return };
        self.found.push((target, segments.join("::")));
    }

    fn tree(&mut self, prefix: &mut Vec<String>, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.tree(prefix, &path.tree);
                prefix.pop();
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.tree(prefix, item));
            }
            syn::UseTree::Name(syn::UseName { ident }) => self.leaf(prefix, &ident.to_string()),
            syn::UseTree::Rename(rename) => self.leaf(prefix, &rename.ident.to_string()),
            syn::UseTree::Glob(_) => self.note(prefix),
        }
    }

    fn leaf(&mut self, prefix: &mut Vec<String>, name: &str) {
        prefix.push(name.to_owned());
        self.note(prefix);
        prefix.pop();
    }

    /// Paths in the text of tokens, which have no grammar.
    fn words(&mut self, tokens: &str) {
        let text: String = tokens.replace(" :: ", "::").replace(" ::", "::").replace(":: ", "::");
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        for path in text.split(|c| !is_word(c)) {
            let segments: Vec<String> =
                path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
            if segments.len() > 1 {
                self.note(&segments);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&mut Vec::new(), &item.tree);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        if item.ident == "self" {
            self.found.push((Vec::new(), "extern crate self".to_owned()));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if segments.len() > 1 {
            self.note(&segments);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.words(&mac.tokens.to_string());
        syn::visit::visit_macro(self, mac);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.words(&list.tokens.to_string());
        }
        syn::visit::visit_attribute(self, attribute);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        syn::visit::visit_item_mod(self, item);
        self.module.pop();
    }
}

/// The module that a file below `src` is.
fn module(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// The line of a path: where its words stand together, else where the last of them stands.
fn line(text: &str, words: &str) -> usize {
    let code = |line: &str| !line.trim_start().starts_with("//");
    let last = words.rsplit("::").next().unwrap_or(words);
    let place = |what: &str| text.lines().position(|line| code(line) && line.contains(what));
    place(words).or_else(|| place(last)).map_or(1, |line| line + 1)
}

/// Every use of a floor that the file may not use, as `src/FILE:LINE: ..`.
fn climbs(file: &str, text: &str) -> Vec<String> {
    let path = Path::new(file);
    let module = module(path);
    let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut paths = Paths { module: module.clone(), found: Vec::new() };
    paths.visit_file(&parsed);
    let told = |words: &str, what: String| format!("src/{file}:{}: {what}", line(text, words));
    let from = match module.first() {
        Some(floor) => floor.as_str(),
        // main calls cli alone; lib only declares.
        None if file == "main.rs" => "main",
        None => return Vec::new(),
    };
    let below: &[&str] = match allowed(from) {
        Some(below) => below,
        None if from == "main" => &["cli"],
        None => return vec![told("", format!("`{from}` is no floor of the table"))],
    };
    let mut wrong = BTreeSet::new();
    for (target, words) in &paths.found {
        let Some(to) = target.first() else {
            wrong.insert(told(words, format!("`{words}` brings in the whole crate")));
            continue;
        };
        if to != from && !below.contains(&to.as_str()) && allowed(to).is_some() {
            wrong.insert(told(words, format!("`{from}` may not use `{to}` (`{words}`)")));
        }
    }
    wrong.into_iter().collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn no_module_uses_what_stands_above_it() {
    let folder = source_folder();
    let mut all = Vec::new();
    files(&folder, &mut all);
    assert!(all.len() > 10, "the sources are found");
    let mut wrong = Vec::new();
    for path in all {
        let text = std::fs::read_to_string(&path).expect("a source");
        let name = path.strip_prefix(&folder).expect("below src").to_string_lossy().into_owned();
        wrong.extend(climbs(&name, &text));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_in_the_documentation_is_the_table_here() {
    let text = std::fs::read_to_string(source_folder().join("lib.rs")).expect("lib.rs");
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | ")).skip(2);
    let documented: BTreeMap<&str, BTreeSet<&str>> = rows
        .map(|row| {
            let (floor, below) = row.trim_end_matches(" |").split_once(" | ").expect("two cells");
            let below = match below {
                "nothing" => BTreeSet::new(),
                "all" => {
                    TABLE.iter().map(|(name, _)| *name).take_while(|name| *name != floor).collect()
                }
                below => below.split(", ").collect(),
            };
            (floor, below)
        })
        .collect();
    let here: BTreeMap<&str, BTreeSet<&str>> =
        TABLE.iter().map(|(floor, below)| (*floor, below.iter().copied().collect())).collect();
    assert_eq!(documented, here);
}

#[test]
fn the_floors_form_no_circle() {
    // A floor stands on floors that are named before it, so that no circle can close.
    for (i, (floor, below)) in TABLE.iter().enumerate() {
        for under in *below {
            let known = TABLE[..i].iter().any(|(name, _)| name == under);
            assert!(known, "`{floor}` uses `{under}`, which does not stand below it");
        }
    }
}

#[test]
fn the_check_goes_red_for_every_way_to_climb() {
    for (what, file, text) in [
        ("an import", "model/a.rs", "use crate::profile::Profile;"),
        ("a group", "model/a.rs", "use crate::{model::Node, profile::{Site}};"),
        ("a rename", "net/tcp.rs", "use crate::probe as p;"),
        ("a glob", "net/mod.rs", "pub use crate::runner::*;"),
        ("super from a folder", "model/a.rs", "use super::super::profile::Profile;"),
        ("super from mod.rs", "model/mod.rs", "use super::profile;"),
        ("super in code", "profile/a.rs", "fn f() { super::super::net::dial(); }"),
        ("self and super", "profile/a.rs", "fn f() { self::super::super::net::dial(); }"),
        ("a path in code", "profile/a.rs", "fn f() { let _ = crate::runner::plan(1); }"),
        ("a type", "report/a.rs", "struct A(Vec<crate::profile::Profile>);"),
        ("a bound", "report/a.rs", "fn f<T: crate::probe::Probe>(_: T) {}"),
        ("a trait that is implemented", "net/a.rs", "impl crate::probe::Probe for A {}"),
        ("a pattern", "lab/a.rs", "fn f(x: u8) { match x { crate::net::TCP => {} _ => {} } }"),
        ("a macro's body", "facts/a.rs", "fn f() { println!(\"{}\", crate::report::now()); }"),
        ("a macro's rule", "facts/a.rs", "macro_rules! m { () => { $crate::report::now() } }"),
        ("a macro's name", "facts/a.rs", "fn f() { crate::report::say!(); }"),
        ("an attribute", "model/a.rs", "#[serde(with = \"crate::report::time\")] struct A;"),
        ("a visibility", "model/a.rs", "pub(in crate::profile) struct A;"),
        ("a module within", "model/a.rs", "mod b { use super::super::super::profile::Site; }"),
        ("a module's tests", "model/a.rs", "#[cfg(test)] mod t { use crate::lab::Lab; }"),
        ("the crate by its name", "bundle/a.rs", "use connprobe::kube::Pods;"),
        ("the whole crate", "model/a.rs", "use crate::*;"),
        ("the whole crate renamed", "model/a.rs", "use crate as all;"),
        ("the crate as another", "model/a.rs", "extern crate self as all;"),
        ("main", "main.rs", "fn main() { connprobe::runner::run(); }"),
        ("a floor that nobody planned", "util/mod.rs", ""),
    ] {
        assert_eq!(climbs(file, text).len(), 1, "{what}: {:?}", climbs(file, text));
    }
}

#[test]
fn the_check_stays_green_for_what_the_table_gives() {
    for (file, text) in [
        ("profile/a.rs", "use crate::model::{Node, Place}; use super::site::Site;"),
        ("profile/schema/a.rs", "use super::super::site::Site; use crate::profile::tree;"),
        ("render/a.rs", "fn f(p: &crate::profile::Profile) -> crate::model::Ports { todo!() }"),
        (
            "model/a.rs",
            "use std::net::IpAddr; mod b { use super::C; } use serde::{self, Serialize};",
        ),
        ("model/a.rs", "/// See `crate::profile`.\nstruct A; // crate::profile"),
        ("cli/a.rs", "use crate::{kube, lab, runner};"),
        ("main.rs", "fn main() { connprobe::cli::main() }"),
        ("lib.rs", "pub mod model; pub mod profile;"),
    ] {
        assert_eq!(climbs(file, text), [""; 0], "{file}");
    }
}

#[test]
fn a_climb_is_told_with_its_line() {
    let text = "//! crate::profile is above\nuse std::fmt;\nuse crate::{\n    profile::Site,\n};\n";
    assert_eq!(
        climbs("model/a.rs", text),
        ["src/model/a.rs:4: `model` may not use `profile` (`crate::profile::Site`)"]
    );
}
