use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::ENTRIES;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let name = |path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    entries.map(|entry| name(entry.unwrap().path())).collect()
}

#[test]
fn every_target_has_an_entry_and_seeds() {
    let entries: BTreeSet<String> = ENTRIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&folder("fuzz_targets")), entries);
    let manifest = std::fs::read_to_string(folder("Cargo.toml")).unwrap();
    let binaries = manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
    let binaries: BTreeSet<String> =
        binaries.map(|file| file.trim_end_matches(".rs\"").to_owned()).collect();
    assert_eq!(binaries, entries);
    let mut seeds = names(&folder("seeds"));
    seeds.remove("make");
    assert_eq!(seeds, entries);
}

#[test]
fn every_seed_passes_through_its_entry() {
    for (name, entry) in ENTRIES {
        let folder = folder("seeds").join(name);
        let mut count = 0;
        for seed in std::fs::read_dir(&folder).unwrap() {
            let path = seed.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            if let Err(why) = std::panic::catch_unwind(|| entry(&bytes)) {
                panic!("{}: {:?}", path.display(), why.downcast_ref::<String>());
            }
            count += 1;
        }
        assert!(count > 0, "{name} has no seed");
    }
}

#[test]
fn what_is_hidden_is_found() {
    for text in ["\x1b[31m", "\u{202e}", "a\nb"] {
        assert!(std::panic::catch_unwind(|| super::told(&[text])).is_err(), "{text:?}");
    }
    super::told(&["äb €"]);
}

#[test]
fn an_attempt_is_read_by_its_probe_to_the_end() {
    let reached = |protocol, says: &[u8]| super::attempt::climbed(protocol, "{}", says, None);
    let http = reached("http", b"HTTP/1.1 418 x\r\nContent-Length: 0\r\n\r\n");
    assert!(http.contains("protocol.unexpected-status"), "{http}");
    let postgres = reached("postgres", b"E\0\0\0\x16SFATAL\0C28P01\0Mx\0\0");
    assert!(postgres.contains("auth.rejected"), "{postgres}");
    let tls = reached("tls", b"SSH-2.0-x\r\n");
    assert!(tls.contains("tls.not-tls") && tls.contains("ssh"), "{tls}");
}
