//! The profiles that ship with the program.

/// Each by its name, with the text of its file.
pub const EMBEDDED: &[(&str, &str)] =
    &[("genesys-ucs", include_str!("../../profiles/genesys-ucs.yaml"))];

/// A site with comments, for each of [`EMBEDDED`], by the name of the profile.
pub const EXAMPLE_SITES: &[(&str, &str)] =
    &[("genesys-ucs", include_str!("../../profiles/genesys-ucs.site.yaml"))];

/// The text of an embedded profile.
pub fn embedded(name: &str) -> Option<&'static str> {
    EMBEDDED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The text of the example site of an embedded profile.
pub fn example_site(profile: &str) -> Option<&'static str> {
    EXAMPLE_SITES.iter().find(|(known, _)| *known == profile).map(|(_, text)| *text)
}
