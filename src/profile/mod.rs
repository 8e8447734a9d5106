//! Profiles and sites: the published table, how to prove its rows, and this installation.
//!
//! Files are read into a tree with positions first, so that every mistake is told at once, each
//! where it stands. Only then are types built: [`Profile`] and [`Site`]. The `probe:` of a row stays
//! a node; its protocol reads it when the plan is bound.

mod auth;
pub mod embedded;
pub mod expand;
pub mod host;
mod load;
mod load_site;
mod mask;
mod names;
mod proxy;
mod reader;
mod row;
pub mod schema;
mod settings;
pub mod site;
pub mod table;
pub mod tree;

pub use auth::Auth;
pub use load::{PROFILE, Read, SITE, digest, profile, read_profile, read_site, site};
pub use reader::Keys;
pub use site::{
    AuthSettings, ControlSettings, EndpointSettings, FileRef, InstanceSettings, NegativeControl,
    ProxyScheme, ProxySettings, ProxyUrl, RowSettings, SecretRef, Settings, Site, TlsSettings,
    Waiver,
};
pub use table::{
    Alternate, Confidence, Connection, Endpoint, Expected, Missing, Pods, ProbeNode, Profile,
};
