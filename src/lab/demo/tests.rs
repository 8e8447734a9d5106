//! The demo, asked by clients that share nothing with the prober.

use std::collections::HashSet;

use super::*;

#[test]
fn the_bad_change_is_told_row_by_row() {
    let codes: HashSet<_> = BROKEN.iter().map(|(_, code)| code).collect();
    assert!(codes.len() >= 15, "{} different faults", codes.len());
    let mut rows: Vec<u8> = BROKEN.iter().map(|(row, _)| row.parse().unwrap()).collect();
    rows.extend(UNHARMED.iter().map(|row| row.parse::<u8>().unwrap()));
    rows.sort_unstable();
    assert_eq!(rows, (1..=21).collect::<Vec<u8>>());
}

#[tokio::test]
async fn every_name_of_the_site_is_served() {
    for broken in [false, true] {
        let demo = start(broken).await.unwrap();
        for (host, _, address) in &demo.resolves {
            assert!(demo.site.contains(host.as_str()), "{host}");
            assert!(address.ip().is_loopback());
        }
        let hosts: HashSet<_> = demo.resolves.iter().map(|(host, ..)| host).collect();
        assert_eq!(hosts.len(), 12);
    }
}

#[tokio::test]
async fn the_site_says_the_same_in_both() {
    let (good, bad) = (start(false).await.unwrap(), start(true).await.unwrap());
    let neutral = |demo: &Demo| demo.site.replace(demo.directory.to_str().unwrap(), "DIRECTORY");
    assert_eq!(neutral(&good), neutral(&bad));
    let directory = good.directory.clone();
    assert!(directory.join("external-ca.pem").exists());
    drop(good);
    assert!(!directory.exists(), "secrets must go with the demo");
}

#[tokio::test]
async fn the_gateway_redirects_to_a_certificate_that_ends_in_the_bad_change() {
    for broken in [false, true] {
        let demo = start(broken).await.unwrap();
        let at = |port| at(&demo, site::BROWSER, port);
        let plain = crate::lab::tests::client(None);
        let answer = plain.get(format!("http://{}/", at(80))).send().await.unwrap();
        assert_eq!(answer.status(), 308);
        assert_eq!(answer.headers()["location"], "https://udm.demo.example/");
        let ca = std::fs::read_to_string(demo.directory.join("ca.pem")).unwrap();
        let trusting = crate::lab::tests::client_at(&ca, site::BROWSER, at(443));
        let url = format!("https://{}:{}/", site::BROWSER, at(443).port());
        assert_eq!(trusting.get(url).send().await.is_ok(), !broken);
    }
}

fn at(demo: &Demo, host: &str, port: u16) -> SocketAddr {
    let hit = demo.resolves.iter().find(|(name, p, _)| name == host && *p == port);
    hit.unwrap_or_else(|| panic!("{host}:{port} is not served")).2
}

/// Every host and port that a row of the table leads to at this site.
const PLACES: &[(&str, u16)] = &[
    (site::BROWSER, 80),
    (site::BROWSER, 443),
    (site::UDM_GATEWAY, 80),
    (site::UDM_GATEWAY, 10052),
    (site::UDM, 8080),
    (site::UDM, 10052),
    (site::UDM_DB, 5432),
    (site::STORAGE, 443),
    (site::GAUTH, 80),
    (site::GWS, 80),
    (site::UCS, 80),
    (site::UCS, 8080),
    (site::UCS, 443),
    (site::UCS, 10052),
    (site::ELASTIC, 9200),
    (site::TENANT_DB, 5432),
    (site::POOLER, 5432),
    (site::IWD, 4024),
];

#[tokio::test]
async fn every_place_of_the_table_is_served_once() {
    let demo = start(false).await.unwrap();
    assert_eq!(demo.resolves.len(), PLACES.len());
    for (host, port) in PLACES {
        at(&demo, host, *port);
    }
}

#[tokio::test]
async fn the_token_of_the_authentication_service_opens_the_contact_service() {
    let demo = start(false).await.unwrap();
    let client = crate::lab::tests::client(None);
    let issued = client
        .post(format!("http://{}/auth/v3/oauth/token", at(&demo, site::GAUTH, 80)))
        .basic_auth("ucsx_api_client", Some(site::UCS_CLIENT.1))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials")
        .send()
        .await
        .unwrap();
    let body: serde_json::Value = serde_json::from_str(&issued.text().await.unwrap()).unwrap();
    let token = body["access_token"].as_str().unwrap();
    let url = format!("http://{}/ucs/v3/healthcheck", at(&demo, site::UCS, 8080));
    assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    assert_eq!(client.get(&url).bearer_auth(token).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn every_secret_is_a_file_and_none_is_in_the_site() {
    let demo = start(false).await.unwrap();
    for (name, secret) in site::SECRETS {
        assert!(!demo.site.contains(secret), "{name} is written out");
        let file = demo.directory.join(name);
        assert!(demo.site.contains(file.to_str().unwrap()), "{name} is not used");
        assert_eq!(std::fs::read_to_string(file).unwrap(), *secret);
    }
}

#[tokio::test]
async fn the_demo_ends_with_its_handle() {
    let demo = start(false).await.unwrap();
    let addresses: Vec<SocketAddr> = demo.resolves.iter().map(|(.., address)| *address).collect();
    drop(demo);
    for address in addresses {
        assert!(tokio::net::TcpStream::connect(address).await.is_err(), "{address} still listens");
    }
}
