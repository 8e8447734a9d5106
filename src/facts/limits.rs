//! What this process may use.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// How many file descriptors may be open, after the soft limit was raised to the hard one.
pub fn open_files() -> u64 {
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, hard))
            if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() =>
        {
            hard
        }
        Ok((soft, _)) => soft,
        Err(_) => 1_024,
    }
}
