//! Names: each way in which a name server says no, says nothing, or can't be reached.

pub(in crate::lab) mod differing;
pub(in crate::lab) mod several;
pub(in crate::lab) mod strange;

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::lab::dns::wire::{Data, Question, Record, Reply, rcode};
use crate::lab::dns::zone::Zone;
use crate::lab::dns::{NameServer, Over, Said};
use crate::lab::ground::{Ground, HOST};
use crate::lab::raw::{Manner, serve};
use crate::lab::scenario::{Scenario, Served, Start};
use crate::lab::server::listening_on;
use crate::model::{FaultCode as F, Key};

const fn good(name: &'static str, about: &'static str, start: Start) -> Scenario {
    Scenario::good(name, "tcp", about, start)
}

const fn bad(name: &'static str, code: F, about: &'static str, start: Start) -> Scenario {
    Scenario::bad(name, "tcp", code, about, start)
}

#[rustfmt::skip]
pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("dns-healthy", "a name with one address", |g| Box::pin(one(g, honest)))
        .showing(&[(Key::A, "1 address"), (Key::Aaaa, "NODATA"), (Key::Source, "dns")]),
    good("dns-alias", "a name that is an alias", |g| Box::pin(one(g, |q, _, peer| chain(q, 1, peer))))
        .showing(&[(Key::CnameChain, "alias-1.lab.example")]),
    bad("dns-nxdomain", F::DnsNxdomain, "no such name", |g| Box::pin(one(g, |q, _, _| say(q, &empty().answer(q))))).near(F::DnsNoData)
        .showing(&[(Key::Rcode, "NXDOMAIN"), (Key::NamesTried, "peer.lab.example.: A NXDOMAIN, AAAA NXDOMAIN")]),
    bad("dns-dangling", F::DnsNxdomain, "an alias of a name that does not exist", |g| Box::pin(one(g, |q, _, _| {
        say(q, &empty().with("peer", Data::Cname("gone.lab.example".into())).answer(q))
    })))
        .showing(&[(Key::CnameChain, "gone.lab.example")]),
    bad("dns-no-data", F::DnsNoData, "the name exists, and has no address", |g| Box::pin(one(g, |q, _, _| {
        say(q, &empty().with("peer", Data::Txt("no address")).answer(q))
    })))
        .showing(&[(Key::A, "NODATA"), (Key::Aaaa, "NODATA"), (Key::Rcode, "NOERROR")]),
    bad("dns-no-data-ipv6-alone", F::DnsNoData, "NXDOMAIN to one question and NODATA to the other", |g| Box::pin(one(g, |q, _, _| {
        let code = if is_a(q) { rcode::NXDOMAIN } else { 0 };
        say(q, &Reply::of_code(code))
    }))).near(F::DnsNxdomain)
        .showing(&[(Key::A, "NXDOMAIN"), (Key::Aaaa, "NODATA")]),
    bad("dns-servfail", F::DnsServfail, "SERVFAIL", |g| Box::pin(coded::<{ rcode::SERVFAIL }>(g))).near(F::DnsError)
        .showing(&[(Key::Rcode, "SERVFAIL")]),
    bad("dns-refused", F::DnsRefused, "REFUSED", |g| Box::pin(coded::<{ rcode::REFUSED }>(g)))
        .showing(&[(Key::Rcode, "REFUSED")]),
    bad("dns-formerr", F::DnsError, "FORMERR", |g| Box::pin(coded::<{ rcode::FORMERR }>(g)))
        .showing(&[(Key::Rcode, "FORMERR")]),
    bad("dns-notimp", F::DnsError, "NOTIMP", |g| Box::pin(coded::<{ rcode::NOTIMP }>(g)))
        .showing(&[(Key::Rcode, "NOTIMP")]),
    bad("dns-yxdomain", F::DnsError, "YXDOMAIN", |g| Box::pin(coded::<{ rcode::YXDOMAIN }>(g)))
        .showing(&[(Key::Rcode, "YXDOMAIN")]),
    bad("dns-unknown-code", F::DnsError, "a response code that nobody has defined", |g| Box::pin(coded::<15>(g)))
        .showing(&[(Key::Rcode, "RCODE15")]),
    bad("dns-formerr-without-question", F::DnsError, "FORMERR in a bare header, as old servers send it", |g| Box::pin(one(g, |q, _, _| {
        let mut bytes = Reply::of_code(rcode::FORMERR).bytes(q);
        bytes.truncate(12);
        bytes[5] = 0;
        vec![Said::Bytes(bytes)]
    })))
        .showing(&[(Key::Rcode, "FORMERR")]),
    bad("dns-silent", F::DnsTimeout, "no answer", |g| Box::pin(async { Ok(one(g, |_, _, _| Vec::new()).await?.impatient()) })).near(F::DnsUnreachable),
    good("dns-lost-question", "the first datagram of each question is lost", |g| Box::pin(losing(g))).near(F::DnsTimeout),
    bad("dns-loop", F::DnsLoop, "aliases in a circle, as CoreDNS and Knot hand them out", |g| Box::pin(one(g, |q, _, _| {
        let (here, there) = (HOST, "other.lab.example");
        say(q, &Reply::of(vec![alias(here, there), alias(there, here)]))
    })))
        .showing(&[(Key::CnameChain, "other.lab.example"), (Key::CnameChain, HOST)]),
    bad("dns-long-chain", F::DnsLoop, "seventeen aliases in a row", |g| Box::pin(one(g, |q, _, peer| chain(q, 17, peer))))
        .showing(&[(Key::CnameChain, "alias-17.lab.example"), (Key::Limit, "16")]),
    good("dns-chain-of-sixteen", "sixteen aliases in a row", |g| Box::pin(one(g, |q, _, peer| chain(q, 16, peer)))).near(F::DnsLoop),
    bad("dns-truncated-tcp-refused", F::DnsTruncated, "an answer that does not fit, and TCP refuses", |g| Box::pin(scene(g, vec![Kind::NoTcp(truncated)])))
        .showing(&[(Key::Errno, "ECONNREFUSED")]),
    bad("dns-truncated-tcp-silent", F::DnsTruncated, "an answer that does not fit, and TCP says nothing", |g| Box::pin(async {
        let served = one(g, |q, over, peer| if over == Over::Tcp { vec![Said::Held] } else { truncated(q, over, peer) });
        Ok(served.await?.impatient())
    })),
    bad("dns-truncated-tcp-cut", F::DnsTruncated, "an answer that does not fit, and TCP ends in its middle", |g| Box::pin(one(g, |q, over, peer| {
        if over == Over::Tcp { vec![Said::Cut(honest_bytes(q, peer))] } else { truncated(q, over, peer) }
    }))),
    good("dns-truncated-tcp-whole", "an answer that does not fit, and TCP has it", |g| Box::pin(one(g, truncated))).near(F::DnsTruncated)
        .showing(&[(Key::CLibrary, "musl before 1.2.4 finds no address")]),
    bad("dns-unreachable", F::DnsUnreachable, "nothing listens where the name server should be", |g| Box::pin(scene(g, vec![Kind::Deaf])))
        .showing(&[(Key::Errno, "ECONNREFUSED")]),
];

/// What a server says to a question; the address is that of the row's peer.
type Says = fn(&Question, Over, Ipv4Addr) -> Vec<Said>;

/// A name server of a scene.
#[derive(Clone, Copy)]
enum Kind {
    /// Over UDP and TCP.
    Both(Says),
    /// Over UDP; TCP refuses.
    NoTcp(Says),
    /// Nothing listens there.
    Deaf,
}

/// The row's peer, named by one server.
async fn one(ground: &Ground, says: Says) -> io::Result<Served> {
    scene(ground, vec![Kind::Both(says)]).await
}

/// The row's peer, named by these servers.
async fn scene(ground: &Ground, kinds: Vec<Kind>) -> io::Result<Served> {
    walk(ground, kinds, "", "").await
}

/// The row's peer, named by these servers at 127.0.0.1, 127.0.0.2 and so on, with more in
/// `resolv.conf` and a hosts file.
async fn walk(ground: &Ground, kinds: Vec<Kind>, more: &str, hosts: &str) -> io::Result<Served> {
    let target = serve(Manner::Silent).await?;
    let peer = match target.address().ip() {
        IpAddr::V4(peer) => peer,
        IpAddr::V6(_) => Ipv4Addr::LOCALHOST,
    };
    let mut servers = Vec::new();
    for (kind, last) in kinds.into_iter().zip(1..) {
        let told = |says: Says| Arc::new(move |q: &Question, over| says(q, over, peer));
        let started = async {
            match kind {
                Kind::Both(says) => NameServer::start(told(says)).await,
                Kind::NoTcp(says) => NameServer::without_tcp(told(says)).await,
                Kind::Deaf => NameServer::deaf().await,
            }
        };
        servers.push(listening_on((Ipv4Addr::new(127, 0, 0, last), 0).into(), started).await?);
    }
    Served::at(target, &json!("tcp"), "connected").named_by(ground, servers, more, hosts)
}

/// A server that leaves the first datagram of each type without an answer.
async fn losing(ground: &Ground) -> io::Result<Served> {
    let target = serve(Manner::Silent).await?;
    let seen = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let says = move |q: &Question, _| {
        let first = seen[usize::from(is_a(q))].fetch_add(1, Ordering::Relaxed) == 0;
        if first { Vec::new() } else { honest(q, Over::Udp, Ipv4Addr::LOCALHOST) }
    };
    let server = NameServer::start(Arc::new(says)).await?;
    Served::at(target, &json!("tcp"), "connected").named_by(ground, vec![server], "", "")
}

/// A server that answers everything with one code.
async fn coded<const CODE: u8>(ground: &Ground) -> io::Result<Served> {
    one(ground, |q, _, _| say(q, &Reply::of_code(CODE))).await
}

fn is_a(question: &Question) -> bool {
    question.kind == crate::lab::dns::wire::A
}

fn say(question: &Question, reply: &Reply) -> Vec<Said> {
    vec![Said::Bytes(reply.bytes(question))]
}

fn empty() -> Zone {
    Zone::new("lab.example")
}

fn honest_bytes(question: &Question, peer: Ipv4Addr) -> Vec<u8> {
    empty().with("peer", Data::A(peer)).answer(question).bytes(question)
}

fn honest(question: &Question, _: Over, peer: Ipv4Addr) -> Vec<Said> {
    vec![Said::Bytes(honest_bytes(question, peer))]
}

/// Truncated over UDP, whole over TCP.
fn truncated(question: &Question, over: Over, peer: Ipv4Addr) -> Vec<Said> {
    match over {
        Over::Udp => say(question, &Reply { truncated: true, ..Reply::default() }),
        Over::Tcp => honest(question, over, peer),
    }
}

fn alias(owner: &str, target: &str) -> Record {
    Record::new(owner, Data::Cname(target.to_owned()))
}

/// So many aliases in a row, and the address at their end.
fn chain(question: &Question, aliases: usize, peer: Ipv4Addr) -> Vec<Said> {
    let name = |at: usize| match at {
        0 => HOST.to_owned(),
        at => format!("alias-{at}.lab.example"),
    };
    let mut answers: Vec<_> = (0..aliases).map(|at| alias(&name(at), &name(at + 1))).collect();
    if is_a(question) {
        answers.push(Record::new(name(aliases), Data::A(peer)));
    }
    say(question, &Reply::of(answers))
}
