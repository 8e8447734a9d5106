//! Chains and staples made by OpenSSL and served by its `s_server`: tables and loops. It needs the
//! program `openssl`, so it has its place in the part `servers` of `tests/run`.

mod chains;
mod forge;
mod serve;
mod staples;
mod table;
