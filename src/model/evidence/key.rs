//! The keys of evidence: one line each.

use crate::model::evidence::ValueKind;

macro_rules! evidence_keys {
    ($($variant:ident $word:literal $kind:ident $doc:literal;)*) => {
        /// A key of evidence. `diff` and the schemas depend on the list being closed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Key { $(#[doc = $doc] $variant,)* }

        impl Key {
            /// Every key.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word in reports.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The type of its value.
            pub const fn kind(self) -> ValueKind {
                match self { $(Self::$variant => ValueKind::$kind,)* }
            }

            /// What it says, in one line.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }

            /// Reads the word; `None` where it is none of them.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

evidence_keys! {
    // Names
    Name "name" Text "the name that was asked for";
    NamesTried "names_tried" Texts "each full name that was tried, with its outcome";
    Source "source" Text "where the addresses come from: literal, hosts, dns, option";
    Addresses "addresses" Texts "the addresses that the name has";
    Resolver "resolver" Text "address of the name server that answered, or that was asked last";
    ServersAsked "servers_asked" Texts "each name server that was asked, with its outcome, where the first did not settle it";
    CLibrary "c_library" Texts "what the C library of an application's image would have seen, where it is something else";
    Rcode "rcode" Text "the response code by its name (RFC 6895 §2.3)";
    CnameChain "cname_chain" Texts "the aliases, in order";
    QueryType "query_type" Text "A or AAAA";
    A "a" Text "how the A query ended";
    Aaaa "aaaa" Text "how the AAAA query ended";
    // TCP
    Errno "errno" Text "the system's error by its name";
    IcmpType "icmp_type" Number "type of the ICMP or ICMPv6 message";
    IcmpCode "icmp_code" Number "code of the ICMP or ICMPv6 message";
    Offender "offender" Text "address that sent the ICMP message";
    AnsweredBy "answered_by" Text "who answered in the target's place or as the target: self, router, target";
    WaitedMs "waited_ms" Decimal "how long it was waited for an answer, in milliseconds";
    RttMs "rtt_ms" Decimal "smoothed round-trip time, in milliseconds";
    Retransmits "retransmits" Number "segments that had to be sent again";
    Mss "mss" Number "maximum segment size towards the peer, in bytes";
    PathMtu "path_mtu" Number "path MTU, in bytes";
    Unacknowledged "unacknowledged" Number "segments of ours that the peer never acknowledged";
    OutOfOrder "out_of_order" Number "segments of the peer's that came after one that did not";
    SizePassed "size_passed" Number "size of the packets that pass, headers included, in bytes";
    SizeLost "size_lost" Number "size of the packets that do not pass, headers included, in bytes, as far as can be told";
    LocalAddress "local_address" Text "our address and port of the connection";
    Hops "hops" Texts "the routers on the way, by TTL";
    Untraced "untraced" Text "why it is not known how far SYNs get";
    DiesPastHop "dies_past_hop" Number "the last hop that is known to have got the SYN";
    LastHop "last_hop" Text "address of that hop";
    ArrivalTtl "arrival_ttl" Number "TTL with which the answer arrived";
    SynTtl "syn_ttl" Number "smallest TTL of a SYN that draws the answer";
    Reference "reference" Text "the host's own answer that this one was held against";
    // Proxy
    Proxy "proxy" Text "address and port of the proxy";
    ProxyName "proxy_name" Text "the proxy as the site names it";
    Cause "cause" Text "the fault beneath this one, by its code";
    SocksReply "socks_reply" Number "the reply field of SOCKS5 (RFC 1928 §6)";
    // TLS
    TlsVersion "tls_version" Text "negotiated version";
    CipherSuite "cipher_suite" Text "negotiated cipher suite";
    Group "group" Text "negotiated key exchange group";
    Alpn "alpn" Text "negotiated application protocol";
    Offered "offered" Texts "what we offered";
    PeerVersion "peer_version" Text "what the peer chose where any version up to TLS 1.2 was offered";
    ServerName "server_name" Text "the name that was sent as SNI and verified";
    Verification "verification" Text "verified, ca-verified, not-verified, failed";
    Subject "subject" Text "subject of the peer's certificate";
    Issuer "issuer" Text "issuer of the peer's certificate";
    Chain "chain" Texts "subjects of the chain as presented, leaf first";
    ChainEnd "chain_end" Text "issuer of the last certificate presented: root, or below a root";
    Sans "sans" Texts "subject alternative names of the peer's certificate";
    NotBefore "not_before" Text "start of validity (RFC 3339)";
    NotAfter "not_after" Text "end of validity (RFC 3339)";
    DaysLeft "days_left" Number "whole days until the end of validity; negative afterwards";
    Problems "problems" Texts "all that is wrong with the chain";
    KeyPin "key_pin" Text "SHA-256 of the peer's public key, as curl has it";
    LeafSha256 "leaf_sha256" Text "SHA-256 of the peer's certificate, in hex";
    Ocsp "ocsp" Text "what the stapled OCSP answer says, or why it is not believed";
    TlsAlert "tls_alert" Text "the alert by its name (RFC 8446 §6)";
    ClientCertificate "client_certificate" Text "whether the peer asked for one and whether it was sent";
    // Any protocol
    Spoke "spoke" Text "the protocol that the peer speaks";
    FirstBytes "first_bytes" Text "the first bytes of its answer, cleaned";
    Bytes "bytes" Number "bytes received in this step";
    Limit "limit" Number "the bound that was passed";
    Expected "expected" Text "what was expected";
    Found "found" Text "what was found";
    // HTTP
    Request "request" Text "method and target of the request";
    Status "status" Number "HTTP status";
    ContentType "content_type" Text "media type of the answer";
    ServerHeader "server_header" Text "the Server field of the answer";
    Via "via" Text "the Via field of the answer";
    Location "location" Text "target of the redirect";
    Redirects "redirects" Texts "the redirects that were followed";
    Realm "realm" Text "what the peer asked credentials for";
    Body "body" Text "the start of the body, cleaned";
    BodyProblem "body_problem" Text "what is wrong with the body of an answer that was judged all the same";
    Gateway "gateway" Text "the mark of something in between";
    Field "field" Text "the header field, JSON pointer or column that this is about";
    // PostgreSQL
    Sqlstate "sqlstate" Text "SQLSTATE (PostgreSQL, appendix A)";
    Phase "phase" Text "startup, authentication, session, query";
    Message "message" Text "the peer's own words, cleaned";
    AuthMethod "auth_method" Text "the authentication that the peer asked for";
    ChannelBinding "channel_binding" Flag "whether SCRAM was bound to the TLS channel";
    Pooler "pooler" Text "what told that a pooler answers";
    ServerVersion "server_version" Text "version that the peer claims";
    Database "database" Text "name of the database";
    Username "username" Text "name that was used to log in";
    InRecovery "in_recovery" Flag "whether the server is a standby";
    ReadOnly "read_only" Flag "whether transactions are read-only";
    Extensions "extensions" Texts "the extensions that were asked for, with their versions";
    Privileges "privileges" Texts "the privileges that were asked for, with the answer";
    // Elasticsearch
    Product "product" Text "product that the peer claims to be";
    ClusterName "cluster_name" Text "name of the cluster";
    ClusterHealth "cluster_health" Text "green, yellow, red";
    Nodes "nodes" Number "nodes of the cluster";
    // Prometheus
    Families "families" Number "metric families that were read";
    Samples "samples" Number "samples that were read";
    Missing "missing" Texts "what was required and not found";
    Gauges "gauges" Texts "gauges of dependencies, as the peer reports them";
    Line "line" Number "line of the exposition that can't be read";
    // OAuth2
    OauthError "oauth_error" Text "the error word (RFC 6749 §5.2)";
    TokenType "token_type" Text "type of the token that was issued";
    ExpiresIn "expires_in" Number "lifetime of the token, in seconds";
    TokenRow "token_row" Text "the row that should have given the token";
    // CometD
    BayeuxError "bayeux_error" Text "the error field of the Bayeux answer";
    Advice "advice" Text "what the peer advises: retry, handshake, none";
    Connects "connects" Number "Bayeux connects that were answered well";
    // Object storage
    Bucket "bucket" Text "bucket or container";
    Region "region" Text "region that the service names";
    ServiceCode "service_code" Text "the service's own error code";
    SkewS "skew_s" Number "our clock minus the peer's, in seconds";
    Objects "objects" Number "objects in the bounded list";
    // The rest
    Control "control" Text "the control that this verdict rests on";
    Row "row" Text "another row that this is about";
    Path "path" Text "a file of ours";
    Option "option" Text "the option or key that would change this";
    Corroboration "corroboration" Text "what another row says of this one";
    Attempts "attempts" Number "how many attempts were made";
}
