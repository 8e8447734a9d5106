//! Plain TCP: what accepts, refuses, keeps silent, and what it says.

use std::io;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::lab::raw::{Manner, banner, serve};
use crate::lab::scenario::{Scenario, Served};
use crate::lab::server::Server;
use crate::model::{FaultCode as F, Key};

const fn bad(
    name: &'static str,
    code: F,
    about: &'static str,
    start: crate::lab::scenario::Start,
) -> Scenario {
    Scenario::bad(name, "tcp", code, about, start)
}

pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    Scenario::good("tcp-open", "tcp", "a port that accepts", |_| {
        Box::pin(peer(Manner::Silent, json!("tcp"), "connected"))
    }),
    // When the RST arrives is chance; that the port accepts is not.
    Scenario::good("tcp-reset-at-once", "tcp", "a port that accepts and resets", |_| {
        Box::pin(peer(Manner::Resets, json!("tcp"), "connected"))
    }),
    Scenario::good("tcp-banner", "tcp", "the banner that was expected", |_| {
        Box::pin(greeting(banner::SSH))
    }),
    Scenario::good("tcp-dialogue", "tcp", "the answer that was expected", |_| {
        Box::pin(answering(b"+PONG\r\n"))
    }),
    bad("tcp-refused", F::TcpRefused, "nothing listens", |_| Box::pin(async { refused() }))
        .near(F::LocalNoRoute),
    bad("tcp-filtered", F::TcpFiltered, "a SYN without an answer", |_| {
        Box::pin(async { filtered() })
    }),
    // The broadcast address of loopback: the system refuses at once, and nothing is sent.
    bad("tcp-no-route", F::LocalNoRoute, "an address that the system won't send to", |_| {
        Box::pin(async { nowhere() })
    }),
    bad("tcp-other-banner", F::ProtocolMismatch, "SMTP where SSH was expected", |_| {
        Box::pin(greeting(banner::SMTP))
    })
    .near(F::ProtocolUnexpectedBody)
    .showing(&[(Key::Spoke, "smtp")]),
    bad("tcp-other-and-reset", F::ProtocolMismatch, "SMTP, and then RST", |_| {
        Box::pin(asking(Manner::AnswersAndResets(banner::SMTP.into())))
    })
    .near(F::PeerReset),
    bad(
        "tcp-rejected-answer",
        F::ProtocolUnexpectedBody,
        "the answer that was not to come",
        |_| Box::pin(answering(b"-NOAUTH Authentication required.\r\n")),
    ),
    bad("tcp-silent", F::PeerSilent, "accepts and says nothing", |_| {
        Box::pin(expecting(Manner::Silent))
    })
    .near(F::TcpFiltered),
    bad("tcp-closed", F::PeerClosed, "accepts and closes", |_| Box::pin(expecting(Manner::Closes)))
        .near(F::PeerReset),
    bad("tcp-reset-unread", F::PeerReset, "accepts and resets before a word", |_| {
        Box::pin(expecting(Manner::Resets))
    })
    .near(F::TcpRefused),
    bad("tcp-reset", F::PeerReset, "accepts and resets", |_| {
        Box::pin(asking(Manner::ResetsOnData))
    }),
];

async fn peer(manner: Manner, probe: Value, proof: &'static str) -> io::Result<Served> {
    Ok(Served::at(serve(manner).await?, &probe, proof))
}

fn refused() -> io::Result<Served> {
    Ok(Served::at(Server::refusing()?, &json!("tcp"), "connected"))
}

fn nowhere() -> io::Result<Served> {
    let mut served = refused()?;
    served.addresses = vec![SocketAddr::from(([127, 255, 255, 255], served.port))];
    Ok(served)
}

fn filtered() -> io::Result<Served> {
    Ok(Served::at(Server::filtering()?, &json!("tcp"), "connected").impatient())
}

/// A peer that speaks first, where SSH is expected.
async fn expecting(manner: Manner) -> io::Result<Served> {
    let probe = json!({"tcp": {"expect": "SSH-2.0-"}});
    let silent = matches!(manner, Manner::Silent);
    let scene = peer(manner, probe, "spoken").await?;
    Ok(if silent { scene.impatient() } else { scene })
}

/// A peer that greets and waits for us to go on: what else it might say is not waited for long.
async fn greeting(bytes: &'static [u8]) -> io::Result<Served> {
    let probe = json!({"tcp": {"expect": "SSH-2.0-"}});
    Ok(peer(Manner::Greets(bytes.into()), probe, "spoken").await?.impatient())
}

/// A peer that is spoken to first.
async fn asking(manner: Manner) -> io::Result<Served> {
    let probe = json!({"tcp": {"send": "PING\r\n", "expect": "PONG", "reject": "NOAUTH"}});
    peer(manner, probe, "spoken").await
}

async fn answering(bytes: &'static [u8]) -> io::Result<Served> {
    asking(Manner::AnswersAndHolds(bytes.into())).await
}
