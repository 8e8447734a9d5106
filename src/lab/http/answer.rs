//! What a server says, and what it then does with the connection.

use std::fmt::Write as _;

use serde_json::Value;

use crate::lab::http::Request;

/// What happens to the connection after the bytes of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The next request is read.
    Keep,
    /// FIN.
    Close,
    /// FIN of TCP, without TLS's `close_notify`.
    Cut,
    /// RST.
    Reset,
    /// Nothing more is said, and nothing is closed.
    Hold,
}

/// The bytes of an answer, and what then happens.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What then happens.
    pub end: End,
}

impl Reply {
    /// Bytes as they are.
    pub fn raw(bytes: impl Into<Vec<u8>>, end: End) -> Self {
        Self { bytes: bytes.into(), end }
    }
}

/// A well-formed answer in the making.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// An answer without a body.
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// An answer with a body of some type.
    pub fn of(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status).header("Content-Type", content_type).body(body)
    }

    /// An answer with JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::of(status, "application/json", body.to_string())
    }

    /// An answer with an HTML page as gateways make it.
    pub fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1>\
             </center>\r\n</body>\r\n</html>\r\n"
        );
        Self::of(status, "text/html", page)
    }

    /// Adds a field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn bytes(&self, with_body: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if self.status != 204 && self.status != 304 {
            let _ = write!(head, "Content-Length: {}\r\n", self.body.len());
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if with_body {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }

    /// The whole answer, after which the connection stays.
    pub fn reply(&self) -> Reply {
        Reply::raw(self.bytes(true), End::Keep)
    }

    /// As [`Self::reply`], without the body if `request` is HEAD (RFC 9110 §9.3.2).
    pub fn reply_to(&self, request: &Request) -> Reply {
        Reply::raw(self.bytes(request.method != "HEAD"), End::Keep)
    }

    /// The answer up to the middle of its body, and then `end`.
    pub fn half(&self, end: End) -> Reply {
        let mut bytes = self.bytes(true);
        bytes.truncate(bytes.len() - self.body.len().div_ceil(2));
        Reply::raw(bytes, end)
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        answer.reply()
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
