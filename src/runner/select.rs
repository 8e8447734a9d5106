//! Which rows are chosen: by source, by `--only` and `--skip`.

use crate::model::Classification;
use crate::profile::{Connection, Profile};

/// What `--only` and `--skip` name: ids, ranges of ids, endpoints, classifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// A row's id.
    Id(String),
    /// Ids that are numbers, both ends included.
    Range(u64, u64),
    /// A source or destination.
    Endpoint(String),
    /// A classification.
    Class(Classification),
}

impl Selector {
    /// Reads one word, in the light of a profile and the site's extra rows.
    ///
    /// # Errors
    /// What is wrong with the word, and what it may be.
    pub fn parse<'a>(
        word: &str,
        profile: &Profile,
        mut rows: impl Iterator<Item = &'a Connection>,
    ) -> Result<Self, String> {
        if rows.any(|row| &*row.id == word) {
            return Ok(Self::Id(word.to_owned()));
        }
        if let Some(class) = Classification::ALL.iter().find(|class| class.as_str() == word) {
            return Ok(Self::Class(*class));
        }
        if let Some(name) = endpoint_named(profile, word) {
            return Ok(Self::Endpoint(name.to_owned()));
        }
        let number = |text: &str| text.trim().parse::<u64>().ok();
        match word.split_once('-').and_then(|(a, b)| number(a).zip(number(b))) {
            Some((first, last)) if first <= last => Ok(Self::Range(first, last)),
            Some((first, last)) => Err(format!("the range {first}-{last} runs backwards")),
            None => Err(format!("`{word}` is no row, range of rows, endpoint or classification")),
        }
    }

    /// Whether a row is meant.
    pub fn matches(&self, row: &Connection) -> bool {
        match self {
            Self::Id(id) => *row.id == **id,
            Self::Range(first, last) => {
                row.id.parse::<u64>().is_ok_and(|id| (*first..=*last).contains(&id))
            }
            Self::Endpoint(name) => *row.source == **name || *row.destination == **name,
            Self::Class(class) => row.classification == Some(*class),
        }
    }
}

/// The name of an endpoint that a person calls by name, title or alias.
pub fn endpoint_named<'p>(profile: &'p Profile, word: &str) -> Option<&'p str> {
    let same = |name: &str| name.eq_ignore_ascii_case(word);
    let by_name = profile.endpoints.iter().find(|endpoint| *endpoint.name == *word);
    by_name
        .or_else(|| {
            profile.endpoints.iter().find(|endpoint| {
                same(&endpoint.name)
                    || same(&endpoint.title)
                    || endpoint.aliases.iter().any(|alias| same(alias))
            })
        })
        .map(|endpoint| &*endpoint.name)
}
