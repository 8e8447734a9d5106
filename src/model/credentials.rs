//! Credentials: by reference as files name them, and in hand as protocols use them.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::model::diagnostic::Place;
use crate::model::secret::Secret;

/// Where a secret is: never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// A variable of the environment.
    Env {
        /// Its name.
        name: String,
        /// Where the reference stands; `None` for credentials found by the variable's own name.
        place: Option<Place>,
    },
    /// A file.
    File {
        /// Its path.
        path: PathBuf,
        /// Whether a final newline belongs to the secret.
        exact: bool,
        /// Where the reference stands.
        place: Place,
    },
}

/// The longest secret that is read, in bytes: a token of 64 KiB is none.
const LONGEST: u64 = 64 * 1024;

impl SecretRef {
    /// Reads the secret. A file loses one final newline unless `exact` is set.
    ///
    /// # Errors
    /// One sentence that names the variable or file, never its content.
    pub fn load(&self) -> Result<Secret, String> {
        let secret = self.bytes()?;
        match self {
            _ if !secret.is_empty() => Ok(secret),
            Self::Env { name, .. } => Err(format!("the variable `{name}` is empty")),
            Self::File { path, .. } => Err(format!("`{}` is empty", path.display())),
        }
    }

    fn bytes(&self) -> Result<Secret, String> {
        match self {
            Self::Env { name, .. } => match std::env::var_os(name) {
                Some(value) => Ok(Secret::new(std::os::unix::ffi::OsStringExt::into_vec(value))),
                None => Err(format!("the variable `{name}` is not set")),
            },
            Self::File { path, exact, .. } => read(path, *exact),
        }
    }
}

fn read(path: &Path, exact: bool) -> Result<Secret, String> {
    let told = |error: std::io::Error| format!("can't read `{}`: {error}", path.display());
    let size = std::fs::metadata(path).map_err(told)?.len();
    if size > LONGEST {
        return Err(format!("`{}` holds {size} bytes, too many for a secret", path.display()));
    }
    // A device or a pipe has no size: what comes is bounded as well.
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(told)?;
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(told)?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("`{}` holds too many bytes for a secret", path.display()));
    }
    if !exact && bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    Ok(Secret::new(bytes))
}

/// Credentials in hand.
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    /// None were given.
    #[default]
    None,
    /// User name and password; for PostgreSQL also the database.
    Login {
        /// Name of the account.
        username: String,
        /// Its password.
        password: Option<Secret>,
        /// Name of the database.
        database: Option<String>,
    },
    /// OAuth2 client credentials (RFC 6749 §4.4).
    Client {
        /// Client identifier.
        id: String,
        /// Client secret.
        secret: Secret,
    },
    /// A bearer token (RFC 6750).
    Token(Secret),
    /// An API key.
    ApiKey(Secret),
    /// S3 keys.
    Keys {
        /// Access key id.
        access_key: String,
        /// Secret access key.
        secret_key: Secret,
    },
    /// Azure Storage account.
    Account {
        /// Name of the account.
        account: String,
        /// Its key (base64).
        key: Secret,
    },
}

impl Credentials {
    /// Whether there are any.
    pub const fn given(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// What kind they are, in words.
    pub const fn what(&self) -> &'static str {
        match self {
            Self::None => "no credentials",
            Self::Login { .. } => "a user name",
            Self::Client { .. } => "a client id and secret",
            Self::Token(_) => "a token",
            Self::ApiKey(_) => "an API key",
            Self::Keys { .. } => "an access key",
            Self::Account { .. } => "a storage account",
        }
    }
}
