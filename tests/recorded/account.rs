//! What was recorded of a server, and the account of what was held against it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use connprobe::lab::server::Server;
use serde_json::Value;

use crate::said::{Said, send};

/// A case (`*` is any), a difference, and why it may be.
pub(super) type Allowed = (&'static str, &'static str, &'static str);

/// The recorded answers of a server, and the account of what was held against them.
pub(super) struct Recorded {
    pub(super) cases: BTreeMap<String, Value>,
    allowed: &'static [Allowed],
    unasked: &'static [(&'static str, &'static str)],
    used: RefCell<BTreeSet<usize>>,
    pub(super) asked: RefCell<BTreeSet<String>>,
    wrong: RefCell<Vec<String>>,
}

impl Recorded {
    pub(super) fn of(
        file: &str,
        allowed: &'static [Allowed],
        unasked: &'static [(&'static str, &'static str)],
    ) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/recorded");
        let text = std::fs::read_to_string(root.join(file)).expect("the recording is there");
        let recording: Value = serde_json::from_str(&text).expect("the recording is JSON");
        let cases = recording["cases"].as_array().expect("a recording has cases");
        let name = |case: &Value| case["name"].as_str().expect("a case has a name").to_owned();
        Self {
            cases: cases.iter().map(|case| (name(case), case.clone())).collect(),
            allowed,
            unasked,
            used: RefCell::default(),
            asked: RefCell::default(),
            wrong: RefCell::default(),
        }
    }

    /// Sends the recorded request of a case with further header fields, and holds the answer
    /// against the recorded one. A client id that varies is replaced by `client`.
    pub(super) async fn ask(
        &self,
        case: &str,
        server: &Server,
        more: &[(&str, &str)],
        client: &str,
    ) -> Said {
        let recorded = self.cases.get(case).unwrap_or_else(|| panic!("no case {case:?}"));
        let request = &recorded["request"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let body = text(&request["body"]).replace("<varies>", client);
        let mut headers: Vec<(String, String)> = request["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect();
        headers.retain(|(name, _)| !more.iter().any(|(new, _)| new.eq_ignore_ascii_case(name)));
        headers.extend(more.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let said =
            send(server, &text(&request["method"]), &text(&request["target"]), &headers, &body)
                .await;
        self.hold(case, recorded, &said);
        said
    }

    fn hold(&self, case: &str, recorded: &Value, said: &Said) {
        self.asked.borrow_mut().insert(case.to_owned());
        let pair = |pair: &Value| {
            let at = |index: usize| pair[index].as_str().unwrap_or_default().to_owned();
            (at(0).to_ascii_lowercase(), at(1))
        };
        let real = Said {
            status: recorded["status"].as_u64().expect("a case has a status"),
            headers: recorded["headers"].as_array().into_iter().flatten().map(pair).collect(),
            body: recorded["body"].as_str().unwrap_or_default().to_owned(),
        };
        self.compare(case, "status", real.status, said.status);
        self.sets(case, &real.marks(), &said.marks());
        let shape = said.shape();
        if recorded["cut"] != true {
            self.sets(case, &real.shape(), &shape);
        } else if let Some((_, code)) = real.body.split_once("<Code>") {
            // A recording that was cut is no document any more.
            let code = code.split('<').next().unwrap_or_default();
            let code = format!("element Error/Code = {code}");
            if !shape.contains(&code) {
                self.differs(case, &format!("lacks {code}"));
            }
        }
    }

    fn compare(&self, case: &str, what: &str, real: u64, ours: u64) {
        if real != ours {
            self.differs(case, &format!("{what} {ours} for {real}"));
        }
    }

    fn sets(&self, case: &str, real: &BTreeSet<String>, ours: &BTreeSet<String>) {
        for lacking in real.difference(ours) {
            self.differs(case, &format!("lacks {lacking}"));
        }
        for more in ours.difference(real) {
            self.differs(case, &format!("adds {more}"));
        }
    }

    pub(super) fn differs(&self, case: &str, difference: &str) {
        let fits = |(at, what, _): &Allowed| (*at == "*" || *at == case) && *what == difference;
        match self.allowed.iter().position(fits) {
            Some(index) => drop(self.used.borrow_mut().insert(index)),
            None => self.wrong.borrow_mut().push(format!("{case}: {difference}")),
        }
    }

    /// Fails for what differs, for what was not asked, and for what the lists name in vain.
    pub(super) fn settle(&self) {
        let mut wrong = self.wrong.borrow().clone();
        for (index, (case, difference, _)) in self.allowed.iter().enumerate() {
            if !self.used.borrow().contains(&index) {
                wrong.push(format!("{case}: no longer true: {difference}"));
            }
        }
        let asked = self.asked.borrow();
        for case in self.cases.keys() {
            let excused = self.unasked.iter().any(|(name, _)| name == case);
            if excused == asked.contains(case) {
                wrong.push(format!(
                    "{case}: {}",
                    if excused { "asked all the same" } else { "not asked" }
                ));
            }
        }
        for (case, _) in self.unasked {
            if !self.cases.contains_key(*case) {
                wrong.push(format!("{case}: no such case"));
            }
        }
        assert!(wrong.is_empty(), "unlike the real server:\n{}", wrong.join("\n"));
    }
}
