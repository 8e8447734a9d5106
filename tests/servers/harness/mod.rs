//! Running the program against the servers: a site for one row, the run, what its report says.

mod outcome;
mod relay;
mod resolver;
mod site;

use std::sync::LazyLock;

use serde_json::Value;

pub(crate) use outcome::Outcome;
pub(crate) use relay::Relay;
pub(crate) use resolver::Resolver;
pub(crate) use site::Site;

static SERVERS: LazyLock<Value> = LazyLock::new(|| {
    let path = std::env::var("CONNPROBE_SERVERS").expect(
        "CONNPROBE_SERVERS must name the env.json of running servers: use `tests/run servers`",
    );
    let text = std::fs::read_to_string(&path).expect("env.json is readable while the servers run");
    serde_json::from_str(&text).expect("env.json is JSON")
});

/// What is published about the servers, by JSON pointer: `/postgres/port`.
pub(crate) fn env(pointer: &str) -> Value {
    SERVERS.pointer(pointer).unwrap_or_else(|| panic!("env.json has {pointer}")).clone()
}

/// As [`env`], a text.
pub(crate) fn text(pointer: &str) -> String {
    env(pointer).as_str().unwrap_or_else(|| panic!("{pointer} is a text")).to_owned()
}

/// As [`env`], a port.
pub(crate) fn port(pointer: &str) -> u16 {
    env(pointer)
        .as_u64()
        .and_then(|number| u16::try_from(number).ok())
        .unwrap_or_else(|| panic!("{pointer} is a port"))
}
