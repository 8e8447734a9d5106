//! JSON: the run itself, as its types have it.

use std::io::{self, Write};

use crate::model::report::Report;
use crate::report::{Format, RenderError};

/// JSON.
pub const FORMAT: Format =
    Format { name: "json", about: "the whole run, connprobe/report/v1", extension: "json", render };

/// Rows from which on a report is written without indentation: a person reads no more than these.
const COMPACT: usize = 2_000;

/// Bytes that are gathered before they are handed on.
const CHUNK: usize = 64 * 1024;

/// Gathers the many small writes of a serializer, each of which would be a call through `dyn Write`.
struct Gathering<'o> {
    bytes: Vec<u8>,
    out: &'o mut dyn Write,
}

impl Write for Gathering<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }
}

fn render(report: &Report, out: &mut dyn Write) -> Result<(), RenderError> {
    let mut out = Gathering { bytes: Vec::with_capacity(CHUNK + 4_096), out };
    let written = if report.connections.len() < COMPACT {
        serde_json::to_writer_pretty(&mut out, report)
    } else {
        serde_json::to_writer(&mut out, report)
    };
    written.map_err(|error| RenderError::Write(error.into()))?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}
