//! What the C library of the application's image would have come to, where it is not what we came to.
//!
//! Which one that is can't be seen from here, so both are told: glibc and musl differ in what one failed
//! question means, in when the search list is used, and in whom they ask. The rules are read from
//! the sources of musl (`name_from_dns_search`, `res_msend`) and glibc (`res_nsearch`, `send_dg`)
//! and were measured with musl 1.2.3 and glibc 2.36.
//!
//! They are applied to the answers at hand. Only two things are asked for besides: with several
//! servers, what the others say to the question that decided (musl asks all at once), and the name as
//! it is where musl would not have completed it.

mod more;

use crate::model::FaultCode;
use crate::net::dns::both::Both;
use crate::net::dns::servers::Asked;
use crate::net::dns::walk::Tried;
use crate::net::dns::{ResolvConf, shown};
pub(super) use more::{More, more};

/// Longest line of `resolv.conf` that musl reads, in bytes.
const MUSL_LINE: usize = 254;
/// Entries of the search list that glibc before 2.26 has.
const OLD_GLIBC_SEARCH: usize = 6;

fn has(both: &Both) -> bool {
    !both.addresses().is_empty()
}

/// What each C library would have seen in our place, where it is something else.
pub(super) fn differing(
    conf: &ResolvConf,
    host: &str,
    tried: &[Tried],
    more: &More,
) -> Vec<String> {
    let ours = tried.last().filter(|tried| has(&tried.both));
    let name = ours.map(|tried| &*tried.text);
    let by_musl = match (musl(conf, host, tried, more), name) {
        (Saw::Nothing(why), Some(_)) => Some(format!("musl finds no address: {why}")),
        (Saw::Name(theirs), ours) if Some(theirs) != ours => {
            Some(format!("musl finds the addresses of {theirs}"))
        }
        // Where one server is asked after the other, the first that knows decides.
        (Saw::Name(_) | Saw::Nothing(_), _) => raced(tried, more).map(|(may, said)| {
            format!("musl may find {may}: it takes the answer that comes first, and {said}")
        }),
        (Saw::Absent(_) | Saw::Unknown, _) => None,
    };
    let by_old_musl = cut(tried).map(|what| format!("musl before 1.2.4 {what}"));
    let by_glibc = ours.and_then(glibc).map(|why| format!("glibc finds no address: {why}"));
    let by_old_glibc = ours.and_then(|tried| tried.completed).filter(|at| *at >= OLD_GLIBC_SEARCH);
    let by_old_glibc = by_old_glibc.map(|_| {
        format!("glibc before 2.26 completes names by {OLD_GLIBC_SEARCH} entries of the search list alone")
    });
    let by_new_glibc = ours.filter(|_| conf.no_aaaa).and_then(|tried| without_aaaa(&tried.both));
    let by_any = raced(tried, more).filter(|_| conf.rotate);
    let by_any = by_any.map(|(may, said)| {
        format!("glibc may find {may}: by `options rotate` it begins with any server, and {said}")
    });
    [by_musl, by_old_musl, by_glibc, by_old_glibc, by_new_glibc, by_any]
        .into_iter()
        .flatten()
        .collect()
}

/// What a C library sees.
#[derive(Debug, PartialEq, Eq)]
enum Saw<'t> {
    /// The addresses of this name.
    Name(&'t str),
    /// No address.
    Nothing(String),
    /// That the name does not exist: what comes next, if anything, is tried.
    Absent(&'static str),
    /// It can't be told from the answers at hand.
    Unknown,
}

/// musl completes only names with fewer dots than `ndots`, goes on to the next name after NXDOMAIN
/// alone, and fails where one of the two questions does.
fn musl<'t>(conf: &ResolvConf, host: &str, tried: &'t [Tried], more: &'t More) -> Saw<'t> {
    let too_long = conf.search_line > MUSL_LINE;
    let as_it_is = host.ends_with('.') || host.matches('.').count() >= conf.ndots;
    let mut names: Vec<String> = Vec::new();
    if !as_it_is && !too_long {
        names.extend(conf.search.iter().map(|d| format!("{host}.{}.", d.trim_end_matches('.'))));
    }
    names.push(format!("{}.", host.trim_end_matches('.')));
    let mut absent = String::new();
    for name in &names {
        let known = tried.iter().chain(&more.absolute).find(|tried| tried.text == *name);
        match known.map_or(Saw::Unknown, |known| musl_one(conf, known)) {
            Saw::Absent(kind) => absent = format!("{kind} of {name} is answered with NXDOMAIN"),
            saw => return saw,
        }
    }
    if as_it_is && !host.ends_with('.') && !conf.search.is_empty() {
        absent.push_str(", and a name with so many dots is not completed");
    } else if too_long {
        absent.push_str(&format!(
            ", and a search line of more than {MUSL_LINE} bytes is passed over"
        ));
    }
    Saw::Nothing(absent)
}

/// What musl makes of the answers for one name.
fn musl_one<'t>(conf: &ResolvConf, tried: &'t Tried) -> Saw<'t> {
    for (kind, asked) in [("A", &tried.both.a), ("AAAA", &tried.both.aaaa)] {
        let Some(asked) = asked else { continue };
        let word = &asked.found.word;
        match asked.found.code() {
            None | Some(FaultCode::DnsNoData) => {}
            Some(FaultCode::DnsNxdomain) => return Saw::Absent(kind),
            // Another server might have known better, and was not asked.
            Some(FaultCode::DnsError) if asked.servers.len() < conf.servers.len() => {
                return Saw::Unknown;
            }
            Some(FaultCode::DnsServfail | FaultCode::DnsRefused | FaultCode::DnsError) => {
                let why = format!("{kind} is answered with {word}, which fails both questions");
                return Saw::Nothing(why);
            }
            Some(FaultCode::DnsTimeout) => return Saw::Nothing(unanswered(kind, word)),
            Some(_) => return Saw::Unknown,
        }
    }
    if has(&tried.both) {
        return Saw::Name(&tried.text);
    }
    Saw::Nothing(format!("{} exists without an address, which ends the search", tried.text))
}

/// How long it was waited stands in the word: an answer that comes later would count.
fn unanswered(kind: &str, word: &str) -> String {
    format!("{kind} brought {word}, and without one both questions fail")
}

/// What is found where another server than ours is asked first or answers first, and what that one says: musl
/// asks every server at once, and glibc begins with any where it rotates.
fn raced(tried: &[Tried], more: &More) -> Option<(&'static str, String)> {
    let ours = tried.last().is_some_and(|tried| has(&tried.both));
    let (server, found) = more.others.iter().find(|(_, found)| match found.code() {
        None => !ours,
        Some(FaultCode::DnsNxdomain | FaultCode::DnsNoData) => ours,
        Some(_) => false,
    })?;
    let may = if ours { "no address" } else { "an address" };
    Some((may, format!("{} says {}", shown(*server), found.word)))
}

/// glibc from 2.36 asks for no AAAA where `options no-aaaa` says so.
fn without_aaaa(both: &Both) -> Option<String> {
    let some = |asked: &Option<Asked>| {
        asked.as_ref().is_some_and(|asked| !asked.found.addresses.is_empty())
    };
    if !some(&both.aaaa) {
        return None;
    }
    let what = if some(&both.a) { "the IPv4 addresses alone" } else { "no address" };
    Some(format!("glibc from 2.36 finds {what}: by `options no-aaaa` it asks for no AAAA"))
}

/// musl before 1.2.4 asks nothing over TCP: it makes do with what was cut.
fn cut(tried: &[Tried]) -> Option<String> {
    let both = &tried.last()?.both;
    let questions = || [&both.a, &both.aaaa].into_iter().flatten();
    if questions().all(|asked| asked.found.cut.is_none()) {
        return None;
    }
    let of_one = |asked: &Asked| asked.found.cut.unwrap_or(asked.found.addresses.len());
    match (has(both), questions().map(of_one).sum::<usize>()) {
        (true, 0) => Some("finds no address: it asks nothing over TCP".to_owned()),
        (false, count @ 1..) => {
            Some(format!("finds an address: it takes {count} of the answer that was cut"))
        }
        _ => None,
    }
}

/// glibc fails where A is not answered, whatever AAAA brings.
fn glibc(tried: &Tried) -> Option<String> {
    let found = &tried.both.a.as_ref()?.found;
    (found.code() == Some(FaultCode::DnsTimeout)).then(|| unanswered("A", &found.word))
}

#[cfg(test)]
mod tests {
    use FaultCode as C;

    use super::*;
    use crate::model::Fault;
    use crate::net::dns::answer::Found;
    use crate::net::dns::walk::full;

    fn asked(code: Option<FaultCode>) -> Asked {
        let found = Found {
            addresses: code.is_none().then_some([127, 0, 0, 1].into()).into_iter().collect(),
            limit: None,
            aliases: Vec::new(),
            fault: code.map(|code| Fault::new(code, "")),
            word: "WORD".to_owned(),
            rcode: None,
            cut: None,
        };
        Asked { found, server: ([127, 0, 0, 1], 53).into(), servers: Vec::new() }
    }

    fn tried(text: &str, a: Option<FaultCode>, aaaa: Option<FaultCode>) -> Tried {
        let both = Both { a: Some(asked(a)), aaaa: Some(asked(aaaa)) };
        let completed = text.ends_with("example.").then_some(0);
        Tried { text: text.to_owned(), name: full(text).unwrap(), completed, both }
    }

    fn libraries(conf: &ResolvConf, host: &str, tried: &[Tried]) -> Vec<String> {
        let texts = differing(conf, host, tried, &More::default());
        texts.iter().map(|text| text.split(" find").next().unwrap().to_owned()).collect()
    }

    /// As measured with one server and one name: musl 1.2.3 and glibc 2.36.
    #[test]
    fn each_pair_of_answers_is_what_the_libraries_made_of_it() {
        let conf = ResolvConf { servers: vec![([127, 0, 0, 1], 53).into()], ..Default::default() };
        for (a, aaaa, differ) in [
            (None, Some(C::DnsNoData), &[][..]),
            (None, None, &[]),
            (None, Some(C::DnsServfail), &["musl"]),
            (None, Some(C::DnsRefused), &["musl"]),
            (None, Some(C::DnsNxdomain), &["musl"]),
            (None, Some(C::DnsTimeout), &["musl"]),
            (Some(C::DnsServfail), None, &["musl"]),
            (Some(C::DnsNxdomain), None, &["musl"]),
            (Some(C::DnsRefused), None, &["musl"]),
            (Some(C::DnsTimeout), None, &["musl", "glibc"]),
            (Some(C::DnsServfail), Some(C::DnsServfail), &[]),
            (Some(C::DnsNxdomain), Some(C::DnsNxdomain), &[]),
            (Some(C::DnsTimeout), Some(C::DnsTimeout), &[]),
            // Nothing is claimed of what can't be told.
            (None, Some(C::DnsMalformed), &[]),
        ] {
            let seen = libraries(&conf, "a.b", &[tried("a.b.", a, aaaa)]);
            assert_eq!(seen, differ, "A {a:?}, AAAA {aaaa:?}");
        }
    }

    #[test]
    fn musl_goes_on_after_nxdomain_alone() {
        let search = vec!["one.example".to_owned(), "two.example".to_owned()];
        let servers = vec![([127, 0, 0, 1], 53).into()];
        let conf = ResolvConf { servers, search, ..Default::default() };
        for (first, differ) in
            [(C::DnsNxdomain, &[][..]), (C::DnsNoData, &["musl"]), (C::DnsServfail, &["musl"])]
        {
            let tried = [
                tried("a.one.example.", Some(first), Some(first)),
                tried("a.two.example.", None, Some(C::DnsNoData)),
            ];
            assert_eq!(libraries(&conf, "a", &tried), differ, "{first:?}");
        }
    }

    #[test]
    fn musl_completes_no_name_with_as_many_dots_as_ndots() {
        let search = vec!["one.example".to_owned()];
        let servers = vec![([127, 0, 0, 1], 53).into()];
        let none = Some(C::DnsNxdomain);
        for (ndots, differ) in [(1, &["musl"][..]), (2, &[])] {
            let (search, servers) = (search.clone(), servers.clone());
            let conf = ResolvConf { servers, search, ndots, ..Default::default() };
            let found = tried("a.b.one.example.", None, None);
            let walked = match ndots {
                1 => vec![tried("a.b.", none, none), found],
                _ => vec![found],
            };
            assert_eq!(libraries(&conf, "a.b", &walked), differ, "ndots {ndots}");
        }
    }
}
