//! How much happens at once.
//!
//! Handshakes and logins are work for both sides: 64 at once in all, 8 at one destination. A connect
//! that waits for its SYN-ACK is no work: it is bounded by file descriptors alone, so that dark
//! destinations don't hold up the others. Neither bound depends on the number of cores.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Handshakes and logins at once.
const WORKING: usize = 64;
/// Handshakes and logins at once at one destination.
const AT_ONE_DESTINATION: usize = 8;
/// A SYN-ACK that takes longer than this is waited for without a slot.
const PROMPT: Duration = Duration::from_millis(30);
/// File descriptors that are left for everything but connections.
const RESERVE: u64 = 64;

/// The bounds of a run.
#[derive(Debug)]
pub struct Slots {
    sockets: Arc<Semaphore>,
    /// File descriptors that the first socket of each attempt has to itself.
    kept: usize,
    working: Arc<Semaphore>,
    gates: Mutex<HashMap<SocketAddr, Arc<Gate>>>,
}

/// The door of one destination.
#[derive(Debug)]
struct Gate {
    slots: Arc<Semaphore>,
    slow: AtomicBool,
    turned_slow: Notify,
}

/// A file descriptor, and once connected a place among those that work.
#[derive(Debug, Default)]
pub struct Place {
    socket: Option<OwnedSemaphorePermit>,
    destination: Option<OwnedSemaphorePermit>,
    working: Option<OwnedSemaphorePermit>,
}

impl Slots {
    /// Bounds for a process that may open `files` file descriptors.
    pub fn new(files: u64) -> Self {
        let sockets = files.saturating_sub(RESERVE).clamp(16, 1 << 20);
        let sockets = usize::try_from(sockets).unwrap_or(1 << 20);
        Self {
            sockets: Arc::new(Semaphore::new(sockets)),
            kept: sockets / 2,
            working: Arc::new(Semaphore::new(WORKING)),
            gates: Mutex::default(),
        }
    }

    /// Runs a connect that nothing follows: it takes a file descriptor alone.
    pub async fn connect_only<T>(&self, connect: impl Future<Output = T>) -> T {
        let _socket = acquire(&self.sockets).await;
        connect.await
    }

    /// Runs a connect that work follows, and gives the place that the work holds.
    pub async fn connect<T, E>(
        &self,
        address: SocketAddr,
        connect: impl Future<Output = Result<T, E>>,
    ) -> Result<(T, Place), E> {
        let gate = self.gate(address);
        let mut place = Place { destination: gate.enter().await, ..Place::default() };
        place.socket = acquire(&self.sockets).await;
        let mut connect = std::pin::pin!(connect);
        let connected = if place.destination.is_some() {
            match tokio::time::timeout(PROMPT, connect.as_mut()).await {
                Ok(done) => done?,
                Err(_) => {
                    gate.turn_slow();
                    place.destination = None;
                    connect.await?
                }
            }
        } else {
            connect.await?
        };
        if place.destination.is_none() {
            place.destination = acquire(&gate.slots).await;
        }
        place.working = acquire(&self.working).await;
        Ok((connected, place))
    }

    /// A file descriptor for a socket that may be missing: one that races, or that traces. Half of all
    /// are kept for the first sockets, so that dark destinations take none from the others.
    pub fn spare(&self) -> Option<OwnedSemaphorePermit> {
        let plenty = self.sockets.available_permits() > self.kept;
        plenty.then(|| Arc::clone(&self.sockets).try_acquire_owned().ok()).flatten()
    }

    fn gate(&self, address: SocketAddr) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(address).or_insert_with(|| {
            Arc::new(Gate {
                slots: Arc::new(Semaphore::new(AT_ONE_DESTINATION)),
                slow: AtomicBool::new(false),
                turned_slow: Notify::new(),
            })
        }))
    }
}

impl Gate {
    /// A slot; none where the destination has been slow to answer, since connects there only wait.
    async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        let turned_slow = self.turned_slow.notified();
        tokio::pin!(turned_slow);
        turned_slow.as_mut().enable();
        if self.slow.load(Ordering::Relaxed) {
            return None;
        }
        tokio::select! {
            permit = acquire(&self.slots) => permit,
            () = turned_slow => None,
        }
    }

    fn turn_slow(&self) {
        self.slow.store(true, Ordering::Relaxed);
        self.turned_slow.notify_waiters();
    }
}

/// A permit; `None` only if the semaphore were closed, which nobody does.
async fn acquire(semaphore: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(semaphore).acquire_owned().await.ok()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{Ready, pending, ready};
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// A destination of its own.
    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// A connect that succeeds at once.
    fn at_once() -> Ready<Result<(), Infallible>> {
        ready(Ok(()))
    }

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Places that work, so many at each of the destinations.
    async fn working(slots: &Slots, at_each: usize, destinations: u16) -> Vec<Place> {
        let mut places = Vec::new();
        for port in 0..destinations {
            for _ in 0..at_each {
                let Ok(((), place)) = slots.connect(at(port), at_once()).await;
                places.push(place);
            }
        }
        places
    }

    #[tokio::test]
    async fn the_ninth_at_one_destination_waits_for_one_of_eight() {
        let slots = Slots::new(1_024);
        let mut places = working(&slots, 8, 1).await;
        let mut ninth = pin!(slots.connect(at(0), at_once()));
        assert!(poll(ninth.as_mut()).is_pending());
        let mut elsewhere = pin!(slots.connect(at(1), at_once()));
        assert!(poll(elsewhere.as_mut()).is_ready(), "another destination has slots of its own");
        assert!(poll(ninth.as_mut()).is_pending());
        places.pop();
        assert!(poll(ninth.as_mut()).is_ready());
    }

    #[tokio::test]
    async fn the_sixty_fifth_in_all_is_connected_and_waits_to_work() {
        let slots = Slots::new(1_024);
        let mut places = working(&slots, 8, 8).await;
        assert_eq!(places.len(), 64);
        let mut connected = false;
        let connect = async {
            connected = true;
            Ok::<_, Infallible>(())
        };
        {
            let mut next = pin!(slots.connect(at(8), connect));
            assert!(poll(next.as_mut()).is_pending());
            places.pop();
            assert!(poll(next.as_mut()).is_ready());
        }
        assert!(connected);
    }

    #[tokio::test]
    async fn connects_that_nothing_follows_wait_for_no_slot() {
        let slots = Slots::new(1_024);
        let _places = working(&slots, 8, 8).await;
        assert!(poll(pin!(slots.connect_only(ready(())))).is_ready());
    }

    #[tokio::test]
    async fn a_destination_that_is_slow_to_answer_lets_all_connect() {
        let slots = Slots::new(1_024);
        let begun = std::cell::Cell::new(0);
        let dark = || async {
            begun.set(begun.get() + 1);
            pending::<Result<(), Infallible>>().await
        };
        let mut waiting: Vec<_> = (0..9).map(|_| Box::pin(slots.connect(at(0), dark()))).collect();
        let mut all = || waiting.iter_mut().all(|connect| poll(connect.as_mut()).is_pending());
        assert!(all());
        assert_eq!(begun.get(), 8, "the ninth has no slot");
        slots.gate(at(0)).turn_slow();
        assert!(all());
        assert_eq!(begun.get(), 9, "connects that wait hold no slot");
    }
}
