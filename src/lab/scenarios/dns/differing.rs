//! Names: where the C library of an application's image comes to another answer than we do, and
//! where it almost does. Each is as musl 1.2.3 and glibc 2.36 answered the same server.

use std::net::Ipv4Addr;

use crate::lab::dns::wire::{Data, Question, Record, Reply, rcode};
use crate::lab::dns::{Over, Said};
use crate::lab::ground::HOST;
use crate::lab::scenario::Scenario;
use crate::lab::scenarios::dns::several::{pair, three_zones};
use crate::lab::scenarios::dns::{Kind, bad, good, honest, is_a, one, say, scene, walk};
use crate::model::{FaultCode as F, Key};

#[rustfmt::skip]
pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    good("dns-aaaa-refused", "A is answered, AAAA is refused, as dnsmasq does it", |g| Box::pin(one(g, |q, over, peer| aaaa(q, over, peer, rcode::REFUSED)))).near(F::DnsRefused)
        .showing(&[(Key::CLibrary, "musl finds no address: AAAA is answered with REFUSED")]),
    good("dns-aaaa-notimp", "A is answered, AAAA is unknown to the server", |g| Box::pin(one(g, |q, over, peer| aaaa(q, over, peer, rcode::NOTIMP))))
        .showing(&[(Key::CLibrary, "musl finds no address: AAAA is answered with NOTIMP")]),
    good("dns-aaaa-nxdomain", "A is answered, and for AAAA the name is said not to exist", |g| Box::pin(one(g, |q, over, peer| aaaa(q, over, peer, rcode::NXDOMAIN))))
        .showing(&[(Key::CLibrary, "musl finds no address: AAAA of peer.lab.example. is answered with NXDOMAIN")]),
    good("dns-aaaa-no-data", "A is answered, AAAA says rightly that there is none", |g| Box::pin(one(g, |q, over, peer| aaaa(q, over, peer, 0)))),
    good("dns-ipv6-alone-a-servfail", "AAAA is answered, A fails", |g| Box::pin(one(g, |q, _, peer| {
        if is_a(q) { say(q, &Reply::of_code(rcode::SERVFAIL)) } else { mapped(q, peer) }
    })))
        .showing(&[(Key::CLibrary, "musl finds no address: A is answered with SERVFAIL")]),
    good("dns-ipv6-alone-a-silent", "AAAA is answered, A is not: glibc fails too", |g| Box::pin(one(g, |q, _, peer| {
        if is_a(q) { Vec::new() } else { mapped(q, peer) }
    })))
        .showing(&[(Key::CLibrary, "musl finds no address: A brought no answer"), (Key::CLibrary, "glibc finds no address: A brought no answer")]),
    good("dns-ipv6-alone", "AAAA is answered, A says rightly that there is none", |g| Box::pin(one(g, |q, _, peer| {
        if is_a(q) { say(q, &Reply::default()) } else { mapped(q, peer) }
    }))),
    good("dns-search-with-dots", "a name with as many dots as ndots that only the search list completes", |g| Box::pin(async {
        Ok(walk(g, vec![Kind::Both(three_zones)], "search example\n", "").await?.called("peer.lab"))
    }))
        .showing(&[(Key::CLibrary, "musl finds no address: A of peer.lab. is answered with NXDOMAIN, and a name with so many dots is not completed")]),
    good("dns-search-below-ndots", "the same name and one dot more in ndots", |g| Box::pin(async {
        Ok(walk(g, vec![Kind::Both(three_zones)], "search example\noptions ndots:2\n", "").await?.called("peer.lab"))
    })),
    good("dns-search-of-seven", "the seventh entry of the search list completes the name", |g| Box::pin(async {
        let more = "search a.example b.example c.example d.example e.example f.example lab.example\n";
        Ok(walk(g, vec![Kind::Both(three_zones)], more, "").await?.called("peer"))
    }))
        .showing(&[(Key::CLibrary, "glibc before 2.26 completes names by 6 entries")]),
    good("dns-search-of-six", "the sixth does", |g| Box::pin(async {
        let more = "search a.example b.example c.example d.example e.example lab.example\n";
        Ok(walk(g, vec![Kind::Both(three_zones)], more, "").await?.called("peer"))
    })),
    good("dns-search-line-of-255", "a search line that is too long for musl", |g| Box::pin(async {
        Ok(walk(g, vec![Kind::Both(three_zones)], &search_line(255), "").await?.called("peer"))
    }))
        .showing(&[(Key::CLibrary, "musl finds no address: A of peer. is answered with NXDOMAIN, and a search line of more than 254 bytes is passed over")]),
    good("dns-search-line-of-254", "a search line that just fits", |g| Box::pin(async {
        Ok(walk(g, vec![Kind::Both(three_zones)], &search_line(254), "").await?.called("peer"))
    })),
    good("dns-second-server-denies", "the second of two servers says that the name does not exist", |g| Box::pin(pair(g, Kind::Both(honest), Kind::Both(denying))))
        .showing(&[(Key::Resolver, "127.0.0.1:"), (Key::CLibrary, "musl may find no address: "), (Key::CLibrary, "says NXDOMAIN")]),
    bad("dns-first-server-denies", F::DnsNxdomain, "the first of two servers says that the name does not exist", |g| Box::pin(pair(g, Kind::Both(denying), Kind::Both(honest))))
        .showing(&[(Key::CLibrary, "musl may find an address: "), (Key::CLibrary, "says 1 address")]),
    bad("dns-both-servers-deny", F::DnsNxdomain, "two servers agree that the name does not exist", |g| Box::pin(pair(g, Kind::Both(denying), Kind::Both(denying)))),
    good("dns-rotate-denied", "any of two servers may be asked first, and the second denies the name", |g| Box::pin(walk(g, vec![Kind::Both(honest), Kind::Both(denying)], "options rotate\n", "")))
        .showing(&[(Key::CLibrary, "glibc may find no address: by `options rotate`")]),
    good("dns-rotate-agreed", "any of two servers may be asked first, and they agree", |g| Box::pin(walk(g, vec![Kind::Both(honest), Kind::Both(honest)], "options rotate\n", ""))),
    good("dns-no-aaaa", "there is an IPv6 address alone, and glibc is told to ask for none", |g| Box::pin(walk(g, vec![Kind::Both(|q, _, peer| {
        if is_a(q) { say(q, &Reply::default()) } else { mapped(q, peer) }
    })], "options no-aaaa\n", "")))
        .showing(&[(Key::CLibrary, "glibc from 2.36 finds no address: by `options no-aaaa`")]),
    good("dns-no-aaaa-ipv4", "there is an IPv4 address alone, and glibc is told to ask for no other", |g| Box::pin(walk(g, vec![Kind::Both(honest)], "options no-aaaa\n", ""))),
    good("dns-both-servers-agree", "two servers have the same address", |g| Box::pin(pair(g, Kind::Both(honest), Kind::Both(honest)))),
    bad("dns-truncated-with-address", F::DnsTruncated, "the answer that was cut has an address, and TCP refuses", |g| Box::pin(scene(g, vec![Kind::NoTcp(cut)])))
        .showing(&[(Key::CLibrary, "musl before 1.2.4 finds an address: it takes 1 of the answer that was cut")]),
    good("dns-truncated-with-address-tcp-whole", "the answer that was cut has an address, and TCP has it too", |g| Box::pin(scene(g, vec![Kind::Both(cut)]))),
];

/// The address for A, and this code for AAAA.
fn aaaa(question: &Question, over: Over, peer: Ipv4Addr, code: u8) -> Vec<Said> {
    if is_a(question) { honest(question, over, peer) } else { say(question, &Reply::of_code(code)) }
}

/// The peer's IPv4 address as an IPv6 one: it is reached by both.
fn mapped(question: &Question, peer: Ipv4Addr) -> Vec<Said> {
    let record = Record::new(HOST, Data::Aaaa(peer.to_ipv6_mapped()));
    say(question, &Reply::of(vec![record]))
}

/// A line of so many bytes whose first entry completes the name.
fn search_line(bytes: usize) -> String {
    let mut line = "search lab.example ".to_owned();
    while line.len() < bytes {
        // No label has more than 63 bytes (RFC 1035 §2.3.4).
        line.push(if line.len() % 50 == 49 { ' ' } else { 'x' });
    }
    line.push('\n');
    line
}

fn denying(question: &Question, _: Over, _: Ipv4Addr) -> Vec<Said> {
    say(question, &Reply::of_code(rcode::NXDOMAIN))
}

/// One address that fits, and the mark that others did not.
fn cut(question: &Question, over: Over, peer: Ipv4Addr) -> Vec<Said> {
    if over == Over::Tcp || !is_a(question) {
        return honest(question, over, peer);
    }
    let answers = vec![Record::new(HOST, Data::A(peer))];
    say(question, &Reply { truncated: true, ..Reply::of(answers) })
}
