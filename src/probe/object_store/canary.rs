//! The canary: a tiny object written, read back and removed. Only where the row asks for it.

use crate::model::{Credentials, Fault, FaultCode, Layer, WarningCode};
use crate::net::Dialer;
use crate::probe::http as web;
use crate::probe::http::exchange::{Answer, Connection};
use crate::probe::object_store::store::{Operation, Store};

/// Writes, reads and removes an object under `prefix`.
///
/// # Errors
/// The fault of the first of the three that fails. What was written and could not be removed is a
/// warning that names it.
pub(super) async fn run(
    dialer: &mut Dialer,
    connection: &mut Connection,
    store: &Store<'_>,
    credentials: &Credentials,
    prefix: &str,
) -> Result<(), Fault> {
    let now = time::OffsetDateTime::now_utc().unix_timestamp_nanos();
    let name = format!("{prefix}connprobe-{}-{now}", std::process::id());
    let content = format!("connprobe canary {now}");
    let (name, content) = (name.as_str(), content.as_bytes());
    let mut run = Canary { dialer, connection, store, credentials };
    let written = run.good(Operation::Put(name, content)).await;
    if let Err(fault) = written {
        // After silence or a break nobody knows whether it was written.
        if matches!(fault.code.layer(), Layer::Protocol | Layer::Operation) {
            run.remove(name).await;
        }
        return Err(fault);
    }
    let read = run.good(Operation::Get(name)).await;
    let removed = run.remove(name).await;
    if read?.body != content {
        return Err(Fault::new(
            FaultCode::ServiceError,
            "the object that was read is not the one that was written",
        ));
    }
    removed.map_or(Ok(()), Err)
}

struct Canary<'a> {
    dialer: &'a mut Dialer,
    connection: &'a mut Connection,
    store: &'a Store<'a>,
    credentials: &'a Credentials,
}

impl Canary<'_> {
    async fn ask(&mut self, what: Operation<'_>) -> Result<Answer, Fault> {
        if !self.connection.is_open() {
            let mut side = self.dialer.side();
            if let Some(fresh) = web::connect(&mut side).await? {
                *self.connection = fresh;
            }
        }
        let request = self.store.request(self.credentials, what)?;
        let exchange = self.connection.send(&request);
        self.dialer.step(Layer::Operation, FaultCode::PeerSilent, exchange).await
    }

    /// The answer, where its status is 2xx.
    async fn good(&mut self, what: Operation<'_>) -> Result<Answer, Fault> {
        let answer = self.ask(what).await?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        let begun = std::time::Instant::now();
        let fault = self.store.fault(&answer, self.dialer, true);
        Err(self.dialer.failed(Layer::Operation, begun, fault))
    }

    /// Removes the object; a leftover is a warning. An object that is not there is removed.
    async fn remove(&mut self, name: &str) -> Option<Fault> {
        let fault = match self.ask(Operation::Delete(name)).await {
            Ok(answer) if (200..300).contains(&answer.status) || answer.status == 404 => {
                return None;
            }
            Ok(answer) => self.store.fault(&answer, self.dialer, true),
            Err(fault) => fault,
        };
        let bucket = self.store.bucket;
        let detail = format!("`{name}` may remain in `{bucket}`: {}", fault.code.as_str());
        self.dialer.warn(WarningCode::ProbeLeftovers, detail);
        Some(fault)
    }
}
