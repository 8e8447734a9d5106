//! The program as people and pipelines use it: its exit codes, its reports, its words.
//!
//! Each test runs the binary in a directory of its own, against peers on loopback.

mod alternates;
mod bench;
mod blocked;
mod choice;
mod codes;
#[cfg(feature = "lab")]
mod demo;
mod exhausted;
mod explain;
mod families;
#[cfg(feature = "lab")]
mod junit;
mod outputs;
mod peers;
mod precedence;
mod retries;
mod samples;
mod schemas;
mod secrets;
mod signals;
mod sites;
mod thousand;
mod tokens;
mod try_url;
mod warnings;
mod wrong;
