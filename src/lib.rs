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

pub mod cli;
pub mod facts;
#[cfg(feature = "lab")]
pub mod lab;
pub mod model;
pub mod net;
pub mod probe;
pub mod profile;
pub mod report;
pub mod runner;
