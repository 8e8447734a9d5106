//! A whole attempt against a peer that says what the fuzzer wants: connected over loopback, read by the
//! row's own probe, told as a report would tell it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::fuzzing::told;
use crate::model::read::Problems;
use crate::model::{Credentials, FaultCode, Proof, Secret, Source, TimeoutSettings};
use crate::net::proxy::{Proxy, Scheme};
use crate::net::slots::Slots;
use crate::net::tls::{Authorities, Trust};
use crate::net::{Dialer, Target, tcp};
use crate::probe::{self, Protocol, TlsUse};
use crate::profile;

/// What must never be told.
const PASSWORD: &str = "sw0rdfish/&quarter";

/// Statuses that a peer's answer may have.
const STATUSES: &[u16] = &[200, 400, 401, 402, 403, 404, 302, 500, 502, 503, 206, 204];

/// The profile that sites are read for.
pub(super) fn genesys() -> profile::Profile {
    thread_local! {
        static PROFILE: profile::Profile = {
            let text = profile::embedded::EMBEDDED[0].1.to_owned();
            let source = Arc::new(Source { name: "genesys".to_owned(), text });
            profile::profile(source, &|_| None).expect("the embedded profile")
        };
    }
    PROFILE.with(Clone::clone)
}

/// A peer that says these bytes as they stand.
pub(super) fn raw(protocol: &str, options: &str, bytes: &[u8]) {
    climb(protocol, options, bytes, None);
}

/// A peer that answers with this body; the first byte chooses the status.
pub(super) fn web(protocol: &str, options: &str, bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let status = STATUSES[usize::from(*first) % STATUSES.len()];
    let head = format!(
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    climb(protocol, options, &[head.as_bytes(), body].concat(), None);
}

/// A peer whose body is compressed, as it says.
pub(super) fn compressed(bytes: &[u8]) {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        bytes.len()
    );
    climb("http", "{body: {contains: ok}}", &[head.as_bytes(), bytes].concat(), None);
}

/// A proxy that says these bytes; the first of them chooses its kind.
pub(super) fn through_proxy(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let scheme = if first & 1 == 1 { Scheme::Socks5 } else { Scheme::Http };
    climb("http", "{}", rest, Some(scheme));
}

/// Longest report of one attempt, in bytes: a chain of 32 certificates has room.
const LONGEST: usize = 256 << 10;

fn climb(protocol: &str, options: &str, says: &[u8], proxy: Option<Scheme>) {
    let text = climbed(protocol, options, says, proxy);
    assert!(text.len() <= LONGEST, "an attempt of {} bytes", text.len());
    assert!(!text.contains(PASSWORD), "the password is told: {text}");
    // No peer can make a mistake of ours.
    let internal = format!("\"code\":\"{}\"", FaultCode::LocalInternal);
    assert!(!text.contains(&internal), "a fault of ours: {text}");
}

/// The attempt as it is told.
pub(super) fn climbed(protocol: &str, options: &str, says: &[u8], proxy: Option<Scheme>) -> String {
    thread_local! {
        static GROUND: (Runtime, TcpListener) = ground();
    }
    let protocol = probe::protocol(protocol).expect("a known protocol");
    GROUND.with(|(runtime, listener)| {
        let address = listener.local_addr().expect("an address");
        let says: Arc<[u8]> = says.into();
        runtime.block_on(async {
            let peer = async {
                loop {
                    let (stream, _) = listener.accept().await.expect("a connection");
                    tokio::spawn(answer(stream, Arc::clone(&says)));
                }
            };
            tokio::select! {
                text = attempt(protocol, options, address, proxy) => text,
                () = peer => String::new(),
            }
        })
    })
}

fn ground() -> (Runtime, TcpListener) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a listener");
    (runtime, listener)
}

/// Each connection gets the same bytes, once it has said anything, and then the end.
async fn answer(mut stream: TcpStream, says: Arc<[u8]>) {
    let mut heard = [0; 4_096];
    if stream.read(&mut heard).await.is_ok_and(|size| size > 0) {
        let _ = stream.write_all(&says).await;
        let _ = stream.shutdown().await;
        while stream.read(&mut heard).await.is_ok_and(|size| size > 0) {}
    }
}

async fn attempt(
    protocol: &Protocol,
    options: &str,
    address: SocketAddr,
    proxy: Option<Scheme>,
) -> String {
    let text = options.to_owned();
    let source = Arc::new(Source { name: "options".to_owned(), text });
    let node = profile::tree::tree(&source, &|_| None).expect("options");
    let mut problems = Problems::default();
    let probe = (protocol.options)(Some(&node), &mut problems).expect("options that are right");
    let trust = Arc::new(Trust {
        authorities: Authorities::File { path: "ca.pem".into(), certificates: Vec::new() },
        ..Trust::default()
    });
    let proxy = proxy.map(|scheme| {
        let (host, port) = (address.ip().to_string(), address.port());
        let auth = Ok(Some(("user".to_owned(), Secret::from(PASSWORD))));
        Arc::new(Proxy { scheme, host, port, auth, trust: Arc::clone(&trust) })
    });
    let target = Target {
        host: "127.0.0.1".into(),
        port: address.port(),
        tls: protocol.tls == TlsUse::Always,
        trust,
        credentials: Ok(credentials(protocol)),
        allow_cleartext: true,
        proxy,
        timeouts: TimeoutSettings::all(Duration::from_secs(5)).filled(),
        tcp: tcp::Options::default(),
        required: Proof::Operational,
        cap: Proof::Operational,
        watch: None,
    };
    let slots = Arc::new(Slots::new(1 << 10));
    let mut dialer = Dialer::new(Arc::new(target), Arc::default(), slots, address);
    let result = probe.run(&mut dialer).await;
    let (attempt, warnings) = dialer.finish(result, protocol.layers);
    told(&attempt);
    told(&warnings);
    serde_json::to_string(&(attempt, warnings)).expect("an attempt can be written")
}

fn credentials(protocol: &Protocol) -> Credentials {
    let secret = Secret::from(PASSWORD);
    match protocol.name {
        "oauth2" => Credentials::Client { id: "client".to_owned(), secret },
        "cometd" => Credentials::Token(secret),
        "object_store" => {
            Credentials::Keys { access_key: "AKIDEXAMPLE".to_owned(), secret_key: secret }
        }
        _ => Credentials::Login {
            username: "user".to_owned(),
            password: Some(secret),
            database: Some("db".to_owned()),
        },
    }
}
