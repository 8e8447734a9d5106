//! Which rows are run, and where their connections start.

use connprobe::model::Verdict;

use crate::bench::{Bench, greeted, row, said};
use crate::peers::{Peer, Silent};

#[test]
fn rows_that_are_skipped_are_not_chosen_and_not_sent() {
    let (peer, silent) = (Peer::greeting(), Silent::new());
    let elsewhere = greeted("3", silent.port()).replace("there,", "other,");
    let rows = [greeted("1", peer.port()), greeted("2", silent.port()), elsewhere];
    let bench = Bench::new(&rows, "");
    for skip in ["2-3", "2,other"] {
        let ran = bench.report(&["--skip", skip]);
        let report = ran.report();
        assert_eq!((ran.code, said(&report, "1")), (Some(0), (Verdict::Pass, None)), "{skip}");
        for skipped in ["2", "3"] {
            assert_eq!(said(&report, skipped), (Verdict::Skipped, None), "{skip}");
            assert!(!row(&report, skipped).chosen, "{skip}");
        }
        assert_eq!((report.summary.declared, report.summary.chosen), (3, 1), "{skip}");
        assert_eq!(silent.connections(), 0, "{skip}");
    }
    bench.run(&["--timeout", "200ms"]);
    assert!(silent.connections() >= 2, "the same command without --skip connects");
}

#[test]
fn connections_start_from_the_address_that_bind_names() {
    let peer = Peer::start(|mut stream, heard| {
        let from = stream.peer_addr().expect("it is connected").ip();
        heard.lock().expect("no peer panics").push(from.to_string());
        let _ = std::io::Write::write_all(&mut stream, b"ready\r\n");
    });
    let bench = Bench::new(&[greeted("1", peer.port())], "");
    let ran = bench.report(&["--bind", "127.0.0.2"]);
    assert_eq!((ran.code, said(&ran.report(), "1")), (Some(0), (Verdict::Pass, None)));
    assert_eq!(bench.run(&[]).code, Some(0));
    assert_eq!(peer.heard(), ["127.0.0.2", "127.0.0.1"]);
}
