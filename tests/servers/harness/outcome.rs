//! What one run said of its row.

use std::process::Output;

use serde_json::Value;

/// The report of a run, and the part of it that is about the row.
pub(crate) struct Outcome {
    code: i32,
    stderr: String,
    /// The whole report.
    pub(crate) report: Value,
    /// The row's part of it.
    pub(crate) row: Value,
}

impl Outcome {
    pub(crate) fn of(row: usize, output: &Output, secrets: &[String]) -> Self {
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        for secret in secrets {
            assert!(!stdout.contains(secret), "the report tells the secret `{secret}`:\n{stdout}");
            assert!(!stderr.contains(secret), "stderr tells the secret `{secret}`:\n{stderr}");
        }
        let report: Value = serde_json::from_str(&stdout).unwrap_or_else(|error| {
            panic!("no report: {error}; {}\nstdout: {stdout}\nstderr: {stderr}", output.status)
        });
        let row = report["connections"]
            .as_array()
            .and_then(|rows| rows.iter().find(|found| found["id"] == row.to_string().as_str()))
            .unwrap_or_else(|| panic!("row {row} is not in the report:\n{report:#}\n{stderr}"))
            .clone();
        Self { code: output.status.code().unwrap_or(-1), stderr, report, row }
    }

    /// The row passes, and so does the run.
    #[track_caller]
    pub(crate) fn passes(self) -> Self {
        self.judged("pass", None, 0)
    }

    /// The row fails with just this fault, and so the run does.
    #[track_caller]
    pub(crate) fn fails(self, fault: &str) -> Self {
        self.judged("fail", Some(fault), 1)
    }

    /// It can't be told, with just this fault as the reason.
    #[track_caller]
    pub(crate) fn cannot_be_told(self, fault: &str) -> Self {
        self.judged("inconclusive", Some(fault), 3)
    }

    #[track_caller]
    fn judged(self, verdict: &str, fault: Option<&str>, code: i32) -> Self {
        let found = (self.row["verdict"].as_str(), self.row["fault"]["code"].as_str(), self.code);
        assert_eq!(found, (Some(verdict), fault, code), "{:#}\n{}", self.row, self.stderr);
        self
    }

    /// The row got this far.
    #[track_caller]
    pub(crate) fn proving(self, proof: &str) -> Self {
        let level = |word: &str| connprobe::model::Proof::parse(word).expect("a level of proof");
        let reached = self.row["proof"]["reached"].as_str().map(level);
        assert!(reached >= Some(level(proof)), "{:#}", self.row);
        self
    }

    /// The fault has this evidence, or the step that it stopped.
    #[track_caller]
    pub(crate) fn because(self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let mut found: Vec<_> = self.faulty_steps().filter_map(|step| step.get(key)).collect();
        found.extend(self.row["fault"]["evidence"].get(key));
        assert!(found.contains(&&value), "{key} is {found:?}, not {value}, in {:#}", self.row);
        self
    }

    fn faulty_steps(&self) -> impl Iterator<Item = &Value> {
        self.attempts()
            .filter_map(|attempt| attempt["steps"].as_array())
            .flatten()
            .filter(|step| step["outcome"] == "fault")
            .map(|step| &step["evidence"])
    }

    /// Some step of some attempt noted this evidence.
    #[track_caller]
    pub(crate) fn noting(self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let found: Vec<_> = self.evidence(key).collect();
        assert!(found.contains(&&value), "{key} is {value} nowhere in {:#}", self.row);
        self
    }

    /// The warnings of the row are these, in any order.
    #[track_caller]
    pub(crate) fn warning(self, codes: &[&str]) -> Self {
        let mut found = self.warnings();
        found.sort_unstable();
        let mut codes = codes.to_vec();
        codes.sort_unstable();
        assert_eq!(found, codes, "{:#}", self.row);
        self
    }

    fn warnings(&self) -> Vec<&str> {
        let warnings = self.row["warnings"].as_array();
        warnings.into_iter().flatten().filter_map(|warning| warning["code"].as_str()).collect()
    }

    /// What the steps noted under this key.
    pub(crate) fn evidence<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Value> {
        self.attempts()
            .filter_map(|attempt| attempt["steps"].as_array())
            .flatten()
            .filter_map(move |step| step["evidence"].get(key))
    }

    /// The attempts at the row.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = &Value> {
        self.row["attempts"].as_array().into_iter().flatten()
    }
}
