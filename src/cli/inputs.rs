//! Reading profiles and sites: by the name of an embedded profile, or from a file.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use crate::cli::complain::Wrong;
use crate::model::diagnostic::did_you_mean;
use crate::model::{Diagnostic, Source};
use crate::profile::embedded::{EMBEDDED, embedded};
use crate::profile::{self, Profile, Read, Site};

/// Largest file that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// A variable of the environment.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What could be read of the files that options name, and everything that is wrong with them.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) profile: Option<Profile>,
    pub(super) site: Site,
    pub(super) errors: Vec<Diagnostic>,
}

/// Reads a profile, and a site of it; an absent one says nothing.
pub(super) fn profile_and_site(word: &str, path: Option<&Path>) -> Inputs {
    let mut errors = Vec::new();
    let profile = profile_source(word).map(|source| profile::read_profile(&source, &variable));
    let profile = profile.unwrap_or_else(Read::broken);
    errors.extend(profile.errors);
    let profile = profile.value;
    let Some(path) = path else { return Inputs { profile, site: Site::default(), errors } };
    let site = read(path, "site")
        .map(|source| profile::read_site(&Arc::new(source), &variable, profile.as_ref()));
    let site = site.unwrap_or_else(Read::broken);
    errors.extend(site.errors);
    Inputs { profile, site: site.value.unwrap_or_else(Site::unread), errors }
}

/// Reads a profile: a file where the word is a path, else an embedded one.
pub(super) fn profile(word: &str) -> Result<Profile, Wrong> {
    let source = profile_source(word).map_err(Wrong)?;
    profile::read_profile(&source, &variable).whole().map_err(Wrong)
}

fn profile_source(word: &str) -> Result<Arc<Source>, Vec<Diagnostic>> {
    let is_path = word.contains('/') || Path::new(word).extension().is_some();
    let source = match embedded(word) {
        Some(text) if !is_path => {
            Source { name: format!("{word} (embedded)"), text: text.to_owned() }
        }
        _ if is_path || Path::new(word).exists() => read(Path::new(word), "profile")?,
        _ => {
            let names = EMBEDDED.iter().map(|(name, _)| *name);
            let near = did_you_mean(word, names.clone()).unwrap_or_else(|| {
                let names = names.collect::<Vec<_>>().join(", ");
                format!("embedded are: {names}; a file is named by its path")
            });
            return Err(vec![Diagnostic::plain(format!("no profile `{word}`")).help(near)]);
        }
    };
    Ok(Arc::new(source))
}

/// Reads a site from a text.
pub(super) fn site_text(source: Source, profile: &Profile) -> Result<Site, Wrong> {
    profile::site(Arc::new(source), &variable, profile).map_err(Wrong)
}

fn read(path: &Path, what: &str) -> Result<Source, Vec<Diagnostic>> {
    let name = path.display().to_string();
    let told =
        |why: String| vec![Diagnostic::plain(format!("can't read the {what} `{name}`: {why}"))];
    let size = std::fs::metadata(path).map_err(|error| told(error.to_string()))?.len();
    if size > LARGEST {
        return Err(told(format!("it holds {size} bytes")));
    }
    // A device or a pipe has no size: what comes is bounded as well.
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| told(error.to_string()))?;
    let mut file = file.take(LARGEST + 1);
    file.read_to_end(&mut bytes).map_err(|error| told(error.to_string()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(told(format!("it holds more than {LARGEST} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        told(format!("it is not UTF-8 (byte {})", error.utf8_error().valid_up_to()))
    })?;
    Ok(Source { name, text })
}
