//! Negative controls: connecting to what nothing should answer at.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{Attempt, Family};
use crate::net::Dialer;
use crate::net::names::Resolved;
use crate::runner::execute::Shared;

/// How long such an address is waited for. What accepts everything stands in the pod or beside it and
/// answers at once; a run must not last longer than its slowest row for the sake of a silence.
const ENOUGH: Duration = Duration::from_millis(500);

/// Connects to an address that nothing should answer at, as the source's own rows connect.
pub(super) async fn negative(
    shared: &Shared,
    source: &Arc<str>,
    host: &Arc<str>,
    port: u16,
) -> Attempt {
    let like = shared.plan.cases.iter().find(|case| case.runs() && case.source == *source);
    let Some(like) = like.and_then(|case| case.aim.as_ref()) else {
        return Attempt::new(Some(format!("{host}:{port}")));
    };
    let mut target = like.target.clone();
    (target.host, target.port, target.proxy) = (Arc::clone(host), port, None);
    target.tcp.connect_only = true;
    target.tcp.tracer = None;
    target.timeouts.tcp = target.timeouts.tcp.min(ENOUGH);
    target.watch = None;
    let within = target.timeouts.dns;
    match shared.names.resolve(host, port, Family::Any, within).await {
        Ok(Resolved { addresses, .. }) if !addresses.is_empty() => {
            let (names, slots) = (Arc::clone(&shared.names), Arc::clone(&shared.slots));
            let mut dialer = Dialer::new(Arc::new(target), names, slots, addresses[0]);
            let result = dialer.tcp().await.map(drop);
            dialer.finish(result, &[]).0
        }
        Ok(_) => Attempt::new(None),
        Err(fault) => Attempt { fault: Some(fault), ..Attempt::new(None) },
    }
}
