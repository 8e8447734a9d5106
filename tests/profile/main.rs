//! Profiles and sites as files: what is read out of them, and what is said of wrong ones.

mod embedded;
mod schema;
mod site;
mod speed;
mod tree;
mod wrong;

use std::sync::Arc;

use connprobe::model::{Diagnostic, Source};
use connprobe::profile::{Profile, Site};

/// A file that was never on a disk.
fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source { name: name.to_owned(), text: text.to_owned() })
}

/// The environment of every test.
fn environment(name: &str) -> Option<String> {
    match name {
        "PORT" => Some("5433".to_owned()),
        "HOST" => Some("pg.example.internal".to_owned()),
        "PASSWORD" => Some("hunter2-expanded".to_owned()),
        _ => None,
    }
}

fn read_profile(text: &str) -> Result<Profile, Vec<Diagnostic>> {
    connprobe::profile::profile(source("profile.yaml", text), &environment)
}

fn read_site(text: &str, profile: &Profile) -> Result<Site, Vec<Diagnostic>> {
    connprobe::profile::site(source("site.yaml", text), &environment, profile)
}

/// The profile that ships with the program.
fn genesys() -> Profile {
    let text = connprobe::profile::embedded::embedded("genesys-ucs").expect("it is embedded");
    read_profile(text).unwrap_or_else(|errors| panic!("{}", lines(&errors)))
}

fn lines(errors: &[Diagnostic]) -> String {
    errors.iter().fold(String::new(), |text, error| text + &error.to_string() + "\n")
}
