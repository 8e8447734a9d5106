//! As much of SQL as a harmless question needs: a select list of literals and a few functions, and
//! the catalogue of extensions. Anything else is a syntax error, 42601.

use crate::lab::postgres::wire::Refusal;
use crate::lab::postgres::{Postgres, State};

/// Type OIDs of `bool`, `int4` and `text`.
const BOOL: u32 = 16;
const INT: u32 = 23;
const TEXT: u32 = 25;

/// A result in text form.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) columns: Vec<(String, u32)>,
    pub(super) rows: Vec<Vec<Option<String>>>,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session<'a> {
    pub(super) server: &'a Postgres,
    pub(super) user: &'a str,
    pub(super) database: &'a str,
}

fn syntax(near: &str) -> Refusal {
    Refusal::new("42601", format!("syntax error at or near \"{near}\""))
}

/// A command as PostgreSQL calls it: `INSERT`, but `CREATE TABLE`.
fn tag(verb: &str, rest: &str) -> String {
    let what = rest.split_whitespace().next().filter(|_| verb.eq_ignore_ascii_case("create"));
    [Some(verb), what].into_iter().flatten().collect::<Vec<_>>().join(" ").to_ascii_uppercase()
}

/// The value of a setting.
pub(super) fn setting(server: &Postgres, name: &str) -> Option<String> {
    let on = |flag: bool| String::from(if flag { "on" } else { "off" });
    let standby = server.state == State::Standby;
    Some(match name.to_ascii_lowercase().as_str() {
        "server_version" => server.version.clone(),
        "in_hot_standby" => on(standby),
        "transaction_read_only" => on(standby || server.state == State::ReadOnly),
        "default_transaction_read_only" => on(server.state == State::ReadOnly),
        "is_superuser" => on(false),
        "server_encoding" | "client_encoding" => "UTF8".into(),
        "timezone" => "Etc/UTC".into(),
        "datestyle" => "ISO, MDY".into(),
        "integer_datetimes" | "standard_conforming_strings" => "on".into(),
        _ => return None,
    })
}

impl Session<'_> {
    /// Answers one simple query; `None` where there is nothing in it.
    pub(super) fn query(&self, sql: &str) -> Result<Option<Table>, Refusal> {
        let sql = sql.trim().trim_end_matches(';').trim();
        if sql.is_empty() {
            return Ok(None);
        }
        let (verb, rest) = sql.split_once(char::is_whitespace).unwrap_or((sql, ""));
        match verb.to_ascii_lowercase().as_str() {
            "select" => self.select(rest).map(Some),
            "show" => self.show(rest.trim()).map(Some),
            "create" | "insert" | "update" | "delete" if self.read_only() => Err(Refusal::new(
                "25006",
                format!("cannot execute {} in a read-only transaction", tag(verb, rest)),
            )),
            _ => Err(syntax(verb)),
        }
    }

    fn read_only(&self) -> bool {
        matches!(self.server.state, State::Standby | State::ReadOnly)
    }

    fn show(&self, name: &str) -> Result<Table, Refusal> {
        let value = setting(self.server, name).ok_or_else(|| unknown_setting(name))?;
        Ok(Table { columns: vec![(name.into(), TEXT)], rows: vec![vec![Some(value)]] })
    }

    fn select(&self, rest: &str) -> Result<Table, Refusal> {
        let lower = rest.to_ascii_lowercase();
        let (list, from) = match lower.find(" from ") {
            Some(at) => (&rest[..at], Some(rest[at + 6..].trim())),
            None => (rest, None),
        };
        let items = split(list, ',');
        match from {
            None => self.expressions(&items),
            Some(from) => self.extensions(&items, from),
        }
    }

    fn expressions(&self, items: &[&str]) -> Result<Table, Refusal> {
        let mut table = Table { columns: Vec::new(), rows: vec![Vec::new()] };
        for item in items {
            let (name, kind, value) = self.expression(item)?;
            table.columns.push((name, kind));
            table.rows[0].push(value);
        }
        Ok(table)
    }

    /// Name, type and value of one item of the select list.
    fn expression(&self, item: &str) -> Result<(String, u32, Option<String>), Refusal> {
        let (item, alias) = aliased(item);
        let item = item.split("::").next().unwrap_or(item).trim();
        if item.parse::<i32>().is_ok() {
            return Ok((alias.unwrap_or("?column?").into(), INT, Some(item.into())));
        }
        if let Some(text) = literal(item) {
            return Ok((alias.unwrap_or("?column?").into(), TEXT, Some(text)));
        }
        let (name, arguments) = match item.split_once('(') {
            Some((name, rest)) => {
                (name.trim(), rest.trim_end().strip_suffix(')').ok_or_else(|| syntax(item))?)
            }
            None => (item, ""),
        };
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix("pg_catalog.").unwrap_or(&name);
        let arguments: Option<Vec<String>> =
            split(arguments, ',').into_iter().map(|text| literal(text.trim())).collect();
        let (kind, value) = self.function(name, &arguments.unwrap_or_default())?;
        Ok((alias.unwrap_or(name).into(), kind, value))
    }

    fn function(&self, name: &str, arguments: &[String]) -> Result<(u32, Option<String>), Refusal> {
        let flag = |flag: bool| (BOOL, Some(String::from(if flag { "t" } else { "f" })));
        let text = |text: &str| (TEXT, Some(text.to_owned()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Ok(match (name, arguments.as_slice()) {
            ("current_database" | "current_catalog", []) => text(self.database),
            ("current_user" | "session_user" | "user", []) => text(self.user),
            ("version", []) => text(&format!("PostgreSQL {} on x86_64", self.server.version)),
            ("pg_is_in_recovery", []) => flag(self.server.state == State::Standby),
            ("current_setting", [name, rest @ ..]) => match setting(self.server, name) {
                Some(value) => (TEXT, Some(value)),
                None if !rest.is_empty() => (TEXT, None),
                None => return Err(unknown_setting(name)),
            },
            ("has_table_privilege", [.., table, privilege]) => {
                flag(self.table_privilege(table, privilege)?)
            }
            ("has_database_privilege", [.., database, _]) => flag(*database == self.database),
            ("to_regclass", [table]) => (
                TEXT,
                self.server.tables.iter().any(|(name, _)| name == table).then(|| (*table).into()),
            ),
            _ => return Err(syntax(name)),
        })
    }

    fn table_privilege(&self, table: &str, privileges: &str) -> Result<bool, Refusal> {
        let known = self.server.tables.iter().find(|(name, _)| name == table);
        let Some((_, granted)) = known else {
            let words = format!("relation \"{table}\" does not exist");
            return Err(Refusal::new("42P01", words));
        };
        let has = |word: &str| granted.iter().any(|known| known.eq_ignore_ascii_case(word.trim()));
        Ok(privileges.split(',').any(has))
    }

    /// `SELECT extname, extversion FROM pg_extension`, with any condition that names extensions.
    fn extensions(&self, items: &[&str], from: &str) -> Result<Table, Refusal> {
        let (table, condition) = from.split_once(char::is_whitespace).unwrap_or((from, ""));
        let table = table.strip_prefix("pg_catalog.").unwrap_or(table);
        if !table.eq_ignore_ascii_case("pg_extension") {
            let words = format!("relation \"{table}\" does not exist");
            return Err(Refusal::new("42P01", words));
        }
        let named: Vec<&str> = condition.split('\'').skip(1).step_by(2).collect();
        let wanted = |name: &str| {
            named.is_empty()
                || named.iter().any(|list| {
                    list.trim_matches(['{', '}']).split(',').any(|known| known.trim() == name)
                })
        };
        let columns: Vec<&str> = items.iter().map(|item| aliased(item).0.trim()).collect();
        if columns.iter().any(|&column| column != "extname" && column != "extversion") {
            return Err(Refusal::new("42703", "column does not exist"));
        }
        let value = |column: &str, name: &str, version: &str| {
            Some(String::from(if column == "extname" { name } else { version }))
        };
        let row = |(name, version): &(String, String)| {
            columns.iter().map(|column| value(column, name, version)).collect()
        };
        let rows =
            self.server.extensions.iter().filter(|(name, _)| wanted(name)).map(row).collect();
        Ok(Table { columns: columns.iter().map(|&name| (name.into(), TEXT)).collect(), rows })
    }
}

fn unknown_setting(name: &str) -> Refusal {
    Refusal::new("42704", format!("unrecognized configuration parameter \"{name}\""))
}

/// An item and the alias that follows `AS`.
fn aliased(item: &str) -> (&str, Option<&str>) {
    match item.to_ascii_lowercase().rfind(" as ") {
        Some(at) => (item[..at].trim(), Some(item[at + 4..].trim().trim_matches('"'))),
        None => (item.trim(), None),
    }
}

/// The text of `'…'`, with a cast behind it or not.
fn literal(item: &str) -> Option<String> {
    let item = item.split("::").next().unwrap_or(item).trim();
    if item == "true" || item == "false" {
        return Some(item.into());
    }
    item.strip_prefix('\'')?.strip_suffix('\'').map(|text| text.replace("''", "'"))
}

/// Parts between separators that stand outside of brackets and quotes; none for nothing.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut depth, mut quoted, mut from, mut parts) = (0_usize, false, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 && !quoted => {
                parts.push(&text[from..at]);
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    if !text[from..].trim().is_empty() {
        parts.push(&text[from..]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(server: &Postgres, sql: &str) -> Result<String, String> {
        let session = Session { server, user: "u", database: "d" };
        let table = session.query(sql).map_err(|refusal| refusal.code.to_owned())?;
        let cell = |cell: &Option<String>| cell.clone().unwrap_or("NULL".into());
        let row = |row: &Vec<_>| row.iter().map(cell).collect::<Vec<_>>().join("|");
        Ok(table.unwrap_or_default().rows.iter().map(row).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn the_questions_of_a_probe_are_answered() {
        let mut server = Postgres::new();
        server.extensions =
            vec![("intarray".into(), "1.5".into()), ("plpgsql".into(), "1.0".into())];
        server.tables = vec![("t".into(), vec!["SELECT"])];
        let good = |sql| ask(&server, sql).unwrap();
        assert_eq!(good("SELECT 1"), "1");
        assert_eq!(good("select 1 as one, 'a''b,c'::text;"), "1|a'b,c");
        assert_eq!(
            good(
                "SELECT current_database(), pg_is_in_recovery(), \
                 current_setting('transaction_read_only'), current_setting('server_version')"
            ),
            "d|f|off|15.20 (Debian 15.20-0+deb12u1)"
        );
        assert_eq!(
            good("SELECT extname, extversion FROM pg_extension"),
            "intarray|1.5 plpgsql|1.0"
        );
        assert_eq!(
            good("SELECT extname FROM pg_extension WHERE extname IN ('x', 'intarray')"),
            "intarray"
        );
        assert_eq!(good("SELECT has_table_privilege('t', 'SELECT')"), "t");
        assert_eq!(good("SELECT has_table_privilege('t', 'INSERT')"), "f");
        assert_eq!(good(""), "");
    }

    #[test]
    fn all_else_is_an_error_with_its_sqlstate() {
        let mut server = Postgres::new();
        let code = |server: &Postgres, sql| ask(server, sql).unwrap_err();
        assert_eq!(code(&server, "DROP TABLE t"), "42601");
        assert_eq!(code(&server, "SELECT pg_sleep(1)"), "42601");
        assert_eq!(code(&server, "SELECT * FROM pg_shadow"), "42P01");
        assert_eq!(code(&server, "SELECT has_table_privilege('none', 'SELECT')"), "42P01");
        server.state = State::Standby;
        assert_eq!(code(&server, "CREATE TABLE t ()"), "25006");
    }
}
