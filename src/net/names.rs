//! The names of a run: `--resolve` first, then the resolver; each name is asked for once.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, Semaphore};

use crate::model::{Evidence, Family, Fault, Key};
use crate::net::dns::{Resolution, Resolver};

/// Where a name leads, whatever the resolver says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The name.
    pub host: String,
    /// The port that it is for; `None` for every port.
    pub port: Option<u16>,
    /// The address.
    pub address: IpAddr,
    /// Another port to dial, as curl's `--connect-to` has it.
    pub to_port: Option<u16>,
}

/// The addresses of a name, ready to be dialled.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Addresses and ports.
    pub addresses: Vec<SocketAddr>,
    /// How they were come by.
    pub evidence: Evidence,
}

/// File descriptors of the process for each name that is asked for at once: two sockets, and three times
/// as many for connections.
const FILES: u64 = 8;
/// File descriptors of a process that nobody has told of.
const UNTOLD: u64 = 1_024;

type Asked = Arc<OnceCell<Result<Resolution, Fault>>>;

/// The names of a run.
#[derive(Debug, Default)]
pub struct Names {
    resolver: Resolver,
    overrides: Vec<Override>,
    asked: Mutex<HashMap<(String, u8), Asked>>,
    at_once: OnceLock<Semaphore>,
}

impl Names {
    /// Names by a resolver, some of them overridden.
    pub fn new(resolver: Resolver, overrides: Vec<Override>) -> Self {
        Self { resolver, overrides, ..Self::default() }
    }

    /// The resolver beneath.
    pub fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    /// Whether an option leads this name and port elsewhere.
    pub fn overrides(&self, host: &str, port: u16) -> bool {
        self.overridden(host, port).next().is_some()
    }

    fn overridden<'a>(&'a self, host: &'a str, port: u16) -> impl Iterator<Item = &'a Override> {
        let matches = move |known: &&Override| {
            known.host.eq_ignore_ascii_case(host) && known.port.is_none_or(|known| known == port)
        };
        self.overrides.iter().filter(matches)
    }

    /// Forgets what the resolver said of a name, so that a retry asks anew.
    pub fn forget(&self, host: &str) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|(name, _), _| name != host);
    }

    /// The addresses of a name.
    ///
    /// # Errors
    /// A fault of `dns.`.
    pub async fn resolve(
        &self,
        host: &str,
        port: u16,
        family: Family,
        within: Duration,
    ) -> Result<Resolved, Fault> {
        let overridden: Vec<SocketAddr> = self
            .overridden(host, port)
            .map(|known| SocketAddr::new(known.address, known.to_port.unwrap_or(port)))
            .collect();
        if !overridden.is_empty() {
            let evidence = Evidence::new().with(Key::Name, host).with(Key::Source, "option").with(
                Key::Addresses,
                overridden.iter().map(ToString::to_string).collect::<Vec<_>>(),
            );
            return Ok(Resolved { addresses: overridden, evidence });
        }
        let resolution = self.once(host, family, within).await?;
        let addresses =
            resolution.addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
        Ok(Resolved { addresses, evidence: resolution.evidence })
    }

    async fn once(
        &self,
        host: &str,
        family: Family,
        within: Duration,
    ) -> Result<Resolution, Fault> {
        if let Some(literal) = Resolution::literal(host) {
            return Ok(literal);
        }
        let asked = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(asked.entry((host.to_owned(), family as u8)).or_default())
        };
        let ask = || async {
            // Closed it never is; the wait is no part of the name's time.
            let _turn = self.bound(UNTOLD).acquire().await;
            Box::pin(self.resolver.resolve(host, family, within)).await
        };
        asked.get_or_init(ask).await.clone()
    }

    /// Bounds how many names are asked for at once, by the file descriptors of the process: a name server
    /// that says nothing would take every one of a large run. What was said first stays.
    pub fn bound(&self, files: u64) -> &Semaphore {
        self.at_once.get_or_init(|| {
            Semaphore::new(usize::try_from((files / FILES).clamp(4, 1_024)).unwrap_or(1_024))
        })
    }
}
