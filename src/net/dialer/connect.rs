//! The rungs of TCP and of the proxy.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::{Evidence, Fault, FaultCode, Key, Layer, Outcome, Proof, WarningCode};
use crate::net::dialer::Dialer;
use crate::net::proxy::{Proxy, Scheme};
use crate::net::slots::Place;
use crate::net::tcp;
use crate::net::wire::Wire;

impl Dialer {
    /// Connects, through the proxy where there is one.
    ///
    /// # Errors
    /// A fault of `tcp.`, `proxy.` or `local.`.
    pub async fn tcp(&mut self) -> Result<Wire, Fault> {
        let wire = self.connect().await?;
        if let Some(proxy) = self.target.proxy.clone() {
            // Boxed: few rows have a proxy, and each would carry the size of its handshake.
            return Box::pin(self.through(wire, proxy)).await;
        }
        self.reach(Proof::Connected);
        Ok(self.topmost(wire))
    }

    /// Has the proxy open a tunnel over a connection to it.
    async fn through(&mut self, wire: Wire, proxy: Arc<Proxy>) -> Result<Wire, Fault> {
        let wire = match proxy.scheme {
            Scheme::Https => self.secure_proxy(wire, &proxy).await?,
            Scheme::Http | Scheme::Socks5 => wire,
        };
        self.traffic = Some(Arc::clone(wire.traffic()));
        let (host, port) = (Arc::clone(&self.target.host), self.target.port);
        let work = crate::net::proxy::tunnel(wire, &proxy, &host, port);
        let tunnel = self.step(Layer::Proxy, FaultCode::ProxyTargetUnreachable, work).await;
        let (wire, evidence) = tunnel.map_err(|fault| unended(fault, &proxy))?;
        self.note_all(evidence);
        self.reach(Proof::Connected);
        Ok(self.topmost(Wire::new(wire)))
    }

    pub(super) fn topmost(&mut self, wire: Wire) -> Wire {
        if self.watched.is_some() {
            wire.traffic().watch();
        }
        self.traffic = Some(Arc::clone(wire.traffic()));
        wire
    }

    async fn connect(&mut self) -> Result<Wire, Fault> {
        let limit = self.target.timeouts.tcp;
        let (address, target) = (self.address, Arc::clone(&self.target));
        let options = &target.tcp;
        let connect_only = options.connect_only;
        let slots = Arc::clone(&self.slots);
        let started = Instant::now();
        let mut spent = Duration::ZERO;
        let connect = async {
            let begun = Instant::now();
            let connected = tcp::connect(address, options, &slots, limit).await;
            spent = begun.elapsed();
            match (connected, &options.tracer) {
                (Err(fault), Some(tracer)) if fault.code == FaultCode::TcpRefused => {
                    Err(Box::pin(tracer.identify(fault, address, options, &slots, spent)).await)
                }
                (connected, _) => connected,
            }
        };
        let connected = if connect_only {
            slots.connect_only(connect).await.map(|connected| (connected, Place::default()))
        } else {
            slots.connect(address, connect).await
        };
        let spent = if spent.is_zero() { started.elapsed() } else { spent };
        match connected {
            Ok((connected, place)) => {
                self.place = place;
                let evidence = self.connected(&connected, spent);
                self.record(Layer::Tcp, spent, Outcome::Ok, evidence);
                if connect_only && !connected.reset {
                    return Ok(Wire::new(connected.stream));
                }
                self.last = tcp::Last::default();
                let stream = tcp::Stream::new(connected.stream, &self.last);
                Ok(Wire::new(stream.reset(connected.reset)))
            }
            Err(fault) => {
                self.record(Layer::Tcp, spent, Outcome::Fault, Evidence::new());
                Err(self.by_proxy(fault))
            }
        }
    }

    /// What is known of a fresh connection; SYNs that were lost are worth a warning.
    fn connected(&mut self, connected: &tcp::Connected, spent: Duration) -> Evidence {
        if let Some(tracer) = &self.target.tcp.tracer {
            tracer.answered(self.address, spent);
        }
        if connected.reset {
            let reset = std::io::Error::from_raw_os_error(libc::ECONNRESET);
            return Evidence::new().with_some(Key::Errno, tcp::errno_name(&reset));
        }
        let Some(info) = tcp::info(&connected.stream) else { return Evidence::new() };
        let lost = info.retransmits + connected.overtaken;
        if lost > 0 {
            let detail = format!("{lost} SYNs were not answered before the one that was");
            self.warn(WarningCode::TcpRetransmits, detail);
        }
        tcp::evidence(&info, lost)
    }

    /// A fault on the way to the proxy is the proxy's.
    pub(super) fn by_proxy(&self, fault: Fault) -> Fault {
        match &self.target.proxy {
            Some(proxy) if !fault.code.as_str().starts_with("local.") => Fault {
                code: FaultCode::ProxyUnreachable,
                detail: format!("the proxy {} can't be reached: {}", proxy.url(), fault.detail),
                evidence: fault
                    .evidence
                    .with(Key::Cause, fault.code.as_str())
                    .with(Key::Proxy, self.address.to_string()),
            },
            _ => fault,
        }
    }
}

/// Whose the silence is that ran out of time. After CONNECT it is the target's, but half an answer is one that
/// can't be read. SOCKS5 answers once before it is told of any target: without that, nobody is there.
fn unended(mut fault: Fault, proxy: &Proxy) -> Fault {
    if fault.evidence.get(Key::WaitedMs).is_none() {
        return fault;
    }
    let began = fault.evidence.number(Key::Bytes).is_some_and(|bytes| bytes > 0);
    match (proxy.scheme, began) {
        (Scheme::Http | Scheme::Https, true) => {
            fault.code = FaultCode::ProxyMalformed;
            "the proxy's answer to CONNECT has no end".clone_into(&mut fault.detail);
        }
        (Scheme::Socks5, false) => {
            fault.code = FaultCode::ProxyUnreachable;
            fault.detail = format!("the proxy {} accepts and says nothing", proxy.url());
            fault.evidence.set(Key::Cause, FaultCode::PeerSilent.as_str());
        }
        _ => {}
    }
    fault.with(Key::ProxyName, proxy.url())
}
