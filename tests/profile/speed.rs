//! Large profiles load fast enough that nobody waits for them.

use std::fmt::Write as _;
use std::time::Instant;

use crate::read_profile;

#[test]
fn ten_thousand_rows_are_read() {
    let mut text = "schema: connprobe/profile/v1\nname: large\nendpoints: {a: {}, b: {}}\n\
                    connections:\n"
        .to_owned();
    for id in 0..10_000 {
        write!(
            text,
            "  - {{id: {id}, source: a, destination: b, protocol: TCP, port: 80, proof: identified,\n\
             \x20    classification: intra-cluster, data: some words about the data of the row,\n\
             \x20    probe: {{http: {{path: /health, status: [200]}}}}, notes: [A8], owner: team}}\n"
        )
        .expect("a string");
    }
    let start = Instant::now();
    let profile = read_profile(&text).expect("it is right");
    let elapsed = start.elapsed();
    assert_eq!(profile.connections.len(), 10_000);
    let [first, .., last] = &profile.connections[..] else { panic!("rows") };
    assert!(std::sync::Arc::ptr_eq(&first.source, &last.source), "names are shared");
    assert!(
        std::sync::Arc::ptr_eq(first.data.as_ref().unwrap(), last.data.as_ref().unwrap()),
        "data is shared"
    );
    // Catches what grows with the square of the rows; the machine of a test is no stop-watch.
    let limit = if cfg!(debug_assertions) { 10_000 } else { 1_000 };
    assert!(elapsed.as_millis() < limit, "took {elapsed:?}");
}
