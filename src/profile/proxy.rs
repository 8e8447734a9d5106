//! A proxy, as a URL or with trust and credentials.

use crate::model::Node;
use crate::model::node::Kind;
use crate::profile::auth::{is_given, key_of};
use crate::profile::host::host;
use crate::profile::reader::Reader;
use crate::profile::site::{ProxyScheme, ProxySettings, ProxyUrl};

const SCHEMES: &[(&str, ProxyScheme, u16)] = &[
    ("http", ProxyScheme::Http, 3128),
    ("https", ProxyScheme::Https, 3128),
    ("socks5", ProxyScheme::Socks5, 1080),
];

impl Reader {
    /// Reads `proxy: URL` or `proxy: {url, ca_file, auth}`.
    pub(super) fn proxy(&mut self, node: &Node) -> Option<ProxySettings> {
        if !matches!(node.kind, Kind::Map(_)) {
            let url = self.problems.parse(node, proxy_url)?;
            return Some(ProxySettings { url, ca_file: None, auth: None });
        }
        let mut fields = self.problems.fields(node, "proxy")?;
        let url = fields.required("url", &mut self.problems);
        let url = url.and_then(|url| self.problems.parse(url, proxy_url));
        let ca_file = fields.node("ca_file").and_then(|file| self.file(file));
        let auth = fields.node("auth").and_then(|auth| self.proxy_auth(auth));
        self.finish(fields, "ProxyMap");
        Some(ProxySettings { url: url?, ca_file, auth })
    }

    fn proxy_auth(&mut self, node: &Node) -> Option<(String, super::site::SecretRef)> {
        let mut fields = self.problems.fields(node, "auth")?;
        let username = fields.text("username", &mut self.problems);
        let password = self.secret(&mut fields, "password");
        self.finish(fields, "ProxyAuth");
        for (has, lacks) in [("username", "password"), ("password", "username")] {
            if is_given(node, has) && !is_given(node, lacks) {
                self.wrong(key_of(node, has), format!("auth has `{has}` and no `{lacks}`"));
            }
        }
        username.zip(password)
    }
}

/// Reads the URL of a proxy. One with credentials is refused without repeating it.
fn proxy_url(text: &str) -> Result<ProxyUrl, String> {
    if text.contains('@') {
        return Err("credentials may not stand in the URL of a proxy; \
                    give them as {url, auth: {username, password: {env: NAME}}}"
            .to_owned());
    }
    let how = "write http://, https:// or socks5://, a host and a port";
    let (scheme, rest) =
        text.split_once("://").ok_or_else(|| format!("`{text}` is no URL of a proxy; {how}"))?;
    let (_, scheme, default) = *SCHEMES
        .iter()
        .find(|(word, ..)| *word == scheme)
        .ok_or_else(|| format!("`{scheme}` is no kind of proxy; {how}"))?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let colon = authority.rfind(':').filter(|at| !authority[*at..].contains(']'));
    let (name, port) = match colon {
        None => (authority, default),
        Some(at) => {
            let port = authority[at + 1..].parse().ok().filter(|port| *port != 0);
            let port =
                port.ok_or_else(|| format!("`{}` is no port (1 to 65535)", &authority[at + 1..]))?;
            (&authority[..at], port)
        }
    };
    Ok(ProxyUrl { scheme, host: host(name)?, port })
}

#[cfg(test)]
mod tests {
    use super::proxy_url;
    use crate::profile::site::ProxyScheme;

    #[test]
    fn a_proxy_has_its_schemes_port_where_it_names_none() {
        for (text, scheme, host, port) in [
            ("http://proxy.internal:8080", ProxyScheme::Http, "proxy.internal", 8080),
            ("https://proxy/", ProxyScheme::Https, "proxy", 3128),
            ("socks5://[2001:db8::1]", ProxyScheme::Socks5, "2001:db8::1", 1080),
            ("socks5://[2001:db8::1]:9", ProxyScheme::Socks5, "2001:db8::1", 9),
        ] {
            let url = proxy_url(text).unwrap();
            assert_eq!((url.scheme, url.host.as_str(), url.port), (scheme, host, port));
        }
    }

    #[test]
    fn credentials_in_the_url_are_not_repeated() {
        assert!(!proxy_url("http://joe:hunter2@proxy").unwrap_err().contains("hunter2"));
    }
}
