//! The session's own connections: reqwest with a cookie jar, pinned to the address and the leaf that
//! the dialer proved. Every request opens a new connection, so that stickiness is really asked for.

use std::sync::Arc;

use reqwest::cookie::Jar;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use serde_json::Value;

use crate::model::{Credentials, Fault, FaultCode, Key};
use crate::net::Dialer;
use crate::net::proxy::Scheme;
use crate::net::tls::trust::provider;
use crate::net::tls::verify::Pinned;
use crate::probe::http::exchange::Answer;

/// Largest answer that is read, in bytes.
const LIMIT: usize = 1 << 20;

/// A client for one session.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    jar: Arc<Jar>,
    token: Option<reqwest::header::HeaderValue>,
}

impl Client {
    /// A client for the target of a dialer that has proved it.
    pub(super) fn new(dialer: &Dialer, path: &str) -> Result<Self, Fault> {
        let target = dialer.target();
        let scheme = if target.tls { "https" } else { "http" };
        let authority = target.authority(if target.tls { 443 } else { 80 });
        let jar = Arc::new(Jar::default());
        let mut builder = reqwest::Client::builder()
            .cookie_provider(Arc::clone(&jar))
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .connect_timeout(target.timeouts.tcp)
            .timeout(target.timeouts.answer)
            .user_agent(concat!("connprobe/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(tls(dialer.session().and_then(|s| s.leaf.clone()))?);
        builder = match &target.proxy {
            None => builder.no_proxy().resolve_to_addrs(&target.host, &[dialer.address()]),
            Some(proxy) => {
                let scheme = match proxy.scheme {
                    Scheme::Http => "http",
                    Scheme::Https => "https",
                    Scheme::Socks5 => "socks5h",
                };
                let url = format!("{scheme}://{}:{}", proxy.host, proxy.port);
                let mut through = reqwest::Proxy::all(url).map_err(|error| ours(&error))?;
                if let Some((user, password)) = &proxy.auth {
                    through = through.basic_auth(user, password.text().unwrap_or_default());
                }
                builder.proxy(through)
            }
        };
        let http = builder.build().map_err(|error| ours(&error))?;
        Ok(Self { http, url: format!("{scheme}://{authority}{path}"), jar, token: None })
    }

    /// Sends the bearer token with every message from now on.
    pub(super) fn authorize(&mut self, credentials: &Credentials) -> Result<(), Fault> {
        let (_, value) = crate::probe::http::authorization(credentials)?;
        self.token = Some(value);
        Ok(())
    }

    /// Whether the server set a cookie.
    pub(super) fn has_cookies(&self) -> bool {
        use reqwest::cookie::CookieStore;
        self.url.parse().is_ok_and(|url| self.jar.cookies(&url).is_some())
    }

    /// Posts messages over a new connection.
    pub(super) async fn post(&self, messages: &Value) -> Result<Answer, Fault> {
        let mut request = self
            .http
            .post(&self.url)
            .header("content-type", "application/json")
            .body(messages.to_string());
        if let Some(token) = &self.token {
            request = request.header("authorization", token.clone());
        }
        let mut response = request.send().await.map_err(|error| broken(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > LIMIT {
                let fault = Fault::new(FaultCode::ProtocolTooLarge, "the answer passes a mebibyte");
                return Err(fault.with(Key::Limit, LIMIT));
            }
        }
        Ok(Answer { status, headers, body })
    }
}

/// TLS that accepts the one leaf that was judged, and nothing where none was.
fn tls(leaf: Option<CertificateDer<'static>>) -> Result<ClientConfig, Fault> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::new(FaultCode::LocalInternal, error.to_string()))?;
    let leaf = leaf.unwrap_or_else(|| CertificateDer::from(Vec::new()));
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned { leaf }))
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

fn ours(error: &reqwest::Error) -> Fault {
    Fault::new(FaultCode::LocalInternal, format!("the session's client can't be made: {error}"))
}

/// The fault of a request that broke, by reqwest's kinds and the system error beneath.
fn broken(error: &reqwest::Error) -> Fault {
    if error.is_timeout() {
        return Fault::new(FaultCode::PeerSilent, "no answer to a message of the session in time");
    }
    let mut source = std::error::Error::source(error);
    let mut closed = false;
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            let code = match io.kind() {
                std::io::ErrorKind::ConnectionRefused => FaultCode::TcpRefused,
                std::io::ErrorKind::ConnectionReset => FaultCode::PeerReset,
                _ => FaultCode::PeerClosed,
            };
            let detail = "a later connection of the session broke";
            return Fault::new(code, detail).with_some(Key::Errno, crate::net::tcp::errno_name(io));
        }
        closed |=
            cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message);
        source = cause.source();
    }
    match closed {
        true => Fault::new(FaultCode::PeerClosed, "the peer closed in mid-answer")
            .with(Key::Bytes, 0_u64),
        false => Fault::new(FaultCode::ProtocolMalformed, "an answer of the session can't be read"),
    }
}
