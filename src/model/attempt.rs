//! One address and port of a case, climbed once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::evidence::Evidence;
use crate::model::fault::{Fault, FaultCode};
use crate::model::layer::Layer;
use crate::model::proof::Proof;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The layer did what it should.
    Ok,
    /// The attempt stopped here.
    Fault,
    /// The attempt did not come this far.
    NotRun,
}

/// One layer of one attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The layer.
    pub layer: Layer,
    /// Time spent, in milliseconds.
    pub elapsed_ms: f64,
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen.
    pub evidence: Evidence,
}

/// One address and port of a case, climbed once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// `ip:port` that was dialled; `name:port` where a proxy resolves; `null` without an address.
    pub address: Option<String>,
    /// How far it got.
    pub proof: Proof,
    /// Why it stopped.
    pub fault: Option<Fault>,
    /// The layers, in the order in which they were climbed.
    pub steps: Vec<Step>,
}

impl Attempt {
    /// An attempt that has not begun.
    pub fn new(address: Option<String>) -> Self {
        Self { address, proof: Proof::None, fault: None, steps: Vec::new() }
    }

    /// The layer at which it stopped, where it did.
    fn stopped_at(&self) -> Option<Layer> {
        let code = self.fault.as_ref()?.code;
        let step = self.steps.iter().find(|step| step.outcome == Outcome::Fault);
        Some(step.map_or(code.layer(), |step| step.layer))
    }

    /// Whether it proves this much: it got as far, and nothing went wrong on the way up to there. An
    /// error status over a verified name has the right peer, and is no proof all the same.
    pub fn proves(&self, required: Proof) -> bool {
        let needed = match required {
            Proof::None | Proof::Resolved => Layer::Dns,
            Proof::Connected => Layer::Proxy,
            Proof::Spoken | Proof::Identified => Layer::Protocol,
            Proof::Authenticated => Layer::Auth,
            Proof::Operational => Layer::Operation,
        };
        // A service that says that it is broken is, however little the row asks of it.
        let broken = self.fault.as_ref().is_some_and(|f| f.code.as_str().starts_with("service."));
        self.proof >= required
            && !(broken && required >= Proof::Spoken)
            && self.stopped_at().is_none_or(|layer| layer > needed)
    }

    /// Whether something on the other side said anything, right or wrong, above TCP.
    pub fn answered(&self) -> bool {
        if self.proof >= Proof::Spoken {
            return true;
        }
        let spoke = |step: &Step| {
            matches!(step.layer, Layer::Tls | Layer::Protocol) && step.outcome == Outcome::Ok
        };
        if self.steps.iter().any(spoke) {
            return true;
        }
        let Some(fault) = &self.fault else { return false };
        match fault.code {
            FaultCode::PeerReset | FaultCode::PeerClosed | FaultCode::PeerSilent => {
                fault.evidence.number(crate::model::evidence::Key::Bytes).is_some_and(|n| n > 0)
            }
            FaultCode::PeerStalled => true,
            // Kept back by ourselves: the peer has not spoken about it.
            FaultCode::AuthNoToken => false,
            code => {
                matches!(
                    code.layer(),
                    Layer::Tls | Layer::Protocol | Layer::Auth | Layer::Operation
                ) && !code.as_str().starts_with("local.")
            }
        }
    }
}
