//! What a site says of rows: those of the profile, otherwise, and those of its own.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::model::read::Fields;
use crate::model::{Diagnostic, Node, Ports, Proof};
use crate::profile::auth::{is_given, key_of};
use crate::profile::load_site::Rows;
use crate::profile::names::Names;
use crate::profile::reader::Reader;
use crate::profile::site::RowSettings;
use crate::profile::table::{Connection, Profile};

impl Reader {
    pub(super) fn extra_rows(
        &mut self,
        node: &Node,
        names: &Names<'_>,
        of: &Profile,
    ) -> Vec<Connection> {
        let mut taken: HashMap<Arc<str>, &str> = of
            .connections
            .iter()
            .map(|row| (Arc::clone(&row.id), "a row of the profile"))
            .collect();
        let mut rows = Vec::new();
        for item in self.list(node, "extra row") {
            let Some(row) = self.extra(item, names) else {
                self.missing.rows = true;
                continue;
            };
            if let Some(by) = taken.insert(Arc::clone(&row.id), "another extra row") {
                let message = format!("the id `{}` belongs to {by}", row.id);
                self.problems.push(Diagnostic::at(row.place.clone(), message));
            }
            rows.push(row);
        }
        rows
    }

    pub(super) fn overrides(
        &mut self,
        node: &Node,
        names: &Names<'_>,
        of: &Profile,
    ) -> BTreeMap<String, RowSettings> {
        let rows: Rows<'_> = of.connections.iter().map(|row| (&*row.id, row)).collect();
        let mut all = BTreeMap::new();
        for (id, key, value) in self.named(node, "row") {
            let row = self.row(key, id, &rows);
            let Some(mut fields) = self.problems.fields(value, "connection") else { continue };
            let mut settings = RowSettings {
                settings: self.settings(&mut fields, names),
                port: fields.parse("port", &mut self.problems, Ports::parse),
                skip: self.skip(&mut fields),
                proof: self.proof_override(&mut fields, row),
                expect: self.expect(&mut fields),
                probe: fields.node("probe").and_then(|node| self.probe(node)),
                alternates: self.alternates(&mut fields, names),
                place: Some(key.place()),
            };
            self.finish(fields, "Override");
            settings.settings.unset = self.problems.take_unset();
            if row.is_some() {
                all.insert(id.to_owned(), settings);
            }
        }
        all
    }

    /// Why a row is not probed: a report tells it, so `true` is not enough.
    fn skip(&mut self, fields: &mut Fields<'_>) -> Option<String> {
        let node = fields.node("skip")?;
        let reason = self.problems.text(node)?;
        if reason.trim().is_empty() || node.flag().is_some() {
            self.problems.push(
                node.wrong("`skip` needs a reason").help("write why: `skip: no UDM at this site`"),
            );
            return None;
        }
        Some(reason.to_owned())
    }

    fn proof_override(
        &mut self,
        fields: &mut Fields<'_>,
        row: Option<&Connection>,
    ) -> Option<(Proof, Option<String>)> {
        let map = fields.node;
        let node = fields.node("proof");
        let reason = fields.text("reason", &mut self.problems);
        let Some(node) = node else {
            if is_given(map, "reason") {
                self.wrong(
                    key_of(map, "reason"),
                    "`reason` explains another `proof`; none is given",
                );
            }
            return None;
        };
        let proof = self.proof(node)?;
        if let Some(row) = row.filter(|row| proof < row.proof)
            && !is_given(map, "reason")
        {
            self.problems.push(
                node.wrong(format!(
                    "`{proof}` is less proof than the profile's `{}`, so it needs a reason",
                    row.proof
                ))
                .help("write `reason: ..` beside it"),
            );
        }
        Some((proof, reason))
    }
}
