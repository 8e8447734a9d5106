//! What a resolver says that finds everything in one zone, as unbound with an `auth-zone` does.

use crate::lab::dns::wire::{Data, Question, Record, Reply, rcode};

/// Aliases that are followed before the resolver gives up, as unbound has it.
const ALIASES: usize = 11;

/// A zone and its names.
#[derive(Clone, Debug)]
pub struct Zone {
    origin: String,
    records: Vec<(String, Data)>,
    rules: Vec<(String, u8)>,
}

impl Zone {
    /// An empty zone.
    pub fn new(origin: &str) -> Self {
        Self { origin: origin.to_owned(), records: Vec::new(), rules: Vec::new() }
    }

    /// With a record of a name, which is given without the zone's.
    #[must_use]
    pub fn with(mut self, name: &str, data: Data) -> Self {
        let owner = self.full(name);
        self.records.push((owner, data));
        self
    }

    /// With a name that is answered by this code alone.
    #[must_use]
    pub fn saying(mut self, name: &str, rcode: u8) -> Self {
        let owner = self.full(name);
        self.rules.push((owner, rcode));
        self
    }

    /// A name of this zone in full.
    pub fn full(&self, name: &str) -> String {
        format!("{name}.{}", self.origin)
    }

    /// What is said to a question.
    pub fn answer(&self, question: &Question) -> Reply {
        let beneath = question.name.ends_with(&format!(".{}", self.origin));
        if let Some((_, rcode)) = self.rules.iter().find(|(owner, _)| *owner == question.name) {
            // A rule of unbound's own counts as the zone's word.
            let authoritative = *rcode == rcode::REFUSED;
            return Reply { authoritative, ..Reply::of_code(*rcode) };
        }
        if !beneath {
            return Reply::of_code(rcode::REFUSED);
        }
        let (mut at, mut answers) = (question.name.clone(), Vec::new());
        loop {
            let of_name = || self.records.iter().filter(|(owner, _)| *owner == at);
            let found: Vec<Record> = of_name()
                .filter(|(_, data)| data.kind() == question.kind)
                .map(|(owner, data)| Record::new(owner, data.clone()))
                .collect();
            if !found.is_empty() {
                answers.extend(found);
                return Reply::of(answers);
            }
            let alias = of_name().find_map(|(_, data)| match data {
                Data::Cname(target) => Some(target.clone()),
                _ => None,
            });
            let Some(target) = alias else {
                let rcode = if of_name().next().is_some() { 0 } else { rcode::NXDOMAIN };
                return Reply { rcode, answers, authority: vec![self.soa()], ..Reply::default() };
            };
            if answers.len() >= ALIASES {
                return Reply::of_code(rcode::SERVFAIL);
            }
            answers.push(Record::new(at, Data::Cname(target.clone())));
            at = target;
        }
    }

    fn soa(&self) -> Record {
        let data = Data::Soa(self.full("ns"), self.full("hostmaster"));
        Record::new(self.origin.clone(), data)
    }
}
