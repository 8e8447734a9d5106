//! Options that several subcommands share, and the forms of their values.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::inputs;
use crate::model::Proof;
use crate::model::diagnostic::did_you_mean;
use crate::net::names::Override;
use crate::net::tcp::Bind;
use crate::report::target::Target;
use crate::report::{FORMATS, format};

/// The source that the command line names, or else the environment; neither where every source is run.
pub(super) fn source(given: Option<&str>, all: bool) -> Option<String> {
    let named = given.map(str::to_owned);
    let named = named.or_else(|| inputs::variable("CONNPROBE_SOURCE").filter(|_| !all));
    named.filter(|source| !source.is_empty())
}

/// Reads `FORMAT=PATH`; `-` is standard output.
pub(super) fn report(text: &str) -> Result<Target, String> {
    let names = || FORMATS.iter().map(|format| format.name);
    let Some((name, path)) = text.split_once('=') else {
        let names = names().collect::<Vec<_>>().join(", ");
        return Err(format!("write FORMAT=PATH, where FORMAT is one of: {names}"));
    };
    let Some(format) = format(name) else {
        let near = did_you_mean(name, names())
            .unwrap_or_else(|| format!("known are: {}", names().collect::<Vec<_>>().join(", ")));
        return Err(format!("no report format `{name}`; {near}"));
    };
    match path {
        "" => Err(format!("`{text}` names no path; write {name}=PATH or {name}=-")),
        "-" => Ok(Target { format: *format, path: None }),
        path => Ok(Target { format: *format, path: Some(PathBuf::from(path)) }),
    }
}

/// Reads `host=address`, or `host:port=address:port` as curl's `--connect-to` has it.
pub(super) fn resolve(text: &str) -> Result<Override, String> {
    let wrong = || format!("`{text}`: write HOST=ADDRESS or HOST:PORT=ADDRESS:PORT");
    let (from, to) = text.rsplit_once('=').ok_or_else(wrong)?;
    let (host, port) = match from.rsplit_once(':') {
        // An IPv6 address is a host as it stands.
        Some(_) if from.parse::<IpAddr>().is_ok() => (from, None),
        Some((host, port)) => (host, Some(port.parse::<u16>().map_err(|_| wrong())?)),
        None => (from, None),
    };
    if host.is_empty() {
        return Err(wrong());
    }
    let (address, to_port) = match to.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => (address, None),
        Err(_) => {
            let to: SocketAddr = to.parse().map_err(|_| wrong())?;
            (to.ip(), Some(to.port()))
        }
    };
    Ok(Override { host: host.to_owned(), port, address, to_port })
}

/// Reads an address of ours or the name of an interface.
pub(super) fn bind(text: &str) -> Result<Bind, String> {
    let (bind, what) = match text.parse::<IpAddr>() {
        Ok(address) => (Bind::Address(address), "address"),
        Err(_) if !text.is_empty() && text.len() < 16 => {
            (Bind::Interface(text.to_owned()), "interface")
        }
        Err(_) => return Err(format!("`{text}` is no address and no name of an interface")),
    };
    match bind.is_here() {
        true => Ok(bind),
        false => Err(format!("this host has no {what} `{text}`")),
    }
}

/// Reads a length of time.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    match crate::model::read::duration(text)? {
        Duration::ZERO => Err(format!("`{text}` leaves no time at all")),
        time => Ok(time),
    }
}

/// Reads a level of proof.
pub(super) fn proof(text: &str) -> Result<Proof, String> {
    let levels = || Proof::ALL.iter().skip(1).map(|level| level.as_str());
    Proof::parse(text).filter(|level| *level > Proof::None).ok_or_else(|| {
        let known = levels().collect::<Vec<_>>().join(", ");
        match did_you_mean(text, levels()) {
            Some(near) => format!("`{text}` is no level of proof; {near}"),
            None => format!("`{text}` is no level of proof; known are: {known}"),
        }
    })
}
