//! Warnings and findings: what to do, in one sentence each.

use crate::model::fault::{FindingCode as F, WarningCode as W};

/// What to do about a warning.
pub const fn warning(code: W) -> &'static str {
    match code {
        W::TlsExpiresSoon => {
            "renew the certificate before its day; tls.expires_within sets how soon is soon"
        }
        W::TlsNotVerified => "set tls.mode: verify-full, so that the row proves who answers",
        W::TcpRetransmits => "look at the path for loss: the row passes, and others may not",
        W::TcpShortTimeout => {
            "give timeouts.tcp at least 3.5 s, or one lost packet looks like a filter"
        }
        W::AuthNotEnforced => "tell the service's keepers: it takes anybody's credentials",
        W::AuthCleartext => {
            "switch TLS on at the service; anybody on the way could read the secret"
        }
        W::AuthWeak => "switch the account to SCRAM-SHA-256: md5 can be guessed offline",
        W::DnsResolverDiffers => {
            "see `c_library`: an image built on that library gets another answer; mend the name server"
        }
        W::DnsAddressesSampled => {
            "name the addresses that have to be proved (hosts: [..]): of each family the first 100 were probed"
        }
        W::LocalFamilyWithoutRoute => "nothing, or say family: ipv4 (or ipv6) for this endpoint",
        W::PolicyNoWitness => {
            "run from a source that may connect, and merge: a dead address is silent too"
        }
        W::MeshSidecar => "give rows a probe of their protocol: a sidecar accepts for everybody",
        W::ServiceDegraded => "look at the service's own health page",
        W::ServiceReportsDependency => {
            "compare what the service says with the row to that dependency"
        }
        W::SecretUnsafe => "use a longer secret: this one can't be searched for in outputs",
        W::BeyondRequired => "read the fault: the row passes, because it asks for less",
        W::ProbeLeftovers => "remove what the detail names",
    }
}

/// What to do about a finding.
pub const fn finding(code: F) -> &'static str {
    match code {
        F::TableNote => "tell whoever publishes the table",
        F::TableAlternateWorks => "ask whoever publishes the table which of the two is right",
        F::SitePort => "nothing, if this is meant: the report says so to its readers",
        F::SiteProof => "nothing, if the reason still holds",
        F::SiteSkip => "nothing, if the reason still holds",
        F::SiteExtra => "nothing: the row is yours",
        F::PortsSampled => "name fewer ports if each of them has to be proved",
        F::VantageNotSource => {
            "run in the source's own pod: firewalls look at where a packet comes from"
        }
        F::WaiverExpired => "mend the fault, or renew the waiver with a new day and reason",
        F::WaiverUnused => "take the waiver out of the site file",
    }
}
