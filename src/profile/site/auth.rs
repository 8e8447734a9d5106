//! Credentials as a site says them: by reference.

use crate::model::{Place, SecretRef};

/// Credentials by reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthSettings {
    /// User name and password; for PostgreSQL also the database.
    Login {
        /// Name of the account.
        username: Option<String>,
        /// Its password.
        password: Option<SecretRef>,
        /// Name of the database.
        database: Option<String>,
    },
    /// OAuth2 client credentials (RFC 6749 §4.4).
    Client {
        /// Client identifier.
        client_id: String,
        /// Client secret.
        client_secret: SecretRef,
    },
    /// A bearer token (RFC 6750).
    Token(SecretRef),
    /// An API key: Elasticsearch's `ApiKey`, elsewhere the header `x-api-key`.
    ApiKey(SecretRef),
    /// S3 keys.
    Keys {
        /// Access key id.
        access_key: String,
        /// Secret access key.
        secret_key: SecretRef,
    },
    /// Azure Storage account.
    Account {
        /// Name of the account.
        account: String,
        /// Its key (base64).
        account_key: SecretRef,
    },
    /// The token of another endpoint's client credentials.
    OAuth2 {
        /// The endpoint that gives the token.
        endpoint: String,
        /// Where it is named.
        place: Place,
    },
}
