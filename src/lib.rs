//! `connprobe` proves every connection that an architecture page promises, from inside the pod.
//!
//! The crate is a house of floors; a module uses only what the table gives it, and
//! `tests/floors.rs` holds the table.
//!
//! | floor | uses |
//! | --- | --- |
//! | model | nothing |
//! | profile | model |
//! | net | model |
//! | facts | model |
//! | report | model |
//! | render | profile, model |
//! | lab | model |
//! | probe | net, model |
//! | runner | probe, profile, facts, net, model |
//! | bundle | report, facts, model |
//! | kube | report, profile, model |
//! | cli | all |
//! | fuzzing | all |
//!
//! "All" are those that stand above it in the table. `fuzzing` is in no build but that of the fuzz
//! targets (`fuzz/`) and of the tests.

pub mod cli;
pub mod facts;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
#[cfg(feature = "lab")]
pub mod lab;
pub mod model;
pub mod net;
pub mod probe;
pub mod profile;
pub mod report;
pub mod runner;
