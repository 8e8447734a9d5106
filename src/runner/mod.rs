//! Running a plan: bind, select, execute, retry, judge; events tell what happens meanwhile.

mod aim;
mod bind;
mod corroborate;
mod credentials;
mod execute;
mod judge;
pub mod plan;
pub mod select;

pub use execute::{Event, Finished, Limits, execute};
pub use judge::{Header, report};
pub use plan::{Case, Options, Plan, Sampling};
