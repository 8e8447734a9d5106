//! The row's own protocol.

use crate::model::evidence::Key as K;
use crate::model::fault::{Fault, FaultCode as C};
use crate::model::words::command::{
    CONNECT, CURL, CURL_BODY, ENDPOINTS, LISTENERS, LOGS, PODS, SERVICE, TRY,
};
use crate::model::words::{When, Words};

fn is_html(fault: &Fault) -> bool {
    fault.evidence.text(K::ContentType).is_some_and(|kind| kind.starts_with("text/html"))
}

pub(super) const WORDS: &[Words] = &[
    Words {
        code: C::ProtocolMismatch,
        decided: "the first bytes are those of another protocol, or a second connection drew them after silence or \
                  a close (`cause`); evidence `spoke` names it",
        means: "Something else listens on this port than the row expects.",
        is_not: "Where TLS was expected it is tls.not-tls.",
        evidence: &[K::Spoke, K::FirstBytes, K::Cause, K::Bytes, K::Expected],
        hint: "check host and port: something else listens there",
        when: &[When {
            holds: |fault| fault.evidence.text(K::Spoke) == Some("tls"),
            hint: "the port wants TLS: set tls.mode: require for this endpoint, or use the port for clear text",
        }],
        commands: [CONNECT, LISTENERS, SERVICE],
        sources: &["RFC 6335 §6", "services(5)"],
    },
    Words {
        code: C::ProtocolMalformed,
        decided: "an answer that the parser of the protocol refuses",
        means: "The answer begins like the right protocol and breaks its rules.",
        is_not: "Not recognised as another protocol: that is protocol.mismatch.",
        evidence: &[K::FirstBytes, K::Bytes, K::Found, K::Line],
        hint: "check what listens there, and its log",
        when: &[],
        commands: [TRY, CURL_BODY, LOGS],
        sources: &["RFC 9112 §2.2", "PostgreSQL: Message Formats"],
    },
    Words {
        code: C::ProtocolTooLarge,
        decided: "a bound of ours on head, body or message was passed; evidence `limit`",
        means: "The answer is far larger than a healthy one, so reading it was given up.",
        is_not: "Not slow: time has codes of its own.",
        evidence: &[K::Limit, K::Bytes],
        hint: "check what listens there: a healthy answer is far smaller",
        when: &[],
        commands: [CURL_BODY, TRY, LOGS],
        sources: &["RFC 9110 §17.5"],
    },
    Words {
        code: C::ProtocolUnexpectedStatus,
        decided: "an HTTP status that the row does not list, and that no other code explains",
        means: "The right protocol answers, and not with the status that the row expects.",
        is_not: "Not 401 or 403 (auth.*), not 502 to 504 of a gateway, not a redirect.",
        evidence: &[K::Status, K::Expected, K::Request, K::ServerHeader, K::Body, K::BodyProblem],
        hint: "check the path and the service's log; correct probe.status if this answer is right",
        when: &[When {
            holds: |fault| fault.evidence.number(K::Status) == Some(404),
            hint: "check the path and the Host field: the server, or an ingress without a rule for this host, knows no such page",
        }],
        commands: [CURL, CURL_BODY, LOGS],
        sources: &["RFC 9110 §15"],
    },
    Words {
        code: C::ProtocolRedirect,
        decided: "status 301, 302, 303, 307 or 308 where the row follows none, or too many, or that leads from TLS \
                  into clear text",
        means: "The answer points elsewhere, and the row says not to go there.",
        is_not: "Not an error of the server by itself: login pages, HTTPS and a trailing slash do this.",
        evidence: &[K::Status, K::Location, K::Redirects, K::Expected],
        hint: "use the target of the redirect, or let the row follow it",
        when: &[When {
            holds: |fault| fault.evidence.text(K::Expected) == Some("https"),
            hint: "the service sends TLS clients into clear text: let it build its URLs with https \
                   (X-Forwarded-Proto behind a gateway), or ask for the path that it leads to",
        }],
        commands: [CURL, CURL_BODY, TRY],
        sources: &["RFC 9110 §15.4"],
    },
    Words {
        code: C::ProtocolUnexpectedBody,
        decided: "media type, pattern or JSON pointer that the row asks for is not there",
        means: "The status is right and the content is not what the row expects.",
        is_not: "Not malformed: it can be read.",
        evidence: &[K::ContentType, K::Field, K::Expected, K::Found, K::Body],
        hint: "compare the answer with what the row expects; a login or block page answers like this",
        when: &[When {
            holds: is_html,
            hint: "an HTML page answers in place of the service: look for a login page, a proxy's block page or a wrong path",
        }],
        commands: [CURL_BODY, CURL, LOGS],
        sources: &["RFC 9110 §8.3", "RFC 6901"],
    },
    Words {
        code: C::ProtocolGateway,
        decided: "status 502, 503 or 504 with the mark of something in between, or without the service's own",
        means: "A gateway, ingress, load balancer or sidecar answers: the service behind it is down, \
                slow or has no ready endpoint.",
        is_not: "Not the service speaking: its own 503 is service.unhealthy or service.not-ready.",
        evidence: &[K::Status, K::Gateway, K::ServerHeader, K::Via, K::Body],
        hint: "look at the service behind the gateway: it is down, slow or has no ready endpoint",
        when: &[
            When {
                holds: |fault| fault.evidence.number(K::Status) == Some(504),
                hint: "the service behind the gateway is slower than the gateway waits: look at its load and at what it waits for",
            },
            When {
                holds: |fault| fault.evidence.number(K::Status) == Some(503),
                hint: "the gateway has no back end to send to: look for ready endpoints of the Service, then at the pods",
            },
        ],
        commands: [ENDPOINTS, PODS, CURL],
        sources: &["RFC 9110 §15.6.3", "Envoy: access log response flags"],
    },
];
