//! The form of credentials and of secrets by reference.

use schemars::JsonSchema;

use crate::profile::schema::parts::EnvName;

/// Where a secret is: never the secret itself.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Secret {
    /// A variable of the environment.
    Env(SecretEnv),
    /// A file.
    File(SecretFile),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct SecretEnv {
    /// Its name.
    env: EnvName,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct SecretFile {
    /// Its path.
    file: String,
    /// Whether a final newline belongs to the secret.
    exact: Option<bool>,
}

/// Credentials of one kind. Parts that are missing may stand at the instance or the endpoint.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Auth {
    /// User name, password, database.
    Login(Login),
    /// OAuth2 client credentials.
    Client(Client),
    /// A bearer token.
    Token(Token),
    /// An API key.
    ApiKey(ApiKey),
    /// S3 keys.
    Keys(Keys),
    /// An Azure Storage account.
    Account(Account),
    /// The token of another endpoint's client credentials.
    OAuth2(OAuth2),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
pub(super) struct Login {
    /// Name of the account.
    username: Option<String>,
    /// Its password.
    password: Option<Secret>,
    /// Name of the database.
    database: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
pub(super) struct Client {
    /// Client identifier.
    client_id: Option<String>,
    /// Client secret.
    client_secret: Option<Secret>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Token {
    /// The token.
    token: Secret,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct ApiKey {
    /// The key.
    api_key: Secret,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
pub(super) struct Keys {
    /// Access key id.
    access_key: Option<String>,
    /// Secret access key.
    secret_key: Option<Secret>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
pub(super) struct Account {
    /// Name of the account.
    account: Option<String>,
    /// Its key.
    account_key: Option<Secret>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct OAuth2 {
    /// The endpoint that gives the token.
    oauth2: String,
}
