//! What a row asks of a PostgreSQL database.

use schemars::JsonSchema;

use crate::model::Node;
use crate::model::read::Problems;

/// What a row asks of a database.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    /// The session must be able to write.
    pub(super) writable: bool,
    /// Extensions that must be installed.
    pub(super) extensions: Vec<String>,
    /// Tables and the privileges on them that the account must have.
    pub(super) privileges: Vec<(String, String)>,
}

/// Privileges on tables (PostgreSQL, chapter "Privileges").
const PRIVILEGES: &[&str] =
    &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];

impl Options {
    pub(super) fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Self> {
        let Some(node) = node else { return Some(Self::default()) };
        let mut fields = problems.fields(node, "postgres")?;
        let writable = fields.flag("writable", problems).unwrap_or(false);
        let extensions = fields.texts("extensions", problems);
        let privileges = match fields.node("privileges") {
            Some(node) => privileges(node, problems),
            None => Vec::new(),
        };
        fields.finish(problems);
        Some(Self { writable, extensions, privileges })
    }
}

/// `{TABLE: [select, ..]}`, or a list of texts `SELECT ON TABLE`.
fn privileges(node: &Node, problems: &mut Problems) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Some(entries) = node.entries() {
        for (table, words) in entries {
            let table = problems.text(table).map(str::to_owned);
            for word in words.items() {
                let word = problems.parse(word, privilege);
                found.extend(table.clone().zip(word));
            }
        }
        return found;
    }
    for item in node.items() {
        let pair = problems.parse(item, |text| {
            let words: Vec<&str> = text.split_whitespace().collect();
            match words[..] {
                [word, on, table] if on.eq_ignore_ascii_case("on") => {
                    Ok((table.to_owned(), privilege(word)?))
                }
                _ => Err(format!("`{text}` is no privilege; write `SELECT ON table`")),
            }
        });
        found.extend(pair);
    }
    found
}

fn privilege(word: &str) -> Result<String, String> {
    let upper = word.to_ascii_uppercase();
    match PRIVILEGES.contains(&upper.as_str()) {
        true => Ok(upper),
        false => Err(format!("`{word}` is none of: {}", PRIVILEGES.join(", ").to_lowercase())),
    }
}

/// The options, as JSON Schema describes them.
#[derive(JsonSchema)]
#[schemars(rename = "PostgresOptions", deny_unknown_fields)]
#[expect(dead_code, reason = "it is read for its schema alone")]
struct Form {
    /// Whether the session must be able to write: no standby, no read-only transaction.
    writable: Option<bool>,
    /// Extensions that must be installed.
    extensions: Option<serde_json::Value>,
    /// `{TABLE: [select, ..]}`, or texts `SELECT ON TABLE`.
    privileges: Option<serde_json::Value>,
}

pub(super) fn schema() -> serde_json::Value {
    serde_json::to_value(schemars::schema_for!(Form)).unwrap_or_default()
}
