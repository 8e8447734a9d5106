//! Executing a plan: all cases at once, bounded; what happens is told by events, and a case exists
//! from the start, so that a panic or a signal loses none.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use crate::model::{
    Addresses, Attempt, Credentials, Evidence, Expectation, Family, Fault, FaultCode, Key, Layer,
    Outcome as StepOutcome, Proof, Secret, Step, Warning, WarningCode,
};
use crate::net::dialer::millis;
use crate::net::names::Resolved;
use crate::net::slots::Slots;
use crate::net::{Dialer, Names, Target};
use crate::runner::aim::no_token;
use crate::runner::plan::{Aim, Case, Plan, TokenKey, routed};

/// Cases that are begun at once at first; more follow while those wait.
const WINDOW: usize = 256;
/// How long nothing may happen before more cases are begun.
const PATIENCE: Duration = Duration::from_millis(5);
/// First pause before a retry; it doubles up to two seconds.
const PAUSE: Duration = Duration::from_millis(200);

/// What bounds a run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time for the whole run.
    pub deadline: Option<Duration>,
    /// File descriptors that the process may open.
    pub files: u64,
}

/// What happens while a plan is executed.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A case is done; its index in the plan.
    Done(usize, &'a Outcome),
}

/// What was seen of a case.
#[derive(Debug)]
pub struct Outcome {
    /// Every attempt.
    pub attempts: Vec<Attempt>,
    /// The attempts that decide: the last at each address, or the best of them.
    pub deciding: Vec<usize>,
    /// What else to know.
    pub warnings: Vec<Warning>,
    /// Whether an address came through only at a retry.
    pub retried: bool,
    /// The alternate that works where the documented way does not.
    pub works: Option<String>,
    /// From start to end.
    pub elapsed: Duration,
}

/// What was seen of a plan.
#[derive(Debug, Default)]
pub struct Finished {
    /// What was seen of each case; `None` where it was not run or not done.
    pub outcomes: Vec<Option<Outcome>>,
    /// Cases whose probe panicked.
    pub panicked: Vec<usize>,
    /// Negative controls: source, target, attempt.
    pub negative: Vec<(Arc<str>, String, Attempt)>,
    /// Whether it was cut short.
    pub interrupted: bool,
    /// From start to end.
    pub elapsed: Duration,
}

/// What the cases of a run share.
struct Shared {
    plan: Arc<Plan>,
    names: Arc<Names>,
    slots: Arc<Slots>,
    tokens: HashMap<TokenKey, OnceCell<Result<Secret, Fault>>>,
}

/// What a task brings home.
enum Brought {
    Case(usize, Outcome),
    Control(Arc<str>, String, Attempt),
}

/// Executes a plan until it is done, its deadline is over, or `stop` is.
pub async fn execute(
    plan: Arc<Plan>,
    names: Arc<Names>,
    limits: Limits,
    stop: impl Future<Output = ()>,
    mut told: impl FnMut(Event<'_>),
) -> Finished {
    let started = Instant::now();
    let tokens = plan.tokens.keys().map(|key| (key.clone(), OnceCell::new())).collect();
    let slots = Arc::new(Slots::new(limits.files));
    let shared = Arc::new(Shared { plan: Arc::clone(&plan), names, slots, tokens });
    let mut finished = Finished::default();
    finished.outcomes.resize_with(plan.cases.len(), || None);
    let most = usize::try_from(limits.files.saturating_sub(64)).unwrap_or(1_024).clamp(64, 16_384);
    let mut waiting = plan.cases.iter().enumerate().filter(|(_, case)| case.runs());
    let mut waiting = waiting.by_ref().map(|(index, _)| index).peekable();
    let mut tasks = JoinSet::new();
    let mut of_task: HashMap<tokio::task::Id, usize> = HashMap::new();
    spawn_controls(&shared, &mut tasks);
    let mut window = WINDOW;
    let deadline = async {
        match limits.deadline {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let (mut stop, mut deadline) = (std::pin::pin!(stop), std::pin::pin!(deadline));
    loop {
        while tasks.len() < window.min(most) {
            let Some(index) = waiting.next() else { break };
            let shared = Arc::clone(&shared);
            let task = tasks.spawn(async move { case(&shared, index).await });
            of_task.insert(task.id(), index);
        }
        if tasks.is_empty() {
            break;
        }
        let patience = waiting.peek().is_some() && window < most;
        tokio::select! {
            joined = tasks.join_next_with_id() => match joined {
                Some(Ok((id, Brought::Case(index, outcome)))) => {
                    of_task.remove(&id);
                    told(Event::Done(index, &outcome));
                    finished.outcomes[index] = Some(outcome);
                }
                Some(Ok((_, Brought::Control(source, target, attempt)))) => {
                    finished.negative.push((source, target, attempt));
                }
                Some(Err(error)) => finished.panicked.extend(of_task.remove(&error.id())),
                None => break,
            },
            () = tokio::time::sleep(PATIENCE), if patience => window += WINDOW,
            () = &mut stop => { finished.interrupted = true; break }
            () = &mut deadline => { finished.interrupted = true; break }
        }
    }
    tasks.abort_all();
    finished.elapsed = started.elapsed();
    finished
}

fn spawn_controls(shared: &Arc<Shared>, tasks: &mut JoinSet<Brought>) {
    for (source, controls) in &shared.plan.controls {
        for (host, port) in &controls.negative {
            let (shared, source) = (Arc::clone(shared), Arc::clone(source));
            let (host, port) = (Arc::clone(host), *port);
            tasks.spawn(async move {
                let attempt = negative(&shared, &source, &host, port).await;
                Brought::Control(source, format!("{host}:{port}"), attempt)
            });
        }
    }
}

/// Connects to an address that nothing should answer at, as the source's own rows connect.
async fn negative(shared: &Shared, source: &Arc<str>, host: &Arc<str>, port: u16) -> Attempt {
    let like = shared.plan.cases.iter().find(|case| case.runs() && case.source == *source);
    let Some(like) = like.and_then(|case| case.aim.as_ref()) else {
        return Attempt::new(Some(format!("{host}:{port}")));
    };
    let mut target = like.target.clone();
    (target.host, target.port, target.proxy) = (Arc::clone(host), port, None);
    target.tcp.connect_only = true;
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

async fn case(shared: &Arc<Shared>, index: usize) -> Brought {
    let started = Instant::now();
    let case = &shared.plan.cases[index];
    let mut outcome = match &case.aim {
        Some(aim) => climb(shared, aim, case).await,
        None => nothing(),
    };
    // Rejected credentials are not tried elsewhere either.
    let rejected = outcome.attempts.iter().any(|attempt| {
        attempt.fault.as_ref().is_some_and(|fault| fault.code == FaultCode::AuthRejected)
    });
    if falls_short(&outcome, case) && !rejected {
        for other in &case.alternates {
            let tried = climb(shared, &other.aim, case).await;
            if !falls_short(&tried, case) {
                outcome.works = Some(other.what.clone());
                break;
            }
        }
    }
    outcome.elapsed = started.elapsed();
    Brought::Case(index, outcome)
}

fn nothing() -> Outcome {
    Outcome {
        attempts: Vec::new(),
        deciding: Vec::new(),
        warnings: Vec::new(),
        retried: false,
        works: None,
        elapsed: Duration::ZERO,
    }
}

fn falls_short(outcome: &Outcome, case: &Case) -> bool {
    outcome.deciding.is_empty()
        || outcome.deciding.iter().any(|at| !outcome.attempts[*at].proves(case.required))
}

/// One address and port, with every attempt at it.
struct Tried {
    port: u16,
    attempts: Vec<Attempt>,
    warnings: Vec<Warning>,
}

/// Climbs every address and port of an aim.
async fn climb(shared: &Arc<Shared>, aim: &Aim, case: &Case) -> Outcome {
    let credentials = credentials(shared, aim, case).await;
    let mut outcome = Outcome { warnings: case.warnings.clone(), ..nothing() };
    let mut tried = Vec::new();
    for host in &aim.hosts {
        let mut lost = Vec::new();
        let reached = loop {
            let (name, port) = match &aim.target.proxy {
                Some(proxy) => (proxy.host.as_str(), proxy.port),
                None => (&**host, aim.ports[0]),
            };
            match resolve(shared, aim, name, port).await {
                Err(attempt) if lost.len() < retries(aim, case) => {
                    lost.push(attempt);
                    shared.names.forget(name);
                    tokio::time::sleep(PAUSE).await;
                }
                reached => break reached,
            }
        };
        let port = aim.ports[0];
        let alone = |attempts| Tried { port, attempts, warnings: Vec::new() };
        match reached {
            Ok((addresses, step, warnings, unmet)) => {
                outcome.warnings.extend(warnings);
                let dials = dials(shared, aim, host, &addresses).await;
                let mut climbed =
                    all(shared, aim, case, host, dials, step.as_ref(), &credentials).await;
                climbed.extend(unmet.map(|attempt| alone(vec![attempt])));
                if let Some(first) = climbed.first_mut() {
                    first.attempts.splice(0..0, lost);
                }
                tried.extend(climbed);
            }
            Err(attempt) => {
                lost.push(attempt);
                tried.push(alone(lost));
            }
        }
    }
    gather(&mut outcome, tried, aim.addresses, case);
    outcome
}

/// How often a faulty attempt is made again: never where a fault is what the row expects.
fn retries(aim: &Aim, case: &Case) -> usize {
    match case.expectation {
        Expectation::Reachable => aim.retries as usize,
        Expectation::Blocked { .. } => 0,
    }
}

/// The addresses to dial, with each port; an option may lead single ports elsewhere.
async fn dials(
    shared: &Shared,
    aim: &Aim,
    host: &str,
    addresses: &[SocketAddr],
) -> Vec<(u16, SocketAddr)> {
    let mut dials = Vec::with_capacity(addresses.len() * aim.ports.len());
    for port in &aim.ports {
        let first = *port == aim.ports[0];
        if let Some(proxy) = &aim.target.proxy {
            dials.extend(addresses.iter().map(|a| (*port, SocketAddr::new(a.ip(), proxy.port))));
        } else if first || !shared.names.overrides(host, *port) {
            let at = |a: &SocketAddr| if first { *a } else { SocketAddr::new(a.ip(), *port) };
            dials.extend(addresses.iter().map(|a| (*port, at(a))));
        } else {
            let within = aim.target.timeouts.dns;
            let found = shared.names.resolve(host, *port, aim.family, within).await;
            let found = found.map(|found| found.addresses).unwrap_or_default();
            dials.extend(found.into_iter().map(|a| (*port, a)));
        }
    }
    dials
}

/// Puts the attempts in order, and finds those that decide.
fn gather(outcome: &mut Outcome, tried: Vec<Tried>, addresses: Addresses, case: &Case) {
    // Each address has to be blocked, whatever would do for a connection.
    let blocked = matches!(case.expectation, Expectation::Blocked { .. });
    let mut best: BTreeMap<u16, usize> = BTreeMap::new();
    for tried in tried {
        let faulty = tried.attempts.len() > 1;
        outcome.attempts.extend(tried.attempts);
        let last = outcome.attempts.len() - 1;
        outcome.retried |= faulty && outcome.attempts[last].proves(case.required);
        for warning in tried.warnings {
            if !outcome.warnings.contains(&warning) {
                outcome.warnings.push(warning);
            }
        }
        if addresses == Addresses::Any && !blocked {
            let better = best.get(&tried.port).is_none_or(|known| {
                let of = |at: usize| {
                    let attempt = &outcome.attempts[at];
                    (attempt.proves(case.required), attempt.proof)
                };
                of(last) > of(*known)
            });
            if better {
                best.insert(tried.port, last);
            }
        } else {
            outcome.deciding.push(last);
        }
    }
    outcome.deciding.extend(best.into_values());
}

/// Climbs each address: one at hand here, several beside each other.
async fn all(
    shared: &Arc<Shared>,
    aim: &Aim,
    case: &Case,
    host: &Arc<str>,
    dials: Vec<(u16, SocketAddr)>,
    step: Option<&Step>,
    credentials: &Result<Credentials, Fault>,
) -> Vec<Tried> {
    let mut target = aim.target.clone();
    target.host = Arc::clone(host);
    target.credentials.clone_from(credentials);
    target.required = case.required;
    let climbs = dials.into_iter().map(|(port, address)| {
        let mut target = target.clone();
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
        }
    });
    let climbs: Vec<Climb> = climbs.collect();
    if climbs.len() == 1 {
        let mut done = Vec::with_capacity(1);
        for climb in climbs {
            done.push(climb.run().await);
        }
        return done;
    }
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
struct Climb {
    shared: Arc<Shared>,
    target: Arc<Target>,
    probe: Arc<dyn crate::probe::Probe>,
    layers: &'static [Layer],
    address: SocketAddr,
    step: Option<Step>,
    required: Proof,
    retries: u32,
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
            let (attempt, warnings) = self.once().await;
            let again =
                !attempt.proves(self.required) && attempt.fault.as_ref().is_some_and(retryable);
            tried.attempts.push(attempt);
            tried.warnings = warnings;
            if !again {
                break;
            }
        }
        tried
    }

    async fn once(&self) -> (Attempt, Vec<Warning>) {
        let names = Arc::clone(&self.shared.names);
        let slots = Arc::clone(&self.shared.slots);
        let mut dialer = Dialer::new(Arc::clone(&self.target), names, slots, self.address);
        if let (Some(watch), Some(step)) = (&self.target.watch, &self.step) {
            watch.landed(&self.address.to_string(), step, &crate::net::watch::Bytes::default());
        }
        if self.target.proxy.is_none() {
            dialer.reach(Proof::Resolved);
        }
        let result = match self.target.cap {
            Proof::None | Proof::Resolved => Ok(()),
            _ => self.probe.run(&mut dialer).await,
        };
        let (mut attempt, warnings) = dialer.finish(result, self.layers);
        if let Some(step) = &self.step {
            attempt.steps.insert(0, step.clone());
        }
        (attempt, warnings)
    }
}

/// Rejected credentials are never tried again: that locks accounts. What we lack stays lacking.
fn retryable(fault: &Fault) -> bool {
    use FaultCode as C;
    !matches!(
        fault.code,
        C::AuthRejected
            | C::AuthRequired
            | C::AuthForbidden
            | C::AuthInsecure
            | C::AuthNoToken
            | C::LocalSecretUnreadable
            | C::LocalInternal
    )
}

type Reached = (Vec<SocketAddr>, Option<Step>, Vec<Warning>, Option<Attempt>);

/// The addresses of a name, as the row's policy wants them, or the attempt that failed for lack of
/// one.
async fn resolve(shared: &Shared, aim: &Aim, host: &str, port: u16) -> Result<Reached, Attempt> {
    let begun = Instant::now();
    let resolved = shared.names.resolve(host, port, aim.family, aim.target.timeouts.dns).await;
    let elapsed_ms = millis(begun.elapsed());
    let step = |outcome, evidence| Step { layer: Layer::Dns, elapsed_ms, outcome, evidence };
    let Resolved { mut addresses, evidence } = resolved.map_err(|fault| {
        let fault = match &aim.target.proxy {
            None => fault,
            Some(proxy) => Fault {
                code: FaultCode::ProxyUnreachable,
                detail: format!("the proxy {} has no address: {}", proxy.url(), fault.detail),
                evidence: fault.evidence.with(Key::Cause, fault.code.as_str()),
            },
        };
        let mut steps = vec![step(StepOutcome::Fault, Evidence::new())];
        steps.extend(aim.protocol.layers.iter().map(|layer| not_run(*layer)));
        Attempt { address: None, proof: Proof::None, fault: Some(fault), steps }
    })?;
    addresses.dedup();
    let mut warnings = Vec::new();
    let mut unmet = None;
    match aim.family {
        Family::Any => without_route(&mut addresses, &mut warnings),
        Family::Both => unmet = missing_family(host, &addresses),
        Family::Ipv4 => addresses.retain(SocketAddr::is_ipv4),
        Family::Ipv6 => addresses.retain(SocketAddr::is_ipv6),
    }
    if addresses.is_empty() && unmet.is_none() {
        unmet = Some(no_address(host, aim.family));
    }
    if aim.addresses == Addresses::First {
        addresses.truncate(1);
    }
    let literal = evidence.text(Key::Source) == Some("literal");
    let step = (!literal).then(|| step(StepOutcome::Ok, evidence));
    Ok((addresses, step, warnings, unmet))
}

fn not_run(layer: Layer) -> Step {
    Step { layer, elapsed_ms: 0.0, outcome: StepOutcome::NotRun, evidence: Evidence::new() }
}

/// Addresses of a family without a route don't count while another family has one.
fn without_route(addresses: &mut Vec<SocketAddr>, warnings: &mut Vec<Warning>) {
    let both =
        addresses.iter().any(SocketAddr::is_ipv4) && addresses.iter().any(SocketAddr::is_ipv6);
    if !both {
        return;
    }
    let (with, without): (Vec<_>, Vec<_>) = addresses.iter().partition(|a| routed(a.ip()));
    if with.is_empty() || without.is_empty() {
        return;
    }
    let left_out: Vec<String> = without.iter().map(|a: &SocketAddr| a.ip().to_string()).collect();
    let detail = format!("no route from here to {}: left out", left_out.join(", "));
    warnings.push(Warning { code: WarningCode::LocalFamilyWithoutRoute, detail });
    *addresses = with;
}

fn missing_family(host: &str, addresses: &[SocketAddr]) -> Option<Attempt> {
    let missing = if !addresses.iter().any(SocketAddr::is_ipv4) {
        "IPv4"
    } else if !addresses.iter().any(SocketAddr::is_ipv6) {
        "IPv6"
    } else {
        return None;
    };
    let fault = Fault::new(FaultCode::DnsNoData, format!("{host} has no {missing} address"));
    Some(Attempt { fault: Some(fault.with(Key::Name, host)), ..Attempt::new(None) })
}

fn no_address(host: &str, family: Family) -> Attempt {
    let wanted = if family == Family::Ipv6 { "IPv6" } else { "IPv4" };
    let fault = Fault::new(FaultCode::DnsNoData, format!("{host} has no {wanted} address"));
    Attempt { fault: Some(fault.with(Key::Name, host)), ..Attempt::new(None) }
}

/// The credentials of a case; a token is fetched once a run, by whoever needs it first.
async fn credentials(shared: &Arc<Shared>, aim: &Aim, case: &Case) -> Result<Credentials, Fault> {
    let Some((endpoint, _)) = &aim.token_of else { return aim.target.credentials.clone() };
    let key = (endpoint.clone(), Arc::clone(&case.source));
    if aim.target.cap < Proof::Authenticated || case.required < Proof::Authenticated {
        return Ok(Credentials::None);
    }
    let (Some(cell), Some(source)) = (shared.tokens.get(&key), shared.plan.tokens.get(&key)) else {
        return Err(Fault::new(FaultCode::AuthNoToken, format!("`{endpoint}` gives no tokens")));
    };
    let token = cell.get_or_init(|| fetch(shared, &source.aim)).await;
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
