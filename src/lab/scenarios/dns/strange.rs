//! Names: answers that break the format, answer something else, or are somebody else's.

use std::io;
use std::net::Ipv4Addr;

use crate::lab::dns::Said;
use crate::lab::dns::wire::{A, AAAA, CHAOS, Data, Question, Record, Reply};
use crate::lab::ground::{Ground, HOST};
use crate::lab::scenario::{Scenario, Served};
use crate::lab::scenarios::dns::{Says, bad, good, honest, honest_bytes, is_a, one, say};
use crate::model::{FaultCode as F, Key};

/// An address of loopback at which nothing of the lab listens: believed, it would be refused.
const WRONG: Ipv4Addr = Ipv4Addr::new(127, 66, 66, 66);

#[rustfmt::skip]
pub(in crate::lab) const SCENARIOS: &[Scenario] = &[
    bad("dns-garbage", F::DnsMalformed, "our ID, and rubbish behind it", |g| Box::pin(one(g, |q, _, _| {
        let mut bytes = q.id.to_be_bytes().to_vec();
        bytes.extend([0xff; 60]);
        vec![Said::Bytes(bytes)]
    }))),
    bad("dns-header-alone", F::DnsMalformed, "NOERROR in a bare header, without our question", |g| Box::pin(hurried(g, |q, _, _| {
        let mut bytes = Reply::default().bytes(q);
        bytes.truncate(12);
        bytes[5] = 0;
        vec![Said::Bytes(bytes)]
    }))),
    bad("dns-pointer-loop", F::DnsMalformed, "a name that points at itself", |g| Box::pin(one(g, |q, _, peer| {
        let mut bytes = answered(q, peer);
        // The owner of the answer is a pointer: let it point at itself.
        let at = bytes.len() - 16;
        let place = u16::try_from(at).unwrap_or_default();
        bytes[at..at + 2].copy_from_slice(&(0xc000 | place).to_be_bytes());
        vec![Said::Bytes(bytes)]
    }))),
    bad("dns-wrong-count", F::DnsMalformed, "more answers announced than sent", |g| Box::pin(one(g, |q, _, peer| {
        let mut bytes = answered(q, peer);
        bytes[7] = 9;
        vec![Said::Bytes(bytes)]
    }))),
    bad("dns-wrong-question", F::DnsMalformed, "our ID, and the answer to another question", |g| Box::pin(hurried(g, |q, _, peer| {
        other_question(q, peer)
    }))),
    bad("dns-echo", F::DnsMalformed, "our own question comes back: no name server at all", |g| Box::pin(hurried(g, |q, _, _| {
        let mut bytes = Reply::default().bytes(q);
        bytes[2] &= 0x7f;
        vec![Said::Bytes(bytes)]
    }))),
    good("dns-other-question-first", "the answer to another question, then ours", |g| Box::pin(one(g, |q, over, peer| {
        [other_question(q, WRONG), honest(q, over, peer)].concat()
    }))),
    bad("dns-wrong-id", F::DnsTimeout, "answers with another ID, and none with ours", |g| Box::pin(hurried(g, |q, _, _| forged(q)))).near(F::DnsMalformed),
    good("dns-wrong-id-first", "a forger is faster, and has not our ID", |g| Box::pin(one(g, |q, over, peer| {
        [forged(q), honest(q, over, peer)].concat()
    })))
        .showing(&[(Key::Addresses, "127.0.0.1")]),
    bad("dns-elsewhere", F::DnsTimeout, "answers from an address that was not asked", |g| Box::pin(hurried(g, |q, _, peer| {
        vec![Said::Elsewhere(honest_bytes(q, peer))]
    }))),
    good("dns-elsewhere-first", "a stranger is faster than the server", |g| Box::pin(one(g, |q, over, peer| {
        [vec![Said::Elsewhere(honest_bytes(q, WRONG))], honest(q, over, peer)].concat()
    })))
        .showing(&[(Key::Addresses, "127.0.0.1")]),
    bad("dns-other-class", F::DnsNoData, "an address of class CH", |g| Box::pin(one(g, |q, _, _| {
        say(q, &Reply::of(addressed(q, CHAOS)))
    }))),
    bad("dns-other-type", F::DnsNoData, "IPv6 where IPv4 was asked for, and the other way about", |g| Box::pin(one(g, |q, _, _| {
        let other = Question { kind: if is_a(q) { AAAA } else { A }, ..q.clone() };
        say(q, &Reply::of(addressed(&other, 1)))
    }))),
    bad("dns-other-owner", F::DnsNoData, "an address of a name that nobody asked for", |g| Box::pin(one(g, |q, _, _| {
        say(q, &Reply::of(vec![Record::new("other.lab.example", Data::A(WRONG))]))
    }))),
    good("dns-more-than-asked", "the address, beside others of other class, type and name", |g| Box::pin(one(g, |q, over, peer| {
        if !is_a(q) {
            return honest(q, over, peer);
        }
        let mut answers = addressed(q, CHAOS);
        answers.push(Record::new("other.lab.example", Data::A(WRONG)));
        answers.push(Record::new(HOST, Data::Txt("text")));
        answers.push(Record::new(HOST, Data::A(peer)));
        say(q, &Reply::of(answers))
    })))
        .showing(&[(Key::A, "1 address")]),
];

async fn hurried(ground: &Ground, says: Says) -> io::Result<Served> {
    Ok(one(ground, says).await?.impatient())
}

/// One address at the end of the message, whatever the question's type is.
fn answered(question: &Question, peer: Ipv4Addr) -> Vec<u8> {
    Reply::of(vec![Record::new(HOST, Data::A(peer))]).bytes(question)
}

/// A wrong address of the question's type.
fn addressed(question: &Question, class: u16) -> Vec<Record> {
    let data = if is_a(question) { Data::A(WRONG) } else { Data::Aaaa(WRONG.to_ipv6_mapped()) };
    vec![Record { class, ..Record::new(HOST, data) }]
}

fn forged(question: &Question) -> Vec<Said> {
    let other = Question { id: question.id.wrapping_add(1), ..question.clone() };
    vec![Said::Bytes(honest_bytes(&other, WRONG))]
}

fn other_question(question: &Question, peer: Ipv4Addr) -> Vec<Said> {
    let other = Question { name: "elsewhere.lab.example".into(), ..question.clone() };
    let record = Record::new("elsewhere.lab.example", Data::A(peer));
    vec![Said::Bytes(Reply::of(vec![record]).bytes(&other))]
}
