//! TLS: certificates with one flaw each, handshakes that fail, and peers that speak something else.

use std::io;

use serde_json::{Value, json};

use crate::lab::ground::{Ground, HOST};
use crate::lab::http::{Answer, serve};
use crate::lab::pki::{ClientCertificate, Leaf, Signer};
use crate::lab::raw::{self, Manner, banner};
use crate::lab::scenario::{Scenario, Served, Start};
use crate::model::{FaultCode as F, Key, WarningCode};

pub(super) const GOOD: Leaf<'static> = Leaf { sans: &[HOST], ..Leaf::GOOD };

/// The serial number that the revocation list names.
const REVOKED: u64 = 666;

const fn good(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::good(name, "tls", about, start)
}

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "tls", code, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("tls-good", "a good certificate", |ground| Box::pin(leaf(ground, GOOD))),
    good("tls-intermediate", "a chain of two", |ground| {
        Box::pin(leaf(ground, Leaf { signer: Signer::Intermediate, ..GOOD }))
    }),
    good("tls-ends-soon", "the certificate ends in five days", |ground| {
        Box::pin(leaf(ground, Leaf { until_days: 5, ..GOOD }))
    })
    .warning(&[WarningCode::TlsExpiresSoon]),
    good("tls-not-verified", "its own issuer, which nobody looks at", |ground| {
        Box::pin(unverified(ground))
    })
    .warning(&[WarningCode::TlsNotVerified]),
    good("tls-1.2", "TLS 1.2 alone", |ground| Box::pin(version_12(ground))),
    good("tls-pinned", "the key that was pinned", |ground| Box::pin(pinned(ground, true))),
    bad("tls-expired", F::TlsExpired, "ended nine days ago", |ground| {
        Box::pin(leaf(ground, Leaf { until_days: -9, ..GOOD }))
    })
    .near(F::TlsNotYetValid)
    .showing(&[(Key::Subject, "connprobe lab")]),
    bad("tls-expired-intermediate", F::TlsExpired, "the intermediate ended", |ground| {
        Box::pin(leaf(ground, Leaf { signer: Signer::ExpiredIntermediate, ..GOOD }))
    }),
    bad("tls-not-yet-valid", F::TlsNotYetValid, "begins in nine days", |ground| {
        Box::pin(leaf(ground, Leaf { from_days: 9, ..GOOD }))
    })
    .near(F::TlsExpired),
    bad("tls-unknown-issuer", F::TlsUnknownIssuer, "of another authority", |ground| {
        Box::pin(leaf(ground, Leaf { signer: Signer::Other, ..GOOD }))
    })
    .near(F::TlsSelfSigned)
    .showing(&[(Key::Issuer, "Some Other CA")]),
    bad("tls-missing-intermediate", F::TlsUnknownIssuer, "the chain ends below a root", |ground| {
        Box::pin(leaf(ground, Leaf { signer: Signer::MissingIntermediate, ..GOOD }))
    })
    .showing(&[(Key::Issuer, "intermediate")]),
    bad("tls-self-signed", F::TlsSelfSigned, "its own issuer", |ground| {
        Box::pin(leaf(ground, Leaf { signer: Signer::Itself, ..GOOD }))
    }),
    bad("tls-self-signed-ca", F::TlsSelfSigned, "its own issuer, as openssl makes it", |ground| {
        Box::pin(leaf(ground, Leaf { signer: Signer::Itself, authority: true, ..GOOD }))
    })
    .near(F::TlsUnknownIssuer),
    bad("tls-other-name", F::TlsNameMismatch, "for another host", |ground| {
        Box::pin(leaf(ground, Leaf { sans: &["other.lab.example"], ..GOOD }))
    })
    .near(F::TlsUnknownServerName)
    .showing(&[(Key::Sans, "other.lab.example")]),
    bad("tls-common-name", F::TlsNameMismatch, "the name stands in the subject alone", |ground| {
        Box::pin(leaf(ground, Leaf { sans: &[], common_name: HOST, ..GOOD }))
    }),
    bad("tls-revoked", F::TlsRevoked, "on the revocation list", |ground| Box::pin(revoked(ground))),
    bad("tls-bad-signature", F::TlsBadSignature, "one bit of the signature is wrong", |ground| {
        Box::pin(leaf(ground, Leaf { broken_signature: true, ..GOOD }))
    }),
    bad("tls-bad-purpose", F::TlsBadPurpose, "a client's certificate", |ground| {
        Box::pin(leaf(ground, Leaf { client: true, ..GOOD }))
    }),
    bad("tls-other-pin", F::TlsPinMismatch, "another key than the pinned one", |ground| {
        Box::pin(pinned(ground, false))
    }),
    bad("tls-old-version", F::TlsVersion, "alert protocol_version", |ground| {
        Box::pin(alert(ground, 70))
    })
    .near(F::TlsNoCommonParameters),
    bad("tls-no-common", F::TlsNoCommonParameters, "alert handshake_failure", |ground| {
        Box::pin(alert(ground, 40))
    })
    .near(F::TlsVersion),
    bad("tls-unknown-name", F::TlsUnknownServerName, "alert unrecognized_name", |ground| {
        Box::pin(alert(ground, 112))
    })
    .near(F::TlsNameMismatch),
    bad("tls-alpn", F::TlsAlpn, "alert no_application_protocol", |ground| {
        Box::pin(alert(ground, 120))
    }),
    good("tls-alpn-chosen", "the second of the application protocols", |ground| {
        Box::pin(chooses(ground, &["http/1.1"]))
    })
    .showing(&[(Key::Alpn, "http/1.1")]),
    bad("tls-alpn-unknown", F::TlsAlpn, "a peer without ALPN, where the row states it", |ground| {
        Box::pin(chooses(ground, &[]))
    })
    .showing(&[(Key::Offered, "h2, http/1.1"), (Key::Alpn, "none")]),
    bad("tls-internal-error", F::TlsAlert, "alert internal_error", |ground| {
        Box::pin(alert(ground, 80))
    })
    .near(F::TlsAlpn),
    bad("tls-http", F::TlsNotTls, "plain HTTP", |ground| {
        Box::pin(peer(ground, Manner::Answers(banner::HTTP.into())))
    })
    .showing(&[(Key::Spoke, "http")]),
    bad("tls-ssh", F::TlsNotTls, "SSH", |ground| {
        Box::pin(peer(ground, Manner::Greets(banner::SSH.into())))
    })
    .near(F::TlsMalformed)
    .showing(&[(Key::Spoke, "ssh")]),
    bad("tls-smtp", F::TlsNotTls, "SMTP, which has STARTTLS", |ground| {
        Box::pin(peer(ground, Manner::Greets(banner::SMTP.into())))
    })
    .showing(&[(Key::Spoke, "smtp")]),
    bad("tls-mysql", F::TlsNotTls, "MySQL", |ground| {
        Box::pin(peer(ground, Manner::Greets(banner::MYSQL.into())))
    })
    .showing(&[(Key::Spoke, "mysql")]),
    bad("tls-garbage", F::TlsMalformed, "a handshake record with nonsense in it", |ground| {
        Box::pin(peer(ground, Manner::AnswersAndHolds(vec![22, 3, 3, 0, 4, 99, 0, 0, 0])))
    })
    .near(F::TlsNotTls),
    bad("tls-silent", F::PeerSilent, "no answer to the ClientHello", |ground| {
        Box::pin(peer(ground, Manner::Silent))
    }),
    bad("tls-closed", F::PeerClosed, "closes at the ClientHello", |ground| {
        Box::pin(peer(ground, Manner::ClosesOnData))
    })
    .near(F::TlsAlert),
    bad("tls-reset", F::PeerReset, "resets at the ClientHello", |ground| {
        Box::pin(peer(ground, Manner::ResetsOnData))
    }),
];

pub(super) fn page() -> Answer {
    Answer::of(200, "text/plain", "ok")
}

pub(super) async fn served(
    ground: &Ground,
    tls: std::sync::Arc<rustls::ServerConfig>,
    site: Value,
) -> io::Result<Served> {
    let server = serve(Some(tls), |request| page().reply_to(request)).await?;
    Ok(trusting(Served::at(server, &json!("tls"), "identified"), ground, site))
}

/// The scene with the site's `tls:` that trusts this lab, and `more` in it.
pub(super) fn trusting(scene: Served, ground: &Ground, more: Value) -> Served {
    let mut trust = ground.verify_full();
    if let (Some(trust), Value::Object(more)) = (trust.as_object_mut(), more) {
        trust.extend(more);
    }
    scene.with("tls", trust)
}

async fn leaf(ground: &Ground, leaf: Leaf<'static>) -> io::Result<Served> {
    served(ground, ground.tls_of(&leaf)?, json!({})).await
}

/// A peer that proves nothing, and a row that asks for no more than TLS.
async fn unverified(ground: &Ground) -> io::Result<Served> {
    let tls = ground.tls_of(&Leaf { signer: Signer::Itself, ..GOOD })?;
    let served = served(ground, tls, json!({})).await?;
    Ok(served.with("tls", json!({"mode": "require"})).proving("connected"))
}

async fn version_12(ground: &Ground) -> io::Result<Served> {
    let identity = ground.pki.leaf(&GOOD)?;
    let versions = &[&rustls::version::TLS12];
    let tls = ground.pki.tls_with(&identity, ClientCertificate::Ignored, versions)?;
    served(ground, tls, json!({})).await
}

async fn revoked(ground: &Ground) -> io::Result<Served> {
    let list = ground.file("revoked.crl", &ground.pki.crl_pem(&[REVOKED])?)?;
    let tls = ground.tls_of(&Leaf { serial: REVOKED, ..GOOD })?;
    served(ground, tls, json!({"crl_files": [list]})).await
}

async fn pinned(ground: &Ground, right: bool) -> io::Result<Served> {
    let identity = ground.pki.leaf(&GOOD)?;
    let other = ground.pki.leaf(&GOOD)?;
    let pin = if right { identity.pin() } else { other.pin() };
    served(ground, ground.pki.tls(&identity)?, json!({"pins": [pin]})).await
}

async fn peer(ground: &Ground, manner: Manner) -> io::Result<Served> {
    let silent = matches!(manner, Manner::Silent);
    let scene = Served::at(raw::serve(manner).await?, &json!("tls"), "identified");
    let scene = scene.with("tls", ground.verify_full());
    Ok(if silent { scene.impatient() } else { scene })
}

async fn alert(ground: &Ground, description: u8) -> io::Result<Served> {
    peer(ground, Manner::Answers(banner::alert(description).into())).await
}

/// A server that knows these application protocols, and a row that states two.
async fn chooses(ground: &Ground, known: &[&str]) -> io::Result<Served> {
    let config = ground.tls()?;
    let mut tls = rustls::ServerConfig::clone(&config);
    tls.alpn_protocols = known.iter().map(|name| name.as_bytes().to_vec()).collect();
    let mut scene = served(ground, std::sync::Arc::new(tls), json!({})).await?;
    scene.probe = json!({"tls": {"alpn": ["h2", "http/1.1"]}}).to_string();
    Ok(scene)
}
