//! The body of an answer: read to a bound, decompressed, and what is wrong with it. A status that fails
//! already does so whatever its body is; and where nothing but the end of TLS says that a body is whole,
//! what the row states of it decides (RFC 9112 §9.8).

use std::io::Read;

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::model::{Fault, FaultCode, Key};
use crate::probe::http::exchange::Answer;

/// What is wrong with a body.
#[derive(Clone, Debug)]
pub struct Flaw {
    fault: Fault,
    /// Whether all that is missing is TLS's word that this was the end.
    unclosed: bool,
}

impl Flaw {
    fn of(fault: Fault) -> Self {
        Self { fault, unclosed: false }
    }

    /// The words for the evidence.
    pub(super) fn words(&self) -> String {
        self.fault.to_string()
    }
}

impl Answer {
    /// The answer, unless its body is broken where it `counts`. `holds` tells whether what is expected is in
    /// a body whose end alone is not certain.
    ///
    /// # Errors
    /// The fault of its body.
    pub(super) fn whole(
        self,
        counts: bool,
        holds: impl FnOnce(&Self) -> bool,
    ) -> Result<Self, Fault> {
        match &self.flaw {
            Some(flaw) if counts && !(flaw.unclosed && holds(&self)) => Err(flaw.fault.clone()),
            _ => Ok(self),
        }
    }

    /// As [`Self::whole`]: the body of a status that is not 2xx does not count.
    pub(super) fn good_or_failing(self, holds: impl FnOnce(&Self) -> bool) -> Result<Self, Fault> {
        let counts = (200..300).contains(&self.status);
        self.whole(counts, holds)
    }
}

/// Reads a body as far as it can be read, and decompresses it. `wrong` names what breaks it; `tls` says
/// whether the end of the connection is TLS's to confirm.
pub(super) async fn read(
    headers: &HeaderMap,
    mut body: Incoming,
    limit: usize,
    tls: bool,
    wrong: impl Fn(&hyper::Error) -> Fault,
) -> (Vec<u8>, Option<Flaw>) {
    let mut bytes = Vec::new();
    let mut flaw = None;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| &data[..])),
            Err(error) => {
                flaw = Some(broken(headers, tls, &error, wrong(&error)));
                break;
            }
        }
        if bytes.len() > limit {
            flaw = Some(Flaw::of(too_large("the answer's body", limit)));
            bytes.truncate(limit);
            break;
        }
    }
    let (bytes, unreadable) = decompressed(headers, bytes, limit);
    // Compression has an end of its own: where that lacks too, the body was cut, and not merely unclosed.
    let cut = unreadable.is_some();
    let flaw = flaw.map(|flaw| Flaw { unclosed: flaw.unclosed && !cut, ..flaw });
    (bytes, flaw.or(unreadable))
}

fn broken(headers: &HeaderMap, tls: bool, error: &hyper::Error, fault: Fault) -> Flaw {
    let delimited = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
    if !tls || delimited || fault.code != FaultCode::PeerClosed || !is_end(error) {
        return Flaw::of(fault);
    }
    let detail =
        "the peer closed without TLS's close_notify, and nothing else tells the end of its answer";
    Flaw { fault: Fault { detail: detail.to_owned(), ..fault }, unclosed: true }
}

/// Whether it is the end of the stream, and no RST.
fn is_end(error: &hyper::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return io.kind() == std::io::ErrorKind::UnexpectedEof;
        }
        source = cause.source();
    }
    false
}

pub(super) fn too_large(what: &str, limit: usize) -> Fault {
    Fault::new(FaultCode::ProtocolTooLarge, format!("{what} has more than {limit} bytes"))
        .with(Key::Limit, limit)
}

fn decompressed(headers: &HeaderMap, bytes: Vec<u8>, limit: usize) -> (Vec<u8>, Option<Flaw>) {
    let coding = headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes).unwrap_or_default();
    // HEAD and 304 have the fields of a body that does not come.
    if bytes.is_empty()
        || !coding.eq_ignore_ascii_case(b"gzip") && !coding.eq_ignore_ascii_case(b"x-gzip")
    {
        return (bytes, None);
    }
    let mut out = Vec::new();
    let reader = flate2::read::MultiGzDecoder::new(bytes.as_slice());
    let read = reader.take(limit as u64 + 1).read_to_end(&mut out);
    let fault = if out.len() > limit {
        out.truncate(limit);
        Some(too_large("the answer's body, decompressed,", limit))
    } else {
        read.err().map(|_| {
            let what = "the answer's body is no gzip, as it says it is";
            Fault::new(FaultCode::ProtocolMalformed, what)
        })
    };
    (out, fault.map(Flaw::of))
}
