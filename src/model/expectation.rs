//! What a row expects, and the verdict that follows from what was seen (design §5).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::attempt::Attempt;
use crate::model::evidence::Key;
use crate::model::fault::{Fault, FaultCode};
use crate::model::proof::Proof;
use crate::model::verdict::Verdict;

/// How many of the resolved addresses must pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Addresses {
    /// Each of them.
    #[default]
    All,
    /// At least one.
    Any,
    /// The first; the others are not tried.
    First,
}

/// What a row expects of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// The connection works.
    Reachable,
    /// The connection is blocked, by a filter or by a cause that the row names.
    Blocked {
        /// Causes that count beside those which a filter alone produces.
        by: Vec<FaultCode>,
    },
}

/// What was seen of a case.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The last attempt at each address and port.
    pub attempts: &'a [&'a Attempt],
    /// How many of them must pass.
    pub addresses: Addresses,
    /// Whether the row's probe is a plain TCP connect, so that connecting is its answer.
    pub plain_tcp: bool,
}

/// What else was seen from the same source.
#[derive(Clone, Debug, Default)]
pub struct Controls {
    /// A row of the source that should work and does; `None` where there is none.
    pub positive: Option<String>,
    /// A control that must not connect, and did.
    pub accepts_all: Option<String>,
}

/// The verdict on a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What is said of it.
    pub verdict: Verdict,
    /// Why, where there is something to say.
    pub fault: Option<Fault>,
    /// The cause that blocked it, where it should be blocked and is.
    pub blocked_by: Option<FaultCode>,
    /// How far it got.
    pub proof: Proof,
    /// Why, in words, where there is no fault to say it.
    pub reason: Option<String>,
}

impl Judgement {
    fn with_fault(verdict: Verdict, proof: Proof, fault: Fault) -> Self {
        Self { verdict, fault: Some(fault), blocked_by: None, proof, reason: None }
    }
}

/// Faults that say nothing about the connection itself.
fn tells_nothing(code: FaultCode) -> bool {
    use FaultCode as C;
    matches!(
        code,
        C::AuthRequired
            | C::AuthInsecure
            | C::AuthNoToken
            | C::PolicyWrongFault
            | C::PolicyNoControl
            | C::MeshAcceptsAll
    ) || code.as_str().starts_with("local.")
}

impl Expectation {
    /// The word in files and reports.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Reachable => "reachable",
            Self::Blocked { .. } => "blocked",
        }
    }

    /// The verdict on what was seen, when `required` must be proved.
    pub fn judge(
        &self,
        observed: &Observed<'_>,
        required: Proof,
        controls: &Controls,
    ) -> Judgement {
        match self {
            Self::Reachable => judge_reachable(observed, required, controls),
            Self::Blocked { by } => judge_blocked(observed, by, controls),
        }
    }
}

fn judge_reachable(observed: &Observed<'_>, required: Proof, controls: &Controls) -> Judgement {
    let decides = match observed.addresses {
        // The best of several; a tie goes to the one without a fault.
        Addresses::Any => {
            observed.attempts.iter().max_by_key(|attempt| (attempt.proves(required), attempt.proof))
        }
        Addresses::All | Addresses::First => observed
            .attempts
            .iter()
            .filter(|attempt| !attempt.proves(required))
            // Among those that fall short, one that fails weighs more than one that can't tell.
            .min_by_key(|attempt| (rank(attempt), attempt.proof))
            .or_else(|| observed.attempts.iter().min_by_key(|attempt| attempt.proof)),
    };
    let Some(decides) = decides else {
        let fault = Fault::new(FaultCode::LocalInternal, "no attempt was made");
        return Judgement::with_fault(Verdict::Inconclusive, Proof::None, fault);
    };
    let proof = match observed.addresses {
        Addresses::Any => decides.proof,
        Addresses::All | Addresses::First => {
            observed.attempts.iter().map(|attempt| attempt.proof).min().unwrap_or_default()
        }
    };
    if decides.proves(required) {
        if let (Some(control), true) = (&controls.accepts_all, required == Proof::Connected) {
            return Judgement::with_fault(Verdict::Inconclusive, proof, accepts_all(control));
        }
        return Judgement {
            verdict: Verdict::Pass,
            fault: None,
            blocked_by: None,
            proof,
            reason: None,
        };
    }
    match &decides.fault {
        Some(fault) if tells_nothing(fault.code) => {
            Judgement::with_fault(Verdict::Inconclusive, proof, fault.clone())
        }
        Some(fault) => Judgement::with_fault(Verdict::Fail, proof, fault.clone()),
        None => Judgement {
            verdict: Verdict::Inconclusive,
            fault: None,
            blocked_by: None,
            proof,
            reason: Some(format!("proof short: {proof} was reached, {required} is required")),
        },
    }
}

/// Which of several attempts that fall short decides: a failing one, one that can't tell, a short one.
fn rank(attempt: &Attempt) -> u8 {
    match &attempt.fault {
        Some(fault) if !tells_nothing(fault.code) => 0,
        Some(_) => 1,
        None => 2,
    }
}

fn accepts_all(control: &str) -> Fault {
    Fault::new(
        FaultCode::MeshAcceptsAll,
        format!("{control} accepts connections from here too, so a connect proves nothing"),
    )
    .with(Key::Control, control)
}

/// Whether the answer is a refusal that the row names: a mesh's 403, a firewall's page. What breaks a
/// conversation off (`peer.`) is none, whoever is named: something had answered before.
fn refused_as_named(attempt: &Attempt, by: &[FaultCode]) -> bool {
    attempt
        .fault
        .as_ref()
        .is_some_and(|fault| by.contains(&fault.code) && !fault.code.as_str().starts_with("peer."))
}

fn judge_blocked(observed: &Observed<'_>, by: &[FaultCode], controls: &Controls) -> Judgement {
    let proof = observed.attempts.iter().map(|attempt| attempt.proof).max().unwrap_or_default();
    let connected = |attempt: &&&Attempt| observed.plain_tcp && attempt.proof >= Proof::Connected;
    let answered = |attempt: &&&Attempt| attempt.answered() && !refused_as_named(attempt, by);
    if let Some(attempt) = observed.attempts.iter().find(answered) {
        return Judgement::with_fault(Verdict::Fail, proof, reached(attempt));
    }
    if let Some(attempt) = observed.attempts.iter().find(connected) {
        if let Some(control) = &controls.accepts_all {
            return Judgement::with_fault(Verdict::Inconclusive, proof, accepts_all(control));
        }
        return Judgement::with_fault(Verdict::Fail, proof, reached(attempt));
    }
    let mut blocked_by = None;
    for attempt in observed.attempts {
        match &attempt.fault {
            Some(fault) if filters(fault.code) || by.contains(&fault.code) => {
                blocked_by.get_or_insert(fault.code);
            }
            Some(fault)
                if matches!(fault.code, FaultCode::LocalDeadline | FaultCode::LocalInternal) =>
            {
                return Judgement::with_fault(Verdict::Inconclusive, proof, fault.clone());
            }
            other => {
                let fault = wrong_fault(other.as_ref());
                return Judgement::with_fault(Verdict::Inconclusive, proof, fault);
            }
        }
    }
    let Some(blocked_by) = blocked_by else {
        let fault = wrong_fault(None);
        return Judgement::with_fault(Verdict::Inconclusive, proof, fault);
    };
    if controls.positive.is_none() {
        let fault = Fault::new(
            FaultCode::PolicyNoControl,
            format!("{blocked_by}, but no connection from this source is known to work"),
        )
        .with(Key::Cause, blocked_by.as_str());
        return Judgement::with_fault(Verdict::Inconclusive, proof, fault);
    }
    Judgement {
        verdict: Verdict::Pass,
        fault: None,
        blocked_by: Some(blocked_by),
        proof,
        reason: None,
    }
}

/// Causes that a filter alone produces.
fn filters(code: FaultCode) -> bool {
    matches!(code, FaultCode::TcpFiltered | FaultCode::TcpProhibited | FaultCode::ProxyDenied)
}

fn reached(attempt: &Attempt) -> Fault {
    let address = attempt.address.as_deref().unwrap_or("the target");
    let how = match &attempt.fault {
        Some(fault) => format!("{address} answered ({})", fault.code),
        None => format!("{address} was reached ({})", attempt.proof),
    };
    let fault = Fault::new(FaultCode::PolicyReached, format!("should be blocked, but {how}"));
    fault.with_some(Key::Cause, attempt.fault.as_ref().map(|fault| fault.code.as_str()))
}

fn wrong_fault(cause: Option<&Fault>) -> Fault {
    match cause {
        Some(cause) => Fault::new(
            FaultCode::PolicyWrongFault,
            format!("blocked by {}, which proves no policy: {}", cause.code, cause.detail),
        )
        .with(Key::Cause, cause.code.as_str()),
        None => Fault::new(
            FaultCode::PolicyWrongFault,
            "nothing was answered and nothing failed, which proves neither way",
        ),
    }
}
