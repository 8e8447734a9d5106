//! Prometheus metrics: the text format 0.0.4 or OpenMetrics, by content negotiation, read strictly.
//!
//! - *spoken*: an exposition with at least one sample came.
//! - *identified*: the families that the row requires are in it; where it requires none, the format
//!   itself tells an exporter.
//! - *authenticated*, *operational*: as for http, where credentials are given.
//!
//! One connection; another for the counter-check of credentials where the peer closes.

mod exposition;

use http::HeaderValue;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use schemars::JsonSchema;

use crate::model::read::Problems;
use crate::model::{Fault, FaultCode, Key, Layer, Node, Proof, WarningCode, clean};
use crate::net::Dialer;
use crate::probe::http::exchange::{Answer, Request};
use crate::probe::http::secrets::{self, Given};
use crate::probe::http::{self as web, options, status};
use crate::probe::{BoxFuture, Probe, Protocol, TlsUse};
use exposition::Exposition;

/// Metrics in a text format.
pub const PROTOCOL: Protocol = Protocol {
    name: "prometheus",
    about: "metrics in Prometheus' text format or OpenMetrics",
    schemes: &["prometheus"],
    default_port: 9090,
    tls: TlsUse::WhenAsked,
    layers: &[Layer::Tcp, Layer::Protocol],
    connections: "one; another for the counter-check of credentials where the peer closes",
    options: read,
    schema,
};

/// Largest exposition that is read, in bytes.
const LIMIT: usize = 16 << 20;
/// What is asked for.
const WANTED: &str =
    "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.8";
/// Gauges by which a service tells of its own dependencies.
const DEPENDENCIES: &str = "_health_status";

#[derive(Debug)]
struct Prometheus {
    path: String,
    families: Vec<String>,
}

fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Box<dyn Probe>> {
    let mut probe = Prometheus { path: "/metrics".to_owned(), families: Vec::new() };
    if let Some(node) = node {
        let mut fields = problems.fields(node, "prometheus")?;
        if let Some(path) = fields.parse("path", problems, options::path) {
            probe.path = path;
        }
        probe.families = fields.texts("families", problems);
        fields.finish(problems);
    }
    Some(Box::new(probe))
}

impl Probe for Prometheus {
    fn run<'a>(&'a self, dialer: &'a mut Dialer) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.climb(dialer))
    }

    fn dials(&self) -> usize {
        2
    }

    fn sends(&self) -> String {
        format!("GET {}", self.path)
    }
}

impl Prometheus {
    async fn climb(&self, dialer: &mut Dialer) -> Result<(), Fault> {
        let Some(mut connection) = web::connect(dialer).await? else { return Ok(()) };
        let mut request = Request::get(&self.path, web::authority(dialer));
        request.limit = LIMIT;
        request.set(ACCEPT, HeaderValue::from_static(WANTED));
        request.set(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let credentials = Given::put(&mut request, secrets::field(dialer, web::authorization));
        let given = credentials.given;
        let holds = |answer: &Answer| self.holds(answer);
        let answer = web::ask_for(dialer, &mut connection, &request, holds).await?;
        let judged = self.judge(dialer, &answer, given);
        credentials.judge(judged)?;
        if !given || !dialer.wants(Proof::Authenticated) {
            return Ok(());
        }
        dialer.step(Layer::Auth, FaultCode::PeerSilent, async { Ok(()) }).await?;
        dialer.reach(Proof::Authenticated);
        if dialer.wants(Proof::Operational) {
            dialer.reach(Proof::Operational);
        }
        let mut plain = request;
        plain.headers.retain(|(_, value)| !value.is_sensitive());
        if let Some(answer) = web::ask_aside(dialer, connection, &plain).await
            && answer.status == 200
        {
            dialer.warn(
                WarningCode::AuthNotEnforced,
                "the metrics are given without credentials too",
            );
        }
        Ok(())
    }

    fn judge(&self, dialer: &mut Dialer, answer: &Answer, given: bool) -> Result<(), Fault> {
        if answer.status != 200 {
            let fault = status::fault(answer, dialer, "200", given);
            if fault.code.layer() == Layer::Auth {
                dialer.reach(Proof::Spoken);
                web::identify_by_tls(dialer);
            }
            return Err(fault);
        }
        let found = Self::exposition(answer)?;
        dialer.reach(Proof::Spoken);
        dialer.note(Key::Families, found.families());
        dialer.note(Key::Samples, found.samples);
        if !found.kept.is_empty() {
            let gauges = found.kept.iter().map(|line| clean::line(line, 160));
            dialer.note(Key::Gauges, gauges.collect::<Vec<_>>());
        }
        let missing = self.missing(&found);
        if !missing.is_empty() {
            let detail = format!("the metrics lack {}", missing.join(", "));
            return Err(
                Fault::new(FaultCode::ProtocolUnexpectedBody, detail).with(Key::Missing, missing)
            );
        }
        if dialer.wants(Proof::Identified) {
            dialer.reach(Proof::Identified);
        }
        Ok(())
    }

    fn missing(&self, found: &Exposition) -> Vec<String> {
        self.families.iter().filter(|family| !found.has(family)).cloned().collect()
    }

    /// Whether an exposition whose end alone is not certain is whole to the line, and has what is required.
    fn holds(&self, answer: &Answer) -> bool {
        answer.body.ends_with(b"\n")
            && Self::exposition(answer).is_ok_and(|found| self.missing(&found).is_empty())
    }

    fn exposition(answer: &Answer) -> Result<Exposition, Fault> {
        let kind = answer.field(CONTENT_TYPE).unwrap_or_default();
        let media = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let open_metrics = media == "application/openmetrics-text";
        if !open_metrics && media != "text/plain" && !media.is_empty() {
            let detail = format!("`{media}` in place of metrics");
            return Err(Fault::new(FaultCode::ProtocolUnexpectedBody, detail)
                .with(Key::ContentType, kind)
                .with(Key::Body, answer.excerpt()));
        }
        let text = std::str::from_utf8(&answer.body)
            .map_err(|_| Fault::new(FaultCode::ProtocolMalformed, "the metrics are not UTF-8"))?;
        let keep = |name: &str| name.ends_with(DEPENDENCIES);
        let found = Exposition::read(text, open_metrics, keep).map_err(|wrong| {
            let detail = format!("line {} of the metrics can't be read: {}", wrong.line, wrong.why);
            Fault::new(FaultCode::ProtocolMalformed, detail).with(Key::Line, wrong.line)
        })?;
        if found.samples == 0 {
            let detail = "the metrics hold no sample";
            return Err(Fault::new(FaultCode::ProtocolUnexpectedBody, detail)
                .with(Key::Body, answer.excerpt()));
        }
        Ok(found)
    }
}

/// The options, as JSON Schema describes them.
#[derive(JsonSchema)]
#[schemars(rename = "PrometheusOptions", deny_unknown_fields)]
#[expect(dead_code, reason = "it is read for its schema alone")]
struct Form {
    /// Path of the metrics; /metrics where nothing is said.
    path: Option<String>,
    /// Families that must be there.
    families: Option<Vec<String>>,
}

fn schema() -> serde_json::Value {
    serde_json::to_value(schemars::schema_for!(Form)).unwrap_or_default()
}

/// Whether a text is an exposition, and of how many samples.
#[cfg(any(fuzzing, test))]
pub(crate) fn fuzz(text: &str, open_metrics: bool) -> Option<usize> {
    Exposition::read(text, open_metrics, |_| true).ok().map(|found| found.samples)
}
