//! What a row says of its HTTP request, and of the answer that it expects.

use http::{HeaderName, HeaderValue, Method};
use regex_lite::Regex;
use schemars::JsonSchema;
use serde_json::{Value as Json, json};

use crate::model::node::Kind;
use crate::model::read::{Fields, Problems};
use crate::model::{Fault, FaultCode, Key, Node, SecretRef};
use crate::probe::http::exchange::{Answer, Request};
use crate::probe::http::status::Statuses;

/// A header field that the row sends.
#[derive(Clone, Debug)]
pub enum FieldValue {
    /// As it stands.
    Plain(HeaderValue),
    /// From a file or the environment.
    Secret(SecretRef),
}

/// What a row sends and expects.
#[derive(Clone, Debug)]
pub struct Options {
    /// Path and query.
    pub path: String,
    /// Method.
    pub method: Method,
    /// Fields of the request.
    pub headers: Vec<(HeaderName, FieldValue)>,
    /// The Host field, in place of the target's name.
    pub host: Option<String>,
    /// Accepted statuses.
    pub status: Statuses,
    /// Whether the row says which they are.
    pub status_stated: bool,
    /// Patterns that fields of the answer must match.
    pub response_headers: Vec<(HeaderName, Regex)>,
    /// Texts that the body must hold.
    pub contains: Vec<String>,
    /// Patterns that the body must match.
    pub matches: Vec<Regex>,
    /// JSON pointers (RFC 6901) and the values that must stand there.
    pub json: Vec<(String, Json)>,
    /// Whether redirects are followed.
    pub follow: bool,
}

impl Options {
    /// A GET of a path, with nothing said of the answer but its class.
    pub fn get(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            method: Method::GET,
            headers: Vec::new(),
            host: None,
            status: Statuses::default(),
            status_stated: false,
            response_headers: Vec::new(),
            contains: Vec::new(),
            matches: Vec::new(),
            json: Vec::new(),
            follow: false,
        }
    }

    /// Reads the options of a row.
    pub fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Self> {
        let Some(node) = node else { return Some(Self::get("/")) };
        let mut fields = problems.fields(node, "http")?;
        let mut options = Self::get("/");
        if let Some(path) = fields.parse("path", problems, path) {
            options.path = path;
        }
        let method = fields.parse("method", problems, |text| {
            Method::from_bytes(text.to_ascii_uppercase().as_bytes())
                .map_err(|_| format!("`{text}` is no method (RFC 9110 §9)"))
        });
        options.method = method.unwrap_or(Method::GET);
        options.headers = headers(fields.node("headers"), problems);
        options.host = fields.text("host", problems);
        if let Some(node) = fields.node("status") {
            options.status_stated = true;
            let ranges = node.items().iter();
            let ranges = ranges.filter_map(|item| problems.parse(item, Statuses::parse_one));
            options.status = Statuses::new(ranges.collect());
        }
        options.response_headers = response_headers(fields.node("response_headers"), problems);
        if let Some(node) = fields.node("body") {
            options.body(node, problems);
        }
        options.json = pointers(fields.node("json"), problems);
        let follow = [("refuse", false), ("follow", true)];
        options.follow = fields.word("redirects", problems, &follow).unwrap_or(false);
        fields.finish(problems);
        Some(options)
    }

    fn body(&mut self, node: &Node, problems: &mut Problems) {
        let Some(mut fields) = problems.fields(node, "body") else { return };
        self.contains = fields.texts("contains", problems);
        self.matches = patterns(&mut fields, problems);
        fields.finish(problems);
    }

    /// Whether the row says anything that marks the right peer.
    pub fn identifies(&self) -> bool {
        self.status_stated
            || !self.response_headers.is_empty()
            || !self.contains.is_empty()
            || !self.matches.is_empty()
            || !self.json.is_empty()
    }

    /// Whether an answer has the status and all of the content that the row states; not where it states none.
    pub fn recognise(&self, answer: &Answer) -> bool {
        let states = !self.contains.is_empty() || !self.matches.is_empty() || !self.json.is_empty();
        states && self.status.accept(answer.status) && self.unmet(answer).is_none()
    }

    /// The request without credentials and secret fields.
    pub fn request(&self, authority: String) -> Request {
        let mut request = Request::get(&self.path, self.host.clone().unwrap_or(authority));
        request.method = self.method.clone();
        for (name, value) in &self.headers {
            if let FieldValue::Plain(value) = value {
                request.set(name.clone(), value.clone());
            }
        }
        request
    }

    /// The fields that hold secrets.
    pub fn secrets(&self) -> impl Iterator<Item = (&HeaderName, &SecretRef)> {
        self.headers.iter().filter_map(|(name, value)| match value {
            FieldValue::Secret(secret) => Some((name, secret)),
            FieldValue::Plain(_) => None,
        })
    }

    /// What the answer lacks of what the row expects, its status apart.
    pub fn unmet(&self, answer: &Answer) -> Option<Fault> {
        let unexpected = |what: String| Fault::new(FaultCode::ProtocolUnexpectedBody, what);
        for (name, pattern) in &self.response_headers {
            let each = answer.headers.get_all(name).iter();
            let mut each = each.map(|value| String::from_utf8_lossy(value.as_bytes()));
            if !each.any(|value| pattern.is_match(&value))
                && !answer.whole_field(name).is_some_and(|whole| pattern.is_match(&whole))
            {
                return Some(
                    unexpected(format!("the field `{name}` does not match `{pattern}`"))
                        .with(Key::Field, name.as_str())
                        .with_some(Key::Found, answer.field(name)),
                );
            }
        }
        let text = String::from_utf8_lossy(&answer.body);
        if let Some(word) = self.contains.iter().find(|word| !text.contains(word.as_str())) {
            let fault = unexpected(format!("the body does not contain `{word}`"));
            return Some(
                fault.with(Key::Expected, word.as_str()).with(Key::Body, answer.excerpt()),
            );
        }
        if let Some(pattern) = self.matches.iter().find(|pattern| !pattern.is_match(&text)) {
            let fault = unexpected(format!("the body does not match `{pattern}`"));
            return Some(
                fault.with(Key::Expected, pattern.as_str()).with(Key::Body, answer.excerpt()),
            );
        }
        self.unmet_json(answer)
    }

    fn unmet_json(&self, answer: &Answer) -> Option<Fault> {
        if self.json.is_empty() {
            return None;
        }
        let unexpected = |what: String| Fault::new(FaultCode::ProtocolUnexpectedBody, what);
        let Some(body) = answer.json() else {
            return Some(
                unexpected("the body is no JSON".to_owned()).with(Key::Body, answer.excerpt()),
            );
        };
        for (pointer, expected) in &self.json {
            let found = body.pointer(pointer);
            if !found.is_some_and(|found| same(found, expected)) {
                let found = found.map(|found| crate::model::clean::line(&found.to_string(), 120));
                return Some(
                    unexpected(format!("`{pointer}` in the body is not {expected}"))
                        .with(Key::Field, pointer.as_str())
                        .with(Key::Expected, expected.to_string())
                        .with_some(Key::Found, found),
                );
            }
        }
        None
    }
}

/// Whether two values of JSON are the same: `1` and `1.0` are one number (RFC 8259 §6).
fn same(found: &Json, expected: &Json) -> bool {
    match (found, expected) {
        (Json::Number(found), Json::Number(expected)) => {
            let real = found.is_f64() || expected.is_f64();
            found == expected || real && found.as_f64() == expected.as_f64()
        }
        (Json::Array(found), Json::Array(expected)) => {
            found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| same(f, e))
        }
        (Json::Object(found), Json::Object(expected)) => {
            let value = |(key, e): (&String, _)| found.get(key).is_some_and(|f| same(f, e));
            found.len() == expected.len() && expected.iter().all(value)
        }
        _ => found == expected,
    }
}

/// Reads a path with its query.
pub fn path(text: &str) -> Result<String, String> {
    if !text.starts_with('/') {
        return Err(format!("the path `{text}` does not begin with `/`"));
    }
    match text.parse::<http::uri::PathAndQuery>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => {
            Err(format!("`{text}` is no path (RFC 3986 §3.3); write other characters as %XX"))
        }
    }
}

fn headers(node: Option<&Node>, problems: &mut Problems) -> Vec<(HeaderName, FieldValue)> {
    let mut found = Vec::new();
    for (key, value) in entries(node, problems) {
        let Some(name) = problems.parse(key, header_name) else { continue };
        let field = if value.entries().is_some() {
            crate::probe::secret_ref(value, problems).map(FieldValue::Secret)
        } else {
            let plain = problems.parse(value, |text| {
                HeaderValue::from_str(text)
                    .map_err(|_| "a header field holds no control characters".to_owned())
            });
            plain.map(FieldValue::Plain)
        };
        found.extend(field.map(|field| (name, field)));
    }
    found
}

fn header_name(text: &str) -> Result<HeaderName, String> {
    HeaderName::from_bytes(text.as_bytes())
        .map_err(|_| format!("`{text}` is no name of a header field (RFC 9110 §5.1)"))
}

fn response_headers(node: Option<&Node>, problems: &mut Problems) -> Vec<(HeaderName, Regex)> {
    let mut found = Vec::new();
    for (key, value) in entries(node, problems) {
        let name = problems.parse(key, header_name);
        found.extend(name.zip(problems.parse(value, pattern)));
    }
    found
}

fn entries<'n>(node: Option<&'n Node>, problems: &mut Problems) -> &'n [(Node, Node)] {
    let Some(node) = node else { return &[] };
    node.entries().unwrap_or_else(|| {
        problems.push(node.wrong(format!("expected a map of names, found {}", node.what())));
        &[]
    })
}

fn patterns(fields: &mut Fields<'_>, problems: &mut Problems) -> Vec<Regex> {
    let Some(node) = fields.node("matches") else { return Vec::new() };
    node.items().iter().filter_map(|item| problems.parse(item, pattern)).collect()
}

/// Reads a regular expression.
pub fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| format!("`{text}` is no regular expression: {error}"))
}

fn pointers(node: Option<&Node>, problems: &mut Problems) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    for (key, value) in entries(node, problems) {
        let pointer = problems.parse(key, |text| {
            if text.is_empty() || text.starts_with('/') {
                return Ok(text.to_owned());
            }
            Err(format!("`{text}` is no JSON pointer (RFC 6901); write `/{text}`"))
        });
        found.extend(pointer.map(|pointer| (pointer, plain_json(value))));
    }
    found
}

/// A node as JSON: what stands without quotes may be a number, a truth value or nothing.
fn plain_json(node: &Node) -> Json {
    match &node.kind {
        Kind::Null => Json::Null,
        Kind::List(items) => items.iter().map(plain_json).collect(),
        Kind::Map(entries) => entries
            .iter()
            .map(|(key, value)| (key.text().unwrap_or_default().to_owned(), plain_json(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Kind::Scalar { text, plain: true, .. } => serde_json::from_str::<Json>(text)
            .ok()
            .filter(|value| value.is_number() || value.is_boolean())
            .unwrap_or_else(|| text.to_string().into()),
        Kind::Scalar { text, .. } => text.to_string().into(),
    }
}

/// The options, as JSON Schema describes them.
#[derive(JsonSchema)]
#[schemars(rename = "HttpOptions", deny_unknown_fields)]
#[expect(dead_code, reason = "it is read for its schema alone")]
struct Form {
    /// Path and query; `/` where it is not said.
    path: Option<String>,
    /// Method; GET where it is not said.
    method: Option<String>,
    /// Fields of the request: a text, or `{env: NAME}` or `{file: PATH}` for a secret.
    headers: Option<std::collections::BTreeMap<String, Json>>,
    /// The Host field, in place of the target's name.
    host: Option<String>,
    /// Accepted statuses: `200`, `"2xx"`, `"200-204"`.
    status: Option<Json>,
    /// Fields of the answer and the regular expressions that they must match.
    response_headers: Option<std::collections::BTreeMap<String, String>>,
    /// What the body must hold.
    body: Option<BodyForm>,
    /// JSON pointers (RFC 6901) and the values that must stand there.
    json: Option<std::collections::BTreeMap<String, Json>>,
    /// `refuse` (where it is not said) or `follow`.
    redirects: Option<RedirectsForm>,
}

#[derive(JsonSchema)]
#[schemars(rename = "HttpBody", deny_unknown_fields)]
#[expect(dead_code, reason = "it is read for its schema alone")]
struct BodyForm {
    /// A text, or several.
    contains: Option<Json>,
    /// A regular expression, or several.
    matches: Option<Json>,
}

#[derive(JsonSchema)]
#[schemars(rename = "HttpRedirects", rename_all = "lowercase")]
#[expect(dead_code, reason = "it is read for its schema alone")]
enum RedirectsForm {
    Refuse,
    Follow,
}

/// JSON Schema of the options.
pub fn schema() -> Json {
    serde_json::to_value(schemars::schema_for!(Form)).unwrap_or_else(|_| json!({}))
}
