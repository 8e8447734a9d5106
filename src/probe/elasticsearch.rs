//! Elasticsearch or OpenSearch: the root document, then the health of the cluster.
//!
//! - *spoken*: the root answered as such a product does.
//! - *identified*: it is the product that the row expects, by its tagline.
//! - *authenticated*: our credentials were accepted. The root without them is the counter-check.
//! - *operational*: the cluster's health is good enough.
//!
//! Without credentials, and none asked for, a row that requires *authenticated* falls short; one that
//! requires the operation gets it. An ill cluster is a fault in any case. One connection; another where the peer closes after each answer.

use http::header::AUTHORIZATION;
use schemars::JsonSchema;
use serde_json::Value;

use crate::model::read::Problems;
use crate::model::{Credentials, Fault, FaultCode, Key, Layer, Node, Proof, WarningCode, clean};
use crate::net::Dialer;
use crate::probe::http::exchange::{Answer, Connection, Request};
use crate::probe::http::secrets::{self, Given};
use crate::probe::http::{self as web, status};
use crate::probe::{BoxFuture, Probe, Protocol, TlsUse};

/// Elasticsearch and OpenSearch.
pub const PROTOCOL: Protocol = Protocol {
    name: "elasticsearch",
    about: "Elasticsearch or OpenSearch: product and health of the cluster",
    schemes: &["elasticsearch"],
    default_port: 9200,
    tls: TlsUse::WhenAsked,
    layers: &[Layer::Tcp, Layer::Protocol, Layer::Auth, Layer::Operation],
    connections: "one; another where the peer closes after each answer",
    options: read,
    schema,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Product {
    Elasticsearch,
    OpenSearch,
    Any,
}

/// From good to bad, so that a worse one is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Health {
    Green,
    Yellow,
    Red,
}

const PRODUCTS: &[(&str, Product)] = &[
    ("elasticsearch", Product::Elasticsearch),
    ("opensearch", Product::OpenSearch),
    ("any", Product::Any),
];
const HEALTHS: &[(&str, Health)] =
    &[("green", Health::Green), ("yellow", Health::Yellow), ("red", Health::Red)];

/// The header that Elasticsearch sends with every answer since 7.14.
const PRODUCT: &str = "x-elastic-product";
/// Where the health is. The cluster may take two seconds to find its master.
const HEALTH: &str = "/_cluster/health?timeout=2s";

#[derive(Debug)]
struct Elasticsearch {
    product: Product,
    health: Health,
}

fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Box<dyn Probe>> {
    let mut probe = Elasticsearch { product: Product::Elasticsearch, health: Health::Yellow };
    if let Some(node) = node {
        let mut fields = problems.fields(node, "elasticsearch")?;
        probe.product = fields.word("product", problems, PRODUCTS).unwrap_or(probe.product);
        probe.health = fields.word("health", problems, HEALTHS).unwrap_or(probe.health);
        fields.finish(problems);
    }
    Some(Box::new(probe))
}

impl Probe for Elasticsearch {
    fn run<'a>(&'a self, dialer: &'a mut Dialer) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.climb(dialer))
    }

    fn dials(&self) -> usize {
        2
    }

    fn sends(&self) -> String {
        format!("GET / and GET {HEALTH}")
    }
}

impl Elasticsearch {
    async fn climb(&self, dialer: &mut Dialer) -> Result<(), Fault> {
        let Some(mut connection) = web::connect(dialer).await? else { return Ok(()) };
        let mut request = Request::get("/", web::authority(dialer));
        let credentials = Given::put(&mut request, secrets::field(dialer, authorization));
        let given = credentials.given;
        let answer = web::ask(dialer, &mut connection, &request).await?;
        let judged = self.root(dialer, &answer, given);
        credentials.judge(judged)?;
        if given && dialer.wants(Proof::Authenticated) {
            dialer.step(Layer::Auth, FaultCode::PeerSilent, async { Ok(()) }).await?;
            dialer.reach(Proof::Authenticated);
        }
        if dialer.wants(Proof::Operational) {
            self.judge_health(dialer, &mut connection, &request, given).await?;
        }
        if given && dialer.wants(Proof::Authenticated) {
            counter_check(dialer, connection, request).await;
        }
        Ok(())
    }

    /// Judges the root document.
    fn root(&self, dialer: &mut Dialer, answer: &Answer, given: bool) -> Result<(), Fault> {
        if matches!(answer.status, 401 | 403) {
            dialer.reach(Proof::Spoken);
            web::identify_by_tls(dialer);
            return Err(status::fault(answer, dialer, "200", given));
        }
        if own_error(answer) {
            return Err(unhealthy(answer));
        }
        if answer.status != 200 {
            return Err(refused(answer, dialer, given));
        }
        let unlike = |what: &str| {
            Fault::new(FaultCode::ProtocolUnexpectedBody, what.to_owned())
                .with(Key::Body, answer.excerpt())
        };
        let Some(body) = answer.json() else {
            return Err(unlike("the root answers with something that is no JSON"));
        };
        let text = |pointer: &str| {
            body.pointer(pointer).and_then(Value::as_str).map(|text| clean::line(text, 80))
        };
        let Some(product) = product(&body) else {
            return Err(unlike("the root's answer is neither Elasticsearch's nor OpenSearch's"));
        };
        dialer.reach(Proof::Spoken);
        let name = if product == Product::OpenSearch { "opensearch" } else { "elasticsearch" };
        dialer.note(Key::Product, name);
        for (key, pointer) in
            [(Key::ServerVersion, "/version/number"), (Key::ClusterName, "/cluster_name")]
        {
            if let Some(text) = text(pointer) {
                dialer.note(key, text);
            }
        }
        if self.product != Product::Any && self.product != product {
            return Err(Fault::new(FaultCode::ServiceWrongPeer, format!("{name} answers here"))
                .with(Key::Product, name));
        }
        if dialer.wants(Proof::Identified) {
            dialer.reach(Proof::Identified);
        }
        Ok(())
    }

    async fn judge_health(
        &self,
        dialer: &mut Dialer,
        connection: &mut Connection,
        like: &Request,
        given: bool,
    ) -> Result<(), Fault> {
        let request = Request { target: HEALTH.to_owned(), ..like.clone() };
        if !connection.is_open() {
            let mut side = dialer.side();
            if let Some(fresh) = web::connect(&mut side).await? {
                *connection = fresh;
            }
        }
        let exchange = connection.send(&request);
        let answer = dialer.step(Layer::Operation, FaultCode::PeerSilent, exchange).await?;
        dialer.note_all(answer.evidence(&request));
        let body = answer.json().unwrap_or_default();
        let word = body["status"].as_str().unwrap_or_default();
        let Some((_, health)) = HEALTHS.iter().find(|(known, _)| *known == word) else {
            return Err(match answer.status {
                _ if own_error(&answer) => unhealthy(&answer),
                200 => Fault::new(FaultCode::ProtocolUnexpectedBody, "the health has no status")
                    .with(Key::Body, answer.excerpt()),
                _ => refused(&answer, dialer, given),
            });
        };
        dialer.note(Key::ClusterHealth, word);
        if let Some(nodes) = body["number_of_nodes"].as_i64() {
            dialer.note(Key::Nodes, nodes);
        }
        if *health > self.health {
            return Err(Fault::new(FaultCode::ServiceUnhealthy, format!("the cluster is {word}"))
                .with(Key::ClusterHealth, word));
        }
        if *health == Health::Yellow {
            dialer
                .warn(WarningCode::ServiceDegraded, "the cluster is yellow: replicas are missing");
        }
        if dialer.operation_counts(given) {
            dialer.reach(Proof::Operational);
        }
        Ok(())
    }
}

/// The product by its root document. OpenSearch may claim the number of an Elasticsearch; its tagline
/// stays.
fn product(body: &Value) -> Option<Product> {
    let tagline = body["tagline"].as_str().unwrap_or_default();
    let distribution = body.pointer("/version/distribution").and_then(Value::as_str);
    if tagline.starts_with("The OpenSearch Project") || distribution == Some("opensearch") {
        return Some(Product::OpenSearch);
    }
    let versioned = body.pointer("/version/number").is_some_and(Value::is_string);
    (tagline == "You Know, for Search" && versioned).then_some(Product::Elasticsearch)
}

/// An error of the cluster's own, told from a gateway's by header or form.
fn own_error(answer: &Answer) -> bool {
    answer.status >= 500
        && (answer.headers.contains_key(PRODUCT)
            || answer.json().is_some_and(|body| body.pointer("/error/type").is_some()))
}

/// The fault of a status. The cluster's own errors are known: another's 503 is something in between.
fn refused(answer: &Answer, dialer: &Dialer, given: bool) -> Fault {
    let fault = status::fault(answer, dialer, "200", given);
    if fault.code != FaultCode::ServiceUnhealthy {
        return fault;
    }
    let detail = "something before the cluster answers in its place (503)".to_owned();
    Fault { code: FaultCode::ProtocolGateway, detail, ..fault }
}

fn unhealthy(answer: &Answer) -> Fault {
    let body = answer.json().unwrap_or_default();
    let kind = body.pointer("/error/type").and_then(Value::as_str);
    let kind = kind.map(|kind| clean::line(kind, 80));
    let what = kind.clone().unwrap_or_else(|| format!("status {}", answer.status));
    Fault::new(FaultCode::ServiceUnhealthy, format!("the cluster says that it is not well: {what}"))
        .with(Key::Status, answer.status)
        .with_some(Key::ServiceCode, kind)
}

/// Elasticsearch has a scheme of its own for API keys.
fn authorization(credentials: &Credentials) -> Result<secrets::Field, Fault> {
    match credentials {
        Credentials::ApiKey(key) => {
            let value = zeroize::Zeroizing::new([b"ApiKey ", key.bytes()].concat());
            Ok((AUTHORIZATION, web::sensitive(&value)?))
        }
        other => web::authorization(other),
    }
}

/// The root without credentials: answered too, they prove nothing.
async fn counter_check(dialer: &mut Dialer, connection: Connection, request: Request) {
    let mut plain = request;
    plain.headers.retain(|(_, value)| !value.is_sensitive());
    if let Some(answer) = web::ask_aside(dialer, connection, &plain).await
        && answer.status == 200
    {
        dialer.warn(WarningCode::AuthNotEnforced, "the root is answered without credentials too");
    }
}

/// The options, as JSON Schema describes them.
#[derive(JsonSchema)]
#[schemars(rename = "ElasticsearchOptions", deny_unknown_fields)]
#[expect(dead_code, reason = "it is read for its schema alone")]
struct Form {
    /// Which product is expected; elasticsearch where nothing is said.
    product: Option<ProductForm>,
    /// The worst health that is accepted; yellow where nothing is said.
    health: Option<HealthForm>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "it is read for its schema alone")]
enum ProductForm {
    Elasticsearch,
    OpenSearch,
    Any,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "it is read for its schema alone")]
enum HealthForm {
    Green,
    Yellow,
    Red,
}

fn schema() -> Value {
    serde_json::to_value(schemars::schema_for!(Form)).unwrap_or_default()
}
