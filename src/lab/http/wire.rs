//! Reading requests (RFC 9112).

use std::io;

use tokio::io::AsyncReadExt as _;

use crate::lab::http::Request;
use crate::lab::server::Stream;

/// The longest head of a request, in bytes.
const HEAD: usize = 64 * 1024;

/// The longest body of a request, in bytes.
const BODY: usize = 8 * 1024 * 1024;

/// What came on a connection.
pub(super) enum Heard {
    /// A request.
    Request(Box<Request>),
    /// The end.
    End,
    /// What is no request.
    Nonsense,
}

/// Reads one request; `buffer` keeps what belongs to the next.
pub(super) async fn read_request(
    stream: &mut dyn Stream,
    buffer: &mut Vec<u8>,
) -> io::Result<Heard> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        // What doesn't begin like a request will not become one.
        let odd = buffer.first().is_some_and(|byte| !byte.is_ascii_alphabetic());
        if odd || buffer.len() > HEAD {
            return Ok(Heard::Nonsense);
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(Heard::End);
        }
    };
    let Some(mut request) = parse(&buffer[..head_end]) else { return Ok(Heard::Nonsense) };
    let length = match request.header("content-length").map(str::parse::<usize>) {
        None => 0,
        Some(Ok(length)) if length <= BODY => length,
        Some(_) => return Ok(Heard::Nonsense),
    };
    let end = head_end + 4 + length;
    while buffer.len() < end {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(Heard::End);
        }
    }
    request.body = buffer[head_end + 4..end].to_vec();
    buffer.drain(..end);
    Ok(Heard::Request(Box::new(request)))
}

fn parse(head: &[u8]) -> Option<Request> {
    let text = std::str::from_utf8(head).ok()?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if !version.starts_with("HTTP/1.") {
        return None;
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    Some(Request {
        method: method.into(),
        path: path.into(),
        query: query.into(),
        headers: lines.map(field).collect::<Option<_>>()?,
        ..Request::default()
    })
}
