//! The credentials of a case; a token is fetched once a run, by whoever needs it first.

use std::sync::Arc;

use crate::model::{Credentials, Fault, FaultCode, Proof, Secret};
use crate::net::Dialer;
use crate::runner::aim::no_token;
use crate::runner::execute::Shared;
use crate::runner::execute::resolve::resolve;
use crate::runner::plan::{Aim, Case};

/// The credentials of a case.
pub(super) async fn credentials(
    shared: &Arc<Shared>,
    aim: &Aim,
    case: &Case,
) -> Result<Credentials, Fault> {
    let Some((endpoint, _)) = &aim.token_of else { return aim.target.credentials.clone() };
    let key = (endpoint.clone(), Arc::clone(&case.source));
    if aim.target.cap < Proof::Authenticated || case.required < Proof::Authenticated {
        return Ok(Credentials::None);
    }
    let (Some(cell), Some(source)) = (shared.tokens.get(&key), shared.plan.tokens.get(&key)) else {
        return Err(Fault::new(FaultCode::AuthNoToken, format!("`{endpoint}` gives no tokens")));
    };
    let token = cell.get_or_init(|| Box::pin(fetch(shared, &source.aim))).await;
    token.clone().map(Credentials::Token).map_err(|cause| no_token(&source.row, &cause))
}

/// Fetches a token from the first address that gives one.
async fn fetch(shared: &Arc<Shared>, aim: &Aim) -> Result<Secret, Fault> {
    let host = &aim.hosts[0];
    let dialled = match &aim.target.proxy {
        Some(proxy) => resolve(shared, aim, &proxy.host, proxy.port).await,
        None => resolve(shared, aim, host, aim.ports[0]).await,
    };
    let gone = || Fault::new(FaultCode::DnsNoData, format!("{host} has no address"));
    let (addresses, ..) = dialled.map_err(|attempt| attempt.fault.unwrap_or_else(gone))?;
    let mut target = aim.target.clone();
    (target.host, target.port) = (Arc::clone(host), aim.ports[0]);
    let target = Arc::new(target);
    let mut last = gone();
    for address in addresses {
        let (names, slots) = (Arc::clone(&shared.names), Arc::clone(&shared.slots));
        let mut dialer = Dialer::new(Arc::clone(&target), names, slots, address);
        let Some(token) = aim.probe.token(&mut dialer) else {
            return Err(Fault::new(FaultCode::LocalInternal, "the row's protocol has no tokens"));
        };
        match token.await {
            Ok(token) => return Ok(token),
            // The dialer takes our own secrets out of what the peer said.
            Err(fault) => last = dialer.finish(Err(fault), &[]).0.fault.unwrap_or_else(gone),
        }
        if last.code == FaultCode::AuthRejected {
            // Never again with the same secret: that locks accounts.
            break;
        }
    }
    Err(last)
}
