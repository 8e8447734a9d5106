//! Credentials of a row: by the site's references, or by variables named after the endpoint.

use std::path::Path;

use crate::model::{
    Credentials, Fault, FaultCode, Key, Place, Secret, SecretRef, Warning, WarningCode,
};
use crate::profile::AuthSettings;

/// Secrets shorter than this can't be searched for in outputs.
const SEARCHABLE: usize = 6;

/// What a row logs in with.
#[derive(Debug)]
pub(super) enum Login {
    /// Credentials in hand, or why a secret can't be read.
    Ready(Result<Credentials, Fault>),
    /// The token of another endpoint.
    TokenOf(String, Place),
}

/// Reads the credentials that settings name for an endpoint; what they leave out is looked for in the
/// environment.
pub(super) fn login(auth: Option<&AuthSettings>, endpoint: &str) -> Login {
    let env = |field: &str| variable(endpoint, field);
    let ready = match auth {
        Some(AuthSettings::OAuth2 { endpoint, place }) => {
            return Login::TokenOf(endpoint.clone(), place.clone());
        }
        Some(AuthSettings::Login { username, password, database }) => {
            let username = username.clone().or_else(|| env_text(endpoint, "USERNAME"));
            let password = password.clone().or_else(|| env("PASSWORD"));
            let database = database.clone().or_else(|| env_text(endpoint, "DATABASE"));
            user(username, password.as_ref(), database)
        }
        Some(AuthSettings::Client { client_id, client_secret }) => {
            load(client_secret).map(|secret| Credentials::Client { id: client_id.clone(), secret })
        }
        Some(AuthSettings::Token(secret)) => load(secret).map(Credentials::Token),
        Some(AuthSettings::ApiKey(secret)) => load(secret).map(Credentials::ApiKey),
        Some(AuthSettings::Keys { access_key, secret_key }) => load(secret_key)
            .map(|secret_key| Credentials::Keys { access_key: access_key.clone(), secret_key }),
        Some(AuthSettings::Account { account, account_key }) => {
            load(account_key).map(|key| Credentials::Account { account: account.clone(), key })
        }
        None => from_environment(endpoint),
    };
    Login::Ready(ready)
}

/// `CONNPROBE_UCSX_TENANT_DB_PASSWORD` for the endpoint `ucsx-tenant-db`.
fn name(endpoint: &str, field: &str) -> String {
    let endpoint: String = endpoint
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect();
    format!("CONNPROBE_{endpoint}_{field}")
}

fn variable(endpoint: &str, field: &str) -> Option<SecretRef> {
    let name = name(endpoint, field);
    std::env::var_os(&name).map(|_| SecretRef::Env { name, place: None })
}

fn env_text(endpoint: &str, field: &str) -> Option<String> {
    std::env::var(name(endpoint, field)).ok()
}

fn from_environment(endpoint: &str) -> Result<Credentials, Fault> {
    let text = |field| env_text(endpoint, field);
    let secret = |field| variable(endpoint, field);
    if let (Some(id), Some(secret)) = (text("CLIENT_ID"), secret("CLIENT_SECRET")) {
        return load(&secret).map(|secret| Credentials::Client { id, secret });
    }
    if let (Some(access_key), Some(secret)) = (text("ACCESS_KEY"), secret("SECRET_KEY")) {
        return load(&secret).map(|secret_key| Credentials::Keys { access_key, secret_key });
    }
    if let (Some(account), Some(key)) = (text("ACCOUNT"), secret("ACCOUNT_KEY")) {
        return load(&key).map(|key| Credentials::Account { account, key });
    }
    if let Some(token) = secret("TOKEN") {
        return load(&token).map(Credentials::Token);
    }
    if let Some(key) = secret("API_KEY") {
        return load(&key).map(Credentials::ApiKey);
    }
    user(text("USERNAME"), secret("PASSWORD").as_ref(), text("DATABASE"))
}

fn user(
    username: Option<String>,
    password: Option<&SecretRef>,
    database: Option<String>,
) -> Result<Credentials, Fault> {
    let Some(username) = username else { return Ok(Credentials::None) };
    let password = password.map(load).transpose()?;
    Ok(Credentials::Login { username, password, database })
}

/// Reads a secret; `local.secret-unreadable` where that fails.
pub(super) fn load(secret: &SecretRef) -> Result<Secret, Fault> {
    secret.load().map_err(|why| {
        let fault = Fault::new(FaultCode::LocalSecretUnreadable, why);
        match secret {
            SecretRef::File { path, .. } => fault.with(Key::Path, shown(path)),
            SecretRef::Env { name, .. } => fault.with(Key::Option, name.as_str()),
        }
    })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// A warning where outputs can't be searched for a secret: that of the credentials, or one of the probe's
/// own. One that can't be read is told when it is needed.
pub(super) fn unsafe_secret(credentials: &Credentials, own: &[&SecretRef]) -> Option<Warning> {
    let (user, secret) = match credentials {
        Credentials::None => ("", None),
        Credentials::Login { username, password, .. } => (username.as_str(), password.as_ref()),
        Credentials::Client { id, secret } => (id.as_str(), Some(secret)),
        Credentials::Token(secret) | Credentials::ApiKey(secret) => ("", Some(secret)),
        Credentials::Keys { access_key, secret_key } => (access_key.as_str(), Some(secret_key)),
        Credentials::Account { account, key } => (account.as_str(), Some(key)),
    };
    let own: Vec<Secret> = own.iter().filter_map(|secret| secret.load().ok()).collect();
    let detail = secret.into_iter().chain(&own).find_map(|secret| {
        if secret.bytes() == user.as_bytes() {
            Some("the secret is the same as the user name".to_owned())
        } else if secret.bytes().len() < SEARCHABLE {
            Some(format!("the secret has fewer than {SEARCHABLE} bytes"))
        } else {
            None
        }
    })?;
    Some(Warning { code: WarningCode::SecretUnsafe, detail })
}
