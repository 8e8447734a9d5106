//! Many connects over a path that loses SYNs: `cargo bench --bench loss`, as root.
//!
//! 2,000 rows while three in ten SYNs and three in ten SYN-ACKs are dropped between two network
//! namespaces. The goal: no verdict is wrong, and 99.9 % of the rows are decided within three seconds.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench shows figures, rounded"
)]

#[path = "../lane/mod.rs"]
mod lane;

use std::process::ExitCode;

use lane::Lane;

const ROWS: usize = 2_000;
const PORTS: u16 = 100;
/// Of SYNs on the way there, of SYN-ACKs on the way back.
const LOSS: &str = "tcp flags & syn == syn numgen random mod 10 < 3 drop";
/// How soon a row is to be decided, in milliseconds, and how many in a thousand are to be.
const SOON_MS: f64 = 3_000.0;
const IN_A_THOUSAND: usize = 999;

fn main() -> ExitCode {
    lane::main(|| {
        let mut lane = Lane::build(LOSS, LOSS);
        lane.listen(PORTS);
        let ran = lane.run(ROWS, PORTS);
        let wrong = ran.rows.iter().filter(|row| row["verdict"] != "pass").count();
        let mut times: Vec<f64> =
            ran.rows.iter().filter_map(|row| row["elapsed_ms"].as_f64()).collect();
        times.sort_by(f64::total_cmp);
        let soon = times.iter().filter(|time| **time <= SOON_MS).count();
        let at = |in_a_thousand: usize| times[(times.len() - 1) * in_a_thousand / 1_000];
        println!("{ROWS} connects, 30 % of SYNs lost each way");
        println!("  wrong verdicts     {wrong:>8}");
        println!("  within 3 s         {:>8.2} %  ({soon})", soon as f64 * 100.0 / ROWS as f64);
        println!(
            "  a row, in ms       {:>8.0} median, {:.0} for 99 %, {:.0} for 99.9 %, {:.0} the slowest",
            at(500),
            at(990),
            at(999),
            at(1_000)
        );
        println!("  all                {:>8.2} s", ran.wall.as_secs_f64());
        ran.rows.len() == ROWS && wrong == 0 && soon * 1_000 >= ROWS * IN_A_THOUSAND
    })
}
