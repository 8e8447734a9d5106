//! A name server of the test's own that writes down every question (RFC 1035, UDP only).

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

/// Answers until the test process ends: its names have 127.0.0.1 and no IPv6 address, others don't exist.
pub(crate) struct Resolver {
    /// Where it listens, at port 53: resolv.conf can't name another.
    pub(crate) address: Ipv4Addr,
    asked: Arc<Mutex<Vec<String>>>,
}

const TYPE_A: u16 = 1;
const HEADER: usize = 12;

impl Resolver {
    /// Knows these names, at a loopback address that nobody else has.
    pub(crate) fn knowing(address: Ipv4Addr, names: &[&str]) -> Self {
        let socket = UdpSocket::bind((address, 53)).unwrap_or_else(|error| {
            panic!("port 53 of {address} can't be had (are these tests run by root?): {error}")
        });
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        thread::spawn(move || -> io::Result<()> {
            let mut packet = [0; 1500];
            loop {
                let (size, peer) = socket.recv_from(&mut packet)?;
                let Some((name, kind, end)) = question(&packet[..size]) else { continue };
                let answer = answer(&packet[..end], kind, names.contains(&name));
                noted.lock().expect("nobody panics with the lock").push(name);
                socket.send_to(&answer, peer)?;
            }
        });
        Self { address, asked }
    }

    /// The names that were asked for, without repetition.
    pub(crate) fn asked(&self) -> Vec<String> {
        let mut names = self.asked.lock().expect("nobody panics with the lock").clone();
        names.sort();
        names.dedup();
        names
    }
}

/// Name and type of the first question, and where it ends.
fn question(packet: &[u8]) -> Option<(String, u16, usize)> {
    let (mut at, mut labels) = (HEADER, Vec::new());
    loop {
        let size = usize::from(*packet.get(at)?);
        at += 1;
        if size == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(packet.get(at..at + size)?).to_lowercase());
        at += size;
    }
    let kind = u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?]);
    Some((labels.join("."), kind, at + 4))
}

fn answer(question: &[u8], kind: u16, known: bool) -> Vec<u8> {
    let has_address = known && kind == TYPE_A;
    let mut packet = question.to_vec();
    packet[2..4].copy_from_slice(&[0x81, if known { 0x80 } else { 0x83 }]);
    packet[4..HEADER].copy_from_slice(&[0, 1, 0, u8::from(has_address), 0, 0, 0, 0]);
    if has_address {
        // The name by its place in the question, A, IN, 30 s, four bytes.
        packet.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 127, 0, 0, 1]);
    }
    packet
}
