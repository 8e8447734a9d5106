//! The rung of TLS: towards the peer, and towards a proxy that speaks it.

use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::model::{Fault, FaultCode, Key, Layer, Outcome};
use crate::net::dialer::Dialer;
use crate::net::proxy::Proxy;
use crate::net::tls::{self, TlsRequest};
use crate::net::wire::Wire;

impl Dialer {
    /// Shakes hands over a wire, and judges the peer's certificate before anything is sent.
    ///
    /// # Errors
    /// A fault of `tls.`, `peer.`, or `service.wrong-peer` for an unexpected issuer.
    pub async fn tls(&mut self, wire: Wire, ask: &TlsRequest) -> Result<Wire, Fault> {
        self.tell();
        let trust = Arc::clone(&self.target.trust);
        let raw = Arc::clone(wire.traffic());
        let host = Arc::clone(&self.target.host);
        let begun = Instant::now();
        let limit = self.target.timeouts.tls;
        // Within another protocol, or beside the climb, nobody else is sought.
        let first = ask.lead_in.is_empty() && raw.received() == 0 && !self.aside;
        let stranger = first.then(|| self.stranger("tls"));
        let shaking = std::pin::pin!(tls::shake(wire, &host, &trust, ask));
        let shaken = match &stranger {
            None => tokio::time::timeout(limit, shaking).await,
            Some(stranger) => {
                let shaking = async { stranger.beside(limit, shaking).await? };
                tokio::time::timeout(limit, shaking).await
            }
        };
        let shaken = match shaken {
            Ok(Ok(shaken)) => shaken,
            Ok(Err(mut fault)) => {
                if fault.code == FaultCode::TlsVersion && !self.aside {
                    fault = fault.with_some(Key::PeerVersion, self.old_version(ask).await);
                }
                if let Some(stranger) = &stranger {
                    fault = stranger.after_close(fault).await;
                }
                return Err(self.failed(Layer::Tls, begun, fault));
            }
            Err(_) => {
                let name = trust.server_name.as_deref().unwrap_or(&host);
                return Err(self.failed(Layer::Tls, begun, tls::late(&raw, name)));
            }
        };
        self.warnings.extend(shaken.warnings);
        let Some(mut refusal) = shaken.refusal else {
            self.record(Layer::Tls, begun.elapsed(), Outcome::Ok, shaken.evidence);
            self.session = shaken.wire.session().cloned();
            return Ok(self.topmost(shaken.wire));
        };
        let mut evidence = shaken.evidence.clone();
        evidence.absorb(std::mem::take(&mut refusal.evidence));
        refusal.evidence = evidence;
        self.record(Layer::Tls, begun.elapsed(), Outcome::Fault, shaken.evidence);
        Err(refusal)
    }

    /// Which older version the peer speaks, asked on a second connection.
    async fn old_version(&self, ask: &TlsRequest) -> Option<&'static str> {
        let name = self.target.trust.server_name.as_deref().unwrap_or(&self.target.host);
        let mut side = self.side();
        let ask = async {
            let mut wire = side.tcp().await.ok()?;
            if !ask.lead_in.is_empty() {
                wire.write_all(ask.lead_in).await.ok()?;
                wire.flush().await.ok()?;
                wire.read_u8().await.ok()?;
            }
            tls::old::version(wire, tls::bare(name)).await
        };
        tokio::time::timeout(self.target.timeouts.tls, ask).await.ok().flatten()
    }

    pub(super) async fn secure_proxy(&mut self, wire: Wire, proxy: &Proxy) -> Result<Wire, Fault> {
        let ask = TlsRequest::default();
        let work = tls::shake(wire, &proxy.host, &proxy.trust, &ask);
        let limit = self.target.timeouts.tls;
        let shaken = match tokio::time::timeout(limit, work).await {
            Ok(Ok(shaken)) => match shaken.refusal {
                None => Ok(shaken.wire),
                Some(fault) => Err(fault),
            },
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(Fault::new(FaultCode::PeerSilent, "no TLS handshake in time")),
        };
        shaken.map_err(|fault| self.by_proxy(fault))
    }
}
