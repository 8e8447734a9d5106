//! Elasticsearch 7.17 and OpenSearch 2: the root, cluster health, and who may ask.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use serde_json::{Value, json};

use crate::lab::http::routes::Auth;
use crate::lab::http::{Answer, Reply, Request, serve};
use crate::lab::server::Server;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// With its product header.
    Elasticsearch,
    /// With its own tagline.
    OpenSearch,
    /// OpenSearch that claims to be 7.10.2; only the tagline stays.
    OpenSearchInDisguise,
}

/// A cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// What it is.
    pub product: Product,
    /// `green`, `yellow` or `red`; `None` for a cluster without a master.
    pub health: Option<&'static str>,
    /// Who may ask.
    pub auth: Auth,
    /// Whether those who may ask lack the right to.
    pub forbidden: bool,
}

impl Cluster {
    /// A green cluster that asks for nothing.
    pub const GREEN: Self = Self {
        product: Product::Elasticsearch,
        health: Some("green"),
        auth: Auth::Open,
        forbidden: false,
    };

    /// Serves it.
    pub async fn serve(self, tls: Option<Arc<ServerConfig>>) -> io::Result<Server> {
        serve(tls, move |request| self.answer(request)).await
    }

    fn answer(&self, request: &Request) -> Reply {
        let mut answer = self.body(request);
        if self.product == Product::Elasticsearch {
            answer = answer.header("X-elastic-product", "Elasticsearch");
        }
        answer.reply_to(request)
    }

    fn body(&self, request: &Request) -> Answer {
        if self.auth.refuse(request).is_some() {
            return self.unauthorized();
        }
        if self.forbidden {
            let cause = json!({
                "type": "security_exception",
                "reason": "action [cluster:monitor/main] is unauthorized for user [ucsx_reader]",
            });
            return failure(403, "security_exception", &cause);
        }
        match request.path.as_str() {
            "/" => Answer::json(200, &self.root()),
            "/_cluster/health" => self.health(request),
            path => {
                let body = json!({
                    "error": format!("no handler found for uri [{path}]"),
                    "status": 400,
                });
                Answer::json(400, &body)
            }
        }
    }

    fn unauthorized(&self) -> Answer {
        if self.product == Product::Elasticsearch {
            let cause = json!({
                "type": "security_exception",
                "reason": "missing or invalid credentials for REST request",
            });
            return failure(401, "security_exception", &cause)
                .header("WWW-Authenticate", "Basic realm=\"security\" charset=\"UTF-8\"")
                .header("WWW-Authenticate", "ApiKey");
        }
        Answer::of(401, "text/plain", "Unauthorized")
            .header("WWW-Authenticate", "Basic realm=\"OpenSearch Security\"")
    }

    fn root(&self) -> Value {
        let uuid = if self.health.is_some() { "Yk3xJ0wFQ2mZ1f0s3l7B5w" } else { "_na_" };
        let (version, tagline) = match self.product {
            Product::Elasticsearch => (
                json!({
                    "number": "7.17.28",
                    "build_flavor": "default",
                    "build_type": "docker",
                    "build_hash": "139cb5a961d8de68b8e02c45cc47f5289a3623af",
                    "build_date": "2025-02-20T09:05:31.349013687Z",
                    "build_snapshot": false,
                    "lucene_version": "8.11.3",
                    "minimum_wire_compatibility_version": "6.8.0",
                    "minimum_index_compatibility_version": "6.0.0-beta1",
                }),
                "You Know, for Search",
            ),
            Product::OpenSearch => (
                json!({
                    "distribution": "opensearch",
                    "number": "2.19.1",
                    "lucene_version": "9.12.1",
                }),
                "The OpenSearch Project: https://opensearch.org/",
            ),
            Product::OpenSearchInDisguise => (
                json!({"number": "7.10.2", "lucene_version": "9.12.1"}),
                "The OpenSearch Project: https://opensearch.org/",
            ),
        };
        json!({
            "name": "es-0",
            "cluster_name": "ucsx",
            "cluster_uuid": uuid,
            "version": version,
            "tagline": tagline,
        })
    }

    fn health(&self, request: &Request) -> Answer {
        let local = request.parameter("local").as_deref() == Some("true");
        let (status, percent) = match self.health {
            Some("red") => ("red", json!(50.0)),
            Some(status) => (status, json!(100.0)),
            None if local => ("red", json!("NaN")),
            None => {
                let kind = "master_not_discovered_exception";
                return failure(503, kind, &json!({"type": kind, "reason": null}));
            }
        };
        let body = json!({
            "cluster_name": "ucsx",
            "status": status,
            "timed_out": false,
            "number_of_nodes": 3,
            "number_of_data_nodes": 3,
            "active_primary_shards": 12,
            "active_shards": 24,
            "relocating_shards": 0,
            "initializing_shards": 0,
            "delayed_unassigned_shards": 0,
            "number_of_pending_tasks": 0,
            "number_of_in_flight_fetch": 0,
            "task_max_waiting_in_queue_millis": 0,
            "unassigned_shards": if status == "green" { 0 } else { 4 },
            "active_shards_percent_as_number": percent,
        });
        Answer::json(200, &body)
    }
}

fn failure(status: u16, kind: &str, cause: &Value) -> Answer {
    let error = json!({"root_cause": [cause], "type": kind, "reason": cause["reason"]});
    Answer::json(status, &json!({"error": error, "status": status}))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(cluster: Cluster, path: &str, password: Option<&str>) -> reqwest::Response {
        let server = cluster.serve(None).await.unwrap();
        let url = format!("http://{}{path}", server.address());
        let mut request = crate::lab::tests::client(None).get(url);
        if let Some(password) = password {
            request = request.basic_auth("elastic", Some(password));
        }
        request.send().await.unwrap()
    }

    #[tokio::test]
    async fn every_answer_of_elasticsearch_names_the_product() {
        let auth = Auth::Basic("elastic".into(), "good-word".into());
        let cluster = Cluster { auth, ..Cluster::GREEN };
        for (password, status) in [(None, 401), (Some("bad"), 401), (Some("good-word"), 200)] {
            let answer = ask(cluster.clone(), "/", password).await;
            assert_eq!(answer.status(), status);
            assert_eq!(answer.headers()["x-elastic-product"], "Elasticsearch");
        }
    }

    #[tokio::test]
    async fn a_cluster_without_a_master_still_answers_its_root() {
        let cluster = Cluster { health: None, ..Cluster::GREEN };
        assert_eq!(ask(cluster.clone(), "/", None).await.status(), 200);
        assert_eq!(ask(cluster.clone(), "/_cluster/health", None).await.status(), 503);
        let local = ask(cluster, "/_cluster/health?local=true", None).await;
        assert!(local.text().await.unwrap().contains("\"NaN\""));
    }
}
