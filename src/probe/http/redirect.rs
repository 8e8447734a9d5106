//! Redirects (RFC 9110 §15.4): which statuses are some, where they lead, and what goes along.

use http::Method;
use http::header::LOCATION;
use reqwest::Url;

use crate::model::{Fault, FaultCode, Key};
use crate::net::Dialer;
use crate::probe::http::authority;
use crate::probe::http::exchange::{Answer, Request};

/// Redirects that are followed at most.
pub(super) const LIMIT: usize = 5;

/// Whether a status sends elsewhere: 304 speaks of a cache, 305 and 306 are out of use.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 300..=303 | 307 | 308)
}

/// A row that speaks TLS has proved nothing of TLS where it ends without: it does not go there.
pub(super) fn into_the_clear() -> Fault {
    let what = "the redirect leads out of TLS into clear text, where the row does not follow";
    Fault::new(FaultCode::ProtocolRedirect, what).with(Key::Expected, "https")
}

/// Where a redirect leads.
#[derive(Debug)]
pub(super) struct Hop {
    /// The whole URL, without its fragment.
    pub(super) url: Url,
    /// Whether TLS is spoken there.
    pub(super) tls: bool,
    /// The host to dial.
    pub(super) host: String,
    /// Its port.
    pub(super) port: u16,
    /// Path and query.
    pub(super) path: String,
    /// The Host field, where it stays as it is.
    pub(super) named: Option<String>,
}

impl Hop {
    /// Where an answer leads; `None` where it holds no Location. A reference is relative to what was
    /// asked for (RFC 9110 §10.2.2, RFC 3986 §5).
    ///
    /// # Errors
    /// `protocol.redirect` where it leads to no URL of HTTP.
    pub(super) fn of(
        dialer: &Dialer,
        request: &Request,
        answer: &Answer,
    ) -> Result<Option<Self>, Fault> {
        let Some(location) = answer.headers.get(LOCATION) else { return Ok(None) };
        let scheme = if dialer.target().tls { "https" } else { "http" };
        let base = |host: &str| Url::parse(&format!("{scheme}://{host}{}", request.target));
        let base = base(&request.host).or_else(|_| base(&authority(dialer)));
        let led = base.ok().zip(std::str::from_utf8(location.as_bytes()).ok());
        let led = led.and_then(|(base, location)| Some((base.join(location).ok()?, base)));
        let hop = led.and_then(|(url, base)| Self::to(dialer, request, url, &base));
        let wrong =
            || Fault::new(FaultCode::ProtocolRedirect, "the redirect leads to no URL of HTTP");
        hop.map(Some).ok_or_else(|| wrong().with_some(Key::Location, answer.field(LOCATION)))
    }

    fn to(dialer: &Dialer, request: &Request, mut url: Url, base: &Url) -> Option<Self> {
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        url.set_fragment(None);
        let port = url.port_or_known_default().filter(|port| *port > 0)?;
        let query = url.query().map(|query| format!("?{query}"));
        let path = format!("{}{}", url.path(), query.unwrap_or_default());
        // What the row calls by another name than it dials stays where it is.
        if url.origin() == base.origin() {
            let target = dialer.target();
            let (host, port) = (target.host.to_string(), target.port);
            return Some(Self { url, tls, host, port, path, named: Some(request.host.clone()) });
        }
        let host = url.host_str()?.to_owned();
        Some(Self { url, tls, host, port, path, named: None })
    }
}

/// The method of the next request: 303 asks to look elsewhere, and after a POST 301 and 302 are taken so
/// (RFC 9110 §15.4.2 to §15.4.4).
pub(super) fn method(status: u16, method: Method) -> Method {
    match (status, &method) {
        (_, &Method::HEAD) => method,
        (303, _) | (301 | 302, &Method::POST) => Method::GET,
        _ => method,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_s_status_is_no_redirect() {
        let elsewhere: Vec<u16> = (300..400).filter(|status| is_redirect(*status)).collect();
        assert_eq!(elsewhere, [300, 301, 302, 303, 307, 308]);
    }

    #[test]
    fn what_was_posted_is_looked_up_elsewhere() {
        for (status, before, after) in [
            (303, Method::PUT, Method::GET),
            (302, Method::POST, Method::GET),
            (302, Method::PUT, Method::PUT),
            (303, Method::HEAD, Method::HEAD),
            (307, Method::POST, Method::POST),
        ] {
            assert_eq!(method(status, before), after, "{status}");
        }
    }
}
