//! The URL on the command line (RFC 3986). A password in it is refused, and nothing of it repeated: it
//! stands in the shell's history already.

use http::Uri;

use crate::cli::complain::Wrong;
use crate::model::Diagnostic;
use crate::probe::Protocol;

/// What a URL says.
#[derive(Debug)]
pub(super) struct Url {
    pub(super) scheme: String,
    pub(super) user: Option<String>,
    /// An IPv6 address without its brackets.
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// Path and query, as they stand.
    pub(super) path: String,
    query: String,
}

/// What is wrong with a URL, without a word of it.
pub(super) fn wrong(why: &str) -> Wrong {
    Diagnostic::plain(format!("the URL can't be used: {why}"))
        .help("write SCHEME://[USER@]HOST[:PORT][/PATH]")
        .into()
}

impl Url {
    pub(super) fn read(text: &str) -> Result<Self, Wrong> {
        // Sought before anything else is read: whatever else is wrong, the secret comes first.
        let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
        let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
        let userinfo = authority.rsplit_once('@').map(|(user, _)| user);
        if userinfo.is_some_and(|user| user.contains(':') || user.to_lowercase().contains("%3a")) {
            return Err(Diagnostic::plain(
                "the URL holds a password, which is not taken from there",
            )
            .help("leave USER alone before the @, and give --password-file or --password-env")
            .into());
        }
        let uri: Uri = text.parse().map_err(|_| wrong("it can't be read"))?;
        let scheme = uri.scheme_str().filter(|scheme| !scheme.is_empty());
        let scheme = scheme.ok_or_else(|| wrong("it has no scheme"))?.to_lowercase();
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(wrong("it names no host"));
        }
        let after =
            authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, host)| host);
        let has_port = after.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
        if has_port && authority.port_u16().is_none_or(|port| port == 0) {
            return Err(wrong("its port is none"));
        }
        let user = userinfo.filter(|user| !user.is_empty()).map(decoded).transpose()?;
        Ok(Self {
            scheme,
            user,
            host,
            port: authority.port_u16(),
            path: uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            query: uri.query().unwrap_or_default().to_owned(),
        })
    }

    /// The first part of the path: a database, a bucket.
    pub(super) fn first_segment(&self) -> Option<String> {
        let path = self.path.split('?').next().unwrap_or_default();
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        decoded(first).ok().filter(|first| !first.is_empty())
    }

    /// A value of the query.
    pub(super) fn query(&self, key: &str) -> Option<&str> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| *name == key).map(|(_, value)| value).next()
    }

    /// Scheme, host and port: what a title and a report may show. A query may hold a token.
    pub(super) fn shown(&self, protocol: &Protocol) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        format!("{}://{host}:{}", self.scheme, self.port.unwrap_or(protocol.default_port))
    }
}

/// Percent-decoded (RFC 3986 §2.1).
fn decoded(text: &str) -> Result<String, Wrong> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let value = digit(rest.next()).zip(digit(rest.next())).map(|(high, low)| high * 16 + low);
        let value = value.and_then(|value| u8::try_from(value).ok());
        bytes.push(value.ok_or_else(|| wrong("a % in it is followed by no two hex digits"))?);
    }
    String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 where it is decoded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_by_its_parts() {
        let url = Url::read("postgres://me%40here@[::1]:5433/db?x=1").unwrap();
        assert_eq!((url.scheme.as_str(), url.user.as_deref()), ("postgres", Some("me@here")));
        assert_eq!((url.host.as_str(), url.port), ("::1", Some(5433)));
        assert_eq!((url.first_segment().as_deref(), url.query("x")), (Some("db"), Some("1")));
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_repeated() {
        for url in [
            "https://me:hunter22@h/",
            "me:hunter22@h",
            "https://me%3Ahunter22@h",
            "x://:hunter22@h:p",
        ] {
            let told = Url::read(url).unwrap_err().to_string();
            assert!(told.contains("holds a password") && !told.contains("hunter"), "{told}");
        }
    }

    #[test]
    fn what_is_no_url_is_told_without_it() {
        for url in ["h", "https://", "https://h:0/", "https://h:99999", "https://a b", "://h"] {
            let told = Url::read(url).map_err(|error| error.to_string());
            assert!(told.as_ref().is_err_and(|told| told.contains("can't be used")), "{told:?}");
        }
    }
}
