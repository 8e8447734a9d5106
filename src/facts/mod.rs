//! What this host says of itself. Nothing is sent; what can't be read is left out.

pub mod limits;
pub mod vantage;
