//! Sites as types.

use connprobe::model::FaultCode;
use connprobe::profile::embedded::example_site;
use connprobe::profile::{Auth, AuthSettings, Expected, SecretRef, Site, digest};

use crate::{genesys, lines, read_profile, read_site};

fn site(text: &str) -> Site {
    let text = format!("schema: connprobe/site/v1\n{text}");
    read_site(&text, &genesys()).unwrap_or_else(|errors| panic!("{}", lines(&errors)))
}

#[test]
fn the_example_site_says_what_its_comments_say() {
    let text = example_site("genesys-ucs").unwrap();
    let site = read_site(text, &genesys()).unwrap_or_else(|errors| panic!("{}", lines(&errors)));
    assert_eq!(site.digest, digest(text));
    assert_eq!(site.profile.unwrap().0, "genesys-ucs");
    let db = &site.endpoints["ucsx-tenant-db"];
    let names: Vec<&str> = db.instances.iter().map(|instance| &*instance.name).collect();
    assert_eq!(names, ["t100", "t200"]);
    let auth = db.instances[0].settings.auth.as_ref().and_then(Auth::whole);
    let Some(AuthSettings::Login { username, database, .. }) = auth else { panic!("a login") };
    assert_eq!((username.as_deref(), database.as_deref()), (Some("ucsx_t100"), Some("ucsx_t100")));
    assert_eq!(site.endpoints["udm"].settings.hosts[0].0, "udm.udm.svc");
    assert_eq!(site.connections["14"].port.as_ref().unwrap().single(), Some(8080));
    let deny = site.extra.iter().find(|row| &*row.id == "deny-internet").unwrap();
    assert_eq!(deny.expect, Some(Expected::Blocked(vec![FaultCode::TcpRefused])));
    assert_eq!((&*deny.protocol, deny.proof.as_str()), ("TCP", "connected"));
    assert_eq!(site.controls["ucs"].positive[0].0, "18");
    assert_eq!(site.waivers[0].until, "2027-01-31");
}

#[test]
fn a_variable_without_a_value_stays_with_what_names_it() {
    let site = site(
        "endpoints:\n  ucsx-tenant-db: {host: '${NOBODY}', instances: {t: {owner: '${NO}'}}}\n  \
         nexus: {host: '${HOST}'}\n\
         connections:\n  18: {port: '${NONE}', auth: {username: '${WHO}', password: {env: A}}}\n\
         extra: [{id: x, source: ucs, destination: y, host: '${THERE}', port: 1}]\n\
         controls: {ucs: {negative: [{host: '${DEAD}', port: 1}]}}\n",
    );
    let db = &site.endpoints["ucsx-tenant-db"];
    let said = |unset: &[connprobe::model::Diagnostic]| lines(unset);
    assert!(said(&db.settings.unset).contains("3:26: the variable `NOBODY` is not set"));
    assert!(!said(&db.settings.unset).contains("`NO`"));
    assert!(said(&db.instances[0].settings.unset).contains("`NO`"));
    assert!(site.endpoints["nexus"].settings.unset.is_empty());
    let row = said(&site.connections["18"].settings.unset);
    assert!(row.contains("`NONE`") && row.contains("`WHO`"), "{row}");
    assert!(said(&site.extra[0].unset).contains("`THERE`"));
    assert!(said(&site.controls["ucs"].unset).contains("`DEAD`"));
}

#[test]
fn a_profile_keeps_variables_without_a_value_with_their_row_or_endpoint() {
    let profile = read_profile(
        "schema: connprobe/profile/v1\nname: p\nendpoints: {a: {host: '${NOBODY}'}, b: }\n\
         connections:\n  - {id: 1, source: a, destination: b, protocol: TCP, port: '${NONE}', \
         proof: spoken}\n  - {id: 2, source: a, destination: b, protocol: TCP, port: 1, \
         proof: spoken}\n",
    )
    .unwrap_or_else(|errors| panic!("{}", lines(&errors)));
    assert_eq!(profile.endpoints[0].unset.len(), 1);
    assert_eq!(profile.endpoints[1].unset.len(), 0);
    assert_eq!(profile.connections[0].unset.len(), 1);
    assert_eq!(profile.connections[1].unset.len(), 0);
}

#[test]
fn secrets_are_kept_as_references() {
    let site = site(
        "endpoints:\n  elasticsearch: {auth: {api_key: {file: /run/key, exact: true}}}\n  \
         nexus: {auth: {token: {env: TOKEN}}}\n",
    );
    let auth = |name: &str| site.endpoints[name].settings.auth.as_ref().and_then(Auth::whole);
    let Some(AuthSettings::ApiKey(SecretRef::File { path, exact, .. })) = auth("elasticsearch")
    else {
        panic!("a file")
    };
    assert_eq!((path.to_str(), exact), (Some("/run/key"), true));
    let Some(AuthSettings::Token(SecretRef::Env { name, .. })) = auth("nexus") else {
        panic!("a variable")
    };
    assert_eq!(name, "TOKEN");
}

#[test]
fn an_anchor_saves_saying_things_twice() {
    let site = site(
        "endpoints:\n  iwd: {tls: &tls {mode: verify-ca, ca_file: /ca.pem}}\n  nexus: {tls: *tls}\n",
    );
    let of = |name: &str| site.endpoints[name].settings.tls.ca_file.clone();
    assert_eq!(of("iwd"), of("nexus"));
    assert!(of("nexus").is_some());
}

#[test]
fn addresses_of_the_sixth_version_need_no_brackets() {
    let site = site("endpoints: {iwd: {hosts: ['[2001:db8::1]', '2001:db8::2', 192.0.2.1]}}\n");
    let hosts: Vec<&str> =
        site.endpoints["iwd"].settings.hosts.iter().map(|(host, _)| host.as_str()).collect();
    assert_eq!(hosts, ["2001:db8::1", "2001:db8::2", "192.0.2.1"]);
}
