//! A forward proxy: CONNECT as squid answers it (RFC 9110 §9.3.6), SOCKS5 as microsocks does (RFC 1928,
//! RFC 1929). It resolves names itself: every name leads to the one target that it has.

use std::io;
use std::net::SocketAddr;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::lab::server::{Peer, Server};

/// What it does with a request for a tunnel.
#[derive(Clone, Debug)]
pub struct ForwardProxy {
    /// User and password that it wants.
    pub login: Option<(&'static str, &'static str)>,
    /// Where every name leads; nobody is there where it is `None`.
    pub target: Option<SocketAddr>,
    /// Whether its rules forbid the port, whatever it is.
    pub forbids: bool,
}

/// Longest head that is read, in bytes.
const HEAD: usize = 16 * 1024;

impl ForwardProxy {
    /// One that lets everybody through to a target.
    pub const fn to(target: SocketAddr) -> Self {
        Self { login: None, target: Some(target), forbids: false }
    }

    /// One behind which nobody is.
    pub const fn dead() -> Self {
        Self { login: None, target: None, forbids: false }
    }

    /// With a password that it wants.
    #[must_use]
    pub const fn guarded(self) -> Self {
        Self { login: Some(("probe", "proxy-password")), ..self }
    }

    /// With a rule against it.
    #[must_use]
    pub const fn forbidding(self) -> Self {
        Self { forbids: true, ..self }
    }

    /// Serves both protocols on one port.
    pub async fn serve(self) -> io::Result<Server> {
        Server::start(move |peer| {
            let proxy = self.clone();
            async move { proxy.connection(peer).await }
        })
        .await
    }

    async fn connection(self, mut peer: Peer) -> io::Result<()> {
        let first = peer.stream.read_u8().await?;
        peer.seen.request();
        let open = match first {
            5 => self.socks5(&mut peer).await?,
            first => self.connect(&mut peer, first).await?,
        };
        let Some(mut target) = open else { return peer.stream.shutdown().await };
        tokio::io::copy_bidirectional(&mut peer.stream, &mut target).await.map(drop)
    }

    async fn reach(&self) -> Option<TcpStream> {
        TcpStream::connect(self.target?).await.ok()
    }

    /// Answers a CONNECT; gives the tunnel where there is one.
    async fn connect(&self, peer: &mut Peer, first: u8) -> io::Result<Option<TcpStream>> {
        let mut head = vec![first];
        while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD {
            head.push(peer.stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head);
        let wanted = self.login.map(|(user, password)| {
            format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
        });
        let given = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("proxy-authorization").then(|| value.trim().to_owned())
        });
        let (status, error) = if wanted.is_some() && wanted != given {
            ("407 Proxy Authentication Required", "ERR_CACHE_ACCESS_DENIED 0")
        } else if self.forbids {
            ("403 Forbidden", "ERR_ACCESS_DENIED 0")
        } else if let Some(target) = self.reach().await {
            peer.stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            return Ok(Some(target));
        } else {
            ("503 Service Unavailable", "ERR_CONNECT_FAIL 111")
        };
        let asks = if status.starts_with("407") {
            "Proxy-Authenticate: Basic realm=\"proxy\"\r\n"
        } else {
            ""
        };
        let page = "<!DOCTYPE html><title>ERROR: The requested URL could not be retrieved</title>";
        let answer = format!(
            "HTTP/1.1 {status}\r\nServer: squid/5.7\r\nContent-Type: text/html;charset=utf-8\r\n\
             X-Squid-Error: {error}\r\n{asks}Content-Length: {}\r\nConnection: close\r\n\r\n{page}",
            page.len()
        );
        peer.stream.write_all(answer.as_bytes()).await?;
        Ok(None)
    }

    /// Answers a greeting, a login and a request of SOCKS5; gives the tunnel where there is one.
    async fn socks5(&self, peer: &mut Peer) -> io::Result<Option<TcpStream>> {
        let mut methods = vec![0; usize::from(peer.stream.read_u8().await?)];
        peer.stream.read_exact(&mut methods).await?;
        let method = if self.login.is_some() { 2 } else { 0 };
        if !methods.contains(&method) {
            peer.stream.write_all(&[5, 0xff]).await?;
            return Ok(None);
        }
        peer.stream.write_all(&[5, method]).await?;
        if let Some((user, password)) = self.login {
            let _version = peer.stream.read_u8().await?;
            let given = (text(peer).await?, text(peer).await?);
            let right = given == (user.into(), password.into());
            peer.stream.write_all(&[1, if right { 0 } else { 2 }]).await?;
            if !right {
                return Ok(None);
            }
        }
        let mut request = [0; 4];
        peer.stream.read_exact(&mut request).await?;
        let length = match request[3] {
            1 => 4,
            4 => 16,
            _ => usize::from(peer.stream.read_u8().await?),
        };
        let mut address = vec![0; length + 2];
        peer.stream.read_exact(&mut address).await?;
        let target = if self.forbids { None } else { self.reach().await };
        let reply = match (&target, self.forbids) {
            (Some(_), _) => 0,
            (None, true) => 2,
            (None, false) => 5,
        };
        peer.stream.write_all(&[5, reply, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        Ok(target)
    }
}

/// A text with its length before it.
async fn text(peer: &mut Peer) -> io::Result<Vec<u8>> {
    let mut text = vec![0; usize::from(peer.stream.read_u8().await?)];
    peer.stream.read_exact(&mut text).await?;
    Ok(text)
}
