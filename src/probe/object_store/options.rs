//! What a row says of its store.

use schemars::JsonSchema;

use crate::model::Node;
use crate::model::read::Problems;

/// The interface that a store has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Amazon S3 and what is like it.
    S3,
    /// Azure Blob Storage.
    AzureBlob,
    /// Google Cloud Storage, by its JSON interface.
    Gcs,
}

const KINDS: &[(&str, Kind)] =
    &[("s3", Kind::S3), ("azure-blob", Kind::AzureBlob), ("gcs", Kind::Gcs)];

/// Where objects of ours go that the row does not place.
const PREFIX: &str = "connprobe/";

impl Kind {
    /// What it is called.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::S3 => "S3",
            Self::AzureBlob => "Azure Blob Storage",
            Self::Gcs => "Google Cloud Storage",
        }
    }
}

/// What a row says of its store. Without kind or bucket it proves what HTTP alone does.
#[derive(Clone, Debug)]
pub(super) struct Options {
    /// The interface.
    pub(super) kind: Option<Kind>,
    /// Bucket or container.
    pub(super) bucket: Option<String>,
    /// Region that S3 requests are signed for.
    pub(super) region: String,
    /// Prefix of an object that is written, read back and removed.
    pub(super) canary: Option<String>,
}

impl Options {
    /// Reads the options of a row.
    pub(super) fn read(node: Option<&Node>, problems: &mut Problems) -> Option<Self> {
        let region = "us-east-1".to_owned();
        let mut options = Self { kind: None, bucket: None, region, canary: None };
        let Some(node) = node else { return Some(options) };
        let mut fields = problems.fields(node, "object_store")?;
        options.kind = fields.word("kind", problems, KINDS);
        options.bucket = fields.parse("bucket", problems, bucket);
        options.region = fields.parse("region", problems, region_name).unwrap_or(options.region);
        options.canary = match fields.node("canary") {
            None => None,
            Some(node) => match node.flag() {
                Some(wanted) => wanted.then(|| PREFIX.to_owned()),
                None => problems.parse(node, prefix),
            },
        };
        fields.finish(problems);
        Some(options)
    }
}

fn bucket(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '$');
    let dots = matches!(text, "." | "..");
    if (1..=222).contains(&text.len()) && text.chars().all(plain) && !dots {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no name of a bucket: letters, digits, `.`, `-` and `_`"))
}

fn region_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if (1..=64).contains(&text.len()) && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no name of a region"))
}

/// A prefix whose characters are the same in every encoding of URLs.
fn prefix(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    let parts = || text.split('/');
    let odd = text.starts_with('/') || text.contains("//") || parts().any(|part| part == "..");
    if (1..=200).contains(&text.len()) && text.chars().all(plain) && !odd && text != "." {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no prefix: letters, digits, `.`, `-`, `_`, and `/` between parts"))
}

/// The options, as JSON Schema describes them.
#[derive(JsonSchema)]
#[schemars(rename = "ObjectStoreOptions", deny_unknown_fields)]
#[expect(dead_code, reason = "it is read for its schema alone")]
struct Form {
    /// The interface. Without it, only what HTTP alone proves is proved.
    kind: Option<KindForm>,
    /// Bucket or container. Without it, only what HTTP alone proves is proved.
    bucket: Option<String>,
    /// Region that S3 requests are signed for; `us-east-1` where it is not said.
    region: Option<String>,
    /// A prefix, or true: a tiny object is written under it, read back and removed.
    canary: Option<CanaryForm>,
}

#[derive(JsonSchema)]
#[schemars(rename = "ObjectStoreKind", rename_all = "kebab-case")]
#[expect(dead_code, reason = "it is read for its schema alone")]
enum KindForm {
    S3,
    AzureBlob,
    Gcs,
}

#[derive(JsonSchema)]
#[schemars(rename = "ObjectStoreCanary", untagged)]
#[expect(dead_code, reason = "it is read for its schema alone")]
enum CanaryForm {
    Wanted(bool),
    Prefix(String),
}

/// JSON Schema of the options.
pub(super) fn schema() -> serde_json::Value {
    serde_json::to_value(schemars::schema_for!(Form)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{bucket, prefix, region_name};

    #[test]
    fn names_are_those_that_need_no_encoding() {
        assert!(bucket("exports.eu-1").is_ok() && bucket("$logs").is_ok());
        assert!(bucket("a/b").is_err() && bucket("..").is_err() && bucket("").is_err());
        assert!(prefix("connprobe/x_").is_ok() && region_name("eu-west-1").is_ok());
        for odd in ["", "/a", "a//b", "a/../b", "a?b", "a b", "ä"] {
            assert!(prefix(odd).is_err(), "{odd}");
        }
    }
}
