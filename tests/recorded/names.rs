//! Name servers.

use std::sync::Arc;
use std::time::Duration;

use connprobe::lab::crypto::hex;
use connprobe::lab::dns::wire::{Data, rcode};
use connprobe::lab::dns::zone::Zone;
use connprobe::lab::dns::{NameServer, Over, Said as Answers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::account::Recorded;

/// The zone of `tests/servers/start/unbound`, and its rules.
fn zone() -> Zone {
    let local = |last| Data::A([127, 0, 0, last].into());
    let alias = |target: &str| Data::Cname(format!("{target}.test"));
    Zone::new("test")
        .with("ok", local(1))
        .with("two", local(2))
        .with("two", local(3))
        .with("six", Data::Aaaa(std::net::Ipv6Addr::LOCALHOST))
        .with("alias", alias("ok"))
        .with("dangling", alias("nowhere"))
        .with("loop-a", alias("loop-b"))
        .with("loop-b", alias("loop-a"))
        .with("nodata", Data::Txt("text, and no address"))
        .saying("servfail", rcode::SERVFAIL)
        .saying("refused", rcode::REFUSED)
}

/// The question of a case, as the recorder asks it: "ok.test AAAA".
fn question(case: &str) -> Vec<u8> {
    let (name, kind) = case.split_once(' ').expect("a case is a name and a type");
    let mut bytes = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).expect("a short label"));
        bytes.extend(label.bytes());
    }
    bytes.extend([0, 0, if kind == "A" { 1 } else { 28 }, 0, 1]);
    bytes
}

/// Every byte: compression of names, authority, flags.
#[tokio::test]
async fn the_name_server_stand_in_says_what_unbound_says() {
    let recorded = Recorded::of("dns.json", &[], &[]);
    let zone = zone();
    let server = NameServer::start(Arc::new(move |asked, _| match &*asked.name {
        "drop.test" => Vec::new(),
        _ => vec![Answers::Bytes(zone.answer(asked).bytes(asked))],
    }));
    let server = server.await.unwrap();
    for (case, real) in &recorded.cases {
        recorded.asked.borrow_mut().insert(case.clone());
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.send_to(&question(case), server.address()).await.unwrap();
        let silent = real.get("silent_for_s").is_some();
        let patience = Duration::from_millis(if silent { 300 } else { 20_000 });
        let mut bytes = [0; 1_500];
        let said = tokio::time::timeout(patience, socket.recv(&mut bytes)).await;
        let said = said.ok().map(|size| hex(&bytes[..size.unwrap()]));
        if said.as_deref() != real["hex"].as_str() {
            recorded.differs(case, &format!("says {said:?} for {}", real["hex"]));
        }
    }
    recorded.settle();
}

#[tokio::test]
async fn the_name_server_stand_in_says_over_tcp_what_it_says_over_udp() {
    let zone = zone();
    let server = NameServer::start(Arc::new(move |asked, over| {
        assert_eq!(over, Over::Tcp);
        vec![Answers::Bytes(zone.answer(asked).bytes(asked))]
    }));
    let server = server.await.unwrap();
    let recorded = Recorded::of("dns.json", &[], &[]);
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let asked = question("two.test A");
    stream.write_u16(u16::try_from(asked.len()).expect("the proxy answers")).await.unwrap();
    stream.write_all(&asked).await.expect("the proxy answers");
    let mut said = vec![0; usize::from(stream.read_u16().await.expect("the proxy answers"))];
    stream.read_exact(&mut said).await.expect("the proxy answers");
    assert_eq!(recorded.cases["two.test A"]["hex"], hex(&said));
}
