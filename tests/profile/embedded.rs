//! The shipped profile against the facts of the published table.

use connprobe::model::Proof;
use connprobe::profile::embedded::{EMBEDDED, EXAMPLE_SITES, example_site};
use connprobe::profile::{Confidence, Profile, digest};

use crate::{genesys, lines, read_profile, read_site};

const INTRA: Option<&str> = Some("intra-cluster");
const IN: Option<&str> = Some("ingress");

/// Number, source, destination, protocol, port and classification as published.
type Row =
    (&'static str, &'static str, &'static str, &'static str, &'static str, Option<&'static str>);

#[rustfmt::skip]
const PUBLISHED: &[Row] = &[
    ("1", "Browser", "Inbound Gateway", "HTTP", "80", IN),
    ("2", "Ingress Gateway", "UDM Gateway", "TCP", "80", IN),
    ("3", "UDM Gateway", "UDM Master DB", "TCP", "5432", INTRA),
    ("4", "UDM", "UDM Master DB", "TCP", "443", INTRA),
    ("5", "UDM Gateway", "External File Storage", "HTTP", "443", INTRA),
    ("6", "UDM", "External File Storage", "HTTP", "443", INTRA),
    ("7", "Prometheus", "UDM Gateway", "TCP", "10052", INTRA),
    ("8", "Intelligent Workload Distribution", "UDM", "HTTP", "8080", None),
    ("9", "UDM", "Authentication Service", "TCP", "80", INTRA),
    ("10", "UDM Gateway", "Authentication Service", "TCP", "80", INTRA),
    ("11", "Prometheus", "UDM", "TCP", "10052", INTRA),
    ("12", "Universal Contact Service", "Authentication Service", "TCP", "80", INTRA),
    ("13", "Universal Contact Service", "GWS Workspace Service", "HTTP", "80", INTRA),
    ("14", "Intelligent Workload Distribution", "Universal Contact Service", "HTTP", "80", INTRA),
    ("15", "Nexus", "Universal Contact Service", "TCP", "8080", INTRA),
    ("16", "Prometheus", "Universal Contact Service", "TCP", "10052", None),
    ("17", "Universal Contact Service", "Elasticsearch", "TCP", "9200", INTRA),
    ("18", "Universal Contact Service", "UCSX Tenant Database", "TCP", "5432", INTRA),
    ("19", "Universal Contact Service", "UCSX Master Database", "TCP", "6432", INTRA),
    ("20", "UDM", "UCSX Master Database", "TCP", "5432", None),
    ("21", "UDM Gateway", "Universal Contact Service", "TCP", "443", None),
];

/// What each row is proved with, how far, and how many alternates it has.
#[rustfmt::skip]
const PROVED: &[(&str, Proof, usize)] = &[
    ("http", Proof::Identified, 0), ("http", Proof::Identified, 0),
    ("postgres", Proof::Operational, 0), ("postgres", Proof::Operational, 1),
    ("object_store", Proof::Authenticated, 0), ("object_store", Proof::Authenticated, 0),
    ("prometheus", Proof::Identified, 0), ("http", Proof::Identified, 1),
    ("oauth2", Proof::Authenticated, 0), ("oauth2", Proof::Authenticated, 0),
    ("prometheus", Proof::Identified, 0), ("oauth2", Proof::Authenticated, 0),
    ("cometd", Proof::Operational, 1), ("http", Proof::Authenticated, 1),
    ("http", Proof::Authenticated, 0), ("prometheus", Proof::Identified, 0),
    ("elasticsearch", Proof::Authenticated, 0), ("postgres", Proof::Operational, 0),
    ("postgres", Proof::Operational, 1), ("postgres", Proof::Operational, 0),
    ("http", Proof::Authenticated, 0),
];

/// The names of endpoints that sites, charts and documentation rely on.
const NAMES: &[&str] = &[
    "browser",
    "inbound-gateway",
    "ingress-gateway",
    "udm-gateway",
    "udm",
    "udm-master-db",
    "external-file-storage",
    "prometheus",
    "iwd",
    "authentication-service",
    "ucs",
    "gws-workspace-service",
    "nexus",
    "elasticsearch",
    "ucsx-tenant-db",
    "ucsx-master-db",
];

fn title<'p>(profile: &'p Profile, name: &str) -> &'p str {
    &profile.endpoint(name).expect("an endpoint").title
}

#[test]
fn the_profile_has_what_the_published_table_has() {
    let profile = genesys();
    let rows: Vec<_> = profile
        .connections
        .iter()
        .map(|row| {
            (
                row.id.to_string(),
                title(&profile, &row.source),
                title(&profile, &row.destination),
                row.protocol.to_string(),
                row.port.to_string(),
                row.classification.map(connprobe::model::Classification::as_str),
            )
        })
        .collect();
    assert_eq!(rows.len(), PUBLISHED.len());
    for ((id, source, destination, protocol, port, class), published) in rows.iter().zip(PUBLISHED)
    {
        let row = (&**id, *source, *destination, &**protocol, &**port, *class);
        assert_eq!(row, *published);
    }
}

#[test]
fn each_row_is_proved_as_far_as_it_deserves() {
    let profile = genesys();
    let proved: Vec<_> = profile
        .connections
        .iter()
        .map(|row| {
            let probe = row.probe.as_ref().expect("a probe");
            (probe.name.as_str(), row.proof, row.alternates.len())
        })
        .collect();
    assert_eq!(proved, PROVED);
}

#[test]
fn endpoints_have_their_fixed_names_and_no_host_is_made_up() {
    let profile = genesys();
    let names: Vec<&str> = profile.endpoints.iter().map(|endpoint| &*endpoint.name).collect();
    assert_eq!(names, NAMES);
    for name in ["udm", "udm-gateway", "udm-master-db", "inbound-gateway", "external-file-storage"]
    {
        assert_eq!(profile.endpoint(name).unwrap().host, None, "{name}");
    }
    for endpoint in &profile.endpoints {
        assert_eq!(endpoint.host.is_some(), endpoint.confidence.is_some(), "{}", endpoint.name);
    }
    let ucs = profile.endpoint("ucs").unwrap();
    assert_eq!(ucs.host.as_deref(), Some("ucsx.ucsx.svc"));
    assert_eq!(ucs.confidence, Some(Confidence::High));
    assert_eq!(ucs.pods.as_ref().unwrap().labels["service"], "ucsx");
}

#[test]
fn every_oddity_of_the_table_is_told() {
    let profile = genesys();
    let rows = profile.connections.iter().flat_map(|row| &row.notes);
    let notes: Vec<&String> = profile.notes.iter().chain(rows).collect();
    let codes = (1..=5).map(|i| format!("S{i}:")).chain((1..=14).map(|i| format!("A{i}:")));
    for code in codes {
        assert!(notes.iter().any(|note| note.starts_with(&code)), "{code}");
    }
    let of = |id: &str| {
        let row = profile.connections.iter().find(|row| &*row.id == id).unwrap();
        row.notes.iter().map(|note| note.split(':').next().unwrap()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(of("4"), "A1 A8");
    assert_eq!(of("8"), "S1 A4");
    assert_eq!(of("19"), "S3 A2 A8 A11");
    assert_eq!(of("20"), "S1 A2 A3 A8");
    assert_eq!(of("21"), "S2 A5 A8 A11");
}

#[test]
fn every_embedded_profile_is_read_under_its_name_and_has_an_example_site() {
    assert_eq!(EMBEDDED.len(), EXAMPLE_SITES.len());
    for (name, text) in EMBEDDED {
        let profile = read_profile(text).unwrap_or_else(|errors| panic!("{}", lines(&errors)));
        assert_eq!(profile.name, *name);
        assert_eq!(profile.digest, digest(text));
        let site = read_site(example_site(name).expect("a site"), &profile);
        site.unwrap_or_else(|errors| panic!("{}", lines(&errors)));
    }
}

#[test]
fn a_digest_is_sha_256_in_hex() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(digest(""), empty);
}
