//! A TCP relay before a server: it counts what the program opens, and knows by which port the server
//! saw each connection, so that the server's own log can be asked about it.

use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Accepts until the test process ends.
pub(crate) struct Relay {
    /// Where it listens.
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<u16>>>,
}

impl Relay {
    /// Passes everything on to `upstream` on this host.
    pub(crate) fn to(upstream: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("the listener's address").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream));
                let server = server.expect("the server behind the relay accepts");
                let port = server.local_addr().expect("the relay's own address").port();
                noted.lock().expect("nobody panics with the lock").push(port);
                pass_on(&client, &server).expect("both ends can be shared");
                pass_on(&server, &client).expect("both ends can be shared");
            }
        });
        Self { port, seen }
    }

    /// For each connection so far, the port that the server saw it come from.
    pub(crate) fn connections(&self) -> Vec<u16> {
        self.seen.lock().expect("nobody panics with the lock").clone()
    }
}

fn pass_on(from: &TcpStream, to: &TcpStream) -> io::Result<()> {
    let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
    thread::spawn(move || {
        // An end that is gone is told to the other end by what follows.
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    Ok(())
}
