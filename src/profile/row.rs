//! Rows: those of a profile, and those that a site adds.

use std::sync::Arc;

use crate::model::diagnostic::did_you_mean;
use crate::model::node::Kind;
use crate::model::read::Fields;
use crate::model::{Classification, FaultCode, Node, Place, Ports, Proof};
use crate::profile::auth::{is_given, key_of};
use crate::profile::host::host;
use crate::profile::names::Names;
use crate::profile::reader::Reader;
use crate::profile::table::{Alternate, Connection, Expected, ProbeNode};

const CLASSIFICATIONS: &[(&str, Classification)] = &[
    ("ingress", Classification::Ingress),
    ("egress", Classification::Egress),
    ("intra-cluster", Classification::IntraCluster),
];

/// What a row may require: at least that the name resolves.
const PROOFS: &[(&str, Proof)] = &[
    ("resolved", Proof::Resolved),
    ("connected", Proof::Connected),
    ("spoken", Proof::Spoken),
    ("identified", Proof::Identified),
    ("authenticated", Proof::Authenticated),
    ("operational", Proof::Operational),
];

/// The keys of an expectation.
const EXPECTATIONS: &[(&str, bool)] = &[("reachable", false), ("blocked", true)];

impl Reader {
    /// A row of a profile.
    pub(super) fn connection(&mut self, node: &Node, names: &Names<'_>) -> Option<Connection> {
        let mut fields = self.problems.fields(node, "connection")?;
        let id = self.id(&mut fields);
        let source = fields.required("source", &mut self.problems);
        let source = source.and_then(|node| self.endpoint(node, names));
        let destination = fields.required("destination", &mut self.problems);
        let destination = destination.and_then(|node| self.endpoint(node, names));
        let protocol = fields.required("protocol", &mut self.problems);
        let protocol = protocol.and_then(|node| self.problems.text(node)).unwrap_or_default();
        let protocol = self.word(protocol);
        let port = self.port(&mut fields);
        let proof = fields.required("proof", &mut self.problems);
        let proof = proof.and_then(|node| self.problems.word(node, PROOFS));
        let settings = self.row_settings(&mut fields);
        let rest = self.rest(&mut fields, names);
        self.finish(fields, "Connection");
        let (id, place) = id?;
        Some(Connection {
            id,
            source: source?,
            destination: destination?,
            protocol,
            port,
            proof: proof.unwrap_or(Proof::Connected),
            settings,
            unset: self.problems.take_unset(),
            place,
            ..rest
        })
    }

    /// A row that a site adds: any destination that has a host, and everything a site may say.
    pub(super) fn extra(&mut self, node: &Node, names: &Names<'_>) -> Option<Connection> {
        let mut fields = self.problems.fields(node, "extra row")?;
        let id = self.id(&mut fields);
        let source = fields.required("source", &mut self.problems);
        let source = source.and_then(|node| self.endpoint(node, names));
        let destination = fields.required("destination", &mut self.problems);
        let destination = destination.and_then(|to| self.any_destination(node, to, names));
        let protocol = self.shared(&mut fields, "protocol").unwrap_or_else(|| self.word("TCP"));
        let port = self.port(&mut fields);
        let proof = fields.word("proof", &mut self.problems, PROOFS);
        let settings = self.settings(&mut fields, names);
        let rest = self.rest(&mut fields, names);
        self.finish(fields, "Extra");
        let (id, place) = id?;
        Some(Connection {
            id,
            source: source?,
            destination: destination?,
            protocol,
            port,
            proof: proof.unwrap_or(Proof::Connected),
            settings: Some(Box::new(settings)),
            unset: self.problems.take_unset(),
            place,
            ..rest
        })
    }

    /// A destination that may be a mere word, if the row says where it is.
    fn any_destination(&mut self, row: &Node, node: &Node, names: &Names<'_>) -> Option<Arc<str>> {
        let name = self.required_text(node)?;
        let has_host = is_given(row, "host") || is_given(row, "hosts");
        if names.has(name) || !has_host {
            let before = self.problems.errors.len();
            let found = self.endpoint_named(node, name, names);
            if let Some(error) = self.problems.errors.get_mut(before)
                && error.help.is_none()
            {
                error.help = Some("a destination that is no endpoint needs a `host`".to_owned());
            }
            return found;
        }
        Some(self.word(name))
    }

    /// The id, and where it stands.
    fn id(&mut self, fields: &mut Fields<'_>) -> Option<(Arc<str>, Place)> {
        let node = fields.required("id", &mut self.problems)?;
        Some((self.name(node, "a row")?.into(), node.place()))
    }

    /// The port. One whose variable is not set is told when the row is chosen; until then it is 1.
    fn port(&mut self, fields: &mut Fields<'_>) -> Ports {
        let node = fields.required("port", &mut self.problems);
        let port = node.and_then(|node| self.problems.parse(node, Ports::parse));
        port.unwrap_or_else(|| Ports::one(1))
    }

    /// What rows of either kind have beside; the caller fills in what it read itself.
    fn rest(&mut self, fields: &mut Fields<'_>, names: &Names<'_>) -> Connection {
        let nothing = self.word("");
        Connection {
            id: Arc::clone(&nothing),
            source: Arc::clone(&nothing),
            destination: Arc::clone(&nothing),
            protocol: nothing,
            port: Ports::one(1),
            proof: Proof::Connected,
            settings: None,
            unset: Vec::new(),
            place: fields.node.place(),
            classification: fields.word("classification", &mut self.problems, CLASSIFICATIONS),
            data: self.shared(fields, "data"),
            probe: fields.node("probe").and_then(|node| self.probe(node)),
            notes: fields.texts("notes", &mut self.problems),
            alternates: self.alternates(fields, names).unwrap_or_default(),
            expect: self.expect(fields),
        }
    }

    /// `probe: NAME` or `probe: {NAME: {options}}`; the options are read by the protocol itself.
    pub(super) fn probe(&mut self, node: &Node) -> Option<ProbeNode> {
        let Kind::Map(entries) = &node.kind else {
            let name = self.problems.text(node)?;
            return Some(ProbeNode { name: name.to_owned(), options: None, place: node.place() });
        };
        match &entries[..] {
            [(key, options)] => {
                let name = self.problems.text(key)?.to_owned();
                let options = (options.kind != Kind::Null).then(|| options.clone());
                Some(ProbeNode { name, options, place: key.place() })
            }
            [] => {
                self.wrong(node, "probe names no protocol");
                None
            }
            [(one, _), (other, _), ..] => {
                let (one, name) =
                    (one.text().unwrap_or_default(), other.text().unwrap_or_default());
                self.problems.push(
                    other
                        .wrong(format!("probe names two protocols, `{one}` and `{name}`"))
                        .help(format!("indent what belongs to `{one}`, or keep one of them")),
                );
                None
            }
        }
    }

    /// What to try when the documented way fails; `None` where nothing is said of it.
    pub(super) fn alternates(
        &mut self,
        fields: &mut Fields<'_>,
        names: &Names<'_>,
    ) -> Option<Vec<Alternate>> {
        let node = fields.node("alternates")?;
        let items = self.list(node, "alternate");
        Some(items.iter().filter_map(|item| self.alternate(item, names)).collect())
    }

    fn alternate(&mut self, node: &Node, names: &Names<'_>) -> Option<Alternate> {
        let mut fields = self.problems.fields(node, "alternate")?;
        let alternate = Alternate {
            destination: fields.node("destination").and_then(|node| self.endpoint(node, names)),
            host: fields.parse("host", &mut self.problems, host),
            port: fields.parse("port", &mut self.problems, Ports::parse),
            probe: fields.node("probe").and_then(|node| self.probe(node)),
            place: node.place(),
        };
        self.finish(fields, "Alternate");
        if node.entries().is_none_or(<[_]>::is_empty) {
            self.problems.push(
                node.wrong("the alternate is the row itself")
                    .help("give another `port`, `host`, `destination` or `probe`"),
            );
        }
        Some(alternate)
    }

    /// `expect` and, beside it, `by`.
    pub(super) fn expect(&mut self, fields: &mut Fields<'_>) -> Option<Expected> {
        let map = fields.node;
        let blocked = fields.word("expect", &mut self.problems, EXPECTATIONS);
        let by = fields.node("by").map(Node::items).unwrap_or_default();
        let by: Vec<FaultCode> =
            by.iter().filter_map(|node| self.parse_with_help(node, cause)).collect();
        let reachable = blocked == Some(false) || !is_given(map, "expect");
        if is_given(map, "by") && reachable {
            self.problems.push(
                key_of(map, "by")
                    .wrong("`by` says how a row is blocked, and this one is expected to be reached")
                    .help("write `expect: blocked` beside it"),
            );
        }
        Some(if blocked? { Expected::Blocked(by) } else { Expected::Reachable })
    }

    /// A proof that a row requires.
    pub(super) fn proof(&mut self, node: &Node) -> Option<Proof> {
        self.problems.word(node, PROOFS)
    }
}

/// A fault that may show that a filter blocks: not one that we make up ourselves.
fn cause(text: &str) -> Result<FaultCode, (String, Option<String>)> {
    let ours = ["policy.", "mesh.", "local."];
    let foreign = |code: &&FaultCode| !ours.iter().any(|own| code.as_str().starts_with(own));
    match FaultCode::parse(text) {
        Some(code) if foreign(&&code) => Ok(code),
        Some(_) => Err((format!("`{text}` is no way in which a network blocks"), None)),
        None => {
            let known = FaultCode::ALL.iter().filter(foreign).map(|code| code.as_str());
            Err((format!("`{text}` is no fault"), did_you_mean(text, known)))
        }
    }
}
