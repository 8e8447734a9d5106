//! A name server over UDP and TCP at one port of loopback, which says what a function tells it to
//! (RFC 1035 §4.2, RFC 7766).
//!
//! What an honest one says is [`zone::Zone`]'s; it is held byte for byte against unbound
//! (`tests/recorded`). What a dishonest or broken one says stands in the scenarios.

pub mod wire;
pub mod zone;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use crate::lab::server::{Peer, Seen, Server, listen, listening_on};
use wire::Question;

/// Ports that are tried until one is free for UDP and TCP alike.
const TRIES: usize = 32;

/// How a question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// In a datagram.
    Udp,
    /// In a stream, behind its length.
    Tcp,
}

/// What is done with a question.
#[derive(Clone, Debug)]
pub enum Said {
    /// These bytes are sent.
    Bytes(Vec<u8>),
    /// These bytes are sent from another address (over UDP).
    Elsewhere(Vec<u8>),
    /// Half of these bytes are sent behind the length of all (over TCP).
    Cut(Vec<u8>),
    /// The connection is held open (over TCP).
    Held,
}

/// What a server says to a question; nothing is silence, and over TCP a closed connection.
pub type Says = Arc<dyn Fn(&Question, Over) -> Vec<Said> + Send + Sync>;

/// A name server that runs. Dropping it ends it.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    seen: Arc<Seen>,
    task: Option<JoinHandle<()>>,
    /// What answers over TCP, or holds the port so that nobody does.
    _tcp: Option<Server>,
    /// A UDP port that rejects.
    _deaf: Option<UdpSocket>,
}

impl NameServer {
    /// Listens over UDP and TCP.
    pub async fn start(says: Says) -> io::Result<Self> {
        Self::over(says, true).await
    }

    /// Listens over UDP; its TCP port refuses.
    pub async fn without_tcp(says: Says) -> io::Result<Self> {
        Self::over(says, false).await
    }

    /// A port of UDP that answers every question with ICMP port unreachable.
    pub async fn deaf() -> io::Result<Self> {
        let socket = UdpSocket::bind(listen()).await?;
        let address = socket.local_addr()?;
        // A socket that is connected to itself gets nobody else's datagrams, and keeps the port.
        socket.connect(address).await?;
        let seen = Arc::default();
        Ok(Self { address, seen, task: None, _tcp: None, _deaf: Some(socket) })
    }

    async fn over(says: Says, tcp: bool) -> io::Result<Self> {
        let mut tries = 0;
        let (socket, tcp) = loop {
            let socket = UdpSocket::bind(listen()).await?;
            let same = socket.local_addr()?;
            match listening_on(same, stream(Arc::clone(&says), tcp)).await {
                Ok(tcp) => break (socket, tcp),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries < TRIES => {
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        };
        let address = socket.local_addr()?;
        let seen = Arc::new(Seen::default());
        let counted = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            // A client that is gone is no concern of a stand-in.
            while over_udp(&socket, &says, &counted).await.is_ok() {}
        });
        Ok(Self { address, seen, task: Some(task), _tcp: Some(tcp), _deaf: None })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many questions it read over UDP.
    pub fn questions(&self) -> usize {
        self.seen.requests()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// What has the port of TCP: a server, or nobody.
async fn stream(says: Says, serves: bool) -> io::Result<Server> {
    match serves {
        true => Server::start(move |peer| over_tcp(peer, Arc::clone(&says))).await,
        false => Server::refusing(),
    }
}

async fn over_udp(socket: &UdpSocket, says: &Says, seen: &Seen) -> io::Result<()> {
    let mut bytes = [0; 1_500];
    let received = socket.recv_from(&mut bytes).await;
    // What an earlier datagram drew by ICMP may surface here: it is none of ours.
    let Ok((size, peer)) = received else { return Ok(()) };
    let Some(question) = Question::read(&bytes[..size]) else { return Ok(()) };
    seen.request();
    for said in says(&question, Over::Udp) {
        match said {
            Said::Bytes(bytes) => drop(socket.send_to(&bytes, peer).await),
            Said::Elsewhere(bytes) => {
                let other = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 99), 0)).await?;
                drop(other.send_to(&bytes, peer).await);
            }
            Said::Cut(_) | Said::Held => {}
        }
    }
    Ok(())
}

async fn over_tcp(mut peer: Peer, says: Says) -> io::Result<()> {
    let size = peer.stream.read_u16().await?;
    let mut bytes = vec![0; usize::from(size)];
    peer.stream.read_exact(&mut bytes).await?;
    let Some(question) = Question::read(&bytes) else { return Ok(()) };
    peer.seen.request();
    for said in says(&question, Over::Tcp) {
        match said {
            Said::Bytes(bytes) => peer.stream.write_all(&framed(&bytes)).await?,
            Said::Cut(bytes) => {
                let framed = framed(&bytes);
                peer.stream.write_all(&framed[..framed.len() / 2]).await?;
            }
            Said::Held => std::future::pending().await,
            Said::Elsewhere(_) => {}
        }
    }
    peer.stream.shutdown().await
}

/// A message behind its length (RFC 1035 §4.2.2).
fn framed(message: &[u8]) -> Vec<u8> {
    let size = u16::try_from(message.len()).unwrap_or(u16::MAX);
    [&size.to_be_bytes(), message].concat()
}
