//! Which rows are chosen: by source, `--only` and `--skip`.

use crate::model::diagnostic::did_you_mean;
use crate::model::{Classification, Diagnostic};
use crate::profile::{Connection, Profile};
use crate::runner::bind::Binder;
use crate::runner::plan::Options;
use crate::runner::select::{Selector, endpoint_named};

impl Binder<'_, '_> {
    /// Reads the options that choose rows.
    pub(super) fn choose(&mut self) {
        let options = self.maker.options;
        match (&options.source, options.all_sources) {
            (Some(word), _) => self.source = self.named_source(word),
            (None, true) => {}
            (None, false) => self.maker.errors.push(
                Diagnostic::plain("nothing says which source this is")
                    .help("give --source NAME (or CONNPROBE_SOURCE), or --all-sources"),
            ),
        }
        self.only = self.selectors("--only", &options.only);
        self.skip = self.selectors("--skip", &options.skip);
    }

    pub(super) fn named_source(&mut self, word: &str) -> Option<String> {
        let extra = || self.site.extra.iter().map(|row| &*row.source);
        if let Some(name) = endpoint_named(self.profile, word) {
            return Some(name.to_owned());
        }
        if extra().any(|name| name == word) {
            return Some(word.to_owned());
        }
        if self.missing.endpoints {
            return None;
        }
        let names = self.profile.endpoints.iter().map(|endpoint| &*endpoint.name);
        let near = did_you_mean(word, names.clone())
            .unwrap_or_else(|| format!("known are: {}", names.collect::<Vec<_>>().join(", ")));
        self.maker
            .errors
            .push(Diagnostic::plain(format!("--source: no endpoint `{word}`")).help(near));
        None
    }

    pub(super) fn selectors(&mut self, option: &str, words: &[String]) -> Vec<Selector> {
        let mut found = Vec::new();
        let words = words.iter().flat_map(|word| word.split(',')).map(str::trim);
        for word in words.filter(|word| !word.is_empty()) {
            let rows = self.profile.connections.iter().chain(&self.site.extra);
            match Selector::parse(word, self.profile, rows) {
                Ok(selector) => found.push(selector),
                // It may name what could not be read.
                Err(_) if self.missing.endpoints || self.missing.rows => {}
                Err(message) => {
                    let names = self.profile.endpoints.iter().map(|endpoint| &*endpoint.name);
                    let classes = Classification::ALL.iter().map(|class| class.as_str());
                    let near = did_you_mean(word, names.chain(classes));
                    let message = format!("{option}: {message}");
                    self.maker.errors.push(Diagnostic::plain(message).maybe_help(near));
                }
            }
        }
        found
    }

    /// Why a row is not chosen; `None` where it is.
    pub(super) fn passed_over(&self, row: &Connection) -> Option<String> {
        if let Some(source) = &self.source
            && *row.source != **source
        {
            return Some(format!("its source is {}, not {source}", row.source));
        }
        if !self.only.is_empty() && !self.only.iter().any(|selector| selector.matches(row)) {
            return Some("not named by --only".to_owned());
        }
        self.skip
            .iter()
            .any(|selector| selector.matches(row))
            .then(|| "left out by --skip".to_owned())
    }
}

/// Nothing that the options name is in the table.
pub(super) fn nothing_chosen(profile: &Profile, options: &Options) -> Diagnostic {
    let sources: Vec<&str> = {
        let mut names: Vec<&str> = Vec::new();
        for row in &profile.connections {
            if !names.contains(&&*row.source) {
                names.push(&row.source);
            }
        }
        names
    };
    let who = options.source.as_deref().unwrap_or("any source");
    Diagnostic::plain(format!("no row is chosen for {who}"))
        .help(format!("the sources of this profile are: {}", sources.join(", ")))
}
