//! The documents of a token endpoint: a token (RFC 6749 §5.1), or an error by its word (§5.2).

use serde::Deserialize;

use crate::model::{Fault, FaultCode, Key, Secret, clean};
use crate::probe::http::exchange::Answer;

/// What a healthy answer gives.
pub(super) struct Grant {
    pub(super) token: Secret,
    pub(super) kind: String,
    pub(super) expires_in: Option<i64>,
}

impl Grant {
    /// Reads the document of RFC 6749 §5.1. No part of another body is shown: it may hold a token.
    pub(super) fn of(answer: &Answer) -> Result<Self, Fault> {
        #[derive(Deserialize)]
        struct Body {
            access_token: String,
            token_type: String,
            expires_in: Option<serde_json::Value>,
        }
        let wrong = |what: &str| {
            Fault::new(FaultCode::ProtocolUnexpectedBody, format!("status 200, but {what}"))
                .with(Key::Expected, "JSON with access_token and token_type (RFC 6749 §5.1)")
        };
        if answer.is_html() {
            return Err(wrong("a page of HTML in place of a token"));
        }
        let body: Body = serde_json::from_slice(&answer.body)
            .map_err(|_| wrong("the answer is no token document"))?;
        let token = Secret::from(body.access_token);
        if token.is_empty() {
            return Err(wrong("the token is empty"));
        }
        if !body.token_type.eq_ignore_ascii_case("bearer") {
            return Err(wrong("the token is no bearer token")
                .with(Key::TokenType, clean::line(&body.token_type, 40)));
        }
        // Some servers write the number as a text; no token is worse for it.
        let expires_in = body.expires_in.and_then(|seconds| match seconds {
            serde_json::Value::String(text) => text.trim().parse().ok(),
            number => number.as_i64(),
        });
        Ok(Self { token, kind: body.token_type, expires_in })
    }
}

/// What an answer says of an error (RFC 6749 §5.2).
pub(super) struct Document {
    status: u16,
    pub(super) word: Option<String>,
    description: Option<String>,
}

impl Document {
    pub(super) fn of(answer: &Answer) -> Self {
        let text = |body: &serde_json::Value, key: &str| body[key].as_str().map(str::to_owned);
        let body = (answer.status >= 400).then(|| answer.json()).flatten().unwrap_or_default();
        Self {
            status: answer.status,
            word: text(&body, "error"),
            description: text(&body, "error_description"),
        }
    }

    /// The code: status and word decide together. `None` where it is no OAuth error.
    fn code(&self) -> Option<FaultCode> {
        Some(match (self.status, self.word.as_deref()?) {
            (400.., "temporarily_unavailable") => FaultCode::ServiceNotReady,
            (401, _) | (400, "invalid_client" | "invalid_grant") => FaultCode::AuthRejected,
            (403, _) | (400, "unauthorized_client" | "access_denied" | "invalid_scope") => {
                FaultCode::AuthForbidden
            }
            (400, "unsupported_grant_type") => FaultCode::AuthMethodUnsupported,
            (400 | 500.., _) => FaultCode::ServiceError,
            _ => return None,
        })
    }

    /// Whether a second answer says more than that the client is not known this way.
    pub(super) fn says_more(&self) -> bool {
        use FaultCode::{AuthForbidden, AuthMethodUnsupported, ServiceNotReady};
        matches!(self.code(), Some(AuthForbidden | AuthMethodUnsupported | ServiceNotReady))
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        let code = self.code()?;
        let word = clean::line(self.word.as_deref()?, 60);
        let detail = format!("the token endpoint answers {} `{word}`", self.status);
        let description = self.description.as_deref().map(|text| clean::line(text, 200));
        let service = (code == FaultCode::ServiceError).then(|| word.clone());
        Some(
            Fault::new(code, detail)
                .with(Key::Status, self.status)
                .with(Key::OauthError, word)
                .with_some(Key::Message, description)
                .with_some(Key::ServiceCode, service),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        let headers = http::HeaderMap::new();
        Answer { status, headers, body: body.as_bytes().to_vec(), flaw: None }
    }

    #[test]
    fn status_and_word_decide_together() {
        let code = |status, word: &str| {
            Document::of(&answer(status, &format!("{{\"error\": \"{word}\"}}"))).code()
        };
        assert_eq!(code(401, "unauthorized_client"), Some(FaultCode::AuthRejected));
        assert_eq!(code(400, "unauthorized_client"), Some(FaultCode::AuthForbidden));
        assert_eq!(code(400, "invalid_client"), Some(FaultCode::AuthRejected));
        assert_eq!(code(503, "temporarily_unavailable"), Some(FaultCode::ServiceNotReady));
        assert_eq!(code(404, "Realm does not exist"), None);
        assert!(Document::of(&answer(401, "")).code().is_none());
    }

    #[test]
    fn a_token_needs_its_type() {
        let good = r#"{"access_token": "t", "token_type": "Bearer", "expires_in": 60}"#;
        assert_eq!(Grant::of(&answer(200, good)).unwrap().expires_in, Some(60));
        let text = good.replace("60", "\"60\"");
        assert_eq!(Grant::of(&answer(200, &text)).unwrap().expires_in, Some(60));
        for bad in ["<html>", "{}", r#"{"access_token": "t"}"#, &good.replace("\"t\"", "\"\"")] {
            let fault = Grant::of(&answer(200, bad)).err().unwrap();
            assert_eq!(fault.code, FaultCode::ProtocolUnexpectedBody);
        }
    }
}
