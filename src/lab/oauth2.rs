//! An OAuth2 token endpoint: client credentials by Basic and by body (RFC 6749), with the paths and
//! the envelope of the Genesys Authentication Service.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use serde_json::{Value, json};

use crate::lab::http::{Answer, Reply, Request, form_decode, pairs, serve};
use crate::lab::server::Server;

/// The path of the token endpoint.
pub const TOKEN_PATH: &str = "/auth/v3/oauth/token";

/// A client.
#[derive(Clone, Debug)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: String,
    /// What it gets in place of a token although its secret is right: status and word.
    pub refused: Option<(u16, &'static str)>,
}

/// Whose manners the refusals have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    /// 401 `invalid_client` with a challenge.
    OidcProvider,
    /// 401 `unauthorized_client` for a wrong secret.
    Keycloak,
    /// 400 `invalid_client` (RFC 6749 §5.2 allows it).
    BadRequest,
}

/// The server.
#[derive(Clone, Debug)]
pub struct TokenServer {
    /// Who may ask.
    pub clients: Vec<Client>,
    /// Manners.
    pub manners: Manners,
    /// The token that is handed out.
    pub token: String,
    /// Scopes that may be asked for.
    pub scopes: Vec<&'static str>,
}

impl TokenServer {
    /// A server that hands out `token`.
    pub fn new(token: &str) -> Self {
        let token = token.into();
        Self { clients: Vec::new(), manners: Manners::OidcProvider, token, scopes: vec!["*"] }
    }

    /// Adds a client.
    #[must_use]
    pub fn client(mut self, id: &str, secret: &str) -> Self {
        self.clients.push(Client { id: id.into(), secret: secret.into(), refused: None });
        self
    }

    /// Adds a client that is refused although its secret is right.
    #[must_use]
    pub fn refused_client(self, id: &str, secret: &str, status: u16, word: &'static str) -> Self {
        let mut server = self.client(id, secret);
        if let Some(client) = server.clients.last_mut() {
            client.refused = Some((status, word));
        }
        server
    }

    /// Sets the manners.
    #[must_use]
    pub const fn manners(mut self, manners: Manners) -> Self {
        self.manners = manners;
        self
    }

    /// Serves it.
    pub async fn serve(self, tls: Option<Arc<ServerConfig>>) -> io::Result<Server> {
        serve(tls, move |request| self.answer(request)).await
    }

    fn answer(&self, request: &Request) -> Reply {
        let envelope = json!({"status": {"code": 0}});
        match (request.path.as_str(), request.method.as_str()) {
            ("/auth/v3/ping", "GET" | "HEAD") => Answer::json(200, &envelope),
            ("/environment/v3/environments", _) => {
                Answer::json(401, &json!({"status": {"code": 401}}))
            }
            (TOKEN_PATH, "POST") => self.token(request),
            (TOKEN_PATH, _) => Answer::json(405, &json!({"error": "HTTP 405 Method Not Allowed"})),
            _ => Answer::json(404, &json!({"error": "invalid_request"})),
        }
        .reply_to(request)
    }

    fn token(&self, request: &Request) -> Answer {
        let kind = request.header("content-type").unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return failure(400, "invalid_request", "no form");
        }
        let form = pairs(&String::from_utf8_lossy(&request.body));
        let field =
            |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, v)| v.as_str());
        match field("grant_type") {
            Some("client_credentials") => {}
            Some(_) => return failure(400, "unsupported_grant_type", "unsupported grant type"),
            None => return failure(400, "invalid_request", "no grant type"),
        }
        // In Basic both parts are form-encoded first (RFC 6749 §2.3.1).
        let basic = request.basic().map(|(id, secret)| (form_decode(&id), form_decode(&secret)));
        let body = field("client_id")
            .map(|id| (id.to_owned(), field("client_secret").unwrap_or_default().to_owned()));
        let Some((id, secret)) = basic.or(body) else {
            return failure(400, "invalid_request", "no client authentication mechanism provided");
        };
        let Some(client) = self.clients.iter().find(|client| client.id == id) else {
            return self.rejected(false);
        };
        if client.secret != secret {
            return self.rejected(true);
        }
        if let Some((status, word)) = client.refused {
            return failure(status, word, "the lab says so");
        }
        let scope = field("scope").unwrap_or("*");
        if scope.split(' ').any(|scope| !self.scopes.contains(&scope)) {
            return failure(400, "invalid_scope", "unknown scope");
        }
        let body = json!({
            "access_token": self.token,
            "token_type": "bearer",
            "expires_in": 3599,
            "scope": scope,
        });
        Answer::json(200, &body).header("Cache-Control", "no-store").header("Pragma", "no-cache")
    }

    fn rejected(&self, known: bool) -> Answer {
        match self.manners {
            Manners::OidcProvider => failure(401, "invalid_client", "client authentication failed")
                .header("WWW-Authenticate", "Basic realm=\"oauth2\", error=\"invalid_client\""),
            Manners::Keycloak => failure(
                401,
                if known { "unauthorized_client" } else { "invalid_client" },
                "Invalid client or Invalid client credentials",
            ),
            Manners::BadRequest => failure(400, "invalid_client", "bad client credentials"),
        }
    }
}

fn failure(status: u16, word: &str, description: &str) -> Answer {
    let body: Value = json!({"error": word, "error_description": description});
    Answer::json(status, &body).header("Cache-Control", "no-store")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(body: &'static str, basic: Option<(&str, &str)>) -> (u16, Value) {
        let server = TokenServer::new("tok-123456").client("ucs api", "s:ecret%");
        let server = server.serve(None).await.unwrap();
        let url = format!("http://{}{TOKEN_PATH}", server.address());
        let mut request = crate::lab::tests::client(None).post(url);
        request = request.header("Content-Type", "application/x-www-form-urlencoded").body(body);
        if let Some((id, secret)) = basic {
            request = request.basic_auth(id, Some(secret));
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    #[tokio::test]
    async fn a_client_gets_its_token_by_basic_and_by_body() {
        let grant = "grant_type=client_credentials";
        let (status, body) = ask(grant, Some(("ucs+api", "s%3Aecret%25"))).await;
        assert_eq!((status, &body["access_token"]), (200, &json!("tok-123456")));
        let form = "grant_type=client_credentials&client_id=ucs+api&client_secret=s%3Aecret%25";
        assert_eq!(ask(form, None).await.0, 200);
    }

    #[tokio::test]
    async fn refusals_have_the_words_of_the_rfc() {
        let grant = "grant_type=client_credentials";
        let (status, body) = ask(grant, Some(("ucs+api", "wrong"))).await;
        assert_eq!((status, &body["error"]), (401, &json!("invalid_client")));
        assert_eq!(ask(grant, None).await.1["error"], "invalid_request");
        assert_eq!(ask("grant_type=x", None).await.1["error"], "unsupported_grant_type");
    }
}
