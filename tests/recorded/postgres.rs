//! PostgreSQL and PgBouncer.

use std::sync::Arc;
use std::time::Duration;

use connprobe::lab::pgbouncer;
use connprobe::lab::pgbouncer::Pooler;
use connprobe::lab::postgres::{Method, Postgres, Refusal, State};
use connprobe::lab::server::Server;
use rustls::ClientConfig;

use crate::account::Recorded;
use crate::session::{Login, PROBE, Session, channel, messages};

impl Recorded {
    /// Logs in, and holds the messages of the server against the recorded ones.
    pub(super) async fn log_in(
        &self,
        case: &str,
        server: &Server,
        tls: Option<&Arc<ClientConfig>>,
        login: Login<'_>,
    ) {
        self.asked.borrow_mut().insert(case.to_owned());
        let recorded = self.cases.get(case).unwrap_or_else(|| panic!("no case {case:?}"));
        let real = recorded["said"].as_array().expect("a case has messages");
        // Where no silence is recorded, a slow machine is no silent server.
        let silent = real.iter().any(|message| message.get("silent_for_s").is_some());
        let patience = Duration::from_millis(if silent { 500 } else { 20_000 });
        let said = Session::run(server, tls.cloned(), login, patience).await;
        let (real, ours) = (messages(real), messages(&said));
        if real != ours {
            self.differs(case, &format!("says {ours:?} for {real:?}"));
        }
    }
}

#[tokio::test]
async fn the_postgres_stand_in_says_what_postgresql_15_says() {
    let recorded = Recorded::of(
        "postgres.json",
        &[],
        &[(
            "expired password",
            "no password expires here; the real one's words are of a wrong one",
        )],
    );
    let channel = channel().unwrap();
    let full = |code, words: &str| Refusal::new(code, words);
    let closed = full("42501", "permission denied for database \"closed\"")
        .detail("User does not have CONNECT privilege.");
    let base = Postgres::new()
        .encryption(channel.encryption.clone())
        .database("ucsx")
        .role("probe", "good-word")
        .refused_role(
            "nologin",
            "good-word",
            full("28000", "role \"nologin\" is not permitted to log in"),
        )
        .refused_role(
            "crowded",
            "good-word",
            full("53300", "too many connections for role \"crowded\""),
        )
        .refused_role("shut out", "good-word", closed);
    let as_user = |user| Login { user, ..PROBE };
    let in_clear = [
        ("scram in clear", base.clone(), PROBE),
        ("no rule, in clear", base.clone().state(State::NoHbaLine), as_user("stranger")),
        (
            "rule for TLS only, in clear",
            base.clone().encryption(channel.required.clone()),
            as_user("tlsonly"),
        ),
    ];
    let standby = base.clone().state(State::Standby);
    let over_tls = [
        ("scram over TLS", base.clone(), PROBE),
        ("md5", base.clone().method(Method::Md5), PROBE),
        ("cleartext", base.clone().method(Method::Cleartext), PROBE),
        ("trust", base.clone().method(Method::Trust), PROBE),
        ("wrong password", base.clone(), Login { password: "wrong", ..PROBE }),
        ("unknown role", base.clone(), as_user("absent")),
        ("rejected by a rule", base.clone().state(State::HbaReject), as_user("rejected")),
        ("no rule, over TLS", base.clone().state(State::NoHbaLine), as_user("stranger")),
        ("client certificate missing", base.clone().method(Method::Certificate), PROBE),
        ("no such database", base.clone(), Login { database: "nowhere", ..PROBE }),
        ("closed database", base.clone(), as_user("shut out")),
        ("role may not log in", base.clone(), as_user("nologin")),
        ("role has no connection left", base.clone(), as_user("crowded")),
        (
            "unknown startup parameter",
            base.clone(),
            Login { parameter: Some(("no_such_parameter", "1")), ..PROBE },
        ),
        ("standby", standby.clone(), PROBE),
        ("standby, writing", standby, Login { query: "create table t (i int)", ..PROBE }),
    ];
    for (case, server, login) in in_clear {
        let server = server.serve().await.unwrap();
        recorded.log_in(case, &server, None, login).await;
    }
    for (case, server, login) in over_tls {
        let server = server.serve().await.unwrap();
        recorded.log_in(case, &server, Some(&channel.client), login).await;
    }
    let server = base.method(Method::Certificate).serve().await.unwrap();
    recorded.log_in("client certificate", &server, Some(&channel.certified), PROBE).await;
    recorded.settle();
}

#[tokio::test]
async fn the_pooler_stand_in_says_what_pgbouncer_says() {
    let recorded = Recorded::of("pgbouncer.json", &[], &[]);
    let channel = channel().unwrap();
    let base = Postgres::new().database("ucsx").role("probe", "good-word");
    let full = Pooler::SaysAfterLogin("too many connections for role \"crowded\"".into());
    for (case, pooler, login) in [
        ("server alive", Pooler::Healthy, PROBE),
        ("wrong password", Pooler::Healthy, Login { password: "wrong", ..PROBE }),
        ("unknown user", Pooler::Healthy, Login { user: "absent", ..PROBE }),
        ("role has no connection left", full, PROBE),
        ("unknown database", Pooler::Healthy, Login { database: "nowhere", ..PROBE }),
        (
            "startup parameter it refuses",
            Pooler::Healthy,
            Login { parameter: Some(("options", "-c statement_timeout=1s")), ..PROBE },
        ),
        ("server dead, never warm", Pooler::ColdDead, PROBE),
        ("server dead, never warm, asked again", Pooler::ColdDead, PROBE),
        ("server dead, once warm", Pooler::WarmDead, PROBE),
    ] {
        let server = pgbouncer::before(base.clone(), pooler).serve().await.unwrap();
        recorded.log_in(case, &server, None, login).await;
    }
    let server = pgbouncer::before(base.encryption(channel.required), Pooler::Healthy);
    let server = server.serve().await.unwrap();
    recorded.log_in("TLS demanded, in clear", &server, None, PROBE).await;
    recorded.log_in("server alive, over TLS", &server, Some(&channel.client), PROBE).await;
    recorded.settle();
}
