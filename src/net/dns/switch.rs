//! `nsswitch.conf`: where glibc looks for hosts at all (`nsswitch.conf(5)`). musl does not read it.

use std::path::Path;

use crate::net::dns::config::read_bounded;

/// The sources that glibc asks for hosts. What a service of another name knows can't be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// The hosts file.
    pub files: bool,
    /// Name servers.
    pub dns: bool,
    /// Other services, which may know any name.
    pub others: bool,
}

impl Default for Switch {
    fn default() -> Self {
        Self { files: true, dns: true, others: false }
    }
}

impl Switch {
    /// The system's file.
    pub const SYSTEM: &str = "/etc/nsswitch.conf";

    /// Reads a file; where it can't be read, or says nothing of hosts, both sources are asked.
    pub fn read(path: &Path) -> Self {
        read_bounded(path).map(|text| Self::parse(&text)).unwrap_or_default()
    }

    /// Reads the text of a file.
    pub fn parse(text: &str) -> Self {
        let line = |line: &str| {
            let line = line.split('#').next()?;
            line.trim_start().strip_prefix("hosts:").map(str::to_owned)
        };
        let Some(line) = text.lines().find_map(line) else { return Self::default() };
        let mut switch = Self { files: false, dns: false, others: false };
        // Actions stand in brackets: [NOTFOUND=return].
        let mut action = false;
        for word in line.replace('[', " [ ").replace(']', " ] ").split_whitespace() {
            match word {
                "[" | "]" => action = word == "[",
                _ if action => {}
                "files" => switch.files = true,
                // systemd-resolved asks name servers too.
                "dns" | "resolve" => switch.dns = true,
                _ => switch.others = true,
            }
        }
        switch
    }

    /// What glibc makes of a name that the hosts file has (`files`) or a name server, where it asks neither.
    pub(super) fn differs(self, files: bool) -> Option<String> {
        let (asked, source) = if files { (self.files, "files") } else { (self.dns, "dns") };
        let may = if self.others { "may find" } else { "finds" };
        (!asked).then(|| {
            format!("glibc {may} no address: {} has no `{source}` for hosts", Self::SYSTEM)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Switch;

    #[test]
    fn what_glibc_would_not_ask_is_told() {
        for (text, files, dns) in [
            ("", None, None),
            ("passwd: files\nhosts:\tfiles mdns4_minimal [NOTFOUND=return] dns # x\n", None, None),
            ("hosts: files resolve [!UNAVAIL=return] dns\n", None, None),
            ("hosts: files\n", None, Some("finds")),
            ("hosts: dns [!UNAVAIL=return files]\n", Some("finds"), None),
            ("#hosts: files\nhosts: files sss\n", None, Some("may find")),
        ] {
            let switch = Switch::parse(text);
            for (of_file, expected) in [(true, files), (false, dns)] {
                let said = switch.differs(of_file);
                let begins = expected.map(|word| format!("glibc {word} no address"));
                let fits = match (&said, &begins) {
                    (Some(said), Some(begins)) => said.starts_with(begins),
                    (said, begins) => said.is_none() && begins.is_none(),
                };
                assert!(fits, "{text:?}: {said:?}");
            }
        }
    }
}
