//! Bayeux messages (CometD's protocol), as far as a session's beginning and end need them.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::model::{Evidence, Fault, FaultCode, Key, clean};
use crate::net::Dialer;
use crate::probe::http::exchange::Answer;
use crate::probe::http::status;

/// Begins a session.
pub(super) const HANDSHAKE: &str = "/meta/handshake";
/// Asks for what came meanwhile.
pub(super) const CONNECT: &str = "/meta/connect";
/// Ends a session.
const DISCONNECT: &str = "/meta/disconnect";

/// A handshake.
pub(super) fn handshake() -> Bytes {
    body(&json!([{
        "channel": HANDSHAKE,
        "version": "1.0",
        "supportedConnectionTypes": ["long-polling"],
        "id": "1",
    }]))
}

/// A connect that is answered at once: without `timeout: 0` a server holds it.
pub(super) fn connect(client: &str, number: usize) -> Bytes {
    body(&json!([{
        "channel": CONNECT,
        "clientId": client,
        "connectionType": "long-polling",
        "advice": {"timeout": 0},
        "id": (number + 1).to_string(),
    }]))
}

/// The polite end.
pub(super) fn disconnect(client: &str) -> Bytes {
    body(&json!([{"channel": DISCONNECT, "clientId": client, "id": "0"}]))
}

fn body(message: &Value) -> Bytes {
    message.to_string().into()
}

/// The answer to one message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) successful: bool,
    /// The session's name; a secret of the session, so it is kept in no report.
    pub(super) client: Option<String>,
    error: Option<String>,
    reconnect: Option<String>,
}

impl Reply {
    /// Reads the answer on a channel from an array of messages, or from one alone.
    pub(super) fn read(bytes: &[u8], channel: &str) -> Option<Self> {
        let body: Value = serde_json::from_slice(bytes).ok()?;
        let messages = match &body {
            Value::Array(messages) => messages.as_slice(),
            message => std::slice::from_ref(message),
        };
        let message = messages.iter().find(|message| message["channel"] == channel)?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            successful: message["successful"].as_bool()?,
            client: text(&message["clientId"]).filter(|id| !id.is_empty()),
            error: text(&message["error"]),
            reconnect: text(&message["advice"]["reconnect"]),
        })
    }

    /// The number before the first colon of `402::session_unknown`.
    fn code(&self) -> Option<u16> {
        self.error.as_deref()?.split(':').next()?.trim().parse().ok()
    }

    fn evidence(&self) -> Evidence {
        let cleaned = |text: &Option<String>| text.as_deref().map(|text| clean::line(text, 120));
        Evidence::new()
            .with_some(Key::BayeuxError, cleaned(&self.error))
            .with_some(Key::Advice, cleaned(&self.reconnect))
    }

    fn fault(&self, code: FaultCode, detail: impl Into<String>) -> Fault {
        let mut fault = Fault::new(code, detail.into());
        fault.evidence.absorb(self.evidence());
        fault
    }

    /// The fault of a handshake that was denied. A denial comes as HTTP 200.
    pub(super) fn denied(&self, given: bool) -> Fault {
        match (self.code(), given) {
            (Some(401 | 403), true) => {
                self.fault(FaultCode::AuthRejected, "the handshake is denied to our token")
            }
            (Some(401 | 403), false) => {
                self.fault(FaultCode::AuthRequired, "the handshake is denied without a token")
            }
            _ => self.fault(FaultCode::ServiceError, "the handshake did not succeed"),
        }
    }

    /// The fault of a connect, if it is one: after `good` others, with or without a cookie.
    pub(super) fn lost(&self, good: usize, cookie: bool) -> Option<Fault> {
        let unknown = self.code() == Some(402) || self.reconnect.as_deref() == Some("handshake");
        let fault = if unknown {
            let cookie = if cookie {
                "the cookies of its handshake were sent back"
            } else {
                "its handshake had set no cookie"
            };
            let detail = format!("another connection does not know the session; {cookie}");
            self.fault(FaultCode::ServiceNotSticky, detail)
        } else if self.successful {
            return None;
        } else {
            self.fault(FaultCode::ServiceError, "a connect within the session did not succeed")
        };
        Some(fault.with(Key::Connects, good))
    }
}

/// The fault of an answer that is no Bayeux.
pub(super) fn no_bayeux(dialer: &Dialer, answer: &Answer, given: bool) -> Fault {
    if answer.status != 200 {
        return status::fault(answer, dialer, "200", given);
    }
    let what = if answer.is_html() { "a page of HTML" } else { "something else" };
    Fault::new(FaultCode::ProtocolUnexpectedBody, format!("{what} comes in place of Bayeux"))
        .with(Key::Expected, "a JSON array with the answer to our message")
        .with(Key::Body, answer.excerpt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Option<Reply> {
        Reply::read(text.as_bytes(), CONNECT)
    }

    #[test]
    fn an_array_or_one_message_is_read() {
        let good = r#"{"channel": "/meta/connect", "successful": true}"#;
        assert_eq!(reply(good), reply(&format!(r#"[{{"channel": "/x"}}, {good}]"#)));
        assert!(reply(good).unwrap().lost(3, true).is_none());
        for bad in ["<html>", "[]", "{}", "[1]", r#"{"channel": "/meta/connect"}"#] {
            assert!(reply(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_unknown_session_is_lost_stickiness() {
        let text = r#"[{"channel": "/meta/connect", "successful": false, "error": "ERROR"}]"#;
        let code = |text: &str| reply(text).unwrap().lost(2, false).unwrap().code;
        assert_eq!(code(&text.replace("ERROR", "402::x")), FaultCode::ServiceNotSticky);
        assert_eq!(code(&text.replace("ERROR", "500::x")), FaultCode::ServiceError);
        let advice = r#""successful": true, "advice": {"reconnect": "handshake"}"#;
        let advised = text.replace(r#""successful": false"#, advice);
        assert_eq!(code(&advised), FaultCode::ServiceNotSticky);
    }

    #[test]
    fn a_denial_depends_on_whether_a_token_was_given() {
        let text = r#"{"channel": "/meta/connect", "successful": false, "error": "403::Handshake denied"}"#;
        let denied = reply(text).unwrap();
        assert_eq!(denied.denied(true).code, FaultCode::AuthRejected);
        assert_eq!(denied.denied(false).code, FaultCode::AuthRequired);
    }
}
