//! JSON Schemas (2020-12) of profile and site, for editors and for whoever writes files by program.
//!
//! The forms here describe the files, not the types that are built out of them; a test compares
//! their keys with those that the reader asks for. The options of a probe belong to its protocol and
//! are given by the caller.

mod forms;
mod parts;
mod site;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The schema of a profile. `probes` are the protocols with the schemas of their options.
pub fn profile_schema(probes: &[(&str, Value)]) -> Value {
    schema::<forms::ProfileFile>(probes, super::PROFILE)
}

/// The schema of a site.
pub fn site_schema(probes: &[(&str, Value)]) -> Value {
    schema::<site::SiteFile>(probes, super::SITE)
}

fn schema<T: JsonSchema>(probes: &[(&str, Value)], name: &str) -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    let mut definitions = Map::new();
    let probe = probe(probes, &mut definitions);
    if let Some(known) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        known.extend(definitions);
        known.insert("Probe".to_owned(), probe);
    }
    loosen(&mut schema);
    if let Some(known) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        known.insert("Variable".to_owned(), variable());
    }
    schema["title"] = json!(name);
    schema["properties"]["schema"] = json!({"const": name, "description": "What this file is."});
    schema
}

/// A text in which a variable of the environment stands.
fn variable() -> Value {
    json!({"type": "string", "pattern": "\\$\\{", "description": "A value out of the environment."})
}

/// `probe`: the name of a protocol, or the name with its options.
fn probe(probes: &[(&str, Value)], definitions: &mut Map<String, Value>) -> Value {
    let description = "How to prove the row: a protocol, or a protocol with its options.";
    if probes.is_empty() {
        let options = json!({"type": "object", "minProperties": 1, "maxProperties": 1});
        return json!({"description": description, "anyOf": [{"type": "string"}, options]});
    }
    let mut properties = Map::new();
    for (name, options) in probes {
        let mut options = options.clone();
        if let Some(object) = options.as_object_mut() {
            object.remove("$schema");
            if let Some(Value::Object(own)) = object.remove("$defs") {
                definitions.extend(own);
            }
        }
        properties.insert((*name).to_owned(), json!({"anyOf": [options, {"type": "null"}]}));
    }
    let names: Vec<&str> = probes.iter().map(|(name, _)| *name).collect();
    json!({"description": description, "anyOf": [
        {"type": "string", "enum": names},
        {"type": "object", "properties": properties, "additionalProperties": false,
         "minProperties": 1, "maxProperties": 1},
    ]})
}

/// Lets in what the reader lets in: a number where a text is read, and a variable anywhere.
fn loosen(schema: &mut Value) {
    if let Value::Array(items) = schema {
        return items.iter_mut().for_each(loosen);
    }
    let Value::Object(object) = schema else { return };
    let words: Vec<Value> = match object.get("type") {
        Some(Value::Array(words)) => words.clone(),
        Some(word) => vec![word.clone()],
        None => Vec::new(),
    };
    let has = |word: &str| words.iter().any(|known| known == word);
    let narrow = ["enum", "pattern", "minLength", "format", "const"];
    let is_narrow = narrow.iter().any(|key| object.contains_key(*key));
    // A closed list whose words have descriptions.
    let closed = object.get("oneOf").and_then(Value::as_array);
    let closed = closed.is_some_and(|all| all.iter().all(|word| word.get("const").is_some()));
    let scalar = closed || has("string") || has("boolean") || has("integer") || has("number");
    if has("string") && !is_narrow {
        let mut wide = words.clone();
        wide.extend(["number", "boolean"].map(Value::from));
        object.insert("type".to_owned(), wide.into());
    } else if scalar && !object.contains_key("const") {
        let description = object.remove("description");
        let inner = Value::Object(std::mem::take(object));
        object.extend(description.map(|text| ("description".to_owned(), text)));
        object.insert("anyOf".to_owned(), json!([inner, {"$ref": "#/$defs/Variable"}]));
    } else {
        for (key, value) in object.iter_mut() {
            match (key.as_str(), value) {
                // Here the keys are names, not words of JSON Schema.
                ("properties" | "$defs", Value::Object(named)) => {
                    named.values_mut().for_each(loosen);
                }
                (_, value) => loosen(value),
            }
        }
    }
}
