//! Names: two questions, several servers, the search list and the hosts file.

use std::io;
use std::net::Ipv4Addr;

use crate::lab::dns::wire::{Data, Question, Record, Reply, rcode};
use crate::lab::dns::zone::Zone;
use crate::lab::dns::{Over, Said};
use crate::lab::ground::{Ground, HOST};
use crate::lab::scenario::{Scenario, Served};
use crate::lab::scenarios::dns::{Kind, bad, good, honest, is_a, one, say, scene, walk};
use crate::model::{FaultCode as F, Key};

#[rustfmt::skip]
pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("dns-aaaa-servfail", "A is answered, AAAA fails", |g| Box::pin(one(g, |q, over, peer| {
        if is_a(q) { honest(q, over, peer) } else { say(q, &Reply::of_code(rcode::SERVFAIL)) }
    }))).near(F::DnsServfail)
        .showing(&[(Key::A, "1 address"), (Key::Aaaa, "SERVFAIL"), (Key::CLibrary, "musl finds no address: AAAA is answered with SERVFAIL")]),
    good("dns-aaaa-silent", "A is answered, AAAA is not", |g| Box::pin(one(g, |q, over, peer| {
        if is_a(q) { honest(q, over, peer) } else { Vec::new() }
    })))
        .showing(&[(Key::A, "1 address"), (Key::Aaaa, "no answer"), (Key::CLibrary, "musl finds no address: AAAA brought no answer")]),
    bad("dns-a-servfail", F::DnsServfail, "AAAA says that there is none, A fails", |g| Box::pin(one(g, |q, over, peer| {
        if is_a(q) { say(q, &Reply::of_code(rcode::SERVFAIL)) } else { honest(q, over, peer) }
    })))
        .showing(&[(Key::A, "SERVFAIL"), (Key::Aaaa, "NODATA")]),
    bad("dns-a-silent", F::DnsTimeout, "AAAA says that there is none, A is not answered", |g| Box::pin(async {
        let served = one(g, |q, over, peer| if is_a(q) { Vec::new() } else { honest(q, over, peer) });
        Ok(served.await?.impatient())
    })),
    good("dns-first-server-silent", "the first of two servers says nothing", |g| Box::pin(pair(g, Kind::Both(silent), Kind::Both(honest))))
        .showing(&[(Key::Resolver, "127.0.0.2:"), (Key::ServersAsked, "no answer"), (Key::ServersAsked, "1 address")]),
    good("dns-first-server-gone", "nothing listens at the first of two servers", |g| Box::pin(pair(g, Kind::Deaf, Kind::Both(honest))))
        .showing(&[(Key::Resolver, "127.0.0.2:"), (Key::ServersAsked, "unreachable")]),
    good("dns-first-server-fails", "the first of two servers fails", |g| Box::pin(pair(g, Kind::Both(servfail), Kind::Both(honest))))
        .showing(&[(Key::Resolver, "127.0.0.2:"), (Key::ServersAsked, "SERVFAIL")]),
    good("dns-second-server-silent", "the second of two servers is not needed", |g| Box::pin(pair(g, Kind::Both(honest), Kind::Both(silent))))
        .showing(&[(Key::Resolver, "127.0.0.1:")]),
    bad("dns-two-servers-silent", F::DnsTimeout, "neither of two servers says anything", |g| Box::pin(async {
        Ok(pair(g, Kind::Both(silent), Kind::Both(silent)).await?.impatient())
    })),
    good("dns-many-addresses", "more addresses than are probed", |g| Box::pin(async {
        Ok(one(g, |q, over, peer| crowd(q, over, peer, 150)).await?.with("addresses", "any".into()))
    }))
        .showing(&[(Key::A, "150 addresses"), (Key::Limit, "100")]),
    good("dns-hundred-addresses", "as many addresses as are probed", |g| Box::pin(async {
        Ok(one(g, |q, over, peer| crowd(q, over, peer, 100)).await?.with("addresses", "any".into()))
    }))
        .showing(&[(Key::A, "100 addresses")]),
    bad("dns-one-of-many-dead", F::TcpRefused, "two addresses, and nothing listens at the second", |g| Box::pin(one(g, |q, over, peer| crowd(q, over, peer, 2)))),
    good("dns-search", "a short name that the third entry of the search list completes", |g| Box::pin(async {
        Ok(walk(g, vec![Kind::Both(three_zones)], SEARCH, "").await?.called("peer"))
    }))
        .showing(&[
            (Key::NamesTried, "peer.a.example.: A NXDOMAIN"),
            (Key::NamesTried, "peer.b.example.: A NXDOMAIN"),
            (Key::NamesTried, "peer.lab.example.: A 1 address"),
        ]),
    bad("dns-search-in-vain", F::DnsNxdomain, "a short name that no entry completes", |g| Box::pin(async {
        Ok(walk(g, vec![Kind::Both(three_zones)], SEARCH, "").await?.called("pear"))
    }))
        .showing(&[
            (Key::NamesTried, "pear.a.example.: "),
            (Key::NamesTried, "pear.b.example.: "),
            (Key::NamesTried, "pear.lab.example.: "),
            (Key::NamesTried, "pear.: "),
        ]),
    good("dns-search-fails-on-the-way", "an entry of the search list whose zone fails", |g| Box::pin(async {
        Ok(walk(g, vec![Kind::Both(broken_zone)], SEARCH, "").await?.called("peer"))
    }))
        .showing(&[(Key::NamesTried, "peer.a.example.: A SERVFAIL"), (Key::A, "1 address"), (Key::CLibrary, "musl finds no address: A is answered with SERVFAIL")]),
    good("dns-search-without-address-on-the-way", "an entry of the search list where the name has no address", |g| Box::pin(async {
        Ok(walk(g, vec![Kind::Both(text_zone)], SEARCH, "").await?.called("peer"))
    }))
        .showing(&[(Key::NamesTried, "peer.a.example.: A NODATA"), (Key::A, "1 address"), (Key::CLibrary, "peer.a.example. exists without an address")]),
    bad("dns-search-refused-on-the-way", F::DnsRefused, "an entry that is refused ends the search list, as in glibc", |g| Box::pin(async {
        Ok(walk(g, vec![Kind::Both(refused_zone)], SEARCH, "").await?.called("peer"))
    }))
        .showing(&[(Key::NamesTried, "peer.a.example.: A REFUSED"), (Key::NamesTried, "peer.: ")]),
    good("dns-ndots-5", "a name with fewer dots than ndots is completed first", |g| Box::pin(walk(g, vec![Kind::Both(three_zones)], NDOTS, "")))
        .showing(&[(Key::NamesTried, "peer.lab.example.a.example.: "), (Key::NamesTried, "peer.lab.example.: A 1 address")]),
    good("dns-ndots-1", "a name with as many dots as ndots is taken as it is", |g| Box::pin(walk(g, vec![Kind::Both(only_as_it_is)], SEARCH, "")))
        .showing(&[(Key::NamesTried, "peer.lab.example.: A 1 address")]),
    bad("dns-ndots-trap", F::DnsTimeout, "the same server, where ndots has the name completed first", |g| Box::pin(async {
        Ok(walk(g, vec![Kind::Both(only_as_it_is)], NDOTS, "").await?.impatient())
    }))
        .showing(&[(Key::NamesTried, "peer.lab.example.a.example.: A no answer")]),
    good("dns-hosts-file", "the hosts file names the peer, and no server is asked", |g| Box::pin(walk(g, vec![Kind::Deaf], "", "127.0.0.1 PEER.lab.example\n")))
        .showing(&[(Key::Source, "hosts")]),
    bad("dns-hosts-file-of-others", F::DnsUnreachable, "the hosts file names others alone", |g| Box::pin(walk(g, vec![Kind::Deaf], "", "127.0.0.1 pear.lab.example # peer.lab.example\n"))),
];

const SEARCH: &str = "search a.example b.example lab.example\n";
const NDOTS: &str = "search a.example b.example lab.example\noptions ndots:5\n";

pub(super) async fn pair(ground: &Ground, first: Kind, second: Kind) -> io::Result<Served> {
    scene(ground, vec![first, second]).await
}

pub(super) fn silent(_: &Question, _: Over, _: Ipv4Addr) -> Vec<Said> {
    Vec::new()
}

fn servfail(question: &Question, _: Over, _: Ipv4Addr) -> Vec<Said> {
    say(question, &Reply::of_code(rcode::SERVFAIL))
}

/// The peer's zone, and others that hold nothing.
pub(super) fn three_zones(question: &Question, over: Over, peer: Ipv4Addr) -> Vec<Said> {
    if question.name.ends_with("lab.example") {
        return honest(question, over, peer);
    }
    say(question, &Reply::of_code(rcode::NXDOMAIN))
}

/// What the first entry of the search list is answered; the others hold what they hold.
fn first(question: &Question, peer: Ipv4Addr, reply: &Reply) -> Vec<Said> {
    match question.name.ends_with(".a.example") {
        true => say(question, reply),
        false => three_zones(question, Over::Udp, peer),
    }
}

fn broken_zone(question: &Question, _: Over, peer: Ipv4Addr) -> Vec<Said> {
    first(question, peer, &Reply::of_code(rcode::SERVFAIL))
}

fn refused_zone(question: &Question, _: Over, peer: Ipv4Addr) -> Vec<Said> {
    first(question, peer, &Reply::of_code(rcode::REFUSED))
}

fn text_zone(question: &Question, _: Over, peer: Ipv4Addr) -> Vec<Said> {
    let zone = Zone::new("a.example").with("peer", Data::Txt("no address"));
    first(question, peer, &zone.answer(question))
}

/// Answers for the full name and is silent for every other.
fn only_as_it_is(question: &Question, over: Over, peer: Ipv4Addr) -> Vec<Said> {
    if question.name == HOST { honest(question, over, peer) } else { Vec::new() }
}

/// The peer's address and others at which nothing listens; over UDP no more than fit.
fn crowd(question: &Question, over: Over, peer: Ipv4Addr, count: u8) -> Vec<Said> {
    if !is_a(question) {
        return honest(question, over, peer);
    }
    let others = (1..count).map(|last| Ipv4Addr::new(127, 66, 66, last));
    let addresses = std::iter::once(peer).chain(others);
    let mut answers: Vec<_> = addresses.map(|at| Record::new(HOST, Data::A(at))).collect();
    // 28 records of 16 bytes fit behind the question in 512 bytes (RFC 1035 §4.2.1).
    let truncated = over == Over::Udp && answers.len() > 28;
    answers.truncate(if truncated { 28 } else { answers.len() });
    say(question, &Reply { truncated, ..Reply::of(answers) })
}
