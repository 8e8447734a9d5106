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

/// Largest answer over UDP that is taken: no EDNS is sent, so an honest one has 512 bytes at most.
const UDP_LIMIT: usize = 4_096;
/// Datagrams that are looked at for one question: strangers' answers are passed over, not for ever.
const DATAGRAMS: usize = 64;

/// How long an answer is waited for before the question is sent again.
const AGAIN: Duration = Duration::from_millis(1_500);

/// How a question ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// An answer that can be read.
    Answer(Box<Message>),
    /// Nothing came in time.
    Silent,
    /// An answer to our question that can't be read.
    Malformed,
    /// Truncated, and TCP failed.
    Truncated(String),
    /// The server can't be reached.
    Unreachable(io::Error),
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
        Ended::Answer(answer) if answer.metadata.truncation => {
            over_tcp(server, id, &question, until).await
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

/// What to make of a datagram: an answer to this question, somebody else's, or rubbish.
#[derive(Debug)]
pub(super) enum Read {
    Ours(Ended),
    NotOurs,
}

/// The header and the question have to be ours (RFC 5452 §4.2); only then is the rest believed.
pub(super) fn read(bytes: &[u8], id: u16, question: &[u8]) -> Read {
    let head = |range| (bytes.get::<std::ops::Range<usize>>(range), question);
    let (Some(their_id), _) = head(0..2) else { return Read::NotOurs };
    if their_id != id.to_be_bytes() || bytes.get(2).is_none_or(|flags| flags & 0x80 == 0) {
        return Read::NotOurs;
    }
    match Message::from_vec(bytes) {
        Ok(message) if message.queries.is_empty() || same_question(&message, question) => {
            Read::Ours(Ended::Answer(Box::new(message)))
        }
        Ok(_) => Read::NotOurs,
        // Cut off in the middle of a record, as TC says: no fault of the server's, but TCP's turn.
        Err(_) if bytes[2] & 0x02 != 0 => {
            let mut cut = Message::new(id, MessageType::Response, OpCode::Query);
            cut.metadata.truncation = true;
            Read::Ours(Ended::Answer(Box::new(cut)))
        }
        Err(_) => Read::Ours(Ended::Malformed),
    }
}

fn same_question(message: &Message, question: &[u8]) -> bool {
    Message::from_vec(question).is_ok_and(|sent| {
        sent.queries.first().zip(message.queries.first()).is_some_and(|(sent, came)| {
            sent.query_type() == came.query_type()
                && sent.name().to_lowercase() == came.name().to_lowercase()
        })
    })
}

async fn over_udp(server: SocketAddr, id: u16, question: &[u8], until: Instant) -> Ended {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let exchange = async {
        let socket = UdpSocket::bind(any).await?;
        socket.connect(server).await?;
        socket.send(question).await?;
        let mut buffer = [0_u8; UDP_LIMIT];
        for _ in 0..DATAGRAMS {
            // Asked again on the same socket, so that a late answer to the first question counts too.
            let size = match timeout(AGAIN, socket.recv(&mut buffer)).await {
                Ok(received) => received?,
                Err(_) => {
                    socket.send(question).await?;
                    continue;
                }
            };
            if let Read::Ours(ended) = read(&buffer[..size], id, question) {
                return Ok(ended);
            }
        }
        Ok(Ended::Malformed)
    };
    match timeout_at(until, exchange).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(error)) => Ended::Unreachable(error),
        Err(_) => Ended::Silent,
    }
}

async fn over_tcp(server: SocketAddr, id: u16, question: &[u8], until: Instant) -> Ended {
    let exchange = async {
        let mut stream = TcpStream::connect(server).await?;
        let length = u16::try_from(question.len()).unwrap_or(u16::MAX).to_be_bytes();
        stream.write_all(&[&length, question].concat()).await?;
        let size = stream.read_u16().await?;
        let mut answer = vec![0_u8; usize::from(size)];
        stream.read_exact(&mut answer).await?;
        Ok::<_, io::Error>(read(&answer, id, question))
    };
    match timeout_at(until, exchange).await {
        Ok(Ok(Read::Ours(Ended::Answer(answer)))) if !answer.metadata.truncation => {
            Ended::Answer(answer)
        }
        Ok(Ok(Read::Ours(Ended::Answer(_)))) => {
            Ended::Truncated("the answer over TCP is truncated too".to_owned())
        }
        Ok(Ok(_)) => Ended::Truncated("the answer over TCP can't be read".to_owned()),
        Ok(Err(error)) => {
            let name = crate::net::tcp::errno_name(&error);
            let what = name.unwrap_or_else(|| "closed in mid-answer".to_owned());
            Ended::Truncated(format!("asking again over TCP: {what}"))
        }
        Err(_) => Ended::Truncated("asking again over TCP: no answer in time".to_owned()),
    }
}
