//! An answer of HTTP, and what of it is compared.

use std::collections::BTreeSet;

use connprobe::lab::server::Server;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A header field, and what of its value is compared.
pub(super) type Mark = (&'static str, fn(&str) -> String);

/// Header fields that tell one server from another.
pub(super) const MARKS: [Mark; 9] = [
    ("x-elastic-product", str::to_owned),
    ("set-cookie", |value| value.split('=').next().unwrap_or_default().to_owned()),
    ("content-type", |value| value.split(';').next().unwrap_or_default().to_ascii_lowercase()),
    ("www-authenticate", |value| value.split(' ').next().unwrap_or_default().to_owned()),
    ("x-amz-request-id", |_| String::new()),
    ("x-amz-id-2", |_| String::new()),
    ("x-ms-request-id", |_| String::new()),
    ("x-ms-error-code", str::to_owned),
    ("location", |_| String::new()),
];

/// Keys whose values are part of the protocol, and not of one server.
pub(super) const WORDS: [&str; 9] = [
    "channel",
    "code",
    "error",
    "id",
    "interval",
    "reconnect",
    "successful",
    "timed_out",
    "version",
];

/// An answer.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: u64,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Said {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The marking headers.
    pub(super) fn marks(&self) -> BTreeSet<String> {
        let mark = |(name, value): &(String, String)| {
            let (_, of) = MARKS.iter().find(|(known, _)| known == name)?;
            Some(format!("header {name} {}", of(value)).trim_end().to_owned())
        };
        self.headers.iter().filter_map(mark).collect()
    }

    /// What the body is made of.
    pub(super) fn shape(&self) -> BTreeSet<String> {
        let mut shape = BTreeSet::new();
        match self.header("content-type").unwrap_or_default() {
            _ if self.body.is_empty() => {}
            kind if kind.starts_with("application/json") => {
                keys("", "", &serde_json::from_str(&self.body).expect("JSON"), &mut shape);
            }
            kind if kind.starts_with("application/xml") => elements(&self.body, &mut shape),
            _ => {}
        }
        shape
    }
}

/// The keys of a JSON value with the types of their values.
pub(super) fn keys(path: &str, key: &str, value: &Value, shape: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                keys(&format!("{path}.{key}"), key, value, shape);
            }
        }
        Value::Array(items) => {
            for item in items {
                keys(&format!("{path}[]"), key, item, shape);
            }
        }
        word if WORDS.contains(&key) && word != "<varies>" => {
            shape.insert(format!("key {path} = {word}"));
        }
        Value::Null => drop(shape.insert(format!("key {path}: null"))),
        Value::Bool(_) => drop(shape.insert(format!("key {path}: bool"))),
        Value::Number(_) => drop(shape.insert(format!("key {path}: number"))),
        Value::String(_) => drop(shape.insert(format!("key {path}: string"))),
    }
}

/// The paths of a document's elements, and its code. What the recorder took out is no element.
pub(super) fn elements(body: &str, shape: &mut BTreeSet<String>) {
    let body = body.trim_start_matches('\u{feff}');
    let body = ["varies", "time", "port"]
        .iter()
        .fold(body.to_owned(), |body, word| body.replace(&format!("<{word}>"), word));
    let document = roxmltree::Document::parse(&body).expect("XML");
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let mut path: Vec<_> = node
            .ancestors()
            .filter(roxmltree::Node::is_element)
            .map(|a| a.tag_name().name())
            .collect();
        path.reverse();
        let path = path.join("/");
        match node.text() {
            Some(code) if path == "Error/Code" => shape.insert(format!("element {path} = {code}")),
            _ => shape.insert(format!("element {path}")),
        };
    }
}

pub(super) async fn send(
    server: &Server,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: &str,
) -> Said {
    let mut head = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head.push_str(&format!("Host: {}\r\n", server.address()));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    let mut stream = TcpStream::connect(server.address()).await.expect("the stand-in listens");
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let pair = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    Said {
        status: status.expect("an answer has a status"),
        headers: lines.filter_map(pair).collect(),
        body: body.to_owned(),
    }
}
