//! A metrics endpoint: the text exposition 0.0.4, or OpenMetrics where it is asked for.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;

use crate::lab::http::routes::Auth;
use crate::lab::http::{Answer, Reply, Request, serve};
use crate::lab::server::Server;

/// What the endpoint exposes.
#[derive(Clone, Debug)]
pub struct Exporter {
    /// Gauges with their label sets (with braces, or empty) and values.
    pub gauges: Vec<(&'static str, &'static str, f64)>,
    /// Who may scrape.
    pub auth: Auth,
}

impl Exporter {
    /// What every process exposes, and nothing of its own.
    pub fn new() -> Self {
        let gauges = vec![
            ("process_start_time_seconds", "", 1_700_000_000.0),
            ("process_resident_memory_bytes", "", 123_456_789.0),
        ];
        Self { gauges, auth: Auth::Open }
    }

    /// Adds a gauge.
    #[must_use]
    pub fn gauge(mut self, name: &'static str, labels: &'static str, value: f64) -> Self {
        self.gauges.push((name, labels, value));
        self
    }

    /// What UCS-X says of its dependencies: 1 is healthy.
    pub fn ucsx(master: f64, elasticsearch: f64, tenant: f64) -> Self {
        Self::new()
            .gauge("ucsx_masterdb_health_status", "", master)
            .gauge("ucsx_elasticsearch_health_status", "", elasticsearch)
            .gauge("ucsx_tenantdb_health_status", "{ccName=\"t100\"}", tenant)
    }

    /// The exposition, in the format that `accept` prefers.
    pub fn exposition(&self, accept: &str) -> (&'static str, String) {
        let open = accept.contains("application/openmetrics-text");
        let mut text = String::new();
        let mut last = "";
        for (name, labels, value) in &self.gauges {
            if *name != last {
                text.push_str(&format_family(name));
                last = name;
            }
            text.push_str(&sample(name, labels, *value));
        }
        if open {
            text.push_str("# TYPE http_requests counter\n");
            text.push_str(&sample("http_requests_total", "{code=\"200\"}", 4711.0));
            text.push_str("# EOF\n");
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", text)
        } else {
            text.push_str("# TYPE http_requests_total counter\n");
            text.push_str(&sample("http_requests_total", "{code=\"200\"}", 4711.0));
            ("text/plain; version=0.0.4; charset=utf-8", text)
        }
    }

    /// Serves `/metrics`, and a page at the root that leads there.
    pub async fn serve(self, tls: Option<Arc<ServerConfig>>) -> io::Result<Server> {
        serve(tls, move |request| self.answer(request)).await
    }

    fn answer(&self, request: &Request) -> Reply {
        if let Some(refusal) = self.auth.refuse(request) {
            return refusal.reply_to(request);
        }
        match (request.path.as_str(), request.method.as_str()) {
            ("/metrics", "GET" | "HEAD") => {
                let (kind, text) = self.exposition(request.header("accept").unwrap_or_default());
                Answer::of(200, kind, text).reply_to(request)
            }
            ("/metrics", _) => Answer::html(405, "405 Method Not Allowed").reply(),
            ("/", _) => {
                let link = "<a href=\"/metrics\">Found</a>.\n\n";
                let answer = Answer::of(302, "text/html; charset=utf-8", link);
                answer.header("Location", "/metrics").reply_to(request)
            }
            _ => Answer::of(404, "text/plain; charset=utf-8", "404 page not found\n").reply(),
        }
    }
}

impl Default for Exporter {
    fn default() -> Self {
        Self::new()
    }
}

fn format_family(name: &str) -> String {
    format!("# HELP {name} What the lab says.\n# TYPE {name} gauge\n")
}

fn sample(name: &str, labels: &str, value: f64) -> String {
    format!("{name}{labels} {value}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_format_follows_accept() {
        let server = Exporter::ucsx(1.0, 0.0, 1.0).serve(None).await.unwrap();
        let url = format!("http://{}/metrics", server.address());
        let client = crate::lab::tests::client(None);
        let text = client.get(&url).send().await.unwrap().text().await.unwrap();
        assert!(text.contains("\nucsx_elasticsearch_health_status 0\n"), "{text}");
        assert!(!text.contains("# EOF"));
        let accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
        let open = client.get(&url).header("Accept", accept).send().await.unwrap();
        assert!(open.text().await.unwrap().ends_with("# EOF\n"));
    }
}
