//! What is noted of an attempt: its steps, their times and evidence, and the end of it.

use std::time::{Duration, Instant};

use crate::model::{
    Attempt, Evidence, Fault, FaultCode, Key, Layer, Outcome, Step, Value, Warning, WarningCode,
};
use crate::net::dialer::Dialer;
use crate::net::redact::Redactor;
use crate::net::tcp;

impl Dialer {
    /// Adds evidence to the last step.
    pub fn note(&mut self, key: Key, value: impl Into<Value>) {
        if let Some(step) = self.attempt.steps.last_mut() {
            step.evidence.set(key, value);
        }
    }

    /// Adds evidence to the last step.
    pub fn note_all(&mut self, evidence: Evidence) {
        if let Some(step) = self.attempt.steps.last_mut() {
            step.evidence.absorb(evidence);
        }
    }

    /// Adds a warning to the row.
    pub fn warn(&mut self, code: WarningCode, detail: impl Into<String>) {
        self.warnings.push(Warning { code, detail: detail.into() });
    }

    /// Adds a warning of a kind that the row has but once.
    pub fn warn_once(&mut self, code: WarningCode, detail: impl Into<String>) {
        if !self.warnings.iter().any(|warning| warning.code == code) {
            self.warn(code, detail);
        }
    }

    /// Does one step of a protocol, bounded by its time-out. `late` is the fault of running out of
    /// time; `peer.silent` becomes `peer.stalled` where the peer had begun to answer.
    ///
    /// # Errors
    /// Whatever `work` gives, or the fault of running out of time.
    pub async fn step<T>(
        &mut self,
        layer: Layer,
        late: FaultCode,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        if self.attempt.steps.last().is_none_or(|last| last.layer != layer) {
            self.tell();
        }
        let received = || self.traffic.as_ref().map_or(0, |traffic| traffic.received());
        let before = received();
        let begun = Instant::now();
        let limit = self.target.timeouts.answer;
        match tokio::time::timeout(limit, work).await {
            Ok(Ok(value)) => {
                self.record(layer, begun.elapsed(), Outcome::Ok, Evidence::new());
                Ok(value)
            }
            Ok(Err(fault)) => Err(self.failed(layer, begun, fault)),
            Err(_) => {
                let bytes = received() - before;
                let fault = ran_out(late, bytes, limit);
                Err(self.failed(layer, begun, fault))
            }
        }
    }

    /// Records that a layer did what it should, for protocols that time several layers themselves.
    pub fn passed(&mut self, layer: Layer, begun: Instant) {
        self.record(layer, begun.elapsed(), Outcome::Ok, Evidence::new());
    }

    /// Records that the attempt stops at a layer, and hands the fault on.
    pub fn failed(&mut self, layer: Layer, begun: Instant, fault: Fault) -> Fault {
        self.record(layer, begun.elapsed(), Outcome::Fault, Evidence::new());
        fault
    }

    pub(super) fn record(
        &mut self,
        layer: Layer,
        elapsed: Duration,
        outcome: Outcome,
        evidence: Evidence,
    ) {
        let elapsed_ms = millis(elapsed);
        if self.attempt.steps.last().is_none_or(|last| last.layer != layer) {
            self.tell();
        }
        if let Some(watched) = &mut self.watched {
            watched.passed(layer, self.traffic.as_ref());
        }
        // A protocol may take a layer in several goes: they are one step of the report.
        match self.attempt.steps.iter_mut().find(|step| step.layer == layer) {
            Some(step) => {
                step.elapsed_ms += elapsed_ms;
                step.outcome = outcome;
                step.evidence.absorb(evidence);
            }
            None => self.attempt.steps.push(Step { layer, elapsed_ms, outcome, evidence }),
        }
    }

    /// The attempt as it stands, with the layers that were not reached, and the row's warnings.
    pub fn finish(
        mut self,
        result: Result<(), Fault>,
        layers: &[Layer],
    ) -> (Attempt, Vec<Warning>) {
        if let Err(mut fault) = result {
            if let (true, Some(ending)) = (fault.code.is_silence(), self.last.get()) {
                fault.evidence.absorb(tcp::at_its_end(ending));
            }
            self.stop_at(fault.code.layer());
            self.attempt.fault = Some(fault);
        }
        self.redact();
        self.tell();
        for layer in layers {
            if !self.attempt.steps.iter().any(|step| step.layer == *layer) {
                self.attempt.steps.push(Step {
                    layer: *layer,
                    elapsed_ms: 0.0,
                    outcome: Outcome::NotRun,
                    evidence: Evidence::new(),
                });
            }
        }
        (self.attempt, self.warnings)
    }

    /// Tells whoever watches the steps that are over.
    pub(super) fn tell(&mut self) {
        let Some(mut watched) = self.watched.take() else { return };
        let address = self.attempt.address.as_deref().unwrap_or_default();
        watched.tell(address, &self.attempt.steps, &self.redactor());
        self.watched = Some(watched);
    }

    /// What seeks our own secrets.
    fn redactor(&self) -> Redactor {
        let mut redactor = self.target.credentials.as_ref().map(Redactor::of).unwrap_or_default();
        let proxy = self.target.proxy.as_ref().and_then(|proxy| proxy.auth.as_ref().ok());
        if let Some(Some((_, password))) = proxy {
            redactor.add(password.bytes());
        }
        redactor.join(&self.secrets);
        redactor
    }

    /// Takes our own secrets out of what the peer said.
    fn redact(&mut self) {
        let redactor = self.redactor();
        if redactor.is_empty() {
            return;
        }
        let other = |text: &str| redactor.text(text);
        for step in &mut self.attempt.steps {
            step.evidence.replace(other);
        }
        if let Some(fault) = &mut self.attempt.fault {
            fault.evidence.replace(other);
            fault.detail =
                other(&fault.detail).unwrap_or_else(|| std::mem::take(&mut fault.detail));
        }
        for warning in &mut self.warnings {
            warning.detail =
                other(&warning.detail).unwrap_or_else(|| std::mem::take(&mut warning.detail));
        }
    }

    /// Marks the layer at which the attempt stopped, where a probe judged an answer after its step.
    fn stop_at(&mut self, layer: Layer) {
        if !self.attempt.steps.iter().any(|step| step.outcome == Outcome::Fault) {
            self.record(layer, Duration::ZERO, Outcome::Fault, Evidence::new());
        }
    }
}

/// Milliseconds, rounded to microseconds so that a report is not full of noise.
pub fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

fn ran_out(late: FaultCode, bytes: u64, limit: Duration) -> Fault {
    let seconds = limit.as_secs_f64();
    let fault = match (late, bytes) {
        (FaultCode::PeerSilent, 0) => {
            Fault::new(late, format!("accepted, and no answer within {seconds:.1} s"))
        }
        (FaultCode::PeerStalled, 0) => {
            let what = format!("the peer answered before, and now nothing for {seconds:.1} s");
            Fault::new(late, what)
        }
        (FaultCode::PeerSilent | FaultCode::PeerStalled, bytes) => Fault::new(
            FaultCode::PeerStalled,
            format!("the answer stopped after {bytes} bytes, and {seconds:.1} s were over"),
        ),
        (late, _) => Fault::new(late, format!("{}, within {seconds:.1} s", late.about())),
    };
    fault.with(Key::Bytes, bytes).with(Key::WaitedMs, seconds * 1_000.0)
}
