//! The tree: places, aliases, bounds.

use std::fmt::Write as _;
use std::sync::Arc;

use connprobe::model::Node;
use connprobe::model::node::Kind;
use connprobe::profile::tree::tree;

use crate::{environment, lines, source};

fn parse(text: &str) -> Node {
    tree(&source("f", text), &environment).unwrap_or_else(|errors| panic!("{}", lines(&errors)))
}

fn shown(node: &Node) -> &str {
    &node.source.text[node.span()]
}

#[test]
fn spans_are_the_bytes_of_the_file() {
    let root = parse("ä: 'ö 😀'   # c\n\"b\": [x y , {c: d}]\nlast: |\n  lit\n");
    assert_eq!(shown(root.get("ä").unwrap()), "'ö 😀'");
    let list = root.get("b").unwrap();
    assert_eq!(shown(list), "[x y , {c: d}]");
    assert_eq!(shown(&list.items()[0]), "x y");
    assert_eq!(shown(&list.items()[1]), "{c: d}");
    assert_eq!(root.get("last").unwrap().text(), Some("lit\n"));
    assert_eq!(shown(&root), "ä");
}

#[test]
fn numbers_and_truth_values_stand_without_quotes() {
    let root = parse("a: true\nb: 'true'\nc: !!str true\nd: ${UNSET:-true}\n");
    assert_eq!(root.get("a").unwrap().flag(), Some(true));
    assert_eq!(root.get("b").unwrap().flag(), None);
    assert_eq!(root.get("c").unwrap().flag(), None);
    assert_eq!(root.get("d").unwrap().flag(), Some(true));
}

#[test]
fn variables_are_put_into_values_and_not_into_keys() {
    let root = parse("${PORT}: ${HOST}:${PORT}\nunset: ${HOST}-${NOBODY}\nnull: ${EMPTY:-}\n");
    assert_eq!(root.get("${PORT}").unwrap().text(), Some("pg.example.internal:5433"));
    let Kind::Scalar { unset, .. } = &root.get("unset").unwrap().kind else { panic!() };
    assert_eq!(unset.as_deref(), Some("NOBODY"));
    assert_eq!(root.entries().unwrap()[2].1.kind, Kind::Null);
}

#[test]
fn an_alias_repeats_what_its_anchor_has() {
    let root = parse("a: &x {host: h}\nb: *x\nc: [*x, *x]\n");
    assert_eq!(root.get("a"), root.get("b"));
    assert_eq!(root.get("c").unwrap().items()[1].get("host").unwrap().text(), Some("h"));
}

#[test]
fn what_stands_twice_is_kept_for_the_reader_to_tell() {
    assert_eq!(parse("a: 1\na: 2\n").entries().unwrap().len(), 2);
}

#[test]
fn nesting_is_bounded_also_by_way_of_aliases() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let read = |text: &str| tree(&source("f", text), &environment).map_err(|e| lines(&e));
    assert!(read(&deep(64)).is_ok());
    assert_eq!(read(&deep(65)).unwrap_err(), "f:1:65: nested over 64 levels deep\n");
    let mut text = format!("a0: &a0 {}\n", deep(40));
    writeln!(text, "a1: {}*a0{}", "[".repeat(30), "]".repeat(30)).unwrap();
    assert_eq!(read(&text).unwrap_err(), "f:2:35: nested over 64 levels deep\n");
}

#[test]
fn a_file_that_grows_without_end_is_refused() {
    let mut text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
    for i in 1..12 {
        let alias = format!("*a{}", i - 1);
        writeln!(text, "a{i}: &a{i} [{}]", vec![alias; 10].join(",")).unwrap();
    }
    let errors = lines(&tree(&source("f", &text), &environment).unwrap_err());
    assert!(errors.contains("the file has over 2000000 values"), "{errors}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-c:\\[\\]{}&*'\"$ä#|>\\-\\n \\t]{0,60}") {
        let source = Arc::new(connprobe::model::Source { name: "f".to_owned(), text });
        if let Err(errors) = tree(&source, &environment) {
            for error in errors {
                let place = error.place.unwrap();
                place.source.position(place.span.start);
                assert!(place.source.text.get(place.span).is_some());
            }
        }
    }
}
