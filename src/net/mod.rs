//! The network, a file for each layer, the call and its classification side by side.
//!
//! [`Dialer`] is the ladder: each of its calls times, bounds and records one step of an attempt, and
//! `?` leaves at the rung that failed. What it hands up is a [`Wire`]: one boxed stream, whatever is
//! beneath it (TCP, a proxy, TLS, TLS in TLS).

pub mod dialer;
pub mod dns;
pub mod names;
pub mod proxy;
pub mod redact;
pub mod slots;
pub mod spoke;
pub mod tcp;
pub mod tls;
pub mod trace;
pub mod watch;
pub mod wire;

pub use dialer::{Dialer, Target};
pub use names::Names;
pub use wire::Wire;
