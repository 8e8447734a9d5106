//! Many rows that nobody answers: `cargo bench --bench dark`, as root.
//!
//! 300 rows whose SYNs are dropped beyond a link between two network namespaces. All of them wait at
//! once, so the goal is that the program takes no longer than the time-out of one and three per cent.

#![expect(clippy::print_stdout, reason = "a bench shows figures")]

#[path = "../lane/mod.rs"]
mod lane;

use std::process::ExitCode;
use std::time::Duration;

use lane::Lane;

const ROWS: usize = 300;
const PORTS: u16 = 300;
/// The time-out of TCP where nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(5);
const AT_MOST: f64 = 1.03;

fn main() -> ExitCode {
    lane::main(|| {
        let mut lane = Lane::build("", "tcp flags & syn == syn drop");
        lane.listen(PORTS);
        let ran = lane.run(ROWS, PORTS);
        let is_filtered = |row: &&serde_json::Value| row["fault"]["code"] == "tcp.filtered";
        let wrong = ran.rows.len() - ran.rows.iter().filter(is_filtered).count();
        let share = ran.wall.as_secs_f64() / TIMEOUT.as_secs_f64();
        println!("{ROWS} rows whose SYNs are dropped, each with {} s", TIMEOUT.as_secs());
        println!("  wrong verdicts     {wrong:>8}");
        println!(
            "  from start to exit {:>8.3} s  (+ {:.1} %)",
            ran.wall.as_secs_f64(),
            (share - 1.0) * 100.0
        );
        ran.rows.len() == ROWS && wrong == 0 && share <= AT_MOST
    })
}
