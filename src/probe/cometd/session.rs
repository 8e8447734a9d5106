//! A session's requests: its handshake over the dialer's connection, its connects over new ones by
//! reqwest with a jar of cookies, each pinned to the address and leaf that the dialer proved.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use http::{HeaderValue, Method};
use reqwest::cookie::{CookieStore, Jar};
use reqwest::{Client, Url};
use rustls::ClientConfig;
use rustls::sign::SingleCertAndKey;

use crate::model::{Credentials, Fault, FaultCode, Key, Proof};
use crate::net::proxy::{Proxy, Scheme};
use crate::net::tls::classify;
use crate::net::tls::trust::provider;
use crate::net::tls::verify::Pinned;
use crate::net::{Dialer, Target};
use crate::probe::http::exchange::{Answer, BODY, Request};
use crate::probe::http::{self as web};

/// Where the session is, and what goes with each of its requests.
#[derive(Clone, Debug)]
pub(super) struct Place {
    url: Url,
    host: String,
    token: Option<HeaderValue>,
    jar: Arc<Jar>,
}

impl Place {
    pub(super) fn new(
        dialer: &Dialer,
        path: &str,
        token: Option<HeaderValue>,
    ) -> Result<Self, Fault> {
        let target = dialer.target();
        let (scheme, default) = if target.tls { ("https", 443) } else { ("http", 80) };
        let url = format!("{scheme}://{}{path}", named(target).authority(default));
        let mut url = Url::parse(&url).map_err(|_| internal("the target makes no URL"))?;
        if target.proxy.is_none() {
            // The client takes the port of the URL alone, and names may lead to another one.
            let _ = url.set_port(Some(dialer.address().port()));
        }
        Ok(Self { url, host: web::authority(dialer), token, jar: Arc::default() })
    }

    /// The same without token and cookies.
    pub(super) fn bare(&self) -> Self {
        Self { token: None, jar: Arc::default(), ..self.clone() }
    }

    /// A request of the session, for a connection of ours.
    pub(super) fn request(&self, path: &str, body: Bytes) -> Request {
        let mut request = Request::get(path, self.host.clone());
        request.method = Method::POST;
        request.body = body;
        request.set(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(token) = &self.token {
            request.set(AUTHORIZATION, token.clone());
        }
        if let Some(mut cookies) = self.jar.cookies(&self.url) {
            cookies.set_sensitive(true);
            request.set(COOKIE, cookies);
        }
        request
    }

    /// Keeps the cookies of an answer that came over a connection of ours.
    pub(super) fn keep_cookies(&self, answer: &Answer) {
        self.jar.set_cookies(&mut answer.headers.get_all(SET_COOKIE).iter(), &self.url);
    }

    pub(super) fn has_cookie(&self) -> bool {
        self.jar.cookies(&self.url).is_some()
    }
}

/// The token as a field, once it is certain that it may be sent; `None` where none is given or
/// wanted.
pub(super) fn token(dialer: &mut Dialer) -> Result<Option<HeaderValue>, Fault> {
    if !dialer.wants(Proof::Authenticated) {
        return Ok(None);
    }
    match dialer.credentials()? {
        Credentials::None => Ok(None),
        credentials @ Credentials::Token(_) => {
            dialer.may_send_secret("the bearer token")?;
            web::authorization(&credentials).map(|(_, value)| Some(value))
        }
        other => Err(Fault::new(
            FaultCode::AuthMethodUnsupported,
            format!("{} can't be used with CometD", other.what()),
        )),
    }
}

/// The target under the name that its TLS is asked for.
fn named(target: &Target) -> Target {
    let mut named = target.clone();
    if let (true, None, Some(name)) = (target.tls, &target.proxy, &target.trust.server_name) {
        named.host = name.as_str().into();
    }
    named
}

fn internal(what: &str) -> Fault {
    Fault::new(FaultCode::LocalInternal, what)
}

/// A client that opens a new connection for each request.
pub(super) fn client(dialer: &Dialer, place: &Place) -> Result<Client, Fault> {
    let target = dialer.target();
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .cookie_provider(Arc::clone(&place.jar))
        .connect_timeout(target.timeouts.tcp + target.timeouts.tls)
        .timeout(target.timeouts.answer)
        .user_agent(concat!("connprobe/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls(dialer)?);
    let dialled = match &target.proxy {
        Some(proxy) => {
            builder = builder.proxy(through(proxy)?);
            proxy.host.clone()
        }
        None => place.url.host_str().unwrap_or_default().to_owned(),
    };
    builder
        .resolve_to_addrs(&dialled, &[dialer.address()])
        .build()
        .map_err(|_| internal("the client for new connections can't be built"))
}

/// The proxy resolves the name, whatever it speaks.
fn through(proxy: &Proxy) -> Result<reqwest::Proxy, Fault> {
    let url = proxy.url().replacen("socks5://", "socks5h://", 1);
    let built = reqwest::Proxy::all(url).map_err(|_| internal("the proxy makes no URL"))?;
    Ok(match proxy.auth.as_ref().map_err(Fault::clone)? {
        Some((name, secret)) => built.basic_auth(name, secret.text().unwrap_or_default()),
        None => built,
    })
}

/// TLS that accepts no other leaf than the dialer's.
fn tls(dialer: &Dialer) -> Result<ClientConfig, Fault> {
    let trust = &dialer.target().trust;
    let broken = |_| internal("TLS can't be set up for new connections");
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(trust.versions())
        .map_err(broken)?;
    let leaf = dialer.session().and_then(|session| session.leaf.clone());
    let builder = match leaf {
        Some(leaf) => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Pinned { leaf }))
        }
        // Without TLS there is nothing to trust.
        None => builder.with_root_certificates(rustls::RootCertStore::empty()),
    };
    let mut config = match &trust.client {
        Some(key) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(key))))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Sends a request of the session over a new connection.
pub(super) async fn anew(
    dialer: &Dialer,
    client: &Client,
    place: &Place,
    path: &str,
    body: Bytes,
) -> Result<Answer, Fault> {
    // A proxy behind TLS has a certificate of its own, which only the dialer can judge.
    if dialer.target().proxy.as_ref().is_some_and(|proxy| proxy.scheme == Scheme::Https) {
        let gone = || internal("the session's new connection was not wanted");
        let mut side = dialer.side();
        let mut connection = web::connect(&mut side).await?.ok_or_else(gone)?;
        let answer = connection.send(&place.request(path, body)).await?;
        place.keep_cookies(&answer);
        return Ok(answer);
    }
    let mut request = client
        .post(place.url.clone())
        .header(HOST, &place.host)
        .header(CONTENT_TYPE, "application/json")
        .body(body);
    if let Some(token) = &place.token {
        request = request.header(AUTHORIZATION, token.clone());
    }
    let mut response = request.send().await.map_err(|error| broke(&error))?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broke(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY {
            let detail = format!("the answer's body has more than {BODY} bytes");
            return Err(Fault::new(FaultCode::ProtocolTooLarge, detail).with(Key::Limit, BODY));
        }
    }
    Ok(Answer { status, headers, body, flaw: None })
}

/// Why a new connection of the session broke.
fn broke(error: &reqwest::Error) -> Fault {
    use std::io::ErrorKind;
    let mut source = std::error::Error::source(error);
    let mut io = None;
    while let Some(cause) = source {
        io = cause.downcast_ref::<std::io::Error>().or(io);
        source = cause.source();
    }
    if io.and_then(classify::inner).is_some() {
        let detail = "a new connection of the session shows another certificate, or ends its TLS";
        return Fault::new(FaultCode::TlsPinMismatch, detail);
    }
    let errno = io.and_then(crate::net::tcp::errno_name);
    let (code, what) = match io.map(std::io::Error::kind) {
        Some(ErrorKind::ConnectionRefused) => (FaultCode::TcpRefused, "is refused"),
        Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
            (FaultCode::PeerReset, "is reset")
        }
        _ if error.is_timeout() => (FaultCode::PeerSilent, "is not answered in time"),
        _ => (FaultCode::PeerClosed, "breaks before its answer is whole"),
    };
    Fault::new(code, format!("a new connection of the session {what}")).with_some(Key::Errno, errno)
}
