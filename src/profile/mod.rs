//! Profiles and sites: the published table, how to prove its rows, and this installation.
//!
//! Files are read into a tree with positions first, so that every mistake is told at once, each
//! where it stands. Only then are types built: [`Profile`] and [`Site`]. The `probe:` of a row stays
//! a node; its protocol reads it when the plan is bound.

pub mod site;
pub mod table;

pub use site::{
    AuthSettings, ControlSettings, EndpointSettings, FileRef, InstanceSettings, NegativeControl,
    ProxyScheme, ProxySettings, ProxyUrl, RowSettings, SecretRef, Settings, Site, TlsSettings,
    Waiver,
};
pub use table::{Alternate, Connection, Endpoint, Expected, Pods, ProbeNode, Profile};
