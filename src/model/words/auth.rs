//! Credentials.

use crate::model::evidence::Key as K;
use crate::model::fault::FaultCode as C;
use crate::model::words::command::{
    CURL, CURL_USER, DRY_RUN, EXPLAIN_ROW, HBA, LINT, LOGS, PSQL, RUN_ROW,
};
use crate::model::words::{When, Words};

pub(super) const WORDS: &[Words] = &[
    Words {
        code: C::AuthRequired,
        decided: "status 401, a PostgreSQL authentication request, or the protocol's own challenge",
        means: "The peer asks for credentials, and profile, site and environment give none.",
        is_not: "No failure of the network: the row got as far as it can without credentials.",
        evidence: &[K::AuthMethod, K::Realm, K::Status],
        hint: "give the site credentials for this endpoint",
        when: &[],
        commands: [LINT, DRY_RUN, CURL],
        sources: &["RFC 9110 §15.5.2", "PostgreSQL: Authentication Methods"],
    },
    Words {
        code: C::AuthRejected,
        decided: "SQLSTATE 28P01, status 401 to our credentials, invalid_client, invalid_grant",
        means: "Our credentials arrived, and the peer does not accept them. It is never tried again, \
                because that locks accounts.",
        is_not: "Not a missing right: that is auth.forbidden. Wrong, expired and unknown look alike.",
        evidence: &[K::Username, K::Sqlstate, K::Status, K::OauthError, K::AuthMethod],
        hint: "check user name and secret with whoever hands them out; wrong, expired and unknown look alike",
        when: &[When {
            holds: |fault| fault.evidence.get(K::Pooler).is_some(),
            hint: "check user name, secret and the pooler's own list of users: behind a pooler, wrong and unknown look alike",
        }],
        commands: [PSQL, CURL_USER, LINT],
        sources: &["PostgreSQL: appendix A, class 28", "RFC 6749 §5.2", "RFC 9110 §15.5.2"],
    },
    Words {
        code: C::AuthForbidden,
        decided: "SQLSTATE 28000 or 42501, status 403, unauthorized_client, access_denied, invalid_scope",
        means: "The peer knows who we are, or where we come from, and does not let us.",
        is_not: "Not a wrong password.",
        evidence: &[K::Username, K::Sqlstate, K::Status, K::OauthError, K::Message],
        hint: "ask for the right that this account lacks",
        when: &[
            When {
                holds: |fault| fault.evidence.text(K::Sqlstate) == Some("28000"),
                hint: "look at pg_hba.conf: it has no line, or a rejecting one, for this user, database, address and encryption; or the role may not log in",
            },
            When {
                holds: |fault| fault.evidence.text(K::Sqlstate) == Some("42501"),
                hint: "ask for the privilege on this database: GRANT CONNECT, or what the message names",
            },
        ],
        commands: [PSQL, HBA, CURL_USER],
        sources: &["PostgreSQL: The pg_hba.conf File", "RFC 9110 §15.5.4", "RFC 6749 §5.2"],
    },
    Words {
        code: C::AuthMethodUnsupported,
        decided: "a request for GSSAPI, SSPI, an unknown SASL mechanism or scheme; unsupported_grant_type",
        means: "The peer asks for a way to log in that this probe does not speak, or that the \
                credentials given do not fit.",
        is_not: "No rejection: nothing secret was sent.",
        evidence: &[K::AuthMethod, K::Offered, K::OauthError],
        hint: "compare the method that the service asks for with the credentials given",
        when: &[],
        commands: [HBA, CURL, LOGS],
        sources: &["PostgreSQL: Authentication Methods", "RFC 9110 §11.1"],
    },
    Words {
        code: C::AuthInsecure,
        decided: "by ourselves, before sending: no TLS, and allow_cleartext is not set",
        means: "The credentials would have travelled in clear text, so they stayed here.",
        is_not: "No fault of the peer's, and nothing was leaked.",
        evidence: &[K::Option, K::AuthMethod],
        hint: "switch TLS on, or set allow_cleartext: true for this endpoint if the site accepts that",
        when: &[],
        commands: [LINT, DRY_RUN, LOGS],
        sources: &["RFC 7617 §4", "RFC 6750 §5.3"],
    },
    Words {
        code: C::AuthNoToken,
        decided: "the row that gives the token ended with a fault; evidence `token_row` and `cause`",
        means: "This row logs in with a token of another row, and that row got none.",
        is_not: "Says nothing of this row's own destination.",
        evidence: &[K::TokenRow, K::Cause],
        hint: "look at the row that the evidence names: it says why there is no token",
        when: &[],
        commands: [EXPLAIN_ROW, RUN_ROW, LINT],
        sources: &["RFC 6749 §4.4"],
    },
];
