//! Reports: one function for each format, named in [`FORMATS`].

pub mod explain;
pub mod json;
pub mod junit;
pub mod saved;
pub mod style;
pub mod target;
pub mod text;

use std::io::Write;

use crate::model::report::Report;

/// Why a report could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The writer failed.
    #[error("write: {0}")]
    Write(#[from] std::io::Error),
    /// The form can't be made.
    #[error("{0}")]
    Form(String),
}

/// A form of report.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The word before `=` in `--report`.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Extension of its files.
    pub extension: &'static str,
    /// Renders.
    pub render: fn(&Report, &mut dyn Write) -> Result<(), RenderError>,
}

/// Every form of report.
pub const FORMATS: &[Format] = &[json::FORMAT, junit::FORMAT, text::FORMAT];

/// The form of this name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
