//! Handshakes that come to no end.

use crate::model::evidence::Key as K;
use crate::model::fault::FaultCode as C;
use crate::model::words::command::{
    ALPN, CIPHERS, CONNECT, CURL_CA, LISTENERS, LOGS, OUR_CERTIFICATE, S_CLIENT, S_CLIENT_MSG,
    S_CLIENT_POSTGRES, TLS12, TLS13, TRY,
};
use crate::model::words::{When, Words};

pub(super) const WORDS: &[Words] = &[
    Words {
        code: C::TlsVersion,
        decided: "alert protocol_version, or rustls: PeerIncompatible without a common version",
        means: "The peer speaks only versions of TLS older than those that are accepted here.",
        is_not: "Not a certificate: none was judged.",
        evidence: &[K::TlsAlert, K::Offered, K::PeerVersion],
        hint: "switch TLS 1.2 or 1.3 on at the service, or lower tls.min_version if the site accepts that",
        when: &[],
        commands: [TLS12, TLS13, S_CLIENT],
        sources: &["RFC 8446 §4.1.3", "RFC 8996"],
    },
    Words {
        code: C::TlsNoCommonParameters,
        decided: "alert handshake_failure or insufficient_security, or rustls: PeerIncompatible",
        means: "Both sides speak a common version, and share no cipher suite, group or signature \
                scheme.",
        is_not: "Not always ciphers: some servers send handshake_failure for a missing client \
                 certificate or server name.",
        evidence: &[K::TlsAlert, K::Offered],
        hint: "compare the service's cipher suites and groups with what was offered",
        when: &[],
        commands: [S_CLIENT, CIPHERS, TLS12],
        sources: &["RFC 8446 §4.1.1", "RFC 8446 §6.2"],
    },
    Words {
        code: C::TlsAlpn,
        decided: "alert no_application_protocol; or no protocol chosen where the row states some (`alpn: none`)",
        means: "The peer speaks none of the application protocols that we offer by ALPN, or does not know ALPN.",
        is_not: "Not a certificate: where one is wrong too, that is told first.",
        evidence: &[K::TlsAlert, K::Offered, K::Alpn],
        hint: "let the service offer this protocol by ALPN",
        when: &[],
        commands: [ALPN, S_CLIENT, LOGS],
        sources: &["RFC 7301 §3.2"],
    },
    Words {
        code: C::TlsUnknownServerName,
        decided: "alert unrecognized_name",
        means: "The peer serves several names, and not the one that we sent as SNI.",
        is_not: "Not tls.name-mismatch: there a certificate came, for other names.",
        evidence: &[K::TlsAlert, K::ServerName],
        hint: "set tls.server_name to a name that the service knows",
        when: &[],
        commands: [S_CLIENT, CURL_CA, LOGS],
        sources: &["RFC 6066 §3"],
    },
    Words {
        code: C::TlsNotTls,
        decided: "the first bytes are no record of TLS, or a second connection drew another protocol after silence \
                  or a close (`cause`)",
        means: "We sent a ClientHello, and another protocol is at home.",
        is_not: "Not a failed handshake: there was none. `spoke` names what was recognised.",
        evidence: &[K::Spoke, K::FirstBytes, K::Cause, K::Bytes],
        hint: "check the port: this one speaks clear text; or set tls.mode: disable if that is intended",
        when: &[
            When {
                holds: |fault| fault.evidence.text(K::Spoke) == Some("http"),
                hint: "plain HTTP answers on this port: use the port for HTTPS, or set tls.mode: disable if clear text is intended",
            },
            When {
                holds: |fault| fault.evidence.text(K::Spoke) == Some("postgres"),
                hint: "PostgreSQL answers, which negotiates TLS in its own protocol: use probe: postgres",
            },
        ],
        commands: [CONNECT, S_CLIENT_POSTGRES, LISTENERS],
        sources: &["RFC 8446 §5.1", "RFC 9112 §2.1"],
    },
    Words {
        code: C::TlsNotOffered,
        decided: "the answer `N` to PostgreSQL's SSLRequest",
        means: "The peer speaks the right protocol, and says itself that it has no TLS.",
        is_not: "Not a failed handshake and not another protocol.",
        evidence: &[K::Option, K::Found],
        hint: "switch TLS on at the service, or set tls.mode: disable if clear text is intended",
        when: &[],
        commands: [S_CLIENT_POSTGRES, LOGS, LISTENERS],
        sources: &["PostgreSQL: SSL Session Encryption (protocol flow)", "PostgreSQL: ssl"],
    },
    Words {
        code: C::TlsClientCertificateRequired,
        decided: "alert certificate_required, or a request for one and status 400, 495 or 496",
        means: "The peer asked for a client certificate in the handshake, we had none, and it went no \
                further.",
        is_not: "Not auth.required: no password would do. Under TLS 1.3 the handshake itself seems \
                 to succeed.",
        evidence: &[K::TlsAlert, K::ClientCertificate, K::Status],
        hint: "give the site tls.client_cert_file and tls.client_key_file",
        when: &[],
        commands: [S_CLIENT, OUR_CERTIFICATE, LOGS],
        sources: &["RFC 8446 §4.4.2.4", "nginx: ssl_verify_client"],
    },
    Words {
        code: C::TlsClientCertificateRejected,
        decided: "a certificate alert, or status 400, 495 or 496, after we sent a certificate",
        means: "We showed a certificate, and the peer does not accept it: its issuer, dates, purpose \
                or name.",
        is_not: "Not the peer's certificate: that was verified before.",
        evidence: &[K::TlsAlert, K::ClientCertificate, K::Status],
        hint: "check the client certificate's issuer, dates and name with the service's keepers",
        when: &[],
        commands: [OUR_CERTIFICATE, S_CLIENT, LOGS],
        sources: &["RFC 8446 §6.2"],
    },
    Words {
        code: C::TlsAlert,
        decided: "any other fatal alert; evidence `tls_alert` has its name",
        means: "The peer ended the handshake, and gives a reason that has no code of its own here.",
        is_not: "Not a broken connection: the peer said so in order.",
        evidence: &[K::TlsAlert, K::Offered],
        hint: "look at the service's log for this alert",
        when: &[],
        commands: [S_CLIENT_MSG, LOGS, TLS12],
        sources: &["RFC 8446 §6.2"],
    },
    Words {
        code: C::TlsMalformed,
        decided: "rustls: InvalidMessage, PeerMisbehaved; or a size limit of ours",
        means: "Something that begins like TLS breaks the rules of the handshake, or sends more than \
                any honest peer.",
        is_not: "Not another protocol: that is tls.not-tls.",
        evidence: &[K::Found, K::Limit, K::FirstBytes],
        hint: "check what listens there; it does not follow RFC 8446",
        when: &[],
        commands: [S_CLIENT_MSG, TRY, LISTENERS],
        sources: &["RFC 8446 §4", "RFC 8446 §5.1"],
    },
];
