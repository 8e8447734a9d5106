//! Bayeux messages (the CometD reference, "The Bayeux Protocol Specification").

use serde_json::{Value, json};

use crate::model::{Fault, FaultCode, Key, clean};

/// What a server says to one of our messages.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply {
    pub(super) successful: bool,
    pub(super) client_id: Option<String>,
    pub(super) error: Option<String>,
    /// `retry`, `handshake` or `none`.
    pub(super) advice: Option<String>,
}

impl Reply {
    /// Reads the answer to a message of a channel; an object in place of the array is taken too.
    pub(super) fn read(body: &[u8], channel: &str) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let messages = match body {
            Value::Array(messages) => messages,
            message @ Value::Object(_) => vec![message],
            _ => return None,
        };
        let message = messages.iter().find(|message| message["channel"] == channel)?;
        let text = |value: &Value| value.as_str().map(|text| clean::line(text, 120));
        Some(Self {
            successful: message["successful"].as_bool()?,
            client_id: message["clientId"].as_str().map(str::to_owned),
            error: text(&message["error"]),
            advice: text(&message["advice"]["reconnect"]),
        })
    }

    /// The number before `::` of an error.
    pub(super) fn code(&self) -> Option<u16> {
        self.error.as_ref()?.split(':').next()?.trim().parse().ok()
    }

    /// Puts what was said into a fault.
    pub(super) fn evidence(&self, fault: Fault) -> Fault {
        fault
            .with_some(Key::BayeuxError, self.error.clone())
            .with_some(Key::Advice, self.advice.clone())
    }
}

pub(super) const HANDSHAKE: &str = "/meta/handshake";
pub(super) const CONNECT: &str = "/meta/connect";
pub(super) const DISCONNECT: &str = "/meta/disconnect";

pub(super) fn handshake() -> Value {
    json!([{
        "id": "1", "channel": HANDSHAKE, "version": "1.0", "minimumVersion": "1.0",
        "supportedConnectionTypes": ["long-polling"],
    }])
}

/// A connect that the server does not hold: it answers at once.
pub(super) fn connect(client_id: &str, id: usize) -> Value {
    json!([{
        "id": id.to_string(), "channel": CONNECT, "clientId": client_id,
        "connectionType": "long-polling", "advice": {"timeout": 0},
    }])
}

pub(super) fn disconnect(client_id: &str) -> Value {
    json!([{"id": "99", "channel": DISCONNECT, "clientId": client_id}])
}

/// The fault of a handshake that the server refuses in its own words.
pub(super) fn refused(reply: &Reply, given: bool) -> Fault {
    let said = reply.error.clone().unwrap_or_else(|| "no reason given".to_owned());
    let fault = match (reply.code(), given) {
        (Some(401 | 403), true) => {
            Fault::new(FaultCode::AuthRejected, format!("the handshake is denied: {said}"))
        }
        (Some(401 | 403), false) => Fault::new(
            FaultCode::AuthRequired,
            format!("the handshake asks for credentials: {said}"),
        ),
        _ => Fault::new(FaultCode::ServiceError, format!("the handshake fails: {said}")),
    };
    reply.evidence(fault)
}

/// The fault of a connect that fails although the handshake worked.
pub(super) fn lost(reply: &Reply, connects: usize, cookies: bool) -> Fault {
    let said = reply.error.clone().unwrap_or_else(|| "no reason given".to_owned());
    let again = reply.code() == Some(402) || reply.advice.as_deref() == Some("handshake");
    let fault = if again {
        let cookie = if cookies { "although its cookie is sent" } else { "and it set no cookie" };
        Fault::new(
            FaultCode::ServiceNotSticky,
            format!(
                "after {connects} connects the server no longer knows the session, {cookie}: {said}"
            ),
        )
    } else {
        Fault::new(FaultCode::ServiceError, format!("a connect fails: {said}"))
    };
    reply.evidence(fault).with(Key::Connects, connects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_session_is_lost_stickiness() {
        let body =
            br#"[{"channel":"/meta/connect","successful":false,"error":"402::session_unknown",
            "advice":{"reconnect":"handshake"}}]"#;
        let reply = Reply::read(body, CONNECT).unwrap();
        assert_eq!(lost(&reply, 2, true).code, FaultCode::ServiceNotSticky);
    }

    #[test]
    fn a_denial_is_http_200() {
        let body = br#"{"channel":"/meta/handshake","successful":false,"error":"403::denied"}"#;
        let reply = Reply::read(body, HANDSHAKE).unwrap();
        assert_eq!(refused(&reply, true).code, FaultCode::AuthRejected);
        assert_eq!(refused(&reply, false).code, FaultCode::AuthRequired);
    }
}
