//! The closed lists of codes: faults, warnings, findings, one line each.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::fault::Acts;
use crate::model::layer::Layer;

/// Implements a closed list of words: `ALL`, `as_str`, `about`, `parse`, serde and JSON Schema.
macro_rules! closed_codes {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal $about:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = $about] $variant,)* }

        impl $name {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The spelling in files and reports.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What it means, in one line.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }

            /// Reads the spelling; `None` where it is none of them.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = Cow::<'_, str>::deserialize(deserializer)?;
                Self::parse(&word).ok_or_else(|| {
                    serde::de::Error::custom(format!("`{word}` is no {}", stringify!($name)))
                })
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let words: Vec<&str> = Self::ALL.iter().map(|code| code.as_str()).collect();
                json_schema!({"type": "string", "enum": words})
            }
        }
    };
}

/// The closed list of faults, one line each: spelling, layer, who acts, meaning.
macro_rules! fault_codes {
    ($($variant:ident $word:literal $layer:ident $acts:ident $about:literal;)*) => {
        closed_codes! {
            /// Why an attempt stopped. Closed: a new cause is a new line here.
            FaultCode { $($variant $word $about;)* }
        }

        impl FaultCode {
            /// The layer at which it is booked.
            pub const fn layer(self) -> Layer {
                match self { $(Self::$variant => Layer::$layer,)* }
            }

            /// Who should act.
            pub const fn acts(self) -> Acts {
                match self { $(Self::$variant => Acts::$acts,)* }
            }
        }
    };
}

fault_codes! {
    DnsNxdomain                  "dns.nxdomain"                    Dns       Dns          "the name does not exist (RCODE 3)";
    DnsNoData                    "dns.no-data"                     Dns       Dns          "the name exists, but has no address of a family that may be used";
    DnsServfail                  "dns.servfail"                    Dns       Dns          "the name server could not answer (RCODE 2)";
    DnsRefused                   "dns.refused"                     Dns       Dns          "the name server refuses to answer us (RCODE 5)";
    DnsError                     "dns.error"                       Dns       Dns          "the name server answered with another RCODE";
    DnsLoop                      "dns.loop"                        Dns       Dns          "the aliases of the name lead in a circle, or are too many";
    DnsTruncated                 "dns.truncated"                   Dns       Dns          "the answer was truncated, and asking again over TCP failed";
    DnsTimeout                   "dns.timeout"                     Dns       Dns          "no name server answered in time";
    DnsMalformed                 "dns.malformed"                   Dns       Dns          "what comes back can't be read, or is no answer to our question";
    DnsUnreachable               "dns.unreachable"                 Dns       Network      "no name server could be reached (ICMP or a local error)";

    TcpRefused                   "tcp.refused"                     Tcp       Service      "RST in answer to our SYN: nothing listens on the port";
    TcpRejected                  "tcp.rejected"                    Tcp       Network      "ICMP port or protocol unreachable in answer to our SYN";
    TcpProhibited                "tcp.prohibited"                  Tcp       Network      "ICMP administratively prohibited in answer to our SYN";
    TcpFiltered                  "tcp.filtered"                    Tcp       Network      "no answer to our SYN";
    TcpHostUnreachable           "tcp.host-unreachable"            Tcp       Network      "ICMP host unreachable: the last router can't find the host";
    TcpNetworkUnreachable        "tcp.network-unreachable"         Tcp       Network      "ICMP network unreachable: a router has no route";

    PeerReset                    "peer.reset"                      Protocol  Service      "RST after the connection was accepted";
    PeerClosed                   "peer.closed"                     Protocol  Service      "closed before the answer was whole";
    PeerSilent                   "peer.silent"                     Protocol  Service      "accepts the connection and says nothing";
    PeerStalled                  "peer.stalled"                    Protocol  Service      "starts to answer and then stops";

    ProxyUnreachable             "proxy.unreachable"               Proxy     Network      "the proxy itself can't be reached";
    ProxyAuthRequired            "proxy.auth-required"             Proxy     Credentials  "the proxy asks for credentials (407)";
    ProxyDenied                  "proxy.denied"                    Proxy     Network      "the proxy refuses this target";
    ProxyTargetUnreachable       "proxy.target-unreachable"        Proxy     Network      "the proxy can't reach the target";
    ProxyMalformed               "proxy.malformed"                 Proxy     Network      "the proxy's answer can't be read";

    TlsExpired                   "tls.expired"                     Tls       Certificates "a certificate's validity has ended";
    TlsNotYetValid               "tls.not-yet-valid"               Tls       Certificates "a certificate's validity has not begun";
    TlsUnknownIssuer             "tls.unknown-issuer"              Tls       Certificates "the chain leads to no certificate authority that is trusted here";
    TlsSelfSigned                "tls.self-signed"                 Tls       Certificates "the peer's certificate is its own issuer and is not trusted here";
    TlsNameMismatch              "tls.name-mismatch"               Tls       Certificates "the certificate is for other names";
    TlsRevoked                   "tls.revoked"                     Tls       Certificates "a certificate was revoked";
    TlsBadSignature              "tls.bad-signature"               Tls       Certificates "a signature does not match";
    TlsWeak                      "tls.weak"                        Tls       Certificates "a key or a signature algorithm is too weak";
    TlsBadPurpose                "tls.bad-purpose"                 Tls       Certificates "the certificate is not made for this use";
    TlsInvalidCertificate        "tls.invalid-certificate"         Tls       Certificates "a certificate breaks a rule of RFC 5280";
    TlsVersion                   "tls.version"                     Tls       Service      "the peer speaks only older versions of TLS";
    TlsNoCommonParameters        "tls.no-common-parameters"        Tls       Service      "no cipher suite, group or signature scheme in common";
    TlsAlpn                      "tls.alpn"                        Tls       Service      "no application protocol in common";
    TlsUnknownServerName         "tls.unknown-server-name"         Tls       Service      "the peer does not know the server name (alert unrecognized_name)";
    TlsNotTls                    "tls.not-tls"                     Tls       Service      "the peer does not speak TLS here";
    TlsNotOffered                "tls.not-offered"                 Tls       Service      "the peer declines TLS within its own protocol";
    TlsClientCertificateRequired "tls.client-certificate-required" Tls       Credentials  "the peer asks for a client certificate, and none was given";
    TlsClientCertificateRejected "tls.client-certificate-rejected" Tls       Credentials  "the peer rejects our client certificate";
    TlsAlert                     "tls.alert"                       Tls       Service      "the peer ended the handshake with another alert";
    TlsMalformed                 "tls.malformed"                   Tls       Service      "the peer's handshake can't be read, or passes a size limit";
    TlsPinMismatch               "tls.pin-mismatch"                Tls       Certificates "the peer's public key is none of the pinned ones";

    ProtocolMismatch             "protocol.mismatch"               Protocol  Service      "another protocol answers on this port";
    ProtocolMalformed            "protocol.malformed"              Protocol  Service      "the answer breaks the rules of its protocol";
    ProtocolTooLarge             "protocol.too-large"              Protocol  Service      "the answer passes a size limit";
    ProtocolUnexpectedStatus     "protocol.unexpected-status"      Protocol  Service      "the status is none of those expected";
    ProtocolRedirect             "protocol.redirect"               Protocol  Service      "the answer is a redirect that may not be followed";
    ProtocolUnexpectedBody       "protocol.unexpected-body"        Protocol  Service      "the answer does not hold what is expected";
    ProtocolGateway              "protocol.gateway"                Protocol  Service      "something in between answers that the service is not there (502, 503, 504)";

    AuthRequired                 "auth.required"                   Auth      Credentials  "the peer asks for credentials, and none were given";
    AuthRejected                 "auth.rejected"                   Auth      Credentials  "the peer rejects our credentials";
    AuthForbidden                "auth.forbidden"                  Auth      Credentials  "the peer knows us and does not let us";
    AuthMethodUnsupported        "auth.method-unsupported"         Auth      Credentials  "the peer asks for a method that is not supported or not allowed";
    AuthInsecure                 "auth.insecure"                   Auth      Table        "the credentials would travel in clear text, so they were not sent";
    AuthNoToken                  "auth.no-token"                   Auth      Credentials  "the token that this row needs could not be had";

    ServiceNoSuchDatabase        "service.no-such-database"        Operation Database     "the database does not exist";
    ServiceTooManyConnections    "service.too-many-connections"    Operation Database     "the server has no connection left for us";
    ServiceNotReady              "service.not-ready"               Operation Service      "the service is starting, stopping or recovering";
    ServiceReadOnly              "service.read-only"               Operation Database     "the service only reads, and writing was asked for";
    ServiceBackendDown           "service.backend-down"            Operation Database     "a pooler answers whose server is gone";
    ServiceUnhealthy             "service.unhealthy"               Operation Service      "the service says that it is not well";
    ServiceNotSticky             "service.not-sticky"              Operation Platform     "the requests of one session reach different servers";
    ServiceWrongPeer             "service.wrong-peer"              Operation Service      "the right protocol, spoken by another product or an intruder";
    ServiceError                 "service.error"                   Operation Service      "the service answers with an error of its own";

    PolicyReached                "policy.reached"                  Tcp       Network      "should be blocked, and is not";
    PolicyWrongFault             "policy.wrong-fault"              Tcp       Network      "blocked, but for a cause that proves no policy";
    PolicyNoControl              "policy.no-control"               Tcp       Probe        "nothing else worked from here, so a block proves nothing";

    MeshAcceptsAll               "mesh.accepts-all"                Tcp       Platform     "a port that can't exist accepts connections too";

    LocalNoRoute                 "local.no-route"                  Tcp       Probe        "this host has no route to the address";
    LocalPermission              "local.permission"                Tcp       Probe        "this host's own policy forbids the connection";
    LocalPortsExhausted          "local.ports-exhausted"           Tcp       Probe        "this host has no local port left";
    LocalFilesExhausted          "local.files-exhausted"           Tcp       Probe        "this process has no file descriptor left";
    LocalDeadline                "local.deadline"                  Operation Probe        "the run ended before this row was done";
    LocalSecretUnreadable        "local.secret-unreadable"         Auth      Probe        "a secret that this row needs can't be read";
    LocalInternal                "local.internal"                  Operation Probe        "a mistake in the probe itself";
}

closed_codes! {
    /// Something to know about a row that does not change its verdict. Closed.
    WarningCode {
        TlsExpiresSoon "tls.expires-soon" "a certificate of the chain ends soon";
        TlsNotVerified "tls.not-verified" "TLS was asked for without verification of the peer";
        TcpRetransmits "tcp.retransmits" "segments had to be sent again";
        TcpShortTimeout "tcp.short-timeout" "the TCP time-out is shorter than three SYN retransmissions";
        AuthNotEnforced "auth.not-enforced" "credentials are accepted although nothing checks them";
        AuthCleartext "auth.cleartext" "credentials travelled without TLS";
        AuthWeak "auth.weak" "a weak method of authentication was used";
        DnsResolverDiffers "dns.resolver-differs" "glibc or musl would have come to another answer than we did";
        DnsAddressesSampled "dns.addresses-sampled" "the name has more addresses than are probed";
        LocalFamilyWithoutRoute "local.family-without-route" "an address of a family without a route was left out";
        PolicyNoWitness "policy.no-witness" "no other source is known to have reached the target";
        MeshSidecar "mesh.sidecar" "a sidecar stands between this pod and the network";
        ServiceDegraded "service.degraded" "the service works and says that something is wrong";
        ServiceReportsDependency "service.reports-dependency" "what the service itself says of this dependency";
        SecretUnsafe "secret.unsafe" "a secret so short, or so like a user name, that outputs can't be searched for it";
        BeyondRequired "proof.beyond-required" "a fault stands above the proof that is required";
        ProbeLeftovers "probe.leftovers" "something that the probe made could not be removed";
    }
}

closed_codes! {
    /// Something wrong in the table, the profile or the site, not in the network. Closed.
    FindingCode {
        TableNote "table.note" "the published table is odd in this row";
        TableAlternateWorks "table.alternate-works" "the documented way fails, and another works";
        SitePort "site.port" "the site uses another port than the table";
        SiteProof "site.proof" "the site asks for less proof than the profile";
        SiteSkip "site.skip" "the site skips the row";
        SiteExtra "site.extra" "a row of this site alone";
        PortsSampled "ports.sampled" "a port range was sampled";
        VantageNotSource "vantage.not-source" "rows were probed from a place that is not their source";
        WaiverExpired "waiver.expired" "a waiver's day has passed";
        WaiverUnused "waiver.unused" "a waiver covers nothing";
    }
}

impl FaultCode {
    /// Whether it says that an answer was waited for in vain on a connection that was accepted.
    pub const fn is_silence(self) -> bool {
        matches!(self, Self::PeerSilent | Self::PeerStalled)
    }
}
