//! A listener that serves each connection with one function, and ends when its handle is dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Connections that are served side by side; more wait in the kernel's queue.
const CONNECTIONS: usize = 256;

/// The longest life of a connection: a client that forgets one holds nothing for good.
const LIFETIME: Duration = Duration::from_mins(2);

tokio::task_local! {
    static LISTEN: SocketAddr;
}

/// Lets the one server that `work` starts listen on `address` in place of loopback: for stand-ins on
/// a real host, before the product is there. Port 0 takes a free one, and lets it start several.
pub async fn listening_on<F: Future>(address: SocketAddr, work: F) -> F::Output {
    LISTEN.scope(address, work).await
}

/// Where the next server listens: a free port of 127.0.0.1, unless [`listening_on`] says otherwise.
pub(in crate::lab) fn listen() -> SocketAddr {
    LISTEN.try_with(|address| *address).unwrap_or_else(|_| (Ipv4Addr::LOCALHOST, 0).into())
}

/// How much a server saw.
#[derive(Debug, Default)]
pub struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

impl Seen {
    /// Counts a request, or what takes its place in the protocol.
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests were counted.
    pub(in crate::lab) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

/// A server that runs. Dropping it closes its listener and every connection.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
    task: Option<JoinHandle<()>>,
    /// A socket that is bound and does not listen: its port refuses, and nobody else gets it.
    _bound: Option<socket2::Socket>,
}

impl Server {
    /// Listens, and gives each connection to `serve`.
    pub async fn start<F, Fut>(serve: F) -> io::Result<Self>
    where
        F: Fn(Peer) -> Fut + Send + 'static,
        Fut: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind(listen()).await?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Seen::default());
        let task = tokio::spawn(accept(listener, Arc::clone(&seen), serve));
        Ok(Self { address, seen, task: Some(task), _bound: None })
    }

    /// A port that answers every SYN with RST for as long as the handle lives.
    pub fn refusing() -> io::Result<Self> {
        Self::holding(bound()?)
    }

    /// A port that leaves every SYN without an answer: its accept queue is full for good, and
    /// Linux drops what comes then.
    pub fn filtering() -> io::Result<Self> {
        let socket = bound()?;
        socket.listen(0)?;
        // A backlog of 0 queues one connection; it stays there when its own end is closed.
        let filler = socket2::Socket::new(socket.domain()?, socket2::Type::STREAM, None)?;
        filler.connect(&socket.local_addr()?)?;
        Self::holding(socket)
    }

    fn holding(socket: socket2::Socket) -> io::Result<Self> {
        let address = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { address, seen: Arc::default(), task: None, _bound: Some(socket) })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections it accepted.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::Relaxed)
    }

    /// How many requests it read.
    pub fn requests(&self) -> usize {
        self.seen.requests()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// A socket that does not listen yet.
fn bound() -> io::Result<socket2::Socket> {
    let address = listen();
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

async fn accept<F, Fut>(listener: TcpListener, seen: Arc<Seen>, serve: F)
where
    F: Fn(Peer) -> Fut,
    Fut: Future<Output = io::Result<()>> + Send + 'static,
{
    // The set dies with this task, and every connection with the set.
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors: what ends next makes room.
            if connections.join_next().await.is_none() {
                return;
            }
            continue;
        };
        let serial = seen.connections.fetch_add(1, Ordering::Relaxed);
        // Answers are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let serving = serve(Peer { stream, seen: Arc::clone(&seen), serial });
        connections.spawn(async move {
            // A client that breaks off is no concern of a stand-in.
            let _ = tokio::time::timeout(LIFETIME, serving).await;
        });
    }
}

/// One accepted connection.
#[derive(Debug)]
pub struct Peer {
    /// The connection.
    pub stream: TcpStream,
    /// Counts what the server sees.
    pub seen: Arc<Seen>,
    /// Which connection of this server it is, from 0.
    pub serial: usize,
}

impl Peer {
    /// Shakes hands as a TLS server.
    pub async fn secure(self, config: &Arc<ServerConfig>) -> io::Result<Box<dyn Stream>> {
        let accept = TlsAcceptor::from(Arc::clone(config)).accept(self.stream);
        match accept.into_fallible().await {
            Ok(stream) => Ok(Box::new(stream)),
            Err((error, mut stream)) => {
                // The alert is on its way: what is not read would send a RST after it.
                stream.shutdown().await?;
                tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
                Err(error)
            }
        }
    }
}

/// A connection with or without TLS.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// The TCP connection beneath.
    fn tcp(&self) -> &TcpStream;

    /// Whether the client showed a certificate.
    fn client_certificate(&self) -> bool;
}

impl Stream for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }

    fn client_certificate(&self) -> bool {
        false
    }
}

impl Stream for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }

    fn client_certificate(&self) -> bool {
        self.get_ref().1.peer_certificates().is_some()
    }
}

/// Ends a connection with RST in place of FIN.
pub fn reset(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn a_server_counts_its_connections_and_ends_with_its_handle() {
        let server = Server::start(|mut peer| async move {
            peer.stream.write_all(b"hello").await?;
            std::future::pending().await
        })
        .await
        .unwrap();
        let address = server.address();
        let mut client = TcpStream::connect(address).await.unwrap();
        let mut said = [0; 5];
        client.read_exact(&mut said).await.unwrap();
        assert_eq!(server.connections(), 1);
        drop(server);
        assert!(!matches!(client.read(&mut said).await, Ok(1..)), "the connection must end");
        assert!(TcpStream::connect(address).await.is_err(), "the listener must be closed");
    }

    #[tokio::test]
    async fn a_server_listens_where_it_is_told() {
        let address = SocketAddr::from(([127, 0, 0, 77], 0));
        let server = Server::start(|_| std::future::pending());
        let server = listening_on(address, server).await.unwrap();
        assert_eq!(server.address().ip(), address.ip());
    }

    #[tokio::test]
    async fn a_refusing_port_refuses() {
        let server = Server::refusing().unwrap();
        let error = TcpStream::connect(server.address()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn a_filtering_port_leaves_a_syn_without_an_answer() {
        let server = Server::filtering().unwrap();
        let connect = TcpStream::connect(server.address());
        assert!(tokio::time::timeout(Duration::from_millis(300), connect).await.is_err());
    }
}
