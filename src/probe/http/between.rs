//! Who answers in place of the service: gateways, sidecars of a mesh, and firewalls or proxies with a page
//! of their own. Told by fields and by marks of products, each in a table that one can read.

use http::header::{CONTENT_TYPE, LOCATION, SERVER, VIA};

use crate::model::{Fault, FaultCode, Key, clean};
use crate::probe::http::exchange::Answer;

/// Beginnings of the Server field of gateways.
const GATEWAYS: &[&str] = &[
    "nginx",
    "envoy",
    "istio-envoy",
    "haproxy",
    "openresty",
    "awselb",
    "cloudflare",
    "traefik",
    "varnish",
    "squid",
    "kong",
    "apache",
    "caddy",
    "tengine",
    "akamaighost",
    "microsoft-azure-application-gateway",
];

/// The mark of a gateway in an answer, where there is one.
pub fn gateway(answer: &Answer) -> Option<String> {
    if let Some(field) = field_beginning(answer, "l5d-") {
        return Some(field);
    }
    let server = answer.field(SERVER).unwrap_or_default().to_ascii_lowercase();
    if GATEWAYS.iter().any(|name| server.starts_with(name)) {
        return Some(format!("server: {server}"));
    }
    if let Some(via) = answer.field(VIA) {
        return Some(format!("via: {via}"));
    }
    if let Some(field) = field_beginning(answer, "x-envoy") {
        return Some(field);
    }
    // HAProxy names itself nowhere: a bare page of HTML and no Server field.
    (answer.status >= 500 && server.is_empty() && is_page(answer))
        .then(|| "a page of HTML without a Server field".to_owned())
}

/// The mark of a mesh's proxy in an answer that came in clear text: Linkerd's own fields, Istio's name, or
/// Envoy's with the time that the service took.
pub fn mesh(answer: &Answer) -> Option<String> {
    if let Some(field) = field_beginning(answer, "l5d-") {
        return Some(format!("Linkerd ({field})"));
    }
    let server = answer.field(SERVER).unwrap_or_default();
    match server.as_str() {
        "istio-envoy" => Some("Istio (server: istio-envoy)".to_owned()),
        "envoy" => Some("Envoy (server: envoy)".to_owned()),
        _ => None,
    }
}

/// Beginnings of the Server field of products whose own answers are block pages.
const SERVERS: &[&str] = &[
    "zscaler",
    "bluecoat",
    "blue coat",
    "fortigate",
    "fortiproxy",
    "mcafee web gateway",
    "skyhigh",
    "websense",
    "barracuda",
    "cisco umbrella",
    "sophos",
];

/// Where block and portal pages lead: parts of a Location, in lower case.
const LEADS: &[&str] = &[
    "/fgtauth",
    "/cgi-bin/blockpage.cgi",
    "/cgi-bin/blockoptions.cgi",
    "/usercheck/",
    ".zscaler",
    "block.opendns.com",
    "block.sse.cisco.com",
    "securelogin.arubanetworks.com",
    ".network-auth.com/splash",
    ":3990/prelogin",
    "login.html?switch_url",
    "/guest/s/",
    "/hotspotlogin",
    "captiveportal",
    "captive-portal",
    "captive.portal",
];

/// What such pages hold and no service says of itself, in lower case.
const PHRASES: &[&str] = &[
    "wispaccessgatewayparam",
    "fortiguard",
    "fgtauth",
    "fortinet_block",
    "zscaler",
    "blue coat systems",
    "(policy_denied)",
    "palo alto networks",
    "paloaltonetworks",
    "virus/spyware download blocked",
    "websense",
    "forcepoint",
    "mcafee web gateway",
    "skyhigh secure web gateway",
    "check point usercheck",
    "cisco umbrella",
    "opendns",
    "(notification: notify_",
    "sonicwall",
    "sophos web",
    "barracuda web",
    "netskope",
    "smoothwall",
    "lightspeed filter",
    "the requested url was rejected. please consult with your administrator",
    "incapsula incident id",
    "err_access_denied",
    "coovachilli",
    "mikrotik hotspot",
    "captive portal",
];

/// What the title of such a page says, in lower case.
const TITLES: &[&str] = &[
    "page blocked",
    "site blocked",
    "website blocked",
    "access blocked",
    "request blocked",
    "url blocked",
    "content blocked",
    "connection blocked",
    "blocked by",
    "blocked page",
    "web filter",
    "url filter",
    "content filter",
    "policy violation",
    "hotspot",
    "guest access",
    "network login",
    "network authentication",
    "wi-fi login",
    "wifi login",
];

/// Bytes of a page that are searched.
const SEARCHED: usize = 64 * 1024;

/// The fault of an answer that is a firewall's or proxy's own page; `None` where it bears no mark of one.
/// What a gateway says of the service behind it (502 to 504) is no such page.
pub fn page(answer: &Answer) -> Option<Fault> {
    if matches!(answer.status, 407 | 502..=504) {
        return None;
    }
    let mark = by_field(answer).or_else(|| by_text(answer))?;
    let detail =
        format!("a page of a firewall, proxy or portal comes in place of the service: {mark}");
    Some(
        Fault::new(FaultCode::ServiceWrongPeer, detail)
            .with(Key::Gateway, mark)
            .with(Key::Status, answer.status)
            .with_some(Key::Location, answer.field(LOCATION))
            .with(Key::Body, answer.excerpt()),
    )
}

fn by_field(answer: &Answer) -> Option<String> {
    if answer.status == 511 {
        return Some("status 511, network authentication required (RFC 6585 §6)".to_owned());
    }
    let kind = answer.field(CONTENT_TYPE).unwrap_or_default();
    if kind.starts_with("application/captive+json") {
        return Some(format!("content-type: {kind}"));
    }
    if let Some(error) = answer.field("x-squid-error").filter(|_| answer.status >= 400) {
        return Some(format!("x-squid-error: {error}"));
    }
    let server = answer.field(SERVER).unwrap_or_default().to_ascii_lowercase();
    if SERVERS.iter().any(|name| server.starts_with(name)) {
        return Some(format!("server: {server}"));
    }
    let location = answer.field(LOCATION)?.to_ascii_lowercase();
    let lead = LEADS.iter().find(|part| location.contains(**part))?;
    Some(format!("a redirect to `{lead}`"))
}

fn by_text(answer: &Answer) -> Option<String> {
    if !is_page(answer) {
        return None;
    }
    let start = &answer.body[..answer.body.len().min(SEARCHED)];
    let text = String::from_utf8_lossy(start).to_lowercase();
    if let Some(phrase) = PHRASES.iter().find(|phrase| text.contains(**phrase)) {
        return Some(format!("the page says `{phrase}`"));
    }
    let title = text.split_once("<title")?.1.split_once('>')?.1.split_once('<')?.0;
    TITLES
        .iter()
        .any(|words| title.contains(words))
        .then(|| format!("the page's title is `{}`", clean::line(title.trim(), 80)))
}

fn is_page(answer: &Answer) -> bool {
    let start = answer.body.trim_ascii_start();
    answer.is_html() || start.starts_with(b"<html") || start.starts_with(b"<!DOCTYPE")
}

fn field_beginning(answer: &Answer, with: &str) -> Option<String> {
    let name = answer.headers.keys().find(|name| name.as_str().starts_with(with))?;
    let value = answer.field(name).unwrap_or_default();
    Some(clean::line(&format!("{name}: {value}"), 120))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn answer(status: u16, fields: &[(&'static str, &'static str)], body: &str) -> Answer {
        let fields = fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        Answer { status, headers: fields.collect(), body: body.into(), flaw: None }
    }

    fn mark(status: u16, fields: &[(&'static str, &'static str)], body: &str) -> Option<String> {
        let fault = page(&answer(status, fields, body))?;
        assert_eq!(fault.code, FaultCode::ServiceWrongPeer);
        fault.evidence.text(Key::Gateway).map(str::to_owned)
    }

    #[test]
    fn block_and_portal_pages_are_told_by_the_mark_that_gives_them_away() {
        let html = ("content-type", "text/html");
        for (status, fields, body, shows) in [
            (511, &[][..], "", "RFC 6585"),
            (200, &[("content-type", "application/captive+json")], "{}", "captive+json"),
            (403, &[("x-squid-error", "ERR_ACCESS_DENIED 0")], "", "x-squid-error"),
            (403, &[("server", "Zscaler/6.2")], "", "zscaler"),
            (302, &[("location", "http://10.0.0.1:1000/fgtauth?0a1b")], "", "/fgtauth"),
            (200, &[html], "<p>Powered by FortiGuard.</p>", "fortiguard"),
            (200, &[], "<!DOCTYPE html><title>Web Page Blocked</title>", "web page blocked"),
        ] {
            let seen = mark(status, fields, body);
            assert!(seen.as_ref().is_some_and(|mark| mark.contains(shows)), "{shows}: {seen:?}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        let html = ("content-type", "text/html");
        assert_eq!(mark(503, &[("x-squid-error", "ERR_CONNECT_FAIL 111")], ""), None);
        assert_eq!(mark(403, &[html], "<title>403 Forbidden</title>"), None);
        assert_eq!(mark(200, &[html], "<title>Sign in</title>"), None);
        assert_eq!(mark(200, &[("content-type", "application/json")], "\"fortiguard\""), None);
        assert_eq!(mark(301, &[("location", "https://ucs.example/")], ""), None);
    }

    #[test]
    fn a_mesh_is_told_by_its_own_fields() {
        let linkerd = answer(403, &[("l5d-proxy-error", "unauthorized")], "");
        assert!(mesh(&linkerd).is_some_and(|mark| mark.starts_with("Linkerd")));
        assert_eq!(gateway(&linkerd).as_deref(), Some("l5d-proxy-error: unauthorized"));
        assert!(mesh(&answer(200, &[("server", "istio-envoy")], "")).is_some());
        assert!(mesh(&answer(200, &[("server", "nginx")], "")).is_none());
    }
}
