use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_postgres::config::{self, SslMode};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

use super::*;
use crate::lab::ground::{Ground, HOST};
use crate::lab::pki::Leaf;

fn server() -> Postgres {
    Postgres::new().role("ucs", "right-password").database("ucsx")
}

async fn login(server: Postgres, password: &str) -> Result<String, tokio_postgres::Error> {
    let server = server.serve().await.unwrap();
    let mut config = Config::new();
    config.user("ucs").password(password).dbname("ucsx");
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (client, connection) = config.connect_raw(stream, NoTls).await?;
    let running = tokio::spawn(connection);
    let messages = client.simple_query("SELECT current_database()").await?;
    running.abort();
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(row.unwrap_or_default().into())
}

#[tokio::test]
async fn tokio_postgres_logs_in_by_every_method() {
    for method in [Method::Scram, Method::Md5, Method::Cleartext, Method::Trust] {
        let database = login(server().method(method), "right-password").await.unwrap();
        assert_eq!(database, "ucsx", "{method:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_28p01_by_every_method() {
    for method in [Method::Scram, Method::Md5, Method::Cleartext] {
        let error = login(server().method(method), "wrong").await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "28P01", "{method:?}");
    }
}

#[tokio::test]
async fn the_states_have_their_sqlstates() {
    for (state, code) in [
        (State::Starting, "57P03"),
        (State::Full, "53300"),
        (State::NoHbaLine, "28000"),
        (State::HbaReject, "28000"),
    ] {
        let error = login(server().state(state), "right-password").await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), code, "{state:?}");
    }
}

#[tokio::test]
async fn authentication_is_told_before_a_missing_database() {
    let server = server().method(Method::Trust).serve().await.unwrap();
    let mut client = TcpStream::connect(server.address()).await.unwrap();
    let parameters = b"user\0ucs\0database\0none\0\0";
    let mut packet = u32::try_from(parameters.len() + 8).unwrap().to_be_bytes().to_vec();
    packet.extend(196_608_u32.to_be_bytes());
    packet.extend(parameters);
    client.write_all(&packet).await.unwrap();
    let mut said = Vec::new();
    client.read_to_end(&mut said).await.unwrap();
    assert_eq!(said[..9], [b'R', 0, 0, 0, 8, 0, 0, 0, 0]);
    assert!(String::from_utf8_lossy(&said).contains("C3D000\0"));
}

#[tokio::test]
async fn http_to_it_is_closed_without_a_word() {
    let server = server().serve().await.unwrap();
    let mut client = TcpStream::connect(server.address()).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    client.read_to_end(&mut said).await.unwrap();
    assert!(said.is_empty());
}

/// Upgrades with rustls and tells tokio-postgres what the channel is bound to.
struct Upgrade(tokio_rustls::TlsConnector);

struct Bound(tokio_rustls::client::TlsStream<TcpStream>);

impl TlsConnect<TcpStream> for Upgrade {
    type Stream = Bound;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Bound>> + Send>>;

    fn connect(self, stream: TcpStream) -> Self::Future {
        let name = HOST.try_into().unwrap();
        Box::pin(async move { Ok(Bound(self.0.connect(name, stream).await?)) })
    }
}

impl TlsStream for Bound {
    fn channel_binding(&self) -> ChannelBinding {
        let leaf = &self.0.get_ref().1.peer_certificates().unwrap()[0];
        ChannelBinding::tls_server_end_point(crate::lab::crypto::sha256(leaf).to_vec())
    }
}

impl AsyncRead for Bound {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Bound {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// Logs in over TLS with channel binding required, at a server that shows the certificate
/// which it believes to show, or another.
async fn bound_login(ground: &Ground, same: bool) -> Result<(), tokio_postgres::Error> {
    let identity = ground.pki.leaf(&Leaf { sans: &[HOST], ..Leaf::GOOD }).unwrap();
    let other = ground.pki.leaf(&Leaf { sans: &[HOST], ..Leaf::GOOD }).unwrap();
    let believed = if same { &identity } else { &other };
    let tls = ground.pki.tls(&identity).unwrap();
    let server = server().encryption(Encryption::Required(tls, believed.chain[0].clone()));
    let server = server.serve().await.unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(ground.pki.ca_der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut config = Config::new();
    config.user("ucs").password("right-password").dbname("ucsx");
    config.ssl_mode(SslMode::Require).channel_binding(config::ChannelBinding::Require);
    let stream = TcpStream::connect(server.address()).await.unwrap();
    config.connect_raw(stream, Upgrade(Arc::new(client).into())).await.map(drop)
}

#[tokio::test]
async fn scram_is_bound_to_the_certificate_of_the_channel() {
    let ground = Ground::new().unwrap();
    bound_login(&ground, true).await.unwrap();
    let error = bound_login(&ground, false).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "28P01");
}
