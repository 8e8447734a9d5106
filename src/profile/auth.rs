//! Credentials by reference. A literal secret is refused, and never shown.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::node::Kind;
use crate::model::read::Fields;
use crate::model::{Diagnostic, Node, Place};
use crate::profile::expand;
use crate::profile::names::Names;
use crate::profile::reader::Reader;
use crate::profile::site::{AuthSettings, SecretRef, Site};
use crate::profile::table::Profile;

/// The kinds of credentials, each with its keys. They exclude each other.
const KINDS: &[&[&str]] = &[LOGIN, CLIENT, &["token"], &["api_key"], KEYS, ACCOUNT, &["oauth2"]];
const LOGIN: &[&str] = &["username", "password", "database"];
const CLIENT: &[&str] = &["client_id", "client_secret"];
const KEYS: &[&str] = &["access_key", "secret_key"];
const ACCOUNT: &[&str] = &["account", "account_key"];

/// Keys with a text; `oauth2` names an endpoint, and every other is a secret.
const TEXTS: &[&str] = &["username", "database", "client_id", "access_key", "account"];
const SECRETS: &[&str] =
    &["password", "client_secret", "token", "api_key", "secret_key", "account_key"];

const BY_REFERENCE: &str = "give it by reference: {env: NAME} or {file: PATH}";

/// What one place says of credentials: keys of one kind, of which others may stand at a place below.
#[derive(Clone, Debug)]
pub struct Auth {
    kind: &'static [&'static str],
    texts: BTreeMap<&'static str, String>,
    secrets: BTreeMap<&'static str, SecretRef>,
    oauth2: Option<(String, Place)>,
    /// The mistakes that it has where no place completes it, nearest first.
    lacks: Vec<Diagnostic>,
}

impl Auth {
    /// These keys, and those of `base` that are not among them, where both are of one kind: credentials
    /// of another kind replace those below.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        let mut merged = self.clone();
        if self.kind == base.kind && self.oauth2.is_none() {
            for (key, text) in &base.texts {
                merged.texts.entry(key).or_insert_with(|| text.clone());
            }
            for (key, secret) in &base.secrets {
                merged.secrets.entry(key).or_insert_with(|| secret.clone());
            }
            merged.lacks.extend(base.lacks.iter().cloned());
        }
        merged
    }

    /// These over `base`, where either says anything.
    pub(super) fn merged(own: Option<&Self>, base: Option<&Self>) -> Option<Self> {
        match (own, base) {
            (Some(own), Some(base)) => Some(own.over(base)),
            (own, base) => own.or(base).cloned(),
        }
    }

    /// The credentials; `None` where a part is missing, which is told as a mistake.
    pub fn whole(&self) -> Option<AuthSettings> {
        let text = |key| self.texts.get(key).cloned();
        let secret = |key| self.secrets.get(key).cloned();
        Some(match *self.kind {
            ["client_id", ..] => AuthSettings::Client {
                client_id: text("client_id")?,
                client_secret: secret("client_secret")?,
            },
            ["token"] => AuthSettings::Token(secret("token")?),
            ["api_key"] => AuthSettings::ApiKey(secret("api_key")?),
            ["access_key", ..] => AuthSettings::Keys {
                access_key: text("access_key")?,
                secret_key: secret("secret_key")?,
            },
            ["account", ..] => AuthSettings::Account {
                account: text("account")?,
                account_key: secret("account_key")?,
            },
            ["oauth2"] => {
                let (endpoint, place) = self.oauth2.clone()?;
                AuthSettings::OAuth2 { endpoint, place }
            }
            _ => AuthSettings::Login {
                username: text("username"),
                password: secret("password"),
                database: text("database"),
            },
        })
    }

    fn is_whole(&self) -> bool {
        match self.kind {
            LOGIN => self.texts.contains_key("username") || !self.secrets.contains_key("password"),
            _ => self.whole().is_some(),
        }
    }
}

impl Reader {
    /// Reads `auth`; `names` are the endpoints that may give a token.
    pub(super) fn auth(&mut self, node: &Node, names: &Names<'_>) -> Option<Auth> {
        let mut fields = self.problems.fields(node, "auth")?;
        let mut auth = Auth {
            kind: LOGIN,
            texts: BTreeMap::new(),
            secrets: BTreeMap::new(),
            oauth2: None,
            lacks: Vec::new(),
        };
        for kind in KINDS {
            for key in *kind {
                if TEXTS.contains(key) {
                    let text = fields.text(key, &mut self.problems);
                    auth.texts.extend(text.map(|text| (*key, text)));
                } else if SECRETS.contains(key) {
                    let secret = self.secret(&mut fields, key);
                    auth.secrets.extend(secret.map(|secret| (*key, secret)));
                } else if let Some(node) = fields.node(key) {
                    let endpoint = self.endpoint(node, names);
                    auth.oauth2 = endpoint.map(|name| (name.to_string(), node.place()));
                }
            }
        }
        self.finish(fields, "Auth");
        auth.kind = self.one_kind(node)?;
        auth.lacks.extend(lacks(node, auth.kind));
        Some(auth)
    }

    /// Tells of credentials of which a part is missing: for a case of a row, or wherever they count.
    pub(super) fn whole_auth(&mut self, site: &Site, of: &Profile) {
        let mut wrong: Vec<&Diagnostic> = Vec::new();
        let mut helped: Vec<&Diagnostic> = Vec::new();
        let said = said(site, of);
        // What is whole everywhere stays so, however it is merged.
        if said.iter().all(|auth| auth.is_whole()) {
            return;
        }
        let cases = cases(site, of);
        for case in &cases {
            match case.is_whole() {
                true => helped.extend(&case.lacks),
                false => wrong.extend(case.lacks.first()),
            }
        }
        let said = said.iter().filter(|auth| !auth.is_whole()).flat_map(|auth| &auth.lacks);
        wrong.extend(said.filter(|lacks| !helped.contains(lacks)));
        let mut told: Vec<Diagnostic> = Vec::new();
        for wrong in wrong {
            if !told.contains(wrong) {
                told.push(wrong.clone());
            }
        }
        self.problems.errors.append(&mut told);
    }

    /// The kind of the keys; says which are of another.
    fn one_kind(&mut self, node: &Node) -> Option<&'static [&'static str]> {
        let given: Vec<(&'static [&'static str], &str)> = KINDS
            .iter()
            .filter_map(|kind| Some((*kind, kind.iter().find(|key| is_given(node, key))?)))
            .map(|(kind, key)| (kind, *key))
            .collect();
        match given[..] {
            [(kind, _)] => Some(kind),
            [] => {
                // A key that nobody knows was told already.
                if node.entries().is_none_or(<[_]>::is_empty) {
                    self.problems.push(
                        node.wrong("auth says nothing")
                            .help("give `username` and `password`, `token`, or another kind"),
                    );
                }
                None
            }
            [(_, one), (_, other), ..] => {
                self.problems.push(
                    key_of(node, other)
                        .wrong(format!("auth mixes `{one}` and `{other}`"))
                        .help("give one kind of credentials"),
                );
                None
            }
        }
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

/// The credentials as each place says them.
fn said<'s>(site: &'s Site, of: &'s Profile) -> Vec<&'s Auth> {
    let rows = of.connections.iter().chain(&site.extra).filter_map(|row| row.settings.as_deref());
    let over = site.connections.values().map(|row| &row.settings);
    let endpoints = site.endpoints.values().flat_map(|endpoint| {
        endpoint.instances.iter().map(|one| &one.settings).chain([&endpoint.settings])
    });
    let all = rows.chain(over).chain(endpoints);
    all.filter_map(|settings| settings.auth.as_ref()).collect()
}

/// The credentials of each case, as it is bound later.
fn cases(site: &Site, of: &Profile) -> Vec<Auth> {
    let mut cases = Vec::new();
    for row in of.connections.iter().chain(&site.extra) {
        let instances = site.instances(&row.destination);
        if instances.is_empty() {
            cases.extend(site.settings(row, None).auth);
        }
        for instance in instances {
            cases.extend(site.settings(row, Some(instance)).auth);
        }
    }
    cases
}

/// The mistake of a map that has one part of a kind and not the other.
fn lacks(map: &Node, kind: &[&'static str]) -> Option<Diagnostic> {
    let (name, secret) = (kind[0], *kind.get(1)?);
    let (has, lacks) = match (is_given(map, name), is_given(map, secret)) {
        (false, true) => (secret, name),
        // A user may have no password, or it comes by environment.
        (true, false) if kind != LOGIN => (name, secret),
        _ => return None,
    };
    Some(key_of(map, has).wrong(format!("auth has `{has}` and no `{lacks}`")))
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
