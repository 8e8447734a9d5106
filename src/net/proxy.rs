//! Through a proxy: CONNECT over HTTP/1.1 (RFC 9110 §9.3.6) and SOCKS5 (RFC 1928, RFC 1929). The
//! proxy resolves the name.

use std::time::Duration;

use base64::Engine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::model::{Evidence, Fault, FaultCode, Key, Secret, clean};
use crate::net::wire::{Wire, broken};

/// Longest head of an answer that is read, in bytes.
const HEAD: usize = 16 * 1024;

/// How long more of a stranger's greeting is waited for.
const AT_HAND: Duration = Duration::from_millis(50);
/// Interim answers that are read at most.
const INTERIM: usize = 8;

/// How to speak to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// CONNECT in clear text.
    Http,
    /// CONNECT within TLS.
    Https,
    /// SOCKS5.
    Socks5,
}

/// User name and password.
pub type Login = (String, Secret);

/// A proxy on the way.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// How to speak to it.
    pub scheme: Scheme,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// User name and password for it, or why the password can't be had.
    pub auth: Result<Option<Login>, Fault>,
    /// What its own certificate is judged by.
    pub trust: std::sync::Arc<crate::net::tls::Trust>,
}

impl Proxy {
    /// `http://host:port`, without credentials.
    pub fn url(&self) -> String {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Socks5 => "socks5",
        };
        match self.host.contains(':') && !self.host.starts_with('[') {
            true => format!("{scheme}://[{}]:{}", self.host, self.port),
            false => format!("{scheme}://{}:{}", self.host, self.port),
        }
    }
}

/// Has the proxy open a tunnel to the target.
///
/// # Errors
/// A fault of `proxy.`, or `local.secret-unreadable` where its password can't be had: nothing is asked then.
pub async fn tunnel(
    mut wire: Wire,
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> Result<(Wire, Evidence), Fault> {
    let evidence = Evidence::new().with(Key::ProxyName, proxy.url());
    let auth = proxy.auth.as_ref().map_err(Fault::clone)?.as_ref();
    let done = match proxy.scheme {
        Scheme::Http | Scheme::Https => connect(&mut wire, auth, host, port).await,
        Scheme::Socks5 => socks5(&mut wire, auth, host, port).await,
    };
    match done {
        Ok(status) => Ok((wire, evidence.with_some(Key::Status, status))),
        Err(mut fault) => {
            fault.evidence.absorb(evidence);
            Err(fault)
        }
    }
}

async fn connect(
    wire: &mut Wire,
    auth: Option<&Login>,
    host: &str,
    port: u16,
) -> Result<Option<u16>, Fault> {
    let target = match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    let mut request = zeroize::Zeroizing::new(format!(
        "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: connprobe\r\n"
    ));
    if let Some((user, password)) = auth {
        let pair = zeroize::Zeroizing::new([user.as_bytes(), b":", password.bytes()].concat());
        let encoded = base64::engine::general_purpose::STANDARD.encode(&*pair);
        request.push_str(&format!("Proxy-Authorization: Basic {encoded}\r\n"));
    }
    request.push_str("\r\n");
    send(wire, request.as_bytes()).await?;
    let (status, said) = answer(wire).await?;
    let fault = match status {
        200..=299 => return Ok(Some(status)),
        407 => Fault::new(FaultCode::ProxyAuthRequired, "the proxy asks for credentials (407)"),
        400..=499 => Fault::new(
            FaultCode::ProxyDenied,
            format!("the proxy refuses a tunnel to {target} ({status})"),
        ),
        500..=599 => Fault::new(
            FaultCode::ProxyTargetUnreachable,
            format!("the proxy can't reach {target} ({status})"),
        ),
        _ => malformed("the proxy's answer to CONNECT is none of RFC 9110"),
    };
    Err(fault.with(Key::Status, status).with(Key::Message, said))
}

/// The final status and its line; the interim ones before it say nothing (RFC 9110 §15.2).
async fn answer(wire: &mut Wire) -> Result<(u16, String), Fault> {
    for _ in 0..=INTERIM {
        let head = head(wire).await?;
        let status = status(&head).ok_or_else(|| {
            malformed("the proxy's answer is no HTTP")
                .with(Key::FirstBytes, clean::bytes(&head, 64))
        })?;
        if !(100..200).contains(&status) {
            return Ok((status, clean::bytes(line(&head), 120)));
        }
    }
    Err(malformed("the proxy's answer to CONNECT is none but interim ones"))
}

/// Reads up to the empty line that ends a head; nothing of the target's is read. A lone LF ends a line too
/// (RFC 9112 §2.2).
async fn head(wire: &mut Wire) -> Result<Vec<u8>, Fault> {
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\n\r\n") && !head.ends_with(b"\n\n") {
        if head.len() >= HEAD {
            return Err(malformed("the proxy's answer has no end").with(Key::Limit, HEAD));
        }
        head.push(read_byte(wire).await?);
        // A peer that speaks another protocol never sends the empty line: what it says is kept, if it is
        // there already.
        if head.len() <= 5 && !b"HTTP/".starts_with(&head) {
            let mut more = [0_u8; 64];
            let read = tokio::time::timeout(AT_HAND, wire.read(&mut more)).await;
            head.extend_from_slice(&more[..read.map_or(0, Result::unwrap_or_default)]);
            return Ok(head);
        }
    }
    Ok(head)
}

fn line(head: &[u8]) -> &[u8] {
    head.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default()
}

fn status(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(line(head)).ok()?.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()
}

async fn socks5(
    wire: &mut Wire,
    auth: Option<&Login>,
    host: &str,
    port: u16,
) -> Result<Option<u16>, Fault> {
    let methods: &[u8] = if auth.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
    send(wire, methods).await?;
    match (read_byte(wire).await?, read_byte(wire).await?) {
        (5, 0) => {}
        (5, 2) => login(wire, auth).await?,
        (5, 0xff) => {
            return Err(Fault::new(
                FaultCode::ProxyAuthRequired,
                "the proxy accepts none of the methods of authentication offered",
            ));
        }
        _ => return Err(malformed("the proxy's answer is no SOCKS5")),
    }
    let mut request = vec![5, 1, 0];
    match host.trim_matches(['[', ']']).parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(ip)) => {
            request.push(1);
            request.extend(ip.octets());
        }
        Ok(std::net::IpAddr::V6(ip)) => {
            request.push(4);
            request.extend(ip.octets());
        }
        Err(_) => {
            request.push(3);
            request.push(u8::try_from(host.len()).unwrap_or(u8::MAX));
            request.extend(host.bytes().take(255));
        }
    }
    request.extend(port.to_be_bytes());
    send(wire, &request).await?;
    reply(wire, host, port).await
}

async fn login(wire: &mut Wire, auth: Option<&Login>) -> Result<(), Fault> {
    let Some((user, password)) = auth else {
        return Err(malformed("the proxy chose a method that was not offered"));
    };
    let short = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    let mut request = zeroize::Zeroizing::new(vec![1, short(user.as_bytes())]);
    request.extend(user.bytes().take(255));
    request.push(short(password.bytes()));
    request.extend(password.bytes().iter().take(255));
    send(wire, &request).await?;
    match (read_byte(wire).await?, read_byte(wire).await?) {
        (_, 0) => Ok(()),
        _ => Err(Fault::new(FaultCode::ProxyAuthRequired, "the proxy rejects our credentials")),
    }
}

async fn reply(wire: &mut Wire, host: &str, port: u16) -> Result<Option<u16>, Fault> {
    let mut head = [0_u8; 4];
    for byte in &mut head {
        *byte = read_byte(wire).await?;
    }
    let [5, code, _, kind] = head else { return Err(malformed("the proxy's answer is no SOCKS5")) };
    let rest = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(read_byte(wire).await?),
        _ => return Err(malformed("the proxy's answer holds an address of no kind")),
    };
    for _ in 0..rest + 2 {
        read_byte(wire).await?;
    }
    let fault = match code {
        0 => return Ok(None),
        2 => Fault::new(
            FaultCode::ProxyDenied,
            format!("the proxy's rules refuse {host}:{port} (SOCKS5 reply 2)"),
        ),
        _ => Fault::new(
            FaultCode::ProxyTargetUnreachable,
            format!("the proxy can't reach {host}:{port} (SOCKS5 reply {code})"),
        ),
    };
    Err(fault.with(Key::SocksReply, code))
}

async fn send(wire: &mut Wire, bytes: &[u8]) -> Result<(), Fault> {
    let sent = async {
        wire.write_all(bytes).await?;
        wire.flush().await
    };
    sent.await.map_err(|error| unspoken(&error, wire))
}

async fn read_byte(wire: &mut Wire) -> Result<u8, Fault> {
    wire.read_u8().await.map_err(|error| unspoken(&error, wire))
}

/// The proxy broke off: that is its own malformed answer, with the cause as evidence.
fn unspoken(error: &std::io::Error, wire: &Wire) -> Fault {
    let cause = broken(error, wire.traffic(), wire.session().map(|session| &**session));
    malformed(&format!("the proxy broke off: {}", cause.detail))
        .with(Key::Cause, cause.code.as_str())
}

fn malformed(detail: &str) -> Fault {
    Fault::new(FaultCode::ProxyMalformed, detail)
}
