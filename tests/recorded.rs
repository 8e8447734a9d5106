//! The lab's stand-ins against the recorded answers of the real servers (`tests/servers/record`).
//!
//! Status, marking headers, keys and types of JSON, element names of XML. Every difference that
//! stays is in a list here with its reason; an entry that no longer applies fails the test.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{self, SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4::SigningParams;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use connprobe::lab::azure_blob::AzureBlob;
use connprobe::lab::cometd::CometdServer;
use connprobe::lab::crypto::hmac;
use connprobe::lab::elasticsearch::Cluster;
use connprobe::lab::oauth2::TokenServer;
use connprobe::lab::prometheus::Exporter;
use connprobe::lab::s3::{Access, S3};
use connprobe::lab::server::Server;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A case (`*` is any), a difference, and why it may be.
type Allowed = (&'static str, &'static str, &'static str);

/// A header field, and what of its value is compared.
type Mark = (&'static str, fn(&str) -> String);

/// Header fields that tell one server from another.
const MARKS: [Mark; 9] = [
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
const WORDS: [&str; 9] = [
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
struct Said {
    status: u64,
    headers: Vec<(String, String)>,
    body: String,
}

impl Said {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The marking headers.
    fn marks(&self) -> BTreeSet<String> {
        let mark = |(name, value): &(String, String)| {
            let (_, of) = MARKS.iter().find(|(known, _)| known == name)?;
            Some(format!("header {name} {}", of(value)).trim_end().to_owned())
        };
        self.headers.iter().filter_map(mark).collect()
    }

    /// What the body is made of.
    fn shape(&self) -> BTreeSet<String> {
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
fn keys(path: &str, key: &str, value: &Value, shape: &mut BTreeSet<String>) {
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
fn elements(body: &str, shape: &mut BTreeSet<String>) {
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

/// The recorded answers of a server, and the account of what was held against them.
struct Recorded {
    cases: BTreeMap<String, Value>,
    allowed: &'static [Allowed],
    unasked: &'static [(&'static str, &'static str)],
    used: RefCell<BTreeSet<usize>>,
    asked: RefCell<BTreeSet<String>>,
    wrong: RefCell<Vec<String>>,
}

impl Recorded {
    fn of(
        file: &str,
        allowed: &'static [Allowed],
        unasked: &'static [(&'static str, &'static str)],
    ) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/recorded");
        let text = std::fs::read_to_string(root.join(file)).expect("the recording is there");
        let recording: Value = serde_json::from_str(&text).expect("the recording is JSON");
        let cases = recording["cases"].as_array().expect("a recording has cases");
        let name = |case: &Value| case["name"].as_str().expect("a case has a name").to_owned();
        Self {
            cases: cases.iter().map(|case| (name(case), case.clone())).collect(),
            allowed,
            unasked,
            used: RefCell::default(),
            asked: RefCell::default(),
            wrong: RefCell::default(),
        }
    }

    /// Sends the recorded request of a case with further header fields, and holds the answer
    /// against the recorded one. A client id that varies is replaced by `client`.
    async fn ask(&self, case: &str, server: &Server, more: &[(&str, &str)], client: &str) -> Said {
        let recorded = self.cases.get(case).unwrap_or_else(|| panic!("no case {case:?}"));
        let request = &recorded["request"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let body = text(&request["body"]).replace("<varies>", client);
        let mut headers: Vec<(String, String)> = request["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect();
        headers.retain(|(name, _)| !more.iter().any(|(new, _)| new.eq_ignore_ascii_case(name)));
        headers.extend(more.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let said =
            send(server, &text(&request["method"]), &text(&request["target"]), &headers, &body)
                .await;
        self.hold(case, recorded, &said);
        said
    }

    fn hold(&self, case: &str, recorded: &Value, said: &Said) {
        self.asked.borrow_mut().insert(case.to_owned());
        let pair = |pair: &Value| {
            let at = |index: usize| pair[index].as_str().unwrap_or_default().to_owned();
            (at(0).to_ascii_lowercase(), at(1))
        };
        let real = Said {
            status: recorded["status"].as_u64().expect("a case has a status"),
            headers: recorded["headers"].as_array().into_iter().flatten().map(pair).collect(),
            body: recorded["body"].as_str().unwrap_or_default().to_owned(),
        };
        self.compare(case, "status", real.status, said.status);
        self.sets(case, &real.marks(), &said.marks());
        let shape = said.shape();
        if recorded["cut"] != true {
            self.sets(case, &real.shape(), &shape);
        } else if let Some((_, code)) = real.body.split_once("<Code>") {
            // A recording that was cut is no document any more.
            let code = code.split('<').next().unwrap_or_default();
            let code = format!("element Error/Code = {code}");
            if !shape.contains(&code) {
                self.differs(case, &format!("lacks {code}"));
            }
        }
    }

    fn compare(&self, case: &str, what: &str, real: u64, ours: u64) {
        if real != ours {
            self.differs(case, &format!("{what} {ours} for {real}"));
        }
    }

    fn sets(&self, case: &str, real: &BTreeSet<String>, ours: &BTreeSet<String>) {
        for lacking in real.difference(ours) {
            self.differs(case, &format!("lacks {lacking}"));
        }
        for more in ours.difference(real) {
            self.differs(case, &format!("adds {more}"));
        }
    }

    fn differs(&self, case: &str, difference: &str) {
        let fits = |(at, what, _): &Allowed| (*at == "*" || *at == case) && *what == difference;
        match self.allowed.iter().position(fits) {
            Some(index) => drop(self.used.borrow_mut().insert(index)),
            None => self.wrong.borrow_mut().push(format!("{case}: {difference}")),
        }
    }

    /// Fails for what differs, for what was not asked, and for what the lists name in vain.
    fn settle(&self) {
        let mut wrong = self.wrong.borrow().clone();
        for (index, (case, difference, _)) in self.allowed.iter().enumerate() {
            if !self.used.borrow().contains(&index) {
                wrong.push(format!("{case}: no longer true: {difference}"));
            }
        }
        let asked = self.asked.borrow();
        for case in self.cases.keys() {
            let excused = self.unasked.iter().any(|(name, _)| name == case);
            if excused == asked.contains(case) {
                wrong.push(format!(
                    "{case}: {}",
                    if excused { "asked all the same" } else { "not asked" }
                ));
            }
        }
        for (case, _) in self.unasked {
            if !self.cases.contains_key(*case) {
                wrong.push(format!("{case}: no such case"));
            }
        }
        assert!(wrong.is_empty(), "unlike the real server:\n{}", wrong.join("\n"));
    }
}

async fn send(
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

#[tokio::test]
async fn the_cometd_stand_in_answers_as_cometd_8_does() {
    let recorded = Recorded::of(
        "cometd.json",
        &[],
        &[("handshake by the sticky balancer", "the stand-in's balancer is the one that isn't")],
    );
    let path = "/workspace/v3/notifications";
    let open = CometdServer::new(path).serve(None).await.unwrap();
    let greeted = recorded.ask("handshake", &open, &[], "").await;
    let body: Value = serde_json::from_str(&greeted.body).unwrap();
    let id = body[0]["clientId"].as_str().unwrap();
    let cookie = greeted.header("set-cookie").unwrap().split(';').next().unwrap();
    let with = [("Cookie", cookie)];
    recorded.ask("connect", &open, &with, id).await;
    recorded.ask("connect without the cookie", &open, &[], id).await;
    recorded.ask("connect with an unknown client", &open, &with, id).await;
    recorded.ask("disconnect", &open, &with, id).await;
    recorded.ask("connect after the disconnect", &open, &with, id).await;
    recorded.ask("GET", &open, &[], "").await;
    recorded.ask("body that is no JSON", &open, &[], "").await;

    let guarded = CometdServer::new(path).token("good").serve(None).await.unwrap();
    recorded.ask("handshake without the token", &guarded, &[], "").await;
    let other = [("Authorization", "Bearer other")];
    recorded.ask("handshake with another token", &guarded, &other, "").await;
    let good = [("Authorization", "Bearer good")];
    recorded.ask("handshake with the token", &guarded, &good, "").await;
    recorded.settle();
}

#[tokio::test]
async fn the_elasticsearch_stand_in_answers_as_elasticsearch_7_17_does() {
    const TWO_PATHS: &str = "the stand-in has root and health, which are what a probe asks for";
    const NGINX: &str = "it is nginx that answers for the password, and not the cluster";
    let recorded = Recorded::of(
        "elasticsearch.json",
        &[],
        &[
            ("red: search", TWO_PATHS),
            ("no such index", TWO_PATHS),
            ("red: waiting for green", "no probe waits for a status"),
            ("behind nginx: password missing", NGINX),
            ("behind nginx: password wrong", NGINX),
            ("behind nginx: password right", NGINX),
        ],
    );
    let health = [
        ("green", Some("green")),
        ("yellow", Some("yellow")),
        ("red", Some("red")),
        ("no master", None),
    ];
    for (name, health) in health {
        let cluster = Cluster { health, ..Cluster::GREEN }.serve(None).await.unwrap();
        recorded.ask(&format!("{name}: root"), &cluster, &[], "").await;
        recorded.ask(&format!("{name}: health"), &cluster, &[], "").await;
        if health.is_none() {
            recorded.ask("no master: local health", &cluster, &[], "").await;
        }
    }
    let green = Cluster::GREEN.serve(None).await.unwrap();
    recorded.ask("HEAD", &green, &[], "").await;
    let basic = [("Authorization", "Basic ZWxhc3RpYzp3cm9uZw==")];
    recorded.ask("open: any password is taken", &green, &basic, "").await;
    recorded.settle();
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

#[tokio::test]
async fn the_token_stand_in_answers_as_oidc_provider_does() {
    const SCOPE: &str = "RFC 6749 §5.1 lets a server name the scope that was not asked for";
    const METHODS: &str = "the stand-in has the product's answer to another method, which is a 405";
    let recorded = Recorded::of(
        "oauth2.json",
        &[
            ("good, secret by Basic", "adds key .scope: string", SCOPE),
            ("good, secret in the body", "adds key .scope: string", SCOPE),
            ("GET", "status 405 for 404", METHODS),
            ("GET", "lacks key .error = \"invalid_request\"", METHODS),
            ("GET", "lacks key .error_description: string", METHODS),
            ("GET", "adds key .error = \"HTTP 405 Method Not Allowed\"", METHODS),
        ],
        &[(
            "unknown scope",
            "oidc-provider passes by a scope that it does not know; the stand-in refuses it with \
             the word that RFC 6749 §5.2 has for it",
        )],
    );
    let mut server = TokenServer::new("tok-123456")
        .client("probe", "good")
        .client("probe-post", "probe-post-secret")
        .refused_client("probe-web", "good", 400, "invalid_request");
    server.scopes.push("contacts");
    let server = server.serve(None).await.unwrap();
    for (case, client, secret) in [
        ("good, secret by Basic", "probe", "good"),
        ("wrong secret", "probe", "wrong"),
        ("unknown client", "nobody", "good"),
        ("grant not allowed to the client", "probe-web", "good"),
        ("unknown grant", "probe", "good"),
        ("known scope", "probe", "good"),
        ("body in JSON", "probe", "good"),
    ] {
        recorded.ask(case, &server, &[("Authorization", &basic(client, secret))], "").await;
    }
    for case in ["good, secret in the body", "no client", "GET", "ping of the product"] {
        recorded.ask(case, &server, &[], "").await;
    }
    recorded.settle();
}

/// The header fields of a request that Amazon's own code signed.
fn signed(
    server: &Server,
    method: &str,
    target: &str,
    body: &str,
    (key, secret, region): (&str, &str, &str),
) -> Vec<(String, String)> {
    let url = format!("http://{}{target}", server.address());
    let identity = Credentials::new(key, secret, None, None, "recorded").into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = http_request::PayloadChecksumKind::XAmzSha256;
    settings.percent_encoding_mode = http_request::PercentEncodingMode::Single;
    let signing = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("s3")
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .expect("nothing is missing");
    let body = SignableBody::Bytes(body.as_bytes());
    let request = SignableRequest::new(method, &url, std::iter::empty(), body);
    let request = request.expect("the address is one");
    let (signed, _) =
        http_request::sign(request, &signing.into()).expect("it can be signed").into_parts();
    signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[tokio::test]
async fn the_s3_stand_in_answers_as_versitygw_does() {
    const RESOURCE: &str = "Amazon's own errors name the resource, and versitygw's do not";
    const OPTIONAL: &str = "versitygw sends it empty; Amazon leaves out what was not asked for";
    let recorded = Recorded::of(
        "s3.json",
        &[
            ("*", "adds element Error/Resource", RESOURCE),
            ("list", "adds element ListBucketResult/Prefix", "Amazon's own list has it, empty"),
            ("list", "lacks element ListBucketResult/EncodingType", OPTIONAL),
            ("list", "lacks element ListBucketResult/Contents/ChecksumAlgorithm", OPTIONAL),
            ("list", "lacks element ListBucketResult/Contents/ChecksumType", OPTIONAL),
        ],
        &[],
    );
    let server = S3::new("recordings", "us-east-1")
        .key("admin", "good/secret+", Access::Full)
        .key("stranger", "good/secret+", Access::Nothing)
        .serve(None)
        .await
        .unwrap();
    let good = ("admin", "good/secret+", "us-east-1");
    let put = signed(&server, "PUT", "/recordings/greeting.txt", "hello\n", good);
    let put = send(&server, "PUT", "/recordings/greeting.txt", &put, "hello\n").await;
    assert_eq!(put.status, 200, "{put:?}");
    for (case, who) in [
        ("list", good),
        ("wrong secret", ("admin", "wrong", "us-east-1")),
        ("unknown key", ("nobody", "wrong", "us-east-1")),
        ("no right", ("stranger", "good/secret+", "us-east-1")),
        ("no such bucket", good),
        ("wrong region", ("admin", "good/secret+", "eu-west-9")),
    ] {
        let target = recorded.cases[case]["request"]["target"].as_str().unwrap();
        let headers = signed(&server, "GET", target, "", who);
        let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        recorded.ask(case, &server, &headers, "").await;
    }
    recorded.ask("without a signature", &server, &[], "").await;
    recorded.ask("HEAD without a signature", &server, &[], "").await;
    recorded.settle();
}

#[tokio::test]
async fn the_azure_stand_in_answers_as_azurite_does_but_for_the_codes_of_azure_itself() {
    const SERVICE: &str =
        "Azure's own service has its own codes where Azurite has AuthorizationFailure";
    const HEAD: &str = "RFC 9110 §9.3.2 gives HEAD the fields of GET, Azurite leaves this one out";
    const OPTIONAL: &str = "Azure's own service leaves out what was not asked for";
    let recorded = Recorded::of(
        "azure-blob.json",
        &[
            ("*", "lacks header x-ms-error-code AuthorizationFailure", SERVICE),
            ("*", "lacks element Error/Code = AuthorizationFailure", SERVICE),
            ("*", "adds header x-ms-error-code AuthenticationFailed", SERVICE),
            ("*", "adds element Error/Code = AuthenticationFailed", SERVICE),
            ("*", "adds header x-ms-error-code NoAuthenticationInformation", SERVICE),
            ("*", "adds element Error/Code = NoAuthenticationInformation", SERVICE),
            ("HEAD without a signature", "adds header content-type application/xml", HEAD),
            ("*", "status 401 for 403", SERVICE),
            ("list", "lacks element EnumerationResults/Prefix", OPTIONAL),
            ("list", "lacks element EnumerationResults/Marker", OPTIONAL),
        ],
        &[],
    );
    let key = BASE64_STANDARD.encode("a key of the lab");
    let server = AzureBlob::new("probeaccount", &key, "recordings").serve(None).await.unwrap();
    let date = "Thu, 01 Jan 2026 00:00:00 GMT";
    for (case, account, container, key) in [
        ("list", "probeaccount", "recordings", "a key of the lab"),
        ("wrong key", "probeaccount", "recordings", "another key"),
        ("no such container", "probeaccount", "nowhere", "a key of the lab"),
        ("other account", "otheraccount", "recordings", "a key of the lab"),
    ] {
        let to_sign = format!(
            "GET{}x-ms-date:{date}\nx-ms-version:2021-08-06\n/{account}/{account}/{container}\n\
             comp:list\nmaxresults:1\nrestype:container",
            "\n".repeat(12)
        );
        let signature = BASE64_STANDARD.encode(hmac(key.as_bytes(), to_sign.as_bytes()).unwrap());
        let authorization = format!("SharedKey {account}:{signature}");
        let headers = [("x-ms-date", date), ("Authorization", &authorization)];
        recorded.ask(case, &server, &headers, "").await;
    }
    recorded.ask("without a signature", &server, &[], "").await;
    recorded.ask("HEAD without a signature", &server, &[], "").await;
    recorded.settle();
}

#[tokio::test]
async fn the_metrics_stand_in_answers_as_prometheus_and_its_exporter_do() {
    let recorded = Recorded::of(
        "prometheus.json",
        &[],
        &[("page of the exporter", "the stand-in's root leads on, as that of Prometheus does")],
    );
    let server = Exporter::ucsx(1.0, 1.0, 1.0).serve(None).await.unwrap();
    let metrics = recorded.ask("metrics of the exporter", &server, &[], "").await;
    let real = recorded.cases["metrics of the exporter"]["body"].as_str().unwrap();
    let own = |line: &&str| line.starts_with("ucsx_") || line.starts_with("# TYPE ucsx_");
    for line in real.lines().filter(own) {
        assert!(metrics.body.lines().any(|ours| ours == line), "no {line:?} in {metrics:?}");
    }
    for case in ["metrics of Prometheus", "page of Prometheus", "unknown path"] {
        recorded.ask(case, &server, &[], "").await;
    }
    recorded.settle();
}
