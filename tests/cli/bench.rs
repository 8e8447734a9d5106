//! A directory with a profile and a site, and the program run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use connprobe::model::report::{ConnectionReport, Report};
use connprobe::model::{FaultCode, Verdict};
use serde_json::Value;
use tempfile::TempDir;

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_connprobe");

/// A private directory that the program runs in.
pub(crate) struct Bench {
    directory: TempDir,
}

impl Bench {
    /// A profile of these rows, each without its braces, and a site that says this.
    pub(crate) fn new(rows: &[String], site: &str) -> Self {
        let bench = Self { directory: TempDir::new().expect("a private directory") };
        let rows: String = rows.iter().map(|row| format!("  - {{{row}}}\n")).collect();
        bench.file(
            "profile.yaml",
            format!(
                "schema: connprobe/profile/v1\nname: bench\ntitle: Bench\nendpoints:\n  \
                 here: {{title: Here}}\n  there: {{title: There, host: 127.0.0.1}}\n  \
                 other: {{title: Other, host: 127.0.0.1}}\nconnections:\n{rows}"
            ),
        );
        bench.file("site.yaml", format!("schema: connprobe/site/v1\nprofile: bench\n{site}"));
        bench
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("the file is written");
        path
    }

    /// Where a file is or will be.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// What a file holds.
    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("the file is there")
    }

    /// The command `connprobe run` with the profile, the site and the source.
    pub(crate) fn command(&self, more: &[&str]) -> Command {
        let mut command = program(self.directory.path());
        command.args(["run", "--profile", "profile.yaml", "--site", "site.yaml"]);
        command.args(["--source", "here"]).args(more);
        command
    }

    /// Runs and keeps what it said.
    pub(crate) fn run(&self, more: &[&str]) -> Ran {
        Ran::of(&mut self.command(more))
    }

    /// Runs and reads the JSON report.
    pub(crate) fn report(&self, more: &[&str]) -> Ran {
        self.run(&[&["--report", "json=-"], more].concat())
    }
}

/// The program in a directory, with nothing of this process's environment.
pub(crate) fn program(directory: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().current_dir(directory).stdin(Stdio::null());
    command
}

/// What the program said and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        command.output().expect("the program runs").into()
    }

    /// The report on standard output.
    pub(crate) fn report(&self) -> Report {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("outputs are UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The row of a label.
pub(crate) fn row<'r>(report: &'r Report, label: &str) -> &'r ConnectionReport {
    let found = report.connections.iter().find(|row| row.label() == label);
    found.unwrap_or_else(|| panic!("no row {label}: {report:#?}"))
}

/// The code of the fault of a row.
pub(crate) fn code(row: &ConnectionReport) -> Option<FaultCode> {
    row.fault.as_ref().map(|fault| fault.code)
}

/// Verdict and fault of a row, as words.
pub(crate) fn said(report: &Report, label: &str) -> (Verdict, Option<&'static str>) {
    let row = row(report, label);
    (row.verdict, code(row).map(FaultCode::as_str))
}

/// Whether the findings have this code for this row.
pub(crate) fn finds(report: &Report, label: &str, code: &str) -> bool {
    let report = serde_json::to_value(report).expect("a report is JSON");
    let findings = report["findings"].as_array().expect("findings are a list").clone();
    findings.iter().any(|found: &Value| found["row"] == label && found["code"] == code)
}

/// A row that is proved by the greeting of [`crate::peers::Peer::greeting`].
pub(crate) fn greeted(id: &str, port: u16) -> String {
    format!(
        "id: {id}, source: here, destination: there, protocol: TCP, port: {port}, \
         probe: {{tcp: {{expect: ready}}}}, proof: spoken"
    )
}

/// A row that is proved by a connect alone. It wants a negative control in the site.
pub(crate) fn connected(id: &str, port: u16) -> String {
    format!(
        "id: {id}, source: here, destination: there, protocol: TCP, port: {port}, \
         proof: connected"
    )
}

/// A row that asks for `/` over HTTP.
pub(crate) fn asked(id: &str, port: u16, proof: &str) -> String {
    format!(
        "id: {id}, source: here, destination: there, protocol: HTTP, port: {port}, \
         probe: {{http: {{path: /, status: [200]}}}}, proof: {proof}"
    )
}

/// Controls of the source: a port of loopback that must not connect.
pub(crate) fn negative(port: u16) -> String {
    format!("controls: {{here: {{negative: [{{host: 127.0.0.1, port: {port}}}]}}}}\n")
}
