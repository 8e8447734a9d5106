//! Secrets in the fields of a request, and what is decided where one was kept back.

use base64::Engine;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use crate::model::{Credentials, Fault, FaultCode, Layer, Proof, Secret};
use crate::net::Dialer;
use crate::probe::http::exchange::Request;

/// A field of a request.
pub(crate) type Field = (HeaderName, HeaderValue);

/// Whether credentials travel with a request; where they are kept back, why. What can be proved without
/// them is proved first.
pub(crate) struct Given {
    /// They travel.
    pub(crate) given: bool,
    /// Why they don't.
    pub(crate) kept_back: Option<Fault>,
}

impl Given {
    /// Puts the fields with credentials into a request, as many as there are.
    pub(crate) fn put(
        request: &mut Request,
        fields: Result<impl IntoIterator<Item = Field>, Fault>,
    ) -> Self {
        let fields = match fields {
            Ok(fields) => fields,
            Err(fault) => return Self { given: false, kept_back: Some(fault) },
        };
        let mut given = false;
        for (name, value) in fields {
            request.set(name, value);
            given = true;
        }
        Self { given, kept_back: None }
    }

    /// What to say of an answer that was judged: where it asks for what we keep back, or is content
    /// without it, the reason for keeping it is the fault.
    pub(crate) fn judged(kept_back: Option<Fault>, judged: Result<(), Fault>) -> Result<(), Fault> {
        match (judged, kept_back) {
            (Err(fault), Some(why)) if fault.code.layer() == Layer::Auth => Err(why),
            (Ok(()), Some(why)) => Err(why),
            (judged, _) => judged,
        }
    }

    /// As [`Given::judged`], of these credentials.
    pub(crate) fn judge(self, judged: Result<(), Fault>) -> Result<(), Fault> {
        Self::judged(self.kept_back, judged)
    }
}

/// The field with the credentials of the dialer, once it is certain that they may be sent; `None` where
/// none are given or wanted. `field` says how the protocol writes them.
pub(crate) fn field(
    dialer: &mut Dialer,
    field: fn(&Credentials) -> Result<Field, Fault>,
) -> Result<Option<Field>, Fault> {
    if !dialer.wants(Proof::Authenticated) {
        return Ok(None);
    }
    let credentials = dialer.credentials()?;
    if !credentials.given() {
        return Ok(None);
    }
    let field = field(&credentials)?;
    dialer.may_send_secret(credentials_name(&credentials))?;
    Ok(Some(field))
}

/// The field that carries credentials: Basic (RFC 7617), Bearer (RFC 6750), or an API key.
pub(crate) fn authorization(credentials: &Credentials) -> Result<(HeaderName, HeaderValue), Fault> {
    match credentials {
        Credentials::Login { username, password: Some(password), .. } => {
            Ok((AUTHORIZATION, basic(username, password)?))
        }
        Credentials::Client { id, secret } => Ok((AUTHORIZATION, basic(id, secret)?)),
        Credentials::Token(token) => {
            let value = zeroize::Zeroizing::new([b"Bearer ", token.bytes()].concat());
            Ok((AUTHORIZATION, sensitive(&value)?))
        }
        Credentials::ApiKey(key) => {
            Ok((HeaderName::from_static("x-api-key"), sensitive(key.bytes())?))
        }
        other => Err(Fault::new(
            FaultCode::AuthMethodUnsupported,
            format!("{} can't be used with HTTP", other.what()),
        )),
    }
}

/// Basic credentials (RFC 7617).
pub(crate) fn basic(username: &str, password: &Secret) -> Result<HeaderValue, Fault> {
    let pair = zeroize::Zeroizing::new([username.as_bytes(), b":", password.bytes()].concat());
    let encoded = base64::engine::general_purpose::STANDARD.encode(&*pair);
    sensitive(format!("Basic {encoded}").as_bytes())
}

/// A field that is shown nowhere.
pub(crate) fn sensitive(bytes: &[u8]) -> Result<HeaderValue, Fault> {
    let mut value = HeaderValue::from_bytes(bytes).map_err(|_| {
        Fault::new(
            FaultCode::LocalSecretUnreadable,
            "the secret holds control characters, which no header field may carry",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// What credentials are called when they may not be sent.
pub(crate) fn credentials_name(credentials: &Credentials) -> &'static str {
    match credentials {
        Credentials::Login { .. } => "the password (HTTP Basic)",
        Credentials::Client { .. } => "the client secret",
        Credentials::Token(_) => "the bearer token",
        Credentials::ApiKey(_) => "the API key",
        _ => "a secret field",
    }
}
