//! JSON: the run itself, as its types have it.

use std::io::{BufWriter, Write};

use crate::model::report::Report;
use crate::report::{Format, RenderError};

/// JSON.
pub const FORMAT: Format =
    Format { name: "json", about: "the whole run, connprobe/report/v1", extension: "json", render };

/// Rows from which on a report is written without indentation: a person reads no more than these.
const COMPACT: usize = 2_000;

/// Bytes that are gathered before they are handed on: each of a serializer's many small writes would
/// else be a call through `dyn Write`.
const CHUNK: usize = 64 * 1024;

fn render(report: &Report, out: &mut dyn Write) -> Result<(), RenderError> {
    let mut out = BufWriter::with_capacity(CHUNK, out);
    let written = if report.connections.len() < COMPACT {
        serde_json::to_writer_pretty(&mut out, report)
    } else {
        serde_json::to_writer(&mut out, report)
    };
    written.map_err(|error| RenderError::Write(error.into()))?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}
