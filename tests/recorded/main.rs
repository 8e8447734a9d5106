//! The lab's stand-ins against the recorded answers of the real servers (`tests/servers/record`).
//!
//! Status, marking headers, keys and types of JSON, element names of XML, and the messages of
//! PostgreSQL with their words. Every difference that stays, and every case that is not asked, is in
//! a list here with its reason; an entry that no longer applies fails the test.

mod account;
mod names;
mod postgres;
mod proxies;
mod said;
mod session;
mod storage;
mod tokens;
mod web;
