//! What becomes of a packet on the way, found out without privileges and only after silence or a
//! refusal: how far SYNs get (`path`), and how far away an RST was sent (`origin`).
//!
//! A router answers six messages at once and then one a second (Linux `icmp_ratelimit`), so no more
//! than six traces begin at once, and their places are given back no sooner than that.

mod origin;
mod path;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout};

use crate::model::Fault;
use crate::net::slots::Slots;
use crate::net::tcp::{self, Options};

pub use origin::Origin;
pub use path::{Answer, Path, Untraced};

/// Traces that begin at once: each sends one SYN that the first hop answers.
const AT_ONCE: usize = 6;
/// How long the place of a trace is kept: six in six seconds is what routers go on answering.
const KEPT: Duration = Duration::from_secs(6);
/// How long a trace waits for its turn: longer than any row waits for its connect.
const TURN: Duration = Duration::from_secs(30);
/// How long a refusal waits for the trace that tells how far the refused SYN had to go.
const WAIT: Duration = Duration::from_millis(500);

/// The traces of a run: one for each destination and port, however many rows lead there.
#[derive(Debug)]
pub struct Tracer {
    paths: Mutex<HashMap<SocketAddr, watch::Receiver<Path>>>,
    origins: Mutex<HashMap<SocketAddr, Arc<OnceCell<Option<Origin>>>>>,
    open: Mutex<HashMap<IpAddr, origin::Open>>,
    /// IPv4 and IPv6: a router counts the messages of each by itself.
    turns: [Arc<Semaphore>; 2],
}

impl Default for Tracer {
    fn default() -> Self {
        Self {
            paths: Mutex::default(),
            origins: Mutex::default(),
            open: Mutex::default(),
            turns: [AT_ONCE; 2].map(|places| Arc::new(Semaphore::new(places))),
        }
    }
}

impl Tracer {
    /// Notes that a port of a host accepts, and how long that took: what the host answers elsewhere can be
    /// held against it.
    pub fn answered(&self, address: SocketAddr, round_trip: Duration) {
        let open = origin::Open { port: address.port(), round_trip };
        locked(&self.open).entry(address.ip()).or_insert(open);
    }

    /// The path to a destination, which grows as routers answer. Whoever asks first starts the trace;
    /// it goes on beside the rows, and what is known when a row's time is over is told.
    pub fn follow(
        self: &Arc<Self>,
        address: SocketAddr,
        options: &Options,
        slots: &Arc<Slots>,
    ) -> watch::Receiver<Path> {
        let mut paths = locked(&self.paths);
        let sender = match paths.entry(address) {
            Entry::Occupied(known) => return known.get().clone(),
            Entry::Vacant(vacant) => {
                let (sender, receiver) = watch::channel(Path::default());
                vacant.insert(receiver);
                sender
            }
        };
        let path = sender.subscribe();
        drop(paths);
        // Nothing is between this host and itself.
        if tcp::is_ours(address.ip()) {
            sender.send_modify(|path| path.untraced = Untraced::Ourselves);
            return path;
        }
        let (tracer, options, slots) = (Arc::clone(self), options.clone(), Arc::clone(slots));
        tokio::spawn(async move {
            let turns = Arc::clone(&tracer.turns[usize::from(address.is_ipv6())]);
            let turn = timeout(TURN, turns.acquire_owned()).await;
            // Rows whose time was over before their turn came need no trace; a retry may.
            let (Ok(Ok(_turn)), true) = (turn, sender.receiver_count() > 1) else {
                locked(&tracer.paths).remove(&address);
                return;
            };
            let begun = Instant::now();
            sender.send_modify(|path| path.untraced = Untraced::NoFiles);
            path::trace(address, &options, &slots, &sender).await;
            sleep_until(begun + KEPT).await;
        });
        path
    }

    /// Finds out who sent an RST, and tells it in the fault.
    pub async fn identify(
        self: &Arc<Self>,
        fault: Fault,
        address: SocketAddr,
        options: &Options,
        slots: &Arc<Slots>,
        round_trip: Duration,
    ) -> Fault {
        if tcp::is_ours(address.ip()) {
            return fault;
        }
        let cell = Arc::clone(locked(&self.origins).entry(address).or_default());
        let origin = cell.get_or_init(|| async {
            let ask = origin::Ask { address, options, slots, round_trip };
            let arrival_ttl = ask.arrival_ttl().await?;
            // How far the SYN had to go is known once it has got there.
            let syn_ttl = async {
                let mut path = self.follow(address, options, slots);
                let got_there = path.wait_for(|path| path.reached().is_some());
                let reached = match timeout(WAIT, got_there).await {
                    Ok(Ok(path)) => path.reached(),
                    _ => None,
                };
                reached.ok_or_else(|| path.borrow().why_not())
            };
            let open = || locked(&self.open).get(&address.ip()).copied();
            Some(ask.origin(arrival_ttl, syn_ttl, open).await)
        });
        match origin.await {
            Some(origin) => origin.tell(fault, address),
            None => fault,
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
