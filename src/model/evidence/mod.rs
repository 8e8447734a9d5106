//! What was seen: a closed list of keys, each with one type of value.

mod form;
mod key;

use std::borrow::Cow;

use serde::Serialize;

pub use key::Key;

/// The type of value that a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// A string.
    Text,
    /// A whole number.
    Number,
    /// A number with a fraction: milliseconds, seconds.
    Decimal,
    /// True or false.
    Flag,
    /// Strings in an order that means something.
    Texts,
}

/// One value of evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A string.
    Text(Box<str>),
    /// A whole number.
    Number(i64),
    /// A number with a fraction.
    Decimal(f64),
    /// True or false.
    Flag(bool),
    /// Strings in an order that means something.
    Texts(Vec<Box<str>>),
}

impl Value {
    fn kind(&self) -> ValueKind {
        match self {
            Self::Text(_) => ValueKind::Text,
            Self::Number(_) => ValueKind::Number,
            Self::Decimal(_) => ValueKind::Decimal,
            Self::Flag(_) => ValueKind::Flag,
            Self::Texts(_) => ValueKind::Texts,
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Decimal(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Texts(texts) => f.write_str(&texts.join(", ")),
        }
    }
}

macro_rules! values {
    ($($from:ty => |$it:ident| $make:expr;)*) => {
        $(impl From<$from> for Value { fn from($it: $from) -> Self { $make } })*
    };
}

values! {
    &str => |text| Self::Text(text.into());
    String => |text| Self::Text(text.into());
    Box<str> => |text| Self::Text(text);
    Cow<'_, str> => |text| Self::Text(text.into());
    i64 => |number| Self::Number(number);
    i32 => |number| Self::Number(number.into());
    u32 => |number| Self::Number(number.into());
    u16 => |number| Self::Number(number.into());
    u8 => |number| Self::Number(number.into());
    u64 => |number| Self::Number(i64::try_from(number).unwrap_or(i64::MAX));
    usize => |number| Self::Number(i64::try_from(number).unwrap_or(i64::MAX));
    f64 => |number| Self::Decimal(number);
    bool => |flag| Self::Flag(flag);
    Vec<String> => |texts| Self::Texts(texts.into_iter().map(Into::into).collect());
    Vec<Box<str>> => |texts| Self::Texts(texts);
}

/// What was seen: keys with values of the key's type, in the order in which they were noted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence(Vec<(Key, Value)>);

impl Evidence {
    /// No evidence.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Notes a value, in place of an earlier one of that key.
    ///
    /// A value whose type is not the key's is a mistake of ours: it stops a debug build.
    pub fn set(&mut self, key: Key, value: impl Into<Value>) {
        let value = value.into();
        debug_assert_eq!(value.kind(), key.kind(), "evidence {}", key.as_str());
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, slot)) => *slot = value,
            None => self.0.push((key, value)),
        }
    }

    /// As [`Self::set`], for building in one expression.
    #[must_use]
    pub fn with(mut self, key: Key, value: impl Into<Value>) -> Self {
        self.set(key, value);
        self
    }

    /// As [`Self::with`], where there may be no value.
    #[must_use]
    pub fn with_some(self, key: Key, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Takes over all of another, whose values win.
    pub fn absorb(&mut self, other: Self) {
        for (key, value) in other.0 {
            self.set(key, value);
        }
    }

    /// The value of a key.
    pub fn get(&self, key: Key) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// The text of a key.
    pub fn text(&self, key: Key) -> Option<&str> {
        match self.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The texts of a key; empty where there are none.
    pub fn texts(&self, key: Key) -> &[Box<str>] {
        match self.get(key) {
            Some(Value::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// The number of a key.
    pub fn number(&self, key: Key) -> Option<i64> {
        match self.get(key) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// Keys and values in the order in which they were noted.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Value)> {
        self.0.iter().map(|(key, value)| (*key, value))
    }

    /// Puts other texts in place of those for which `other` gives one.
    pub fn replace(&mut self, other: impl Fn(&str) -> Option<String>) {
        for (_, value) in &mut self.0 {
            match value {
                Value::Text(text) => {
                    if let Some(new) = other(text) {
                        *text = new.into();
                    }
                }
                Value::Texts(texts) => {
                    for text in texts {
                        if let Some(new) = other(text) {
                            *text = new.into();
                        }
                    }
                }
                Value::Number(_) | Value::Decimal(_) | Value::Flag(_) => {}
            }
        }
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
