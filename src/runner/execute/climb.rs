//! Climbing the addresses of an aim: beside each other, each until it holds or its retries are used up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::model::{
    Attempt, Credentials, Expectation, Fault, FaultCode, Layer, Proof, Step, Warning,
};
use crate::net::tcp::Info;
use crate::net::watch::Bytes;
use crate::net::{Dialer, Target};
use crate::runner::execute::Shared;
use crate::runner::plan::{Aim, Case};

/// First pause before a retry; it doubles up to two seconds.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

pub(super) struct Tried {
    pub(super) port: u16,
    pub(super) attempts: Vec<Attempt>,
    pub(super) warnings: Vec<Warning>,
}

/// How often a faulty attempt is made again: never where a fault is what the row expects.
pub(super) fn retries(aim: &Aim, case: &Case) -> usize {
    match case.expectation {
        Expectation::Reachable => aim.retries as usize,
        Expectation::Blocked { .. } => 0,
    }
}

/// What is dialled at a host; port and address are those of each climb.
pub(super) fn target(
    aim: &Aim,
    case: &Case,
    host: &Arc<str>,
    credentials: &Result<Credentials, Fault>,
) -> Target {
    let mut target = aim.target.clone();
    target.host = Arc::clone(host);
    target.credentials.clone_from(credentials);
    target.required = case.required;
    target
}

/// Climbs each address: one at hand here, several beside each other.
pub(super) async fn all(
    shared: &Arc<Shared>,
    aim: &Aim,
    case: &Case,
    kept: Option<usize>,
    target: Target,
    dials: Vec<(u16, SocketAddr)>,
    step: Option<&Step>,
) -> Vec<Tried> {
    let alone = dials.len() == 1 && aim.hosts.len() == 1 && shared.plan.sampling.samples <= 1;
    let climb = |mut target: Target, port, address| {
        target.port = port;
        Climb {
            shared: Arc::clone(shared),
            target: Arc::new(target),
            probe: Arc::clone(&aim.probe),
            layers: aim.protocol.layers,
            address,
            step: step.cloned(),
            required: case.required,
            retries: u32::try_from(retries(aim, case)).unwrap_or(0),
            kept,
            alone,
            weighs: case.expectation == Expectation::Reachable,
        }
    };
    if let [(port, address)] = dials[..] {
        return vec![climb(target, port, address).run().await];
    }
    let climbs = dials.into_iter().map(|(port, address)| climb(target.clone(), port, address));
    let mut tasks = JoinSet::new();
    for (at, climb) in climbs.into_iter().enumerate() {
        tasks.spawn(async move { (at, climb.run().await) });
    }
    let mut done = Vec::new();
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok(tried) => done.push(tried),
            // A panic in one address is the case's: it is told as a mistake of ours.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => {}
        }
    }
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, tried)| tried).collect()
}

/// One address and port, climbed until it holds or the retries are used up.
pub(super) struct Climb {
    shared: Arc<Shared>,
    pub(super) target: Arc<Target>,
    probe: Arc<dyn crate::probe::Probe>,
    layers: &'static [Layer],
    pub(super) address: SocketAddr,
    step: Option<Step>,
    required: Proof,
    retries: u32,
    /// The case for which attempts are kept.
    kept: Option<usize>,
    /// Whether nothing else of the case is dialled: what passes is then the end of it, and not worth a copy.
    alone: bool,
    /// Whether silence is worth the question of whether it depends on the size of packets.
    weighs: bool,
}

/// One attempt, and what is known of it beside.
pub(super) struct Climbed {
    pub(super) attempt: Attempt,
    warnings: Vec<Warning>,
    /// What the kernel knew of its last connection.
    pub(super) ended: Option<Info>,
}

impl Climb {
    async fn run(self) -> Tried {
        let mut tried =
            Tried { port: self.target.port, attempts: Vec::new(), warnings: Vec::new() };
        for turn in 0..=self.retries {
            if turn > 0 {
                let pause = PAUSE.saturating_mul(1 << (turn - 1).min(4));
                tokio::time::sleep(pause.min(Duration::from_secs(2))).await;
            }
            if let (Some(watch), Some(step)) = (&self.target.watch, &self.step) {
                watch.landed(&self.address.to_string(), step, &Bytes::default());
            }
            let mut climbed = self.once(&self.target).await;
            let again = !climbed.attempt.proves(self.required)
                && climbed.attempt.fault.as_ref().is_some_and(retryable);
            let silent =
                climbed.attempt.fault.as_ref().is_some_and(|fault| fault.code.is_silence());
            if let Some(step) = &self.step {
                climbed.attempt.steps.insert(0, step.clone());
            }
            let last = self.alone && climbed.attempt.fault.is_none();
            if let Some(index) = self.kept.filter(|_| !last) {
                self.shared.ledger.keep(index, self.target.port, &climbed.attempt);
            }
            if silent && self.weighs && !(again && turn < self.retries) {
                // Boxed: few rows meet silence, and each would carry the size of another climb.
                Box::pin(self.weigh(&mut climbed)).await;
                if let Some(index) = self.kept {
                    self.shared.ledger.amend(index, self.target.port, &climbed.attempt);
                }
            }
            tried.attempts.push(climbed.attempt);
            tried.warnings = climbed.warnings;
            if !again {
                break;
            }
        }
        tried
    }

    /// Climbs once, towards the row's target or the same with other options.
    pub(super) async fn once(&self, target: &Arc<Target>) -> Climbed {
        let names = Arc::clone(&self.shared.names);
        let slots = Arc::clone(&self.shared.slots);
        let mut dialer = Dialer::new(Arc::clone(target), names, slots, self.address);
        if target.proxy.is_none() {
            dialer.reach(Proof::Resolved);
        }
        let result = match target.cap {
            Proof::None | Proof::Resolved => Ok(()),
            _ => self.probe.run(&mut dialer).await,
        };
        if result.as_ref().is_err_and(|fault| fault.code.is_silence()) {
            // Tasks that held the connection were told to end; this lets them.
            tokio::task::yield_now().await;
        }
        let ended = dialer.ended();
        let (attempt, warnings) = dialer.finish(result, self.layers);
        Climbed { attempt, warnings, ended }
    }
}

/// Faults that are not tried again, each with its reason. Every other is, as often as the row says.
const FINAL: &[(FaultCode, &str)] = &[
    (FaultCode::AuthRejected, "the same secret once more counts towards a lockout"),
    (FaultCode::AuthRequired, "credentials that the row lacks don't come within a run"),
    (FaultCode::AuthInsecure, "nothing was sent, and nothing will be: only a site may allow it"),
    (FaultCode::AuthNoToken, "the token was asked for, and is asked for once a run"),
    (FaultCode::LocalSecretUnreadable, "what this host lacks, it lacks until the run is over"),
    (FaultCode::LocalInternal, "our own mistake stays one"),
];

/// Whether another attempt may come to something else, and harms nobody.
pub(super) fn retryable(fault: &Fault) -> bool {
    FINAL.iter().all(|(code, _)| *code != fault.code)
}
