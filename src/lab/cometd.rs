//! A Bayeux server as CometD 8 answers: handshake, connect, disconnect, over long polling.
//!
//! A session lives in one store and is bound to its cookie. With [`CometdServer::stores`] above
//! one, each connection reaches another store in turn, as behind a balancer without stickiness.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use serde_json::{Value, json};

use crate::lab::crypto::{hex, random};
use crate::lab::http::{Answer, Reply, Request, serve};
use crate::lab::server::Server;

/// The server.
#[derive(Clone, Debug)]
pub struct CometdServer {
    /// Where it is.
    pub path: String,
    /// The token that a handshake needs; `None` for any or none.
    pub token: Option<String>,
    /// Servers behind the balancer.
    pub stores: usize,
    /// Answers 401 in place of a Bayeux denial, as a gateway does.
    pub gateway_denies: bool,
}

/// Cookie of each session, by client id, for each store.
type Stores = Vec<HashMap<String, String>>;

impl CometdServer {
    /// One server that asks for nothing.
    pub fn new(path: &str) -> Self {
        Self { path: path.into(), token: None, stores: 1, gateway_denies: false }
    }

    /// Asks for a bearer token.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Puts that many servers behind one address, without stickiness.
    #[must_use]
    pub const fn stores(mut self, stores: usize) -> Self {
        self.stores = stores;
        self
    }

    /// Serves it.
    pub async fn serve(self, tls: Option<Arc<ServerConfig>>) -> io::Result<Server> {
        let stores: Mutex<Stores> = Mutex::new(vec![HashMap::new(); self.stores.max(1)]);
        serve(tls, move |request| {
            let mut stores = stores.lock().unwrap_or_else(PoisonError::into_inner);
            self.answer(&mut stores, request)
        })
        .await
    }

    fn answer(&self, stores: &mut Stores, request: &Request) -> Reply {
        // A client may add the message's name to the path, as CometD's own does.
        let path = request.path.trim_end_matches('/');
        let known = path == self.path
            || ["handshake", "connect", "disconnect"]
                .iter()
                .any(|name| path.strip_suffix(name) == Some(&format!("{}/", self.path)));
        if !known {
            return Answer::html(404, "404 Not Found").reply_to(request);
        }
        if self.gateway_denies && !self.allowed(request) {
            return Answer::json(401, &json!({"status": {"code": 401}})).reply_to(request);
        }
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return Answer::html(400, "400 Bad Request").reply_to(request);
        };
        let messages = match body {
            Value::Array(messages) => messages,
            message => vec![message],
        };
        let at = request.connection % stores.len();
        let mut cookie = None;
        let answers: Vec<Value> = messages
            .iter()
            .map(|message| self.message(&mut stores[at], request, message, &mut cookie))
            .collect();
        let answer = Answer::json(200, &Value::Array(answers));
        match cookie {
            Some(cookie) => {
                let set = format!("BAYEUX_BROWSER={cookie}; Path=/; HttpOnly");
                answer.header("Set-Cookie", &set).reply()
            }
            None => answer.reply(),
        }
    }

    fn allowed(&self, request: &Request) -> bool {
        let given = request.header("authorization");
        self.token.as_ref().is_none_or(|token| given == Some(&format!("Bearer {token}")))
    }

    fn message(
        &self,
        store: &mut HashMap<String, String>,
        request: &Request,
        message: &Value,
        cookie: &mut Option<String>,
    ) -> Value {
        let channel = message["channel"].as_str().unwrap_or_default();
        let mut answer = match channel {
            "/meta/handshake" if !self.allowed(request) => json!({
                "successful": false,
                "error": "403::handshake_denied",
                "advice": {"reconnect": "none"},
            }),
            "/meta/handshake" => match handshake(store, request, cookie) {
                Ok(answer) => answer,
                Err(_) => json!({"successful": false, "error": "500::internal"}),
            },
            _ if !known(store, request, message) => json!({
                "successful": false,
                "error": "402::session_unknown",
                "advice": {"interval": 0, "reconnect": "handshake"},
            }),
            "/meta/disconnect" => {
                store.remove(message["clientId"].as_str().unwrap_or_default());
                json!({"successful": true})
            }
            "/meta/connect" => json!({
                "successful": true,
                "advice": {"interval": 0, "timeout": 30_000, "reconnect": "retry"},
            }),
            _ => json!({"successful": true}),
        };
        answer["channel"] = channel.into();
        if let Some(id) = message.get("id") {
            answer["id"] = id.clone();
        }
        answer
    }
}

fn browser(request: &Request) -> Option<&str> {
    let cookies = request.header("cookie")?;
    cookies.split(';').find_map(|part| part.trim().strip_prefix("BAYEUX_BROWSER="))
}

fn handshake(
    store: &mut HashMap<String, String>,
    request: &Request,
    cookie: &mut Option<String>,
) -> io::Result<Value> {
    let id = hex(&random::<12>()?);
    let session = match browser(request) {
        Some(known) => known.to_owned(),
        None => hex(&random::<10>()?),
    };
    store.insert(id.clone(), session.clone());
    *cookie = Some(session);
    Ok(json!({
        "successful": true,
        "clientId": id,
        "version": "1.0",
        "minimumVersion": "1.0",
        "supportedConnectionTypes": ["long-polling", "callback-polling"],
        "advice": {"interval": 0, "timeout": 30_000, "reconnect": "retry"},
    }))
}

/// Whether the session is of this store and comes with its cookie.
fn known(store: &HashMap<String, String>, request: &Request, message: &Value) -> bool {
    let cookie = message["clientId"].as_str().and_then(|id| store.get(id));
    cookie.is_some_and(|cookie| browser(request) == Some(cookie))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Answered {
        body: Value,
        cookie: Option<String>,
    }

    async fn say(server: &Server, cookie: Option<&str>, message: Value) -> Answered {
        let url = format!("http://{}/cometd", server.address());
        // A new client for each message makes a new connection for each.
        let mut request = crate::lab::tests::client(None).post(url).body(message.to_string());
        if let Some(cookie) = cookie {
            request = request.header("Cookie", cookie.split(';').next().unwrap());
        }
        let answer = request.send().await.unwrap();
        let cookie = answer.headers().get("set-cookie").map(|c| c.to_str().unwrap().to_owned());
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        Answered { body: body[0].clone(), cookie }
    }

    fn hello() -> Value {
        let types = ["long-polling"];
        json!([{"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": types}])
    }

    fn connect(id: &Value) -> Value {
        json!([{"channel": "/meta/connect", "clientId": id, "advice": {"timeout": 0}}])
    }

    #[tokio::test]
    async fn a_session_needs_its_cookie() {
        let server = CometdServer::new("/cometd").serve(None).await.unwrap();
        let greeted = say(&server, None, hello()).await;
        let (id, cookie) = (&greeted.body["clientId"], greeted.cookie.as_deref());
        assert_eq!(say(&server, cookie, connect(id)).await.body["successful"], true);
        let lost = say(&server, None, connect(id)).await.body;
        assert_eq!(lost["error"], "402::session_unknown");
    }

    #[tokio::test]
    async fn two_stores_without_stickiness_lose_the_session() {
        let server = CometdServer::new("/cometd").stores(2).serve(None).await.unwrap();
        let greeted = say(&server, None, hello()).await;
        let (id, cookie) = (&greeted.body["clientId"], greeted.cookie.as_deref());
        assert_eq!(say(&server, cookie, connect(id)).await.body["successful"], false);
        assert_eq!(say(&server, cookie, connect(id)).await.body["successful"], true);
    }

    #[tokio::test]
    async fn a_denied_handshake_is_http_200() {
        let server = CometdServer::new("/cometd").token("good").serve(None).await.unwrap();
        let denied = say(&server, None, hello()).await;
        assert_eq!(denied.body["error"], "403::handshake_denied");
        assert!(denied.cookie.is_none());
    }
}
