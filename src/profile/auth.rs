//! Credentials by reference. A literal secret is refused, and never shown.

use std::path::PathBuf;

use crate::model::Node;
use crate::model::node::Kind;
use crate::model::read::Fields;
use crate::profile::expand;
use crate::profile::names::Names;
use crate::profile::reader::Reader;
use crate::profile::site::{AuthSettings, SecretRef};

/// The kinds of credentials, each with its keys. They exclude each other.
const KINDS: &[&[&str]] = &[
    &["username", "password", "database"],
    &["client_id", "client_secret"],
    &["token"],
    &["api_key"],
    &["access_key", "secret_key"],
    &["account", "account_key"],
    &["oauth2"],
];

const BY_REFERENCE: &str = "give it by reference: {env: NAME} or {file: PATH}";

impl Reader {
    /// Reads `auth`; `names` are the endpoints that may give a token.
    pub(super) fn auth(&mut self, node: &Node, names: &Names<'_>) -> Option<AuthSettings> {
        let mut fields = self.problems.fields(node, "auth")?;
        let login = self.login(&mut fields);
        let client = self.pair(&mut fields, "client_id", "client_secret");
        let token = self.secret(&mut fields, "token");
        let api_key = self.secret(&mut fields, "api_key");
        let keys = self.pair(&mut fields, "access_key", "secret_key");
        let account = self.pair(&mut fields, "account", "account_key");
        let oauth2 = fields.node("oauth2").and_then(|node| {
            Some(AuthSettings::OAuth2 {
                endpoint: self.endpoint(node, names)?.to_string(),
                place: node.place(),
            })
        });
        self.finish(fields, "Auth");
        if !self.one_kind(node) {
            return None;
        }
        login
            .or_else(|| {
                client.map(|(client_id, client_secret)| AuthSettings::Client {
                    client_id,
                    client_secret,
                })
            })
            .or(token.map(AuthSettings::Token))
            .or(api_key.map(AuthSettings::ApiKey))
            .or_else(|| {
                keys.map(|(access_key, secret_key)| AuthSettings::Keys { access_key, secret_key })
            })
            .or_else(|| {
                account.map(|(account, account_key)| AuthSettings::Account { account, account_key })
            })
            .or(oauth2)
    }

    /// Whether the keys are of one kind; says which are not.
    fn one_kind(&mut self, node: &Node) -> bool {
        let given: Vec<&str> = KINDS
            .iter()
            .filter_map(|kind| kind.iter().copied().find(|key| is_given(node, key)))
            .collect();
        match given[..] {
            [_] => true,
            [] => {
                // A key that nobody knows was told already.
                if node.entries().is_none_or(<[_]>::is_empty) {
                    self.problems.push(
                        node.wrong("auth says nothing")
                            .help("give `username` and `password`, `token`, or another kind"),
                    );
                }
                false
            }
            [one, other, ..] => {
                self.problems.push(
                    key_of(node, other)
                        .wrong(format!("auth mixes `{one}` and `{other}`"))
                        .help("give one kind of credentials"),
                );
                false
            }
        }
    }

    fn login(&mut self, fields: &mut Fields<'_>) -> Option<AuthSettings> {
        let map = fields.node;
        let username = fields.text("username", &mut self.problems);
        let password = self.secret(fields, "password");
        let database = fields.text("database", &mut self.problems);
        if is_given(map, "password") && !is_given(map, "username") {
            self.wrong(key_of(map, "password"), "auth has a `password` and no `username`");
            return None;
        }
        let said = username.is_some() || password.is_some() || database.is_some();
        said.then_some(AuthSettings::Login { username, password, database })
    }

    /// A name and its secret, neither without the other.
    fn pair(
        &mut self,
        fields: &mut Fields<'_>,
        name: &'static str,
        secret: &'static str,
    ) -> Option<(String, SecretRef)> {
        let map = fields.node;
        let text = fields.text(name, &mut self.problems);
        let reference = self.secret(fields, secret);
        for (has, lacks) in [(name, secret), (secret, name)] {
            if is_given(map, has) && !is_given(map, lacks) {
                self.wrong(key_of(map, has), format!("auth has `{has}` and no `{lacks}`"));
            }
        }
        text.zip(reference)
    }

    /// Where a secret is.
    pub(super) fn secret(
        &mut self,
        fields: &mut Fields<'_>,
        key: &'static str,
    ) -> Option<SecretRef> {
        let node = fields.node(key)?;
        if !matches!(node.kind, Kind::Map(_)) {
            // Points at the key: the value is what nobody may see.
            self.problems.push(
                key_of(fields.node, key)
                    .wrong(format!("`{key}` may not stand in the file"))
                    .help(BY_REFERENCE),
            );
            return None;
        }
        let mut inner = self.problems.fields(node, "a secret")?;
        let env = inner.node("env");
        let file = inner.node("file");
        let exact = inner.flag("exact", &mut self.problems);
        self.finish(inner, "Secret");
        match (env, file) {
            (Some(env), None) => {
                if exact.is_some() {
                    self.wrong(key_of(node, "exact"), "`exact` belongs to `file`, not to `env`");
                }
                self.variable(env)
            }
            (None, Some(file)) => Some(SecretRef::File {
                path: PathBuf::from(self.problems.text(file)?),
                exact: exact.unwrap_or(false),
                place: file.place(),
            }),
            (Some(_), Some(file)) => {
                let _ = file;
                self.wrong(
                    key_of(fields.node, key),
                    format!("`{key}` has both `env` and `file`; one is enough"),
                );
                None
            }
            (None, None) => {
                self.problems.push(
                    key_of(fields.node, key)
                        .wrong(format!("`{key}` has neither `env` nor `file`"))
                        .help(BY_REFERENCE),
                );
                None
            }
        }
    }

    /// The name of a variable. Someone may have written the secret itself, so it isn't repeated.
    fn variable(&mut self, node: &Node) -> Option<SecretRef> {
        let name = self.problems.text(node)?;
        if expand::is_name(name) {
            return Some(SecretRef::Env { name: name.to_owned(), place: Some(node.place()) });
        }
        self.wrong(node, "`env` is no name of a variable: letters, digits and `_`");
        None
    }
}

/// Whether a key of a map has a value.
pub(super) fn is_given(map: &Node, key: &str) -> bool {
    map.get(key).is_some_and(|value| value.kind != Kind::Null)
}

/// The node of a key itself; the map where it has no such key.
pub(super) fn key_of<'n>(map: &'n Node, key: &str) -> &'n Node {
    map.entries()
        .and_then(|entries| entries.iter().find(|(name, _)| name.text() == Some(key)))
        .map_or(map, |(name, _)| name)
}
