//! The lab's stand-ins against the recorded answers of the real servers (`tests/servers/record`).
//!
//! Status, marking headers, keys and types of JSON, element names of XML, and the messages of
//! PostgreSQL with their words. Every difference that stays, and every case that is not asked, is in
//! a list here with its reason; an entry that no longer applies fails the test.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{self, SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4::SigningParams;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use connprobe::lab::azure_blob::AzureBlob;
use connprobe::lab::cometd::CometdServer;
use connprobe::lab::crypto::{hex, hmac, sha256};
use connprobe::lab::dns::wire::{Data, rcode};
use connprobe::lab::dns::zone::Zone;
use connprobe::lab::dns::{NameServer, Over, Said as Answers};
use connprobe::lab::elasticsearch::Cluster;
use connprobe::lab::envoy;
use connprobe::lab::ground::{Ground, HOST};
use connprobe::lab::http::routes::{Auth, Route, serve_routes};
use connprobe::lab::oauth2::TokenServer;
use connprobe::lab::pgbouncer::{self, Pooler};
use connprobe::lab::pki::{ClientCertificate, Identity, Leaf};
use connprobe::lab::postgres::{Encryption, Method, Postgres, Refusal, State};
use connprobe::lab::prometheus::Exporter;
use connprobe::lab::proxy::ForwardProxy;
use connprobe::lab::s3::{Access, S3};
use connprobe::lab::server::Server;
use md5::{Digest as _, Md5};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;

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

    /// Logs in, and holds the messages of the server against the recorded ones.
    async fn log_in(
        &self,
        case: &str,
        server: &Server,
        tls: Option<&Arc<ClientConfig>>,
        login: Login<'_>,
    ) {
        self.asked.borrow_mut().insert(case.to_owned());
        let recorded = self.cases.get(case).unwrap_or_else(|| panic!("no case {case:?}"));
        let real = recorded["said"].as_array().expect("a case has messages");
        // Where no silence is recorded, a slow machine is no silent server.
        let silent = real.iter().any(|message| message.get("silent_for_s").is_some());
        let patience = Duration::from_millis(if silent { 500 } else { 20_000 });
        let said = Session::run(server, tls.cloned(), login, patience).await;
        let (real, ours) = (messages(real), messages(&said));
        if real != ours {
            self.differs(case, &format!("says {ours:?} for {real:?}"));
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

#[tokio::test]
async fn the_http_stand_in_refuses_as_nginx_does() {
    const JSON: &str = "routes refuse as services do, in JSON; nginx has a page for it";
    const TOLD: &str = "what a route answers is for its scenario to say";
    let recorded = Recorded::of(
        "nginx.json",
        &[
            ("login asked for", "lacks header content-type text/html", JSON),
            ("login asked for", "adds header content-type application/json", JSON),
            ("login wrong", "lacks header content-type text/html", JSON),
            ("login wrong", "adds header content-type application/json", JSON),
            ("*", "adds key .error = \"unauthorized\"", JSON),
            ("*", "lacks key .status.code = 401", "the words are the product's"),
            ("*", "lacks key .status.message: string", "the words are the product's"),
        ],
        &[
            ("page", TOLD),
            ("login right", TOLD),
            ("token right", TOLD),
            ("nobody behind", TOLD),
            ("silence behind", TOLD),
            ("client certificate missing", "the stand-in ends the handshake, as other servers do"),
        ],
    );
    let moved = vec![Route::redirect("/", 301, "https://127.0.0.1/")];
    let moved = serve_routes(None, moved).await.unwrap();
    recorded.ask("redirect to https", &moved, &[], "").await;
    let none = serve_routes(None, Vec::new()).await.unwrap();
    recorded.ask("default back end", &none, &[], "").await;
    let shut = vec![
        Route::json("/", &json!({})).behind(Auth::Basic("probe".into(), "good-word".into())),
        Route::json("/ucs/v3/healthcheck", &json!({})).behind(Auth::Bearer("good".into())),
    ];
    let shut = serve_routes(None, shut).await.unwrap();
    recorded.ask("login asked for", &shut, &[], "").await;
    recorded.ask("login wrong", &shut, &[("Authorization", &basic("probe", "wrong"))], "").await;
    recorded.ask("token missing", &shut, &[], "").await;
    recorded.ask("token wrong", &shut, &[("Authorization", "Bearer wrong")], "").await;
    let secured = serve_routes(Some(Ground::new().unwrap().tls().unwrap()), Vec::new());
    let secured = secured.await.unwrap();
    recorded.ask("http to a TLS port", &secured, &[], "").await;
    recorded.settle();
}

/// Messages without what is one server's own: its version, the order of its parameters.
fn messages(said: &[Value]) -> Vec<String> {
    let mut said: Vec<_> = said.to_vec();
    for message in &mut said {
        if let Some(version) = message.pointer_mut("/S/server_version") {
            *version = "varies".into();
        }
        if message.get("silent_for_s").is_some() {
            *message = "silent".into();
        }
    }
    let mut said: Vec<_> = said.iter().map(Value::to_string).collect();
    for parameters in said.chunk_by_mut(|a, b| a.starts_with("{\"S\"") && b.starts_with("{\"S\"")) {
        parameters.sort();
    }
    said
}

trait Wire: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}

/// A client of PostgreSQL, written by hand as the recorder's is.
struct Session {
    wire: Box<dyn Wire>,
    said: Vec<Value>,
    bare: String,
    /// How long it waits for a message before it calls the server silent.
    patience: Duration,
}

/// Who logs in, where, and what is asked then.
#[derive(Clone, Copy)]
struct Login<'a> {
    user: &'a str,
    password: &'a str,
    database: &'a str,
    parameter: Option<(&'a str, &'a str)>,
    query: &'a str,
}

const PROBE: Login<'_> = Login {
    user: "probe",
    password: "good-word",
    database: "ucsx",
    parameter: None,
    query: "SELECT 1",
};

impl Session {
    async fn run(
        server: &Server,
        tls: Option<Arc<ClientConfig>>,
        login: Login<'_>,
        patience: Duration,
    ) -> Vec<Value> {
        let mut stream = TcpStream::connect(server.address()).await.expect("the stand-in listens");
        let mut said = Vec::new();
        let wire: Box<dyn Wire> = match tls {
            None => Box::new(stream),
            Some(config) => {
                stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.expect("it reads");
                let answer = stream.read_u8().await.expect("it answers");
                said.push(json!({"ssl_request": char::from(answer).to_string()}));
                let name = ServerName::try_from(HOST).expect("a name");
                Box::new(TlsConnector::from(config).connect(name, stream).await.expect("TLS"))
            }
        };
        let mut session = Self { wire, said, bare: String::new(), patience };
        if let Err(error) = session.talk(login).await {
            session.said.push(match error.kind() {
                io::ErrorKind::TimedOut => json!({"silent_for_s": patience.as_secs_f32()}),
                _ => json!({"closed": true}),
            });
        }
        session.said
    }

    async fn send(&mut self, kind: &[u8], body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len() + 4).map_err(io::Error::other)?;
        self.wire.write_all(&[kind, &length.to_be_bytes(), body].concat()).await?;
        self.wire.flush().await
    }

    async fn talk(&mut self, login: Login<'_>) -> io::Result<()> {
        let mut body = 196_608_u32.to_be_bytes().to_vec();
        let pairs = [("user", login.user), ("database", login.database)];
        for (name, value) in pairs.into_iter().chain(login.parameter) {
            body.extend(format!("{name}\0{value}\0").as_bytes());
        }
        body.push(0);
        self.send(b"", &body).await?;
        let mut asked = false;
        loop {
            let kind = tokio::time::timeout(self.patience, self.wire.read_u8()).await??;
            let mut body = vec![0; (self.wire.read_u32().await? - 4) as usize];
            self.wire.read_exact(&mut body).await?;
            let text = String::from_utf8_lossy(&body).into_owned();
            let parts: Vec<&str> = text.split('\0').filter(|part| !part.is_empty()).collect();
            match kind {
                b'R' => self.authenticate(&body, login).await?,
                b'E' => {
                    let fields = parts.iter().map(|part| part.split_at(1));
                    let told = fields.filter(|(name, _)| "SVCMDH".contains(name));
                    let told: BTreeMap<_, _> = told.collect();
                    self.said.push(json!({"E": told}));
                    if asked {
                        return Ok(());
                    }
                }
                b'S' => {
                    let kept = ["server_version", "in_hot_standby", "is_superuser"];
                    if kept.contains(&parts[0]) || parts[0] == "default_transaction_read_only" {
                        self.said.push(json!({"S": {parts[0]: parts[1]}}));
                    }
                }
                b'D' => self.said.push(json!({"D": String::from_utf8_lossy(&body[6..])})),
                b'Z' => {
                    self.said.push(json!({"Z": text}));
                    self.send(b"Q", format!("{}\0", login.query).as_bytes()).await?;
                    asked = true;
                }
                b'C' => {
                    self.said.push(json!({"C": parts[0]}));
                    return Ok(());
                }
                _ => {}
            }
        }
    }

    async fn authenticate(&mut self, body: &[u8], login: Login<'_>) -> io::Result<()> {
        let (number, data) = body.split_at(4);
        let text = String::from_utf8_lossy(data).into_owned();
        match number[3] {
            0 => self.said.push(json!({"R": "Ok"})),
            3 => {
                self.said.push(json!({"R": "CleartextPassword"}));
                self.send(b"p", format!("{}\0", login.password).as_bytes()).await?;
            }
            5 => {
                self.said.push(json!({"R": "MD5Password"}));
                let inner = hex(&Md5::digest(format!("{}{}", login.password, login.user)));
                let outer = hex(&Md5::digest([inner.as_bytes(), data].concat()));
                self.send(b"p", format!("md5{outer}\0").as_bytes()).await?;
            }
            10 => {
                let mechanisms: Vec<_> = text.split('\0').filter(|name| !name.is_empty()).collect();
                self.said.push(json!({"R": "SASL", "mechanisms": mechanisms}));
                self.bare = "n=,r=fyko+d2lbbFgONRv9qkxdawL".into();
                let first = format!("n,,{}", self.bare);
                let length = u32::try_from(first.len()).map_err(io::Error::other)?;
                let head = [b"SCRAM-SHA-256\0".as_slice(), &length.to_be_bytes()].concat();
                self.send(b"p", &[head.as_slice(), first.as_bytes()].concat()).await?;
            }
            11 => {
                self.said.push(json!({"R": "SASLContinue"}));
                let proof = proof(login.password, &self.bare, &text)?;
                self.send(b"p", proof.as_bytes()).await?;
            }
            12 => self.said.push(json!({"R": "SASLFinal"})),
            other => self.said.push(json!({"R": other})),
        }
        Ok(())
    }
}

/// The client's last message (RFC 5802 §3).
fn proof(password: &str, bare: &str, challenge: &str) -> io::Result<String> {
    let part = |name: &str| {
        challenge.split(',').find_map(|part| part.strip_prefix(name)).unwrap_or_default()
    };
    let salt = BASE64_STANDARD.decode(part("s=")).map_err(io::Error::other)?;
    let rounds: usize = part("i=").parse().map_err(io::Error::other)?;
    let xor = |left: [u8; 32], right: [u8; 32]| -> [u8; 32] {
        std::array::from_fn(|index| left[index] ^ right[index])
    };
    let mut last = hmac(password.as_bytes(), &[salt.as_slice(), &[0, 0, 0, 1]].concat())?;
    let mut salted = last;
    for _ in 1..rounds {
        last = hmac(password.as_bytes(), &last)?;
        salted = xor(salted, last);
    }
    let key = hmac(&salted, b"Client Key")?;
    let last = format!("c=biws,r={}", part("r="));
    let signature = hmac(&sha256(&key), format!("{bare},{challenge},{last}").as_bytes())?;
    Ok(format!("{last},p={}", BASE64_STANDARD.encode(xor(key, signature))))
}

/// TLS of both ends: the server's, and a client's without and with a certificate.
struct Channel {
    encryption: Encryption,
    required: Encryption,
    client: Arc<ClientConfig>,
    certified: Arc<ClientConfig>,
}

fn channel() -> io::Result<Channel> {
    let ground = Ground::new()?;
    let identity = ground.pki.leaf(&Leaf { sans: &[HOST], ..Leaf::GOOD })?;
    let config =
        ground.pki.tls_with(&identity, ClientCertificate::Optional, rustls::ALL_VERSIONS)?;
    let own = ground.pki.leaf(&Leaf { client: true, ..Leaf::GOOD })?;
    let client = |own: Option<&Identity>| -> io::Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(ground.pki.ca_der().clone()).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots);
        Ok(Arc::new(match own {
            None => builder.with_no_client_auth(),
            Some(own) => {
                let key = PrivateKeyDer::from_pem_slice(own.key_pem.as_bytes());
                let key = key.map_err(io::Error::other)?;
                builder.with_client_auth_cert(own.chain.clone(), key).map_err(io::Error::other)?
            }
        }))
    };
    let leaf = identity.chain[0].clone();
    Ok(Channel {
        encryption: Encryption::Offered(Arc::clone(&config), leaf.clone()),
        required: Encryption::Required(config, leaf),
        client: client(None)?,
        certified: client(Some(&own))?,
    })
}

#[tokio::test]
async fn the_postgres_stand_in_says_what_postgresql_15_says() {
    let recorded = Recorded::of(
        "postgres.json",
        &[],
        &[(
            "expired password",
            "no password expires here; the real one's words are of a wrong one",
        )],
    );
    let channel = channel().unwrap();
    let full = |code, words: &str| Refusal::new(code, words);
    let closed = full("42501", "permission denied for database \"closed\"")
        .detail("User does not have CONNECT privilege.");
    let base = Postgres::new()
        .encryption(channel.encryption.clone())
        .database("ucsx")
        .role("probe", "good-word")
        .refused_role(
            "nologin",
            "good-word",
            full("28000", "role \"nologin\" is not permitted to log in"),
        )
        .refused_role(
            "crowded",
            "good-word",
            full("53300", "too many connections for role \"crowded\""),
        )
        .refused_role("shut out", "good-word", closed);
    let as_user = |user| Login { user, ..PROBE };
    let in_clear = [
        ("scram in clear", base.clone(), PROBE),
        ("no rule, in clear", base.clone().state(State::NoHbaLine), as_user("stranger")),
        (
            "rule for TLS only, in clear",
            base.clone().encryption(channel.required.clone()),
            as_user("tlsonly"),
        ),
    ];
    let standby = base.clone().state(State::Standby);
    let over_tls = [
        ("scram over TLS", base.clone(), PROBE),
        ("md5", base.clone().method(Method::Md5), PROBE),
        ("cleartext", base.clone().method(Method::Cleartext), PROBE),
        ("trust", base.clone().method(Method::Trust), PROBE),
        ("wrong password", base.clone(), Login { password: "wrong", ..PROBE }),
        ("unknown role", base.clone(), as_user("absent")),
        ("rejected by a rule", base.clone().state(State::HbaReject), as_user("rejected")),
        ("no rule, over TLS", base.clone().state(State::NoHbaLine), as_user("stranger")),
        ("client certificate missing", base.clone().method(Method::Certificate), PROBE),
        ("no such database", base.clone(), Login { database: "nowhere", ..PROBE }),
        ("closed database", base.clone(), as_user("shut out")),
        ("role may not log in", base.clone(), as_user("nologin")),
        ("role has no connection left", base.clone(), as_user("crowded")),
        (
            "unknown startup parameter",
            base.clone(),
            Login { parameter: Some(("no_such_parameter", "1")), ..PROBE },
        ),
        ("standby", standby.clone(), PROBE),
        ("standby, writing", standby, Login { query: "create table t (i int)", ..PROBE }),
    ];
    for (case, server, login) in in_clear {
        let server = server.serve().await.unwrap();
        recorded.log_in(case, &server, None, login).await;
    }
    for (case, server, login) in over_tls {
        let server = server.serve().await.unwrap();
        recorded.log_in(case, &server, Some(&channel.client), login).await;
    }
    let server = base.method(Method::Certificate).serve().await.unwrap();
    recorded.log_in("client certificate", &server, Some(&channel.certified), PROBE).await;
    recorded.settle();
}

#[tokio::test]
async fn the_pooler_stand_in_says_what_pgbouncer_says() {
    let recorded = Recorded::of("pgbouncer.json", &[], &[]);
    let channel = channel().unwrap();
    let base = Postgres::new().database("ucsx").role("probe", "good-word");
    let full = Pooler::SaysAfterLogin("too many connections for role \"crowded\"".into());
    for (case, pooler, login) in [
        ("server alive", Pooler::Healthy, PROBE),
        ("wrong password", Pooler::Healthy, Login { password: "wrong", ..PROBE }),
        ("unknown user", Pooler::Healthy, Login { user: "absent", ..PROBE }),
        ("role has no connection left", full, PROBE),
        ("unknown database", Pooler::Healthy, Login { database: "nowhere", ..PROBE }),
        (
            "startup parameter it refuses",
            Pooler::Healthy,
            Login { parameter: Some(("options", "-c statement_timeout=1s")), ..PROBE },
        ),
        ("server dead, never warm", Pooler::ColdDead, PROBE),
        ("server dead, never warm, asked again", Pooler::ColdDead, PROBE),
        ("server dead, once warm", Pooler::WarmDead, PROBE),
    ] {
        let server = pgbouncer::before(base.clone(), pooler).serve().await.unwrap();
        recorded.log_in(case, &server, None, login).await;
    }
    let server = pgbouncer::before(base.encryption(channel.required), Pooler::Healthy);
    let server = server.serve().await.unwrap();
    recorded.log_in("TLS demanded, in clear", &server, None, PROBE).await;
    recorded.log_in("server alive, over TLS", &server, Some(&channel.client), PROBE).await;
    recorded.settle();
}

/// The zone of `tests/servers/start/unbound`, and its rules.
fn zone() -> Zone {
    let local = |last| Data::A([127, 0, 0, last].into());
    let alias = |target: &str| Data::Cname(format!("{target}.test"));
    Zone::new("test")
        .with("ok", local(1))
        .with("two", local(2))
        .with("two", local(3))
        .with("six", Data::Aaaa(std::net::Ipv6Addr::LOCALHOST))
        .with("alias", alias("ok"))
        .with("dangling", alias("nowhere"))
        .with("loop-a", alias("loop-b"))
        .with("loop-b", alias("loop-a"))
        .with("nodata", Data::Txt("text, and no address"))
        .saying("servfail", rcode::SERVFAIL)
        .saying("refused", rcode::REFUSED)
}

/// The question of a case, as the recorder asks it: "ok.test AAAA".
fn question(case: &str) -> Vec<u8> {
    let (name, kind) = case.split_once(' ').expect("a case is a name and a type");
    let mut bytes = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).expect("a short label"));
        bytes.extend(label.bytes());
    }
    bytes.extend([0, 0, if kind == "A" { 1 } else { 28 }, 0, 1]);
    bytes
}

/// Every byte: compression of names, authority, flags.
#[tokio::test]
async fn the_name_server_stand_in_says_what_unbound_says() {
    let recorded = Recorded::of("dns.json", &[], &[]);
    let zone = zone();
    let server = NameServer::start(Arc::new(move |asked, _| match &*asked.name {
        "drop.test" => Vec::new(),
        _ => vec![Answers::Bytes(zone.answer(asked).bytes(asked))],
    }));
    let server = server.await.unwrap();
    for (case, real) in &recorded.cases {
        recorded.asked.borrow_mut().insert(case.clone());
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.send_to(&question(case), server.address()).await.unwrap();
        let silent = real.get("silent_for_s").is_some();
        let patience = Duration::from_millis(if silent { 300 } else { 20_000 });
        let mut bytes = [0; 1_500];
        let said = tokio::time::timeout(patience, socket.recv(&mut bytes)).await;
        let said = said.ok().map(|size| hex(&bytes[..size.unwrap()]));
        if said.as_deref() != real["hex"].as_str() {
            recorded.differs(case, &format!("says {said:?} for {}", real["hex"]));
        }
    }
    recorded.settle();
}

#[tokio::test]
async fn the_name_server_stand_in_says_over_tcp_what_it_says_over_udp() {
    let zone = zone();
    let server = NameServer::start(Arc::new(move |asked, over| {
        assert_eq!(over, Over::Tcp);
        vec![Answers::Bytes(zone.answer(asked).bytes(asked))]
    }));
    let server = server.await.unwrap();
    let recorded = Recorded::of("dns.json", &[], &[]);
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let asked = question("two.test A");
    stream.write_u16(u16::try_from(asked.len()).expect("the proxy answers")).await.unwrap();
    stream.write_all(&asked).await.expect("the proxy answers");
    let mut said = vec![0; usize::from(stream.read_u16().await.expect("the proxy answers"))];
    stream.read_exact(&mut said).await.expect("the proxy answers");
    assert_eq!(recorded.cases["two.test A"]["hex"], hex(&said));
}

/// What a stand-in proxy says to these words, one after the other; a head of HTTP ends what is read.
async fn proxied(proxy: ForwardProxy, words: &[&[u8]]) -> Vec<Vec<u8>> {
    let server = proxy.serve().await.expect("the proxy answers");
    let mut link = TcpStream::connect(server.address()).await.expect("the proxy answers");
    let mut said = Vec::new();
    for words in words {
        link.write_all(words).await.expect("the proxy answers");
        let mut answer = vec![0; 4_096];
        let read = link.read(&mut answer).await.expect("the proxy answers");
        answer.truncate(read);
        said.push(answer);
    }
    said
}

#[tokio::test]
async fn the_proxy_stand_in_says_what_squid_and_microsocks_say() {
    let text = include_str!("fixtures/recorded/proxies.json");
    let recorded: Value = serde_json::from_str(text).expect("the proxy answers");
    let case = |name: &str| {
        let cases = recorded["cases"].as_array().expect("the proxy answers");
        cases.iter().find(|case| case["name"] == name).unwrap_or_else(|| panic!("no case {name}"))
    };
    let target = serve_routes(None, Vec::new()).await.expect("the proxy answers");
    let open = || ForwardProxy::to(target.address());
    let connect =
        |login: &str| format!("CONNECT a.test:80 HTTP/1.1\r\nHost: a.test\r\n{login}\r\n");
    let login = |password: &str| format!("Proxy-Authorization: {}\r\n", basic("probe", password));
    for (name, proxy, login) in [
        ("squid: good", open(), String::new()),
        ("squid: nobody there", ForwardProxy::dead(), String::new()),
        ("squid: port forbidden", open().forbidding(), String::new()),
        ("squid: password missing", open().guarded(), String::new()),
        ("squid: password wrong", open().guarded(), login("wrong")),
        ("squid: password right", open().guarded(), login("proxy-password")),
    ] {
        let said = proxied(proxy, &[connect(&login).as_bytes()]).await.remove(0);
        let said = String::from_utf8(said).unwrap();
        let case = case(name);
        let status = format!("HTTP/1.1 {} {}", case["status"], case["reason"].as_str().unwrap());
        assert_eq!(said.lines().next(), Some(&*status), "{name}");
        for field in case["headers"].as_array().unwrap() {
            let (field, value) = (field[0].as_str().unwrap(), field[1].as_str().unwrap());
            if matches!(field, "X-Squid-Error" | "Proxy-Authenticate" | "Server" | "Content-Type") {
                assert!(said.contains(&format!("\r\n{field}: {value}\r\n")), "{name}: {said}");
            }
        }
    }
    let request: &[u8] = b"\x05\x01\x00\x03\x06a.test\x00\x50";
    let password = |text: &str| {
        [b"\x01\x05probe", &[u8::try_from(text.len()).unwrap()][..], text.as_bytes()].concat()
    };
    let (wrong, right) = (password("wrong"), password("proxy-password"));
    for (name, proxy, words) in [
        ("SOCKS5: good", open(), vec![&b"\x05\x01\x00"[..], request]),
        ("SOCKS5: nobody there", ForwardProxy::dead(), vec![b"\x05\x01\x00", request]),
        ("SOCKS5: password missing", open().guarded(), vec![b"\x05\x01\x00"]),
        ("SOCKS5: password wrong", open().guarded(), vec![b"\x05\x02\x00\x02", &wrong]),
        ("SOCKS5: password right", open().guarded(), vec![b"\x05\x02\x00\x02", &right, request]),
    ] {
        let said = proxied(proxy, &words).await;
        for (i, said) in said.iter().enumerate() {
            let expected = case(name)["said"][i].as_str().unwrap();
            let said: Vec<String> = said.iter().map(|byte| format!("{byte:02x}")).collect();
            // The recorder keeps the first eight bytes of a reply.
            assert!(said.join(" ").starts_with(expected), "{name}: {said:?}, not {expected}");
        }
    }
}

#[tokio::test]
async fn the_envoy_stand_in_answers_as_envoy_does() {
    let recorded = Recorded::of("envoy.json", &[], &[]);
    let proxy = envoy::routing().await.unwrap();
    for case in
        ["route to a live service", "denied by a rule", "route to a dead service", "no route"]
    {
        let said = recorded.ask(case, &proxy, &[], "").await;
        let real = &recorded.cases[case];
        assert_eq!(real["body"], said.body, "{case}");
        let names = real["headers"].as_array().unwrap().iter();
        let names = names.map(|field| field[0].as_str().unwrap()).filter(|name| *name != "date");
        for name in names {
            assert!(said.header(name).is_some(), "{case}: no field {name}");
        }
        assert_eq!(said.header("server"), Some("envoy"), "{case}");
    }
    let case = "TCP to a dead service";
    recorded.asked.borrow_mut().insert(case.to_owned());
    let real = &recorded.cases[case];
    let proxy = envoy::accepting().await.unwrap();
    let mut link = TcpStream::connect(proxy.address()).await.expect("it accepts");
    let then = match link.read(&mut [0]).await {
        Ok(0) => "closed",
        Ok(_) => "spoken",
        Err(_) => "reset",
    };
    assert_eq!((&real["accepted"], &real["then"]), (&json!(true), &json!(then)));
    recorded.settle();
}
