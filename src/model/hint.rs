//! What to do about a fault: one sentence for each code, for the line under a red row.

use crate::model::fault::{Fault, FaultCode as C};

/// The hint for a fault. It is advice; what was seen stands in the evidence.
pub fn of(fault: &Fault) -> &'static str {
    by_code(fault.code)
}

/// The hint for a code.
#[expect(clippy::too_many_lines, reason = "one line for each code: a table")]
pub const fn by_code(code: C) -> &'static str {
    match code {
        C::DnsNxdomain => {
            "check the spelling, the namespace in the name and the search list; then ask who keeps the zone"
        }
        C::DnsNoData => {
            "ask who keeps the zone for an A or AAAA record; for a headless Service, look for ready endpoints"
        }
        C::DnsServfail => "look at the name server's log: its upstream or the zone is broken",
        C::DnsRefused => {
            "ask the name server's keepers to let this client ask, or correct resolv.conf"
        }
        C::DnsError => "look at the name server's log for this response code",
        C::DnsLoop => "ask who keeps the zone to break the circle of aliases",
        C::DnsTruncated => "let TCP port 53 to the name server through",
        C::DnsTimeout => {
            "let UDP and TCP port 53 to the name server through, and check that it runs"
        }
        C::DnsMalformed => "check that the address in resolv.conf is a name server, and its log",
        C::DnsUnreachable => "check the name server's address in resolv.conf and the route to it",
        C::TcpRefused => {
            "check that the service runs and listens on this port; a firewall that answers with RST looks the same"
        }
        C::TcpRejected => {
            "look for a rule that rejects with ICMP, or a Service without ready endpoints"
        }
        C::TcpProhibited => {
            "ask for a firewall or NetworkPolicy rule that lets this connection through; the offender in the evidence is who refuses"
        }
        C::TcpFiltered => {
            "ask for a firewall or NetworkPolicy rule that lets this connection through; a host that is down is silent too"
        }
        C::TcpHostUnreachable => {
            "check that the host is up and has this address; the offender is the last router"
        }
        C::TcpNetworkUnreachable => "ask for a route to this network at the offender's address",
        C::PeerReset => {
            "look at the destination's log; a sidecar or load balancer without a live back end does this too"
        }
        C::PeerClosed => {
            "look at the destination's log; a sidecar or load balancer without a live back end does this too"
        }
        C::PeerSilent => {
            "check that the service behind the port is alive: the kernel accepts for a process that hangs"
        }
        C::PeerStalled => {
            "look at the destination's load; if only large answers stall, look for a path MTU black hole"
        }
        C::ProxyUnreachable => "check the proxy's address and that this source may reach it",
        C::ProxyAuthRequired => "give the site credentials for the proxy",
        C::ProxyDenied => "ask the proxy's keepers to allow this target",
        C::ProxyTargetUnreachable => "look at the proxy's log: it can't reach the target itself",
        C::ProxyMalformed => "check that a proxy of this kind listens there",
        C::TlsExpired => "renew the certificate, install it and reload the service",
        C::TlsNotYetValid => "check the clocks of both sides, then the certificate's start date",
        C::TlsUnknownIssuer => {
            "add the issuing authority to tls.ca_file, or have the service send its intermediate certificates"
        }
        C::TlsSelfSigned => {
            "give the service a certificate of an authority, or name this one in tls.ca_file"
        }
        C::TlsNameMismatch => {
            "connect by a name that the certificate has, set tls.server_name, or reissue the certificate"
        }
        C::TlsRevoked => "replace the certificate: its issuer has withdrawn it",
        C::TlsBadSignature => {
            "look for an authority of the same name with another key, or a damaged certificate"
        }
        C::TlsWeak => "reissue the certificate with a stronger key and SHA-256 or better",
        C::TlsBadPurpose => "reissue the certificate for serverAuth",
        C::TlsInvalidCertificate => "reissue the certificate; the problems stand in the evidence",
        C::TlsVersion => {
            "switch TLS 1.2 or 1.3 on at the service, or lower tls.min_version if the site accepts that"
        }
        C::TlsNoCommonParameters => {
            "compare the service's cipher suites and groups with what was offered"
        }
        C::TlsAlpn => "let the service offer this protocol by ALPN",
        C::TlsUnknownServerName => "set tls.server_name to a name that the service knows",
        C::TlsNotTls => {
            "check the port: this one speaks clear text; or set tls.mode: disable if that is intended"
        }
        C::TlsNotOffered => {
            "switch TLS on at the service, or set tls.mode: disable if clear text is intended"
        }
        C::TlsClientCertificateRequired => {
            "give the site tls.client_cert_file and tls.client_key_file"
        }
        C::TlsClientCertificateRejected => {
            "check the client certificate's issuer, dates and name with the service's keepers"
        }
        C::TlsAlert => "look at the service's log for this alert",
        C::TlsMalformed => "check what listens there; it does not follow RFC 8446",
        C::TlsPinMismatch => {
            "compare the key with the pinned ones: the certificate was replaced, or somebody stands in between"
        }
        C::ProtocolMismatch => "check host and port: something else listens there",
        C::ProtocolMalformed => "check what listens there, and its log",
        C::ProtocolTooLarge => "check what listens there: a healthy answer is far smaller",
        C::ProtocolUnexpectedStatus => {
            "check the path and the service's log; correct probe.status if this answer is right"
        }
        C::ProtocolRedirect => "use the target of the redirect, or let the row follow it",
        C::ProtocolUnexpectedBody => {
            "compare the answer with what the row expects; a login or block page answers like this"
        }
        C::ProtocolGateway => {
            "look at the service behind the gateway: it is down, slow or has no ready endpoint"
        }
        C::AuthRequired => "give the site credentials for this endpoint",
        C::AuthRejected => {
            "check user name and secret with whoever hands them out; wrong, expired and unknown look alike"
        }
        C::AuthForbidden => "ask for the right that this account lacks",
        C::AuthMethodUnsupported => {
            "compare the method that the service asks for with the credentials given"
        }
        C::AuthInsecure => {
            "switch TLS on, or set allow_cleartext: true for this endpoint if the site accepts that"
        }
        C::AuthNoToken => "look at the row that the evidence names: it says why there is no token",
        C::ServiceNoSuchDatabase => "create the database, or correct auth.database",
        C::ServiceTooManyConnections => {
            "look at who holds the connections; raise the limit or close idle ones"
        }
        C::ServiceNotReady => "wait and try again; if it lasts, look at the service's log",
        C::ServiceReadOnly => "connect to the primary: a standby answers here",
        C::ServiceBackendDown => "look at the server behind the pooler, and the pooler's log",
        C::ServiceUnhealthy => "look at the service's own health page and log",
        C::ServiceNotSticky => "switch session affinity on in the ingress or load balancer",
        C::ServiceWrongPeer => "check host, port and what stands in between",
        C::ServiceError => "look at the service's log for the code in the evidence",
        C::PolicyReached => "add the rule that should block this, or correct the row",
        C::PolicyWrongFault => {
            "read the cause: it is no filter's; name it in `by` if your firewall rejects so"
        }
        C::PolicyNoControl => {
            "run together with a row that should work, or give the source a positive control"
        }
        C::MeshAcceptsAll => {
            "give the row a probe of its protocol: a TCP connect proves nothing behind this sidecar"
        }
        C::LocalNoRoute => "check this host's routes and interfaces",
        C::LocalPermission => "check this host's own firewall and the process's rights",
        C::LocalPortsExhausted => {
            "wait for connections in TIME_WAIT to end, or widen the local port range"
        }
        C::LocalFilesExhausted => "raise the limit of open files (ulimit -n)",
        C::LocalDeadline => "run again with a later --deadline, or without",
        C::LocalSecretUnreadable => {
            "check that the file or variable exists and may be read by this user"
        }
        C::LocalInternal => "report this as a mistake of connprobe, with the JSON report",
    }
}
