//! Peers on loopback: they greet, answer, keep silent or are not there.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// A server on a thread of its own, for as long as the test program lasts.
pub(crate) struct Peer {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    /// Says `ready` and waits for the other side to go.
    pub(crate) fn greeting() -> Self {
        Self::start(|mut stream, _| {
            let _ = stream.write_all(b"ready\r\n");
            let _ = stream.read(&mut [0; 64]);
        })
    }

    /// Says `ready` at one port of both families of loopback.
    pub(crate) fn greeting_on_both_families() -> Self {
        loop {
            let peer = Self::greeting();
            // Another program may have the port in the other family.
            let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, peer.port())) else {
                continue;
            };
            std::thread::spawn(move || {
                for mut stream in listener.incoming().flatten() {
                    let _ = stream.write_all(b"ready\r\n");
                }
            });
            return peer;
        }
    }

    /// Closes its first connection with RST; from then on it says `ready`.
    pub(crate) fn resetting_once() -> Self {
        let first = AtomicBool::new(true);
        Self::start(move |mut stream, _| {
            if first.swap(false, Ordering::SeqCst) {
                let socket = Socket::from(stream);
                let _ = socket.set_linger(Some(Duration::ZERO));
                return;
            }
            let _ = stream.write_all(b"ready\r\n");
            let _ = stream.read(&mut [0; 64]);
        })
    }

    /// Answers each request by what `answer` makes of its head.
    pub(crate) fn http(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self::start(move |mut stream, heard| {
            let head = head(&mut stream);
            // A body that is left unread would make the kernel answer with RST.
            let _ = stream.read_exact(&mut vec![0; length(&head)]);
            heard.lock().expect("no peer panics").push(head.clone());
            let _ = stream.write_all(answer(&head).as_bytes());
        })
    }

    pub(crate) fn start(
        serve: impl Fn(TcpStream, &Mutex<Vec<String>>) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (serve, writes) = (Arc::new(serve), Arc::clone(&heard));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (serve, writes) = (Arc::clone(&serve), Arc::clone(&writes));
                std::thread::spawn(move || serve(stream, &writes));
            }
        });
        Self { address, heard }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The heads of the requests so far.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("no peer panics").clone()
    }
}

/// The head of a request (RFC 9112 §2.1).
fn head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// The length of the body of a request (RFC 9112 §6.2).
fn length(head: &str) -> usize {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = fields.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    lengths.next().and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0)
}

/// An answer of HTTP with this status and body.
pub(crate) fn answer(status: &str, fields: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{fields}\r\n{body}"
    )
}

/// A listener that says nothing; the kernel accepts for it, and it can be asked afterwards.
pub(crate) struct Silent(TcpListener);

impl Silent {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"))
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().expect("it has an address").port()
    }

    /// Waits for a connection.
    pub(crate) fn wait(&self) -> TcpStream {
        self.0.accept().expect("a connection").0
    }

    /// How many connections were made since it was asked last.
    pub(crate) fn connections(&self) -> usize {
        self.0.set_nonblocking(true).expect("it can be asked");
        let count = std::iter::from_fn(|| self.0.accept().ok()).count();
        self.0.set_nonblocking(false).expect("it can wait");
        count
    }
}

/// A port that refuses: bound, so that nobody else gets it, and not listening.
pub(crate) struct Closed(Socket);

impl Closed {
    pub(crate) fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&free.into()).expect("a free port");
        Self(socket)
    }

    pub(crate) fn port(&self) -> u16 {
        let address = self.0.local_addr().expect("it has an address");
        address.as_socket().expect("an address of IP").port()
    }
}

/// A port that no SYN is answered at: its queue is full (listen(2)), and stays so while it lives.
pub(crate) struct Dark {
    listener: Socket,
    _queued: TcpStream,
}

impl Dark {
    pub(crate) fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        listener.bind(&free.into()).expect("a free port");
        listener.listen(0).expect("it listens");
        let address = listener.local_addr().expect("it has an address");
        let address = address.as_socket().expect("an address of IP");
        let queued = TcpStream::connect(address).expect("a queue of one");
        Self { listener, _queued: queued }
    }

    pub(crate) fn port(&self) -> u16 {
        let address = self.listener.local_addr().expect("it has an address");
        address.as_socket().expect("an address of IP").port()
    }
}
