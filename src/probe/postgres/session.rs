//! What is asked once logged in: simple queries only, so that a pooler in transaction mode works
//! (PostgreSQL, chapter "Simple Query").

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::model::{Fault, FaultCode, Key, Layer, clean};
use crate::net::Dialer;
use crate::probe::postgres::options::Options;

/// A query's rows as text.
type Rows = Vec<Vec<Option<String>>>;

/// Names the fault of a query that failed.
pub(super) type Wrong<'a> = dyn Fn(&tokio_postgres::Error) -> Fault + Sync + 'a;

/// Rows that are read of an answer.
const ROWS: usize = 1_000;

/// Sends one query.
async fn ask(client: &Client, query: &str) -> Result<Rows, tokio_postgres::Error> {
    let messages = client.simple_query(query).await?;
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|i| row.try_get(i).ok().flatten().map(str::to_owned)).collect())
        }
        _ => None,
    });
    Ok(rows.take(ROWS).collect())
}

/// `SELECT 1`, then what the server says of itself, then what the row asks for.
pub(super) async fn operate(
    dialer: &mut Dialer,
    client: &Client,
    options: &Options,
    database: &str,
    wrong: &Wrong<'_>,
) -> Result<(), Fault> {
    let one = step(dialer, ask(client, "SELECT 1"), wrong).await?;
    if value(&one, 0) != Some("1") {
        return Err(Fault::new(FaultCode::ProtocolMalformed, "the answer to SELECT 1 is not 1"));
    }
    let about = "SELECT current_database(), pg_is_in_recovery(), \
                 current_setting('transaction_read_only'), current_setting('server_version')";
    let rows = step(dialer, ask(client, about), wrong).await?;
    let (recovery, read_only) = (value(&rows, 1) == Some("t"), value(&rows, 2) == Some("on"));
    let name = value(&rows, 0).map(|name| clean::line(name, 63));
    if let Some(version) = value(&rows, 3) {
        dialer.note(Key::ServerVersion, clean::line(version, 60));
    }
    dialer.note(Key::InRecovery, recovery);
    dialer.note(Key::ReadOnly, read_only);
    if let Some(name) = name {
        dialer.note(Key::Database, name.clone());
        if name != database {
            let detail = format!("the database is `{name}`, not `{database}`");
            return Err(Fault::new(FaultCode::ServiceWrongPeer, detail)
                .with(Key::Expected, database)
                .with(Key::Found, name));
        }
    }
    if options.writable && (recovery || read_only) {
        let what = if recovery { "a standby answers" } else { "transactions are read-only" };
        return Err(Fault::new(
            FaultCode::ServiceReadOnly,
            format!("{what}, and writing is needed"),
        )
        .with(Key::InRecovery, recovery)
        .with(Key::ReadOnly, read_only));
    }
    extensions(dialer, client, options, wrong).await?;
    privileges(dialer, client, options, wrong).await
}

async fn step(
    dialer: &mut Dialer,
    query: impl Future<Output = Result<Rows, tokio_postgres::Error>>,
    wrong: &Wrong<'_>,
) -> Result<Rows, Fault> {
    let work = async { query.await.map_err(|error| wrong(&error)) };
    dialer.step(Layer::Operation, FaultCode::PeerStalled, work).await
}

fn value(rows: &Rows, column: usize) -> Option<&str> {
    rows.first()?.get(column)?.as_deref()
}

async fn extensions(
    dialer: &mut Dialer,
    client: &Client,
    options: &Options,
    wrong: &Wrong<'_>,
) -> Result<(), Fault> {
    if options.extensions.is_empty() {
        return Ok(());
    }
    let query = ask(client, "SELECT extname, extversion FROM pg_extension");
    let rows = step(dialer, query, wrong).await?;
    let installed =
        |name: &String| rows.iter().find(|row| row.first().and_then(Option::as_ref) == Some(name));
    let version = |name: &String| {
        let version = installed(name)?.get(1)?.as_deref()?;
        Some(format!("{name} {}", clean::line(version, 20)))
    };
    dialer.note(Key::Extensions, options.extensions.iter().filter_map(version).collect::<Vec<_>>());
    let missing: Vec<String> =
        options.extensions.iter().filter(|name| installed(name).is_none()).cloned().collect();
    if missing.is_empty() {
        return Ok(());
    }
    let detail = format!("the database lacks the extensions {}", missing.join(", "));
    Err(Fault::new(FaultCode::ProtocolUnexpectedBody, detail).with(Key::Missing, missing))
}

async fn privileges(
    dialer: &mut Dialer,
    client: &Client,
    options: &Options,
    wrong: &Wrong<'_>,
) -> Result<(), Fault> {
    let mut held = Vec::new();
    let mut missing = Vec::new();
    for (table, privilege) in &options.privileges {
        let table = table.replace('\'', "''");
        let query = format!("SELECT has_table_privilege('{table}', '{privilege}')");
        let rows = step(dialer, ask(client, &query), wrong).await?;
        let list = if value(&rows, 0) == Some("t") { &mut held } else { &mut missing };
        list.push(format!("{privilege} on {table}"));
    }
    if !options.privileges.is_empty() {
        dialer.note(Key::Privileges, held);
    }
    if missing.is_empty() {
        return Ok(());
    }
    let detail = format!("the account lacks {}", missing.join(", "));
    Err(Fault::new(FaultCode::AuthForbidden, detail).with(Key::Missing, missing))
}
