//! `${NAME}` and `${NAME:-default}` in texts.

/// Gives the value of a variable of the environment.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A text with its variables put in.
#[derive(Debug, PartialEq, Eq)]
pub struct Expanded {
    /// The text.
    pub text: Box<str>,
    /// The first variable that is not set and has no default.
    pub unset: Option<Box<str>>,
}

/// A variable that is misspelt.
#[derive(Debug, PartialEq, Eq)]
pub struct Misspelt {
    /// What is wrong.
    pub message: String,
    /// What would do.
    pub help: &'static str,
}

const HOW: &str = "write ${NAME} or ${NAME:-default}; $$ is a dollar sign";

/// Puts the variables in. `$$` is one dollar sign, and one that stands alone stays. As in a shell,
/// the default of `${NAME:-default}` also takes the place of an empty value.
pub fn text(text: &str, lookup: Lookup<'_>) -> Result<Expanded, Misspelt> {
    let mut out = String::with_capacity(text.len());
    let mut unset = None;
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(inner) = rest.strip_prefix('{') {
            let end = inner.find('}').ok_or_else(|| Misspelt {
                message: "`${` has no closing `}`".to_owned(),
                help: HOW,
            })?;
            let name = variable(&inner[..end], lookup, &mut out)?;
            unset = unset.or(name);
            rest = &inner[end + 1..];
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    Ok(Expanded { text: out.into(), unset })
}

/// Appends the value of one variable; gives its name where it has none.
fn variable(
    inner: &str,
    lookup: Lookup<'_>,
    out: &mut String,
) -> Result<Option<Box<str>>, Misspelt> {
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    if default.is_some_and(|default| default.contains("${")) {
        return Err(Misspelt {
            message: "a default can't hold another variable".to_owned(),
            help: HOW,
        });
    }
    if !is_name(name) {
        return Err(Misspelt { message: format!("`${{{name}}}` names no variable"), help: HOW });
    }
    match (lookup(name), default) {
        (Some(value), None) => out.push_str(&value),
        (Some(value), Some(_)) if !value.is_empty() => out.push_str(&value),
        (_, Some(default)) => out.push_str(default),
        (None, None) => return Ok(Some(name.into())),
    }
    Ok(None)
}

/// Whether this may name a variable (POSIX.1-2017, base definitions 3.235).
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::text;

    fn expanded(input: &str) -> String {
        let lookup = |name: &str| match name {
            "A" => Some("1".to_owned()),
            "B" => Some("2".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        match text(input, &lookup) {
            Ok(done) => match done.unset {
                Some(name) => format!("unset {name}"),
                None => done.text.into(),
            },
            Err(error) => format!("error {}", error.message),
        }
    }

    #[test]
    fn variables_are_put_in_wherever_they_stand() {
        assert_eq!(expanded("x${A}-${B}y"), "x1-2y");
        assert_eq!(expanded("${C:-d}${A}"), "d1");
        assert_eq!(expanded("${EMPTY:-d}|${EMPTY}|${C:-}"), "d||");
        assert_eq!(expanded("ü${A}ü"), "ü1ü");
    }

    #[test]
    fn a_dollar_sign_can_be_written() {
        assert_eq!(expanded("$${A} $5 ^a$ $$"), "${A} $5 ^a$ $");
    }

    #[test]
    fn the_first_variable_without_a_value_is_named() {
        assert_eq!(expanded("${A}${C}${D}"), "unset C");
    }

    #[test]
    fn misspelt_variables_are_errors() {
        assert_eq!(expanded("${A"), "error `${` has no closing `}`");
        assert_eq!(expanded("${a.b}"), "error `${a.b}` names no variable");
        assert_eq!(expanded("${}"), "error `${}` names no variable");
        assert_eq!(expanded("${C:-${A}}"), "error a default can't hold another variable");
    }
}
