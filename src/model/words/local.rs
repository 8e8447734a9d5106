//! What is our own fault.

use crate::model::evidence::Key as K;
use crate::model::fault::FaultCode as C;
use crate::model::words::command::{
    ADDRESSES, CAPABILITIES, FILE_MAX, LINT, LIST_FILE, NFT, OPEN_FILES, PORT_RANGE, ROUTE, ROUTES,
    RUN_ROW, SOCKETS, TIME_WAIT, USER_ID, VARIABLES, VERSION,
};
use crate::model::words::{When, Words};

pub(super) const WORDS: &[Words] = &[
    Words {
        code: C::LocalNoRoute,
        decided: "ENETUNREACH or EADDRNOTAVAIL at once, with an empty error queue",
        means: "This host has no route to the address: nothing was sent.",
        is_not: "Not a router's ENETUNREACH: that has an ICMP message and is tcp.network-unreachable.",
        evidence: &[K::Errno],
        hint: "check this host's routes and interfaces",
        when: &[],
        commands: [ROUTE, ROUTES, ADDRESSES],
        sources: &["connect(2)", "ip-route(8)"],
    },
    Words {
        code: C::LocalPermission,
        decided: "EPERM or EACCES at once, without an ICMP message",
        means: "A rule of this host, a security module or a missing right forbids the connection.",
        is_not: "Not the network's firewall: no packet left.",
        evidence: &[K::Errno],
        hint: "check this host's own firewall and the process's rights",
        when: &[],
        commands: [NFT, CAPABILITIES, USER_ID],
        sources: &["connect(2)", "capabilities(7)"],
    },
    Words {
        code: C::LocalPortsExhausted,
        decided: "EADDRNOTAVAIL, EADDRINUSE or EAGAIN of a socket that asked for any local port",
        means: "Every local port towards this destination, or every one for questions to a name server, is \
                taken.",
        is_not: "Not the peer's limit.",
        evidence: &[K::Errno],
        hint: "wait for connections in TIME_WAIT to end, or widen the local port range",
        when: &[],
        commands: [SOCKETS, TIME_WAIT, PORT_RANGE],
        sources: &["ip(7), ip_local_port_range", "RFC 9293 §3.6.1"],
    },
    Words {
        code: C::LocalFilesExhausted,
        decided: "EMFILE or ENFILE",
        means: "The process, or the host, may open no further file or socket.",
        is_not: "Not the peer's limit.",
        evidence: &[K::Errno],
        hint: "raise the limit of open files (ulimit -n)",
        when: &[When {
            holds: |fault| fault.evidence.text(K::Errno) == Some("ENFILE"),
            hint: "the whole host is out of files: find who holds them, or raise fs.file-max",
        }],
        commands: [OPEN_FILES, FILE_MAX, SOCKETS],
        sources: &["getrlimit(2)", "proc(5), fs.file-max"],
    },
    Words {
        code: C::LocalDeadline,
        decided: "--deadline, SIGINT or SIGTERM before the row was done",
        means: "The run was cut short; nothing is said of this row.",
        is_not: "Not a time-out of the peer: those have codes of their own.",
        evidence: &[K::WaitedMs],
        hint: "run again with a later --deadline, or without",
        when: &[],
        commands: [RUN_ROW, LINT, SOCKETS],
        sources: &["connprobe: run --deadline", "signal(7)"],
    },
    Words {
        code: C::LocalSecretUnreadable,
        decided: "the system's error while reading the file, or a variable that is not set",
        means: "The row needs a secret that this process can't read, so it did not log in.",
        is_not: "Not a wrong secret: none was sent.",
        evidence: &[K::Path, K::Option],
        hint: "check that the file or variable exists and may be read by this user",
        when: &[],
        commands: [LIST_FILE, USER_ID, VARIABLES],
        sources: &["path_resolution(7)", "Kubernetes: Secrets"],
    },
    Words {
        code: C::LocalInternal,
        decided: "a panic of the probe, or a state that it should not be in",
        means: "A mistake of connprobe: it says nothing of the network.",
        is_not: "Not your installation's fault.",
        evidence: &[K::Option],
        hint: "report this as a mistake of connprobe, with the JSON report",
        when: &[],
        commands: [VERSION, RUN_ROW, LINT],
        sources: &["connprobe: CONTRIBUTING.md"],
    },
];
