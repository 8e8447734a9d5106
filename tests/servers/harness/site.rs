//! A site in which one row is probed and all others are skipped.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::Outcome;

/// Source and destination of each row of the table, the first is row 1.
const TABLE: [(&str, &str); 21] = [
    ("browser", "inbound-gateway"),
    ("ingress-gateway", "udm-gateway"),
    ("udm-gateway", "udm-master-db"),
    ("udm", "udm-master-db"),
    ("udm-gateway", "external-file-storage"),
    ("udm", "external-file-storage"),
    ("prometheus", "udm-gateway"),
    ("iwd", "udm"),
    ("udm", "authentication-service"),
    ("udm-gateway", "authentication-service"),
    ("prometheus", "udm"),
    ("ucs", "authentication-service"),
    ("ucs", "gws-workspace-service"),
    ("iwd", "ucs"),
    ("nexus", "ucs"),
    ("prometheus", "ucs"),
    ("ucs", "elasticsearch"),
    ("ucs", "ucsx-tenant-db"),
    ("ucs", "ucsx-master-db"),
    ("udm", "ucsx-master-db"),
    ("udm-gateway", "ucs"),
];

/// A site file in the making, and the run that it is for.
///
/// Wherever settings have `{"secret": "value"}`, the value goes into a file and the site refers to
/// that file; the run fails its test when the value shows up in anything that was printed.
pub(crate) struct Site {
    row: usize,
    root: Value,
    resolv_conf: Option<String>,
}

impl Site {
    /// Only `row` is probed, and its destination is this host.
    pub(crate) fn of_row(row: usize) -> Self {
        let skipped: serde_json::Map<_, _> = (1..=TABLE.len())
            .filter(|id| *id != row)
            .map(|id| (id.to_string(), json!({"skip": "not what this test is about"})))
            .collect();
        let root = json!({
            "schema": "connprobe/site/v1",
            "profile": "genesys-ucs",
            "endpoints": {},
            "connections": skipped,
            "timeouts": {"dns": "2s", "tcp": "4s", "tls": "4s", "answer": "4s"},
        });
        Self { row, root, resolv_conf: None }.destination(json!({"host": "127.0.0.1"}))
    }

    /// Settings of the row's destination.
    pub(crate) fn destination(self, settings: Value) -> Self {
        let name = TABLE[self.row - 1].1;
        self.endpoint(name, settings)
    }

    /// The destination keeps the host of the profile.
    pub(crate) fn host_of_profile(mut self) -> Self {
        let name = TABLE[self.row - 1].1;
        if let Some(settings) = self.root["endpoints"][name].as_object_mut() {
            settings.remove("host");
        }
        self
    }

    /// Settings of any endpoint.
    pub(crate) fn endpoint(mut self, name: &str, settings: Value) -> Self {
        merge(&mut self.root["endpoints"][name], settings);
        self
    }

    /// Overrides for the row itself.
    pub(crate) fn with(self, settings: Value) -> Self {
        let row = self.row;
        self.other_row(row, settings)
    }

    /// Overrides for any row.
    pub(crate) fn other_row(mut self, row: usize, settings: Value) -> Self {
        merge(&mut self.root["connections"][row.to_string()], settings);
        self
    }

    /// The row's port.
    pub(crate) fn port(self, port: u16) -> Self {
        self.with(json!({"port": port}))
    }

    /// A key of the site file itself.
    pub(crate) fn root(mut self, key: &str, value: Value) -> Self {
        merge(&mut self.root[key], value);
        self
    }

    /// The text of the resolv.conf that the run reads.
    pub(crate) fn resolv_conf(mut self, text: &str) -> Self {
        self.resolv_conf = Some(text.to_owned());
        self
    }

    /// Runs the program from the row's source.
    pub(crate) fn run(mut self) -> Outcome {
        let folder = tempfile::tempdir().expect("a folder for the site");
        let mut secrets = Vec::new();
        hide(&mut self.root, folder.path(), &mut secrets);
        let site = folder.path().join("site.yaml");
        std::fs::write(&site, format!("{:#}\n", self.root)).expect("the site is written");

        let mut command = Command::new(env!("CARGO_BIN_EXE_connprobe"));
        command.args(["run", "--profile", "genesys-ucs", "--report", "json=-", "--site"]);
        command.arg(&site).args(["--source", TABLE[self.row - 1].0]);
        if let Some(text) = &self.resolv_conf {
            let file = folder.path().join("resolv.conf");
            std::fs::write(&file, text).expect("resolv.conf is written");
            command.arg("--resolv-conf").arg(file);
        }
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CONNPROBE_")) {
            command.env_remove(name);
        }
        let output = command.output().expect("the program can be started");
        Outcome::of(self.row, &output, &secrets)
    }
}

/// Objects are merged key by key, anything else is replaced.
fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

/// Moves each secret into a file of its own.
fn hide(value: &mut Value, folder: &Path, secrets: &mut Vec<String>) {
    if let Some(secret) = value.get("secret").and_then(Value::as_str).map(str::to_owned) {
        let file = folder.join(format!("secret-{}", secrets.len()));
        std::fs::write(&file, &secret).expect("the secret is written");
        *value = json!({"file": file});
        secrets.push(secret);
        return;
    }
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| hide(value, folder, secrets)),
        Value::Array(list) => list.iter_mut().for_each(|value| hide(value, folder, secrets)),
        _ => {}
    }
}
