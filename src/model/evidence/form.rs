//! Evidence in JSON: an object whose keys are those of the list, each with a value of its type.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::evidence::{Evidence, Key, Value, ValueKind};

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key.as_str(), value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Evidence;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of evidence")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Evidence, A::Error> {
                let mut evidence = Evidence::new();
                while let Some(word) = map.next_key::<String>()? {
                    let key = Key::parse(&word).ok_or_else(|| {
                        A::Error::custom(format!("no key of evidence is called `{word}`"))
                    })?;
                    let value = match key.kind() {
                        ValueKind::Text => Value::Text(map.next_value()?),
                        ValueKind::Number => Value::Number(map.next_value()?),
                        ValueKind::Decimal => Value::Decimal(map.next_value()?),
                        ValueKind::Flag => Value::Flag(map.next_value()?),
                        ValueKind::Texts => Value::Texts(map.next_value()?),
                    };
                    evidence.0.push((key, value));
                }
                Ok(evidence)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

impl JsonSchema for Evidence {
    fn schema_name() -> Cow<'static, str> {
        "Evidence".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let properties: serde_json::Map<String, serde_json::Value> = Key::ALL
            .iter()
            .map(|key| {
                let mut schema = match key.kind() {
                    ValueKind::Text => serde_json::json!({"type": "string"}),
                    ValueKind::Number => serde_json::json!({"type": "integer"}),
                    ValueKind::Decimal => serde_json::json!({"type": "number"}),
                    ValueKind::Flag => serde_json::json!({"type": "boolean"}),
                    ValueKind::Texts => {
                        serde_json::json!({"type": "array", "items": {"type": "string"}})
                    }
                };
                schema["description"] = key.about().into();
                (key.as_str().to_owned(), schema)
            })
            .collect();
        json_schema!({
            "description": "What was seen, by key.",
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        })
    }
}
