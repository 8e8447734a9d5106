//! Host names and addresses as files say them.

use std::net::{IpAddr, Ipv6Addr};

/// Reads a name, an IPv4 address, or an IPv6 address with or without brackets (RFC 3986 §3.2.2);
/// gives it without brackets.
pub fn host(text: &str) -> Result<String, String> {
    if let Some((_, rest)) = text.split_once("://") {
        let alone = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let alone = alone.rsplit('@').next().unwrap_or_default();
        let alone = alone.split_once(':').map_or(alone, |(name, _)| name);
        return Err(format!("a URL is no host; write `{alone}` alone"));
    }
    if text.contains('@') {
        // What stands before it may be a password, so it isn't repeated.
        return Err("no `@` may stand in a host; write the host alone".to_owned());
    }
    if let Some(inner) = text.strip_prefix('[') {
        let Some((address, port)) = inner.split_once(']') else {
            return Err(format!("`{text}` has no closing `]`"));
        };
        if let Some(port) = port.strip_prefix(':') {
            return Err(with_port(text, &format!("[{address}]"), port));
        }
        return address
            .parse::<Ipv6Addr>()
            .ok()
            .filter(|_| port.is_empty())
            .map(|_| address.to_owned())
            .ok_or_else(|| format!("`{text}` is no IPv6 address"));
    }
    if text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    match text.split_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            Err(with_port(text, name, port))
        }
        Some((_, rest)) if rest.contains(':') => Err(format!("`{text}` is no IPv6 address")),
        _ => name(text).map(|()| text.to_owned()),
    }
}

fn with_port(text: &str, host: &str, port: &str) -> String {
    format!("`{text}` names a port too; write `{host}`, and {port} as the `port` of the row")
}

/// A name of labels (RFC 1123 §2.1, and `_` as many zones have it).
fn name(text: &str) -> Result<(), String> {
    if text.contains('/') {
        return Err(format!("`{text}` has a path; write the host alone"));
    }
    if !text.is_ascii() {
        return Err(format!(
            "`{text}` is no host name in ASCII; write its form that begins with xn--"
        ));
    }
    let labels = text.strip_suffix('.').unwrap_or(text);
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if labels.len() > 253 || !labels.split('.').all(fits) {
        return Err(format!("`{text}` is no host name"));
    }
    let last = labels.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("`{text}` is no IPv4 address"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn names_and_addresses_are_hosts() {
        for text in ["pg.example.internal", "a_b.c", "ucs", "x.y.", "192.0.2.1", "2001:db8::1"] {
            assert_eq!(host(text).as_deref(), Ok(text));
        }
        assert_eq!(host("[2001:db8::1]").as_deref(), Ok("2001:db8::1"));
    }

    #[test]
    fn what_is_no_host_is_told_what_it_is() {
        for (text, message) in [
            ("https://a.b:1/c", "a URL is no host; write `a.b` alone"),
            ("https://u:p@a.b/c", "a URL is no host; write `a.b` alone"),
            (
                "pg:5432",
                "`pg:5432` names a port too; write `pg`, and 5432 as the `port` of the row",
            ),
            (
                "[::1]:1",
                "`[::1]:1` names a port too; write `[::1]`, and 1 as the `port` of the row",
            ),
            ("[::1", "`[::1` has no closing `]`"),
            ("[x]", "`[x]` is no IPv6 address"),
            ("1.2.3", "`1.2.3` is no IPv4 address"),
            ("1.2.3.400", "`1.2.3.400` is no IPv4 address"),
            ("u:p@a.b", "no `@` may stand in a host; write the host alone"),
            ("a/b", "`a/b` has a path; write the host alone"),
            ("-a", "`-a` is no host name"),
            ("", "`` is no host name"),
            ("*.example.org", "`*.example.org` is no host name"),
            ("1::2::3", "`1::2::3` is no IPv6 address"),
        ] {
            assert_eq!(host(text).unwrap_err(), message, "{text}");
        }
    }
}
