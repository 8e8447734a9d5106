//! Where a report goes: standard output, or a file that is whole or not there.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::model::report::Report;
use crate::report::{Format, RenderError};

/// A format and where it goes.
#[derive(Clone, Debug)]
pub struct Target {
    /// The format.
    pub format: Format,
    /// The file; `None` for standard output.
    pub path: Option<PathBuf>,
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The totals don't agree with the rows: a mistake of ours.
    #[error("the report contradicts itself: {0}")]
    Unreconciled(String),
    /// A file can't be made, filled or renamed.
    #[error("{operation} `{}`: {source}", path.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Standard output can't be written.
    #[error("write the report to standard output: {0}")]
    Output(#[source] io::Error),
    /// It can't be rendered.
    #[error("render the report: {0}")]
    Render(#[from] RenderError),
}

impl Target {
    /// Writes a report. A file is written under a temporary name and renamed, so that nobody ever
    /// reads half of it.
    pub fn write(&self, report: &Report) -> Result<(), WriteError> {
        if let Some(why) = report.unreconciled() {
            return Err(WriteError::Unreconciled(why));
        }
        match &self.path {
            Some(path) => self.to_file(report, path),
            None => {
                let mut out = BufWriter::new(io::stdout().lock());
                (self.format.render)(report, &mut out)?;
                out.flush().map_err(WriteError::Output)
            }
        }
    }

    fn to_file(&self, report: &Report, path: &Path) -> Result<(), WriteError> {
        let failed = |operation, path: &Path| {
            let path = path.to_owned();
            move |source| WriteError::File { operation, path, source }
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(failed("make the folder", folder))?;
        }
        // A device or a pipe is written to; it must never be replaced by a file.
        let special = fs::metadata(path).is_ok_and(|known| !known.is_file() && !known.is_dir());
        if special {
            return self.fill(report, path);
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        let written = self
            .fill(report, &temporary)
            .and_then(|()| fs::rename(&temporary, path).map_err(failed("rename into", path)));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn fill(&self, report: &Report, temporary: &Path) -> Result<(), WriteError> {
        let failed = |operation| {
            let path = temporary.to_owned();
            move |source| WriteError::File { operation, path, source }
        };
        let file = File::create(temporary).map_err(failed("create"))?;
        let mut out = BufWriter::with_capacity(1 << 16, file);
        (self.format.render)(report, &mut out)?;
        out.flush().map_err(failed("write"))
    }
}
