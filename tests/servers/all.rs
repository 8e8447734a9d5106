//! The 21 rows at once, each at a real server: what an operator runs after a deployment.

use std::process::Command;

use serde_json::Value;

#[test]
fn the_21_rows_pass_together() {
    let servers = std::env::var("CONNPROBE_SERVERS").expect("tests/run servers sets it");
    let state = std::path::Path::new(&servers).parent().expect("env.json is in a folder");
    let made = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/site"))
        .arg(state)
        .output()
        .expect("the site is made");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let site = String::from_utf8(made.stdout).expect("a path");
    let ran = Command::new(env!("CARGO_BIN_EXE_connprobe"))
        .args(["run", "--all-sources", "--report", "json=-", "--site", site.trim()])
        .output()
        .expect("the program runs");
    let report: Value = serde_json::from_slice(&ran.stdout).expect("a report");
    let told: Vec<String> = (report["connections"].as_array().expect("rows").iter())
        .map(|row| format!("{}: {} {}", row["id"], row["verdict"], row["fault"]))
        .collect();
    assert_eq!(report["summary"]["pass"], 21, "{told:#?}");
    assert_eq!(ran.status.code(), Some(0), "{told:#?}");
}
