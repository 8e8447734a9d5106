//! One question to one name server: UDP (RFC 1035 §4.2.1), and TCP where the answer was truncated
//! (RFC 7766). The UDP socket is connected, so that ICMP errors reach it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout, timeout_at};

use crate::model::FaultCode;
use crate::net::tcp::classify::exhausted;

/// Largest answer over UDP that is taken: no EDNS is sent, so an honest one has 512 bytes at most.
const UDP_LIMIT: usize = 4_096;
/// Datagrams that are looked at for one question: strangers' answers are passed over, not for ever.
const DATAGRAMS: usize = 1_024;
/// Bytes of a message's header (RFC 1035 §4.1.1).
const HEADER: usize = 12;

/// How long an answer is waited for before the question is sent again.
const AGAIN: Duration = Duration::from_millis(1_500);

/// How a question ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// An answer that can be read, and the one before it where that was truncated.
    Answer(Box<Message>, Option<Box<Message>>),
    /// No answer came in time; so many datagrams with another ID did.
    Silent(usize),
    /// An answer to our question whose records can't be read.
    Malformed,
    /// Our ID came back, and no answer to our question with it.
    Strange,
    /// Truncated, and TCP failed: what happened, the system's error where it is one, and what was cut.
    Truncated(String, Option<io::Error>, Box<Message>),
    /// The server can't be reached.
    Unreachable(io::Error),
    /// This host has no socket left to ask with: the code of what ran out.
    Exhausted(FaultCode, io::Error),
}

impl Ended {
    /// A question that could not be asked: what ran out here, else that there is no way.
    fn unasked(error: io::Error) -> Self {
        match exhausted(&error) {
            Some(code) => Self::Exhausted(code, error),
            None => Self::Unreachable(error),
        }
    }
}

/// Asks one server one question.
pub(super) async fn ask(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    within: Duration,
) -> Ended {
    let until = Instant::now() + within;
    let id = random_id();
    let Ok(question) = question(id, name, kind) else { return Ended::Malformed };
    match over_udp(server, id, &question, until).await {
        Ended::Answer(cut, _) if cut.metadata.truncation => {
            match over_tcp(server, id, &question, until).await {
                Ok(whole) => Ended::Answer(whole, Some(cut)),
                Err((_, Some(error))) if exhausted(&error).is_some() => Ended::unasked(error),
                Err((why, error)) => Ended::Truncated(why, error, cut),
            }
        }
        ended => ended,
    }
}

fn random_id() -> u16 {
    let mut bytes = [0_u8; 2];
    // A failure leaves zero: the socket's random port still tells strangers off.
    let _ = rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes);
    u16::from_be_bytes(bytes)
}

pub(super) fn question(
    id: u16,
    name: &Name,
    kind: RecordType,
) -> Result<Vec<u8>, hickory_proto::ProtoError> {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name.clone(), kind));
    message.to_vec()
}

/// What to make of a datagram.
#[derive(Debug)]
pub(super) enum Read {
    /// An answer to our question.
    Ours(Ended),
    /// Our ID, and no answer to our question: a broken server, or a forger's lucky guess.
    Strange,
    /// Another ID.
    NotOurs,
}

/// The header and the question have to be ours (RFC 5452 §4.2); only then is the rest believed.
pub(super) fn read(bytes: &[u8], id: u16, question: &[u8]) -> Read {
    if !bytes.starts_with(&id.to_be_bytes()) {
        return Read::NotOurs;
    }
    let Some(header) = bytes.first_chunk::<HEADER>() else { return Read::Strange };
    let ours = match header[4..6] {
        // A server that can't read a question can't repeat it, and has to say so.
        [0, 0] => header[3] & 0x0f != 0,
        // Nothing stands before the question, so it is never compressed.
        [0, 1] => bytes
            .get(HEADER..question.len())
            .is_some_and(|repeated| repeated.eq_ignore_ascii_case(&question[HEADER..])),
        _ => false,
    };
    if header[2] & 0x80 == 0 || !ours {
        return Read::Strange;
    }
    match Message::from_vec(bytes) {
        Ok(message) => Read::Ours(Ended::Answer(Box::new(message), None)),
        // Cut off in the middle of a record, as TC says: no fault of the server's, but TCP's turn.
        Err(_) if header[2] & 0x02 != 0 => {
            let mut cut = Message::new(id, MessageType::Response, OpCode::Query);
            cut.metadata.truncation = true;
            Read::Ours(Ended::Answer(Box::new(cut), None))
        }
        Err(_) => Read::Ours(Ended::Malformed),
    }
}

async fn over_udp(server: SocketAddr, id: u16, question: &[u8], until: Instant) -> Ended {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let (mut strange, mut ignored) = (false, 0);
    let socket = match UdpSocket::bind(any).await {
        Ok(socket) => socket,
        Err(error) => return Ended::unasked(error),
    };
    let exchange = async {
        // The port is had by now: EADDRNOTAVAIL means here that we have no address of that family.
        socket.connect(server).await?;
        socket.send(question).await?;
        let mut buffer = vec![0_u8; UDP_LIMIT];
        for _ in 0..DATAGRAMS {
            // Asked again on the same socket, so that a late answer to the first question counts too.
            let size = match timeout(AGAIN, socket.recv(&mut buffer)).await {
                Ok(received) => received?,
                Err(_) => {
                    socket.send(question).await?;
                    continue;
                }
            };
            match read(&buffer[..size], id, question) {
                Read::Ours(ended) => return Ok(Some(ended)),
                Read::Strange => strange = true,
                Read::NotOurs => ignored += 1,
            }
        }
        Ok(None)
    };
    match timeout_at(until, exchange).await {
        Ok(Ok(Some(ended))) => ended,
        Ok(Err(error)) => Ended::Unreachable(error),
        Ok(Ok(None)) | Err(_) if strange => Ended::Strange,
        Ok(Ok(None)) | Err(_) => Ended::Silent(ignored),
    }
}

/// Asks over TCP; else says what happened, with the system's error where it is one.
async fn over_tcp(
    server: SocketAddr,
    id: u16,
    question: &[u8],
    until: Instant,
) -> Result<Box<Message>, (String, Option<io::Error>)> {
    let exchange = async {
        let mut stream = TcpStream::connect(server).await?;
        let length = u16::try_from(question.len()).unwrap_or(u16::MAX).to_be_bytes();
        stream.write_all(&[&length, question].concat()).await?;
        let size = stream.read_u16().await?;
        let mut answer = vec![0_u8; usize::from(size)];
        stream.read_exact(&mut answer).await?;
        Ok::<_, io::Error>(read(&answer, id, question))
    };
    let why = match timeout_at(until, exchange).await {
        Ok(Ok(Read::Ours(Ended::Answer(answer, _)))) if !answer.metadata.truncation => {
            return Ok(answer);
        }
        Ok(Ok(Read::Ours(Ended::Answer(..)))) => "the answer over TCP is truncated too",
        Ok(Ok(_)) => "the answer over TCP can't be read",
        Ok(Err(error)) => {
            let name = crate::net::tcp::errno_name(&error);
            let what = name.unwrap_or_else(|| "closed in mid-answer".to_owned());
            return Err((format!("asking again over TCP: {what}"), Some(error)));
        }
        Err(_) => "asking again over TCP: no answer in time",
    };
    Err((why.to_owned(), None))
}
