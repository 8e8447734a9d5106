//! What endpoints, instances and rows may all say: host, trust, credentials, time-outs.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::node::Kind;
use crate::model::read::{Fields, duration};
use crate::model::{Addresses, Family, MinVersion, Node, Place, TimeoutSettings, VerifyMode};
use crate::profile::auth::{is_given, key_of};
use crate::profile::host::host;
use crate::profile::names::Names;
use crate::profile::reader::Reader;
use crate::profile::site::{FileRef, Settings, TlsSettings};

const ADDRESSES: &[(&str, Addresses)] =
    &[("all", Addresses::All), ("any", Addresses::Any), ("first", Addresses::First)];

/// More retries than this hide what they should show.
const RETRIES: u32 = 10;

impl Reader {
    /// Everything that a site may say of an endpoint, an instance or a row. The variables without
    /// a value stay with the problems: the caller takes them when it has read its own keys too.
    pub(super) fn settings(&mut self, fields: &mut Fields<'_>, names: &Names<'_>) -> Settings {
        Settings {
            hosts: self.hosts(fields),
            addresses: fields.word("addresses", &mut self.problems, ADDRESSES),
            family: fields.word("family", &mut self.problems, Family::WORDS),
            tls: fields.node("tls").and_then(|node| self.tls(node)).unwrap_or_default(),
            auth: fields.node("auth").and_then(|node| self.auth(node, names)),
            allow_cleartext: self.flag(fields, "allow_cleartext"),
            proxy: fields.node("proxy").and_then(|node| self.proxy(node)),
            ..self.row_settings(fields).map(|settings| *settings).unwrap_or_default()
        }
    }

    /// What a profile may say of a row too.
    pub(super) fn row_settings(&mut self, fields: &mut Fields<'_>) -> Option<Box<Settings>> {
        let keys = ["timeouts", "retries", "owner", "runbook"];
        let given = keys.iter().any(|key| fields.node.get(key).is_some());
        let settings = Settings {
            timeouts: self.timeouts(fields),
            retries: fields.parse("retries", &mut self.problems, retries),
            owner: self.shared(fields, "owner"),
            runbook: self.shared(fields, "runbook"),
            ..Settings::default()
        };
        given.then(|| Box::new(settings))
    }

    /// A truth value, which a variable may give too.
    pub(super) fn flag(&mut self, fields: &mut Fields<'_>, key: &'static str) -> Option<bool> {
        let node = fields.node(key)?;
        if let Kind::Scalar { unset: Some(_), .. } = node.kind {
            self.problems.text(node);
            return None;
        }
        self.problems.flag(node)
    }

    fn hosts(&mut self, fields: &mut Fields<'_>) -> Vec<(String, Place)> {
        let map = fields.node;
        let one = fields.node("host");
        let several = fields.node("hosts");
        if one.is_some() && several.is_some() {
            self.wrong(key_of(map, "hosts"), "`host` and `hosts` exclude each other");
        }
        let mut hosts = Vec::new();
        if let Some(node) = one {
            hosts.extend(self.problems.parse(node, host).map(|host| (host, node.place())));
        }
        for node in several.map(Node::items).unwrap_or_default() {
            hosts.extend(self.problems.parse(node, host).map(|host| (host, node.place())));
        }
        hosts
    }

    /// `timeouts: {dns, tcp, tls, answer}`.
    pub(super) fn timeouts(&mut self, fields: &mut Fields<'_>) -> TimeoutSettings {
        let inner = fields.node("timeouts").and_then(|node| self.problems.fields(node, "timeouts"));
        let Some(mut inner) = inner else { return TimeoutSettings::default() };
        let timeouts = TimeoutSettings {
            dns: inner.parse("dns", &mut self.problems, some_time),
            tcp: inner.parse("tcp", &mut self.problems, some_time),
            tls: inner.parse("tls", &mut self.problems, some_time),
            answer: inner.parse("answer", &mut self.problems, some_time),
        };
        self.finish(inner, "Timeouts");
        timeouts
    }

    fn tls(&mut self, node: &Node) -> Option<TlsSettings> {
        let mut fields = self.problems.fields(node, "tls")?;
        let tls = TlsSettings {
            mode: fields.word("mode", &mut self.problems, VerifyMode::WORDS),
            mode_place: node.get("mode").map(Node::place),
            ca_file: fields.node("ca_file").and_then(|node| self.file(node)),
            server_name: fields.parse("server_name", &mut self.problems, host),
            min_version: fields.word("min_version", &mut self.problems, MinVersion::WORDS),
            expires_within: fields.duration("expires_within", &mut self.problems),
            pins: self.pins(&mut fields),
            issuers: fields.texts("issuers", &mut self.problems),
            crl_files: fields
                .node("crl_files")
                .map(Node::items)
                .unwrap_or_default()
                .iter()
                .filter_map(|node| self.file(node))
                .collect(),
            client_cert_file: fields.node("client_cert_file").and_then(|node| self.file(node)),
            client_key_file: fields.node("client_key_file").and_then(|node| self.file(node)),
        };
        self.finish(fields, "Tls");
        let both = ["client_cert_file", "client_key_file"];
        for (has, lacks) in [(both[0], both[1]), (both[1], both[0])] {
            if is_given(node, has) && !is_given(node, lacks) {
                self.wrong(key_of(node, has), format!("tls has `{has}` and no `{lacks}`"));
            }
        }
        Some(tls)
    }

    /// A file that is read when the plan is made.
    pub(super) fn file(&mut self, node: &Node) -> Option<FileRef> {
        let path = self.problems.text(node)?;
        if path.is_empty() {
            self.wrong(node, "the path of a file is empty");
            return None;
        }
        Some(FileRef { path: PathBuf::from(path), place: node.place() })
    }

    fn pins(&mut self, fields: &mut Fields<'_>) -> Vec<[u8; 32]> {
        let items = fields.node("pins").map(Node::items).unwrap_or_default();
        items.iter().filter_map(|item| self.problems.parse(item, pin)).collect()
    }
}

/// A pin as curl has it (`CURLOPT_PINNEDPUBLICKEY`).
fn pin(text: &str) -> Result<[u8; 32], String> {
    let how = "write sha256// and 32 bytes in base64, as curl has them";
    let base64 =
        text.strip_prefix("sha256//").ok_or_else(|| format!("`{text}` is no pin: {how}"))?;
    let bytes = STANDARD.decode(base64).map_err(|_| format!("`{text}` is no base64: {how}"))?;
    let count = bytes.len();
    bytes.try_into().map_err(|_| format!("`{text}` has {count} bytes: {how}"))
}

fn retries(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(count) if count <= RETRIES => Ok(count),
        _ => Err(format!("`{text}` is no number of retries (0 to {RETRIES})")),
    }
}

/// A length of time that is not zero.
fn some_time(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err(format!("`{text}` leaves no time at all")),
        time => Ok(time),
    }
}
