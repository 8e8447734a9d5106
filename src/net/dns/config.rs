//! `resolv.conf` and the hosts file, as the C library reads them (`resolv.conf(5)`, `hosts(5)`).

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

/// Name servers at most, as the C library has it.
const SERVERS: usize = 3;
/// Bytes of a file that are read.
const LONGEST: usize = 4 << 20;

/// Who is asked, and how names are completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvConf {
    /// The name servers, in order.
    pub servers: Vec<SocketAddr>,
    /// Domains that are tried behind a name.
    pub search: Vec<String>,
    /// Bytes of the line that has these domains: musl passes over a long one.
    pub search_line: usize,
    /// A name with fewer dots than this is completed first.
    pub ndots: usize,
    /// How often each server is asked.
    pub attempts: u32,
    /// How long each server may take, in seconds.
    pub timeout_s: u64,
    /// Whether glibc begins with any of the servers (`options rotate`). We begin with the first, so that each
    /// run asks the same.
    pub rotate: bool,
    /// Whether glibc, from 2.36, asks for no AAAA (`options no-aaaa`).
    pub no_aaaa: bool,
}

impl Default for ResolvConf {
    fn default() -> Self {
        Self {
            servers: vec![SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 53)],
            search: Vec::new(),
            search_line: 0,
            ndots: 1,
            attempts: 2,
            timeout_s: 5,
            rotate: false,
            no_aaaa: false,
        }
    }
}

impl ResolvConf {
    /// The system's file.
    pub const SYSTEM: &str = "/etc/resolv.conf";

    /// Reads a file.
    ///
    /// # Errors
    /// That it can't be read, or is absent.
    pub fn read(path: &Path) -> io::Result<Self> {
        read_bounded(path).map(|text| Self::parse(&text))
    }

    /// Reads the system's file; an absent one is the C library's default: a server on this host.
    ///
    /// # Errors
    /// That it is there and can't be read.
    pub fn system() -> io::Result<Self> {
        match Self::read(Path::new(Self::SYSTEM)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            read => read,
        }
    }

    /// Reads the text of a file. Lines that can't be read are passed over, as the C library does.
    pub fn parse(text: &str) -> Self {
        let mut conf = Self { servers: Vec::new(), ..Self::default() };
        for whole in text.lines() {
            let line = whole.split(['#', ';']).next().unwrap_or_default();
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => {
                    let server = words.next().and_then(server);
                    conf.servers.extend(server.filter(|_| conf.servers.len() < SERVERS));
                }
                Some("domain") => {
                    conf.search = words.next().map(str::to_owned).into_iter().collect();
                    conf.search_line = whole.len();
                }
                Some("search") => {
                    conf.search = words.map(str::to_owned).collect();
                    conf.search_line = whole.len();
                }
                Some("options") => words.for_each(|word| conf.option(word)),
                _ => {}
            }
        }
        if conf.servers.is_empty() {
            conf.servers = Self::default().servers;
        }
        conf.search.retain(|domain| domain != ".");
        conf
    }

    fn option(&mut self, word: &str) {
        match word {
            "rotate" => self.rotate = true,
            "no-aaaa" => self.no_aaaa = true,
            _ => {}
        }
        let Some((name, value)) = word.split_once(':') else { return };
        let Ok(value) = value.parse::<u64>() else { return };
        match name {
            "ndots" => self.ndots = usize::try_from(value.min(15)).unwrap_or(15),
            "timeout" => self.timeout_s = value.clamp(1, 30),
            "attempts" => self.attempts = u32::try_from(value.clamp(1, 5)).unwrap_or(2),
            _ => {}
        }
    }
}

/// An address, as `nameserver` has it; a port may follow in the form `[address]:port`, which the C
/// library does not know, so that a test can bring a server of its own.
fn server(word: &str) -> Option<SocketAddr> {
    if let Ok(address) = word.parse::<SocketAddr>() {
        return Some(address);
    }
    let plain = word.split('%').next().unwrap_or(word);
    plain.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53))
}

/// The hosts file: names that need no server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(Vec<(IpAddr, Vec<String>)>);

impl Hosts {
    /// The system's file.
    pub const SYSTEM: &str = "/etc/hosts";

    /// Reads a file.
    ///
    /// # Errors
    /// That it can't be read, or is absent.
    pub fn read(path: &Path) -> io::Result<Self> {
        read_bounded(path).map(|text| Self::parse(&text))
    }

    /// Reads the system's file; an absent or unreadable one holds nothing, as the C library has it.
    pub fn system() -> Self {
        Self::read(Path::new(Self::SYSTEM)).unwrap_or_default()
    }

    /// Reads the text of a file.
    pub fn parse(text: &str) -> Self {
        let line = |line: &str| {
            let mut words = line.split('#').next()?.split_whitespace();
            let address = words.next()?.parse::<IpAddr>().ok()?;
            Some((address, words.map(str::to_lowercase).collect()))
        };
        Self(text.lines().filter_map(line).collect())
    }

    /// The addresses of a name, in the order of the file.
    pub fn lookup(&self, name: &str) -> Vec<IpAddr> {
        let name = name.trim_end_matches('.').to_lowercase();
        let mut found = Vec::new();
        for (address, names) in &self.0 {
            if names.contains(&name) && !found.contains(address) {
                found.push(*address);
            }
        }
        found
    }
}

pub(super) fn read_bounded(path: &Path) -> io::Result<String> {
    let mut bytes = std::fs::read(path)?;
    bytes.truncate(LONGEST);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Hosts, ResolvConf};

    #[test]
    fn a_cluster_s_file_is_read() {
        let conf = ResolvConf::parse(
            "nameserver 10.96.0.10\nsearch a.svc b.svc c\noptions ndots:5 timeout:1 attempts:3\n",
        );
        assert_eq!(conf.servers, ["10.96.0.10:53".parse().unwrap()]);
        assert_eq!((conf.search.len(), conf.ndots, conf.timeout_s, conf.attempts), (3, 5, 1, 3));
    }

    #[test]
    fn an_empty_file_means_a_server_on_this_host() {
        assert_eq!(ResolvConf::parse(""), ResolvConf::default());
    }

    #[test]
    fn hosts_are_found_whatever_the_case() {
        let hosts = Hosts::parse("127.0.0.2 Db db.example # x\n::2 db\n");
        assert_eq!(hosts.lookup("DB.").len(), 2);
        assert!(hosts.lookup("x").is_empty());
    }
}
