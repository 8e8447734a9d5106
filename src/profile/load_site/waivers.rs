//! Waivers: a row, a fault, a reason and the last day.

use std::collections::BTreeMap;

use time::{Date, Month};

use crate::model::diagnostic::did_you_mean;
use crate::model::node::Kind;
use crate::model::{FaultCode, Node};
use crate::profile::load_site::Rows;
use crate::profile::reader::{Reader, unknown};
use crate::profile::site::{EndpointSettings, Waiver};

impl Reader {
    pub(super) fn waiver(
        &mut self,
        node: &Node,
        rows: &Rows<'_>,
        endpoints: &BTreeMap<String, EndpointSettings>,
    ) -> Option<Waiver> {
        let mut fields = self.problems.fields(node, "waiver")?;
        let row = fields.required("row", &mut self.problems);
        let row = row.and_then(|node| self.waived(node, rows, endpoints));
        let code = fields.required("code", &mut self.problems);
        let code = code.and_then(|node| self.parse_with_help(node, any_fault));
        let reason = fields.required("reason", &mut self.problems);
        let reason = reason.and_then(|node| self.problems.text(node));
        let until = fields.required("until", &mut self.problems);
        let until = until.and_then(|node| self.problems.parse(node, day));
        self.finish(fields, "Waiver");
        let reason = reason?.to_owned();
        self.settle();
        Some(Waiver { row: row?, code: code?, reason, until: until?, place: node.place() })
    }

    /// `18` or `18[t100]`.
    fn waived(
        &mut self,
        node: &Node,
        rows: &Rows<'_>,
        endpoints: &BTreeMap<String, EndpointSettings>,
    ) -> Option<String> {
        if let Kind::List(_) = node.kind {
            self.problems.push(
                node.wrong("expected a row, found a list")
                    .help("quote a row with an instance: \"18[t100]\""),
            );
            return None;
        }
        let text = self.required_text(node)?;
        let (id, instance) = match text.strip_suffix(']').and_then(|text| text.split_once('[')) {
            Some((id, instance)) => (id, Some(instance)),
            None => (text, None),
        };
        let row = self.row(node, id, rows)?;
        let Some(instance) = instance else { return Some(text.to_owned()) };
        let known: Vec<&str> = endpoints
            .get(&*row.destination)
            .map(|endpoint| endpoint.instances.iter().map(|one| &*one.name).collect())
            .unwrap_or_default();
        if !known.contains(&instance) {
            let what = format!("instance of `{}` with the name", row.destination);
            self.problems.push(unknown(node, &what, instance, known));
            return None;
        }
        Some(text.to_owned())
    }
}

fn any_fault(text: &str) -> Result<FaultCode, (String, Option<String>)> {
    FaultCode::parse(text).ok_or_else(|| {
        let known = FaultCode::ALL.iter().map(|code| code.as_str());
        (format!("`{text}` is no fault"), did_you_mean(text, known))
    })
}

/// A calendar date (ISO 8601, extended form).
fn day(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is no day; write it as 2027-01-31");
    let mut parts = text.splitn(3, '-');
    let mut part = |length: usize| {
        let part = parts.next().filter(|part| part.len() == length)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u16>().ok())?
    };
    let (year, month, day) = (|| Some((part(4)?, part(2)?, part(2)?)))().ok_or_else(wrong)?;
    let month = u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok());
    let date = month.zip(u8::try_from(day).ok());
    date.and_then(|(month, day)| Date::from_calendar_date(i32::from(year), month, day).ok())
        .map(|_| text.to_owned())
        .ok_or_else(wrong)
}
