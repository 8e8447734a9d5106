//! Controls: rows that must pass from a source, and targets that no network has.

use std::collections::BTreeMap;

use crate::model::{Node, Ports};
use crate::profile::host::host;
use crate::profile::load_site::Rows;
use crate::profile::names::Names;
use crate::profile::reader::Reader;
use crate::profile::site::{ControlSettings, NegativeControl};

impl Reader {
    pub(super) fn controls(
        &mut self,
        node: &Node,
        names: &Names<'_>,
        rows: &Rows<'_>,
    ) -> BTreeMap<String, ControlSettings> {
        let mut all = BTreeMap::new();
        for (name, key, value) in self.named(node, "source") {
            let known = self.endpoint_named(key, name, names).is_some();
            let Some(mut fields) = self.problems.fields(value, "controls") else { continue };
            let mut controls =
                ControlSettings { place: Some(key.place()), ..ControlSettings::default() };
            for item in fields.node("positive").map(Node::items).unwrap_or_default() {
                if let Some(id) = self.positive(item, name, rows) {
                    controls.positive.push((id, item.place()));
                }
            }
            if let Some(node) = fields.node("negative") {
                let items = self.list(node, "target");
                controls.negative = items.iter().filter_map(|item| self.negative(item)).collect();
            }
            self.finish(fields, "Controls");
            controls.unset = self.problems.take_unset();
            if known {
                all.insert(name.to_owned(), controls);
            }
        }
        all
    }

    /// A row of that source that must work.
    fn positive(&mut self, node: &Node, source: &str, rows: &Rows<'_>) -> Option<String> {
        let id = self.required_text(node)?;
        let row = self.row(node, id, rows)?;
        if &*row.source != source {
            let message = format!("the row `{id}` starts at `{}`, not at `{source}`", row.source);
            self.wrong(node, message);
            return None;
        }
        Some(id.to_owned())
    }

    fn negative(&mut self, node: &Node) -> Option<NegativeControl> {
        let mut fields = self.problems.fields(node, "target")?;
        let name = fields.required("host", &mut self.problems);
        let name = name.and_then(|node| self.problems.parse(node, host));
        let port = fields.required("port", &mut self.problems);
        let port = port.and_then(|node| self.problems.parse(node, single_port));
        self.finish(fields, "Negative");
        Some(NegativeControl { host: name?, port: port? })
    }
}

fn single_port(text: &str) -> Result<u16, String> {
    Ports::parse(text)?.single().ok_or_else(|| format!("`{text}` is more than one port"))
}
