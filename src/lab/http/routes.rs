//! Routes as data: what a path asks for, and what it answers.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use serde_json::{Value, json};

use crate::lab::http::{Answer, End, Reply, Request, serve};
use crate::lab::server::Server;

/// What a route wants to see before it answers.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// Nothing.
    #[default]
    Open,
    /// `Authorization: Bearer`.
    Bearer(String),
    /// `Authorization: Basic`.
    Basic(String, String),
    /// `Authorization: ApiKey`.
    ApiKey(String),
    /// `X-Api-Key`.
    XApiKey(String),
}

impl Auth {
    /// `None` where the request may pass, else the refusal.
    pub fn refuse(&self, request: &Request) -> Option<Answer> {
        let authorization = request.header("authorization");
        let (good, challenge) = match self {
            Self::Open => return None,
            Self::Bearer(token) => {
                (authorization == Some(&format!("Bearer {token}")), "Bearer realm=\"lab\"")
            }
            Self::Basic(user, password) => (
                request.basic().is_some_and(|(u, p)| u == *user && p == *password),
                "Basic realm=\"lab\"",
            ),
            Self::ApiKey(key) => (authorization == Some(&format!("ApiKey {key}")), "ApiKey"),
            Self::XApiKey(key) => (request.header("x-api-key") == Some(key), "X-Api-Key"),
        };
        let body = json!({"error": "unauthorized"});
        (!good).then(|| Answer::json(401, &body).header("WWW-Authenticate", challenge))
    }
}

/// One path and its answer.
#[derive(Clone, Debug)]
pub struct Route {
    method: &'static str,
    path: String,
    auth: Auth,
    reply: Reply,
}

impl Route {
    /// A GET route.
    pub fn get(path: impl Into<String>, reply: impl Into<Reply>) -> Self {
        Self { method: "GET", path: path.into(), auth: Auth::Open, reply: reply.into() }
    }

    /// A POST route.
    pub fn post(path: impl Into<String>, reply: impl Into<Reply>) -> Self {
        Self { method: "POST", ..Self::get(path, reply) }
    }

    /// Asks for credentials.
    #[must_use]
    pub fn behind(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// A GET route that answers with JSON.
    pub fn json(path: impl Into<String>, body: &Value) -> Self {
        Self::get(path, Answer::json(200, body))
    }

    /// A GET route that sends elsewhere.
    pub fn redirect(path: impl Into<String>, status: u16, location: &str) -> Self {
        Self::get(path, Answer::html(status, "moved").header("Location", location))
    }

    /// A GET route that never answers.
    pub fn silent(path: impl Into<String>) -> Self {
        Self::get(path, Reply::raw("", End::Hold))
    }
}

/// Serves routes; a path that is none of them gets 404, another method 405.
pub async fn serve_routes(
    tls: Option<Arc<ServerConfig>>,
    routes: Vec<Route>,
) -> io::Result<Server> {
    serve(tls, move |request| answer(&routes, request)).await
}

/// What these routes answer.
pub fn answer(routes: &[Route], request: &Request) -> Reply {
    let here = |route: &&Route| route.path == request.path;
    let fits = |route: &&Route| {
        route.method == request.method || (route.method == "GET" && request.method == "HEAD")
    };
    match routes.iter().filter(here).find(fits) {
        Some(route) => match route.auth.refuse(request) {
            Some(refusal) => refusal.reply_to(request),
            None => route.reply.clone(),
        },
        None if routes.iter().any(|route| here(&route)) => {
            Answer::html(405, "405 Method Not Allowed").reply_to(request)
        }
        None => Answer::of(404, "text/plain", "default backend - 404").reply_to(request),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn routes_ask_for_what_they_are_behind() {
        let routes = vec![
            Route::json("/open", &json!({"up": true})),
            Route::json("/shut", &json!({})).behind(Auth::Bearer("good-token".into())),
        ];
        let server = serve_routes(None, routes).await.unwrap();
        let client = crate::lab::tests::client(None);
        let url = |path: &str| format!("http://{}{path}", server.address());
        let status = async |request: reqwest::RequestBuilder| {
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!(status(client.get(url("/open"))).await, 200);
        assert_eq!(status(client.get(url("/shut"))).await, 401);
        assert_eq!(status(client.get(url("/shut")).bearer_auth("good-token")).await, 200);
        assert_eq!(status(client.post(url("/open"))).await, 405);
        assert_eq!(status(client.get(url("/none"))).await, 404);
    }
}
