//! Values that stand in many places of a file.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

/// Defines the form of a value: its name, its schema, whether it stands where it is used.
macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident $schema:tt)*) => {
        $(
            $(#[$doc])*
            pub(super) struct $name;

            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($name).into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!($schema)
                }
            }
        )*
    };
}

parts! {
    /// The id of a row.
    Id {"type": ["string", "integer"], "pattern": "^[-\\w.]+$",
        "description": "A number or a word."}
    /// A host.
    Host {"type": "string", "minLength": 1,
        "description": "A name, an IPv4 address or an IPv6 address, without a port."}
    /// The ports of a row.
    Port {"type": ["string", "integer"], "minimum": 1, "maximum": 65535,
        "pattern": "^ *[0-9]+( *- *[0-9]+)?( *, *[0-9]+( *- *[0-9]+)?)* *$",
        "description": "5432, \"8080, 8443\" (each must pass) or 20000-45000 (over 16: sampled)."}
    /// One port.
    OnePort {"type": ["string", "integer"], "minimum": 1, "maximum": 65535, "pattern": "^[0-9]+$",
        "description": "A port."}
    /// A length of time.
    Time {"type": "string", "pattern": "^ *[0-9.]+ *(ms|s|m|h|d) *$",
        "description": "A length of time: 500ms, 5s, 2m, 1h or 14d."}
    /// A date.
    Day {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        "description": "The last day on which it holds."}
    /// A reason.
    Reason {"type": "string", "minLength": 1}
    /// A pin.
    Pin {"type": "string", "pattern": "^sha256//[A-Za-z0-9+/]{43}=$",
        "description": "SHA-256 of a public key, as curl has it."}
    /// The URL of a proxy.
    ProxyUrl {"type": "string", "pattern": "^(http|https|socks5)://[^@]+$"}
    /// A variable's name.
    EnvName {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
    /// The schema is put in when the protocols are known.
    Probe {}
    /// Put in when the kind of file is known.
    SchemaName {"type": "string"}
    /// How much a row must prove.
    Level {"type": "string", "enum":
        ["resolved", "connected", "spoken", "identified", "authenticated", "operational"]}
    /// What a row expects.
    Expect {"type": "string", "enum": ["reachable", "blocked"]}
}

/// One, or a list of them.
pub(super) struct OneOrMany<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({"anyOf": [one, {"type": "array", "items": json!(one)}]})
    }
}
