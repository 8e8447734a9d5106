//! Waivers: faults that are known and don't count until a day.

use crate::model::report::{ConnectionReport, WaivedInfo};
use crate::model::{Finding, FindingCode, Verdict};
use crate::profile::Waiver;

/// Marks the rows that a waiver covers today, and tells of waivers that cover nothing.
pub(super) fn waive(
    waivers: &[Waiver],
    today: &str,
    connections: &mut [ConnectionReport],
    findings: &mut Vec<Finding>,
) {
    for waiver in waivers {
        let mut find = |code, detail: String| {
            findings.push(Finding { row: Some(waiver.row.clone()), code, detail });
        };
        let expired = waiver.until.as_str() < today;
        let mut covers = false;
        let named = connections
            .iter_mut()
            .filter(|row| row.chosen && (*row.id == *waiver.row || row.label() == waiver.row));
        let mut seen = false;
        for row in named {
            seen = true;
            let hit = row.fault.as_ref().is_some_and(|fault| fault.code == waiver.code);
            if hit && row.verdict != Verdict::Pass {
                covers = true;
                if !expired {
                    row.waived = Some(WaivedInfo {
                        code: waiver.code,
                        reason: waiver.reason.clone(),
                        until: waiver.until.clone(),
                    });
                }
            }
        }
        if covers && expired {
            let detail = format!("the waiver for {} ended on {}", waiver.code, waiver.until);
            find(FindingCode::WaiverExpired, detail);
        } else if seen && !covers {
            let detail = format!("the waiver for {} covers nothing", waiver.code);
            find(FindingCode::WaiverUnused, detail);
        }
    }
}
