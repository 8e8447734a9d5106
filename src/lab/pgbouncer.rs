//! PgBouncer 1.18: PostgreSQL's wire with a pooler's manners.
//!
//! Every error is 08P01 and only its words differ; there is no channel binding; startup parameters
//! that it does not know are refused before authentication. What it does when its server is gone
//! depends on whether its pool was ever warm.

use crate::lab::postgres::Postgres;

/// What stands behind the pooler, and what it says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pooler {
    /// Its server works.
    Healthy,
    /// Its server is gone, and it never had a connection: the password is checked, then silence.
    ColdDead,
    /// Its server is gone, and it once had one: it greets from its cache, and the query waits.
    WarmDead,
    /// It says this before authentication.
    SaysFirst(String),
    /// It says this after the password, in place of `AuthenticationOk`.
    SaysAfterLogin(String),
    /// It says this at the first query.
    SaysAtQuery(String),
}

/// A pooler with SCRAM before a server.
pub fn before(server: Postgres, pooler: Pooler) -> Postgres {
    Postgres { pooler: Some(pooler), ..server }
}

/// The first startup parameter that it refuses.
pub(super) fn unsupported(parameters: &[(String, String)]) -> Option<&str> {
    let known = |name: &str| {
        matches!(
            name.to_ascii_lowercase().as_str(),
            "user"
                | "database"
                | "client_encoding"
                | "datestyle"
                | "timezone"
                | "standard_conforming_strings"
                | "application_name"
        )
    };
    parameters.iter().map(|(name, _)| name.as_str()).find(|name| !known(name))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_postgres::tls::NoTlsStream;
    use tokio_postgres::{Config, NoTls};

    use super::*;

    use tokio::net::TcpStream;

    use crate::lab::server::Server;

    type Login = (tokio_postgres::Client, tokio_postgres::Connection<TcpStream, NoTlsStream>);

    fn config() -> Config {
        let mut config = Config::new();
        config.user("ucs").password("right-password").dbname("ucsx");
        config
    }

    async fn serve(pooler: Pooler) -> Server {
        let server = Postgres::new().role("ucs", "right-password").database("ucsx");
        before(server, pooler).serve().await.unwrap()
    }

    async fn login(server: &Server, config: &Config) -> Result<Login, tokio_postgres::Error> {
        let stream = TcpStream::connect(server.address()).await.unwrap();
        config.connect_raw(stream, NoTls).await
    }

    #[tokio::test]
    async fn a_healthy_pooler_passes_queries_through() {
        let server = serve(Pooler::Healthy).await;
        let (client, connection) = login(&server, &config()).await.unwrap();
        let running = tokio::spawn(connection);
        assert!(client.simple_query("SELECT 1").await.is_ok());
        running.abort();
    }

    #[tokio::test]
    async fn every_refusal_is_08p01() {
        let server = serve(Pooler::Healthy).await;
        let error = login(&server, config().password("wrong")).await.err().unwrap();
        assert_eq!(error.code().unwrap().code(), "08P01");
        let error = login(&server, config().options("-c x=y")).await.err().unwrap();
        assert!(error.as_db_error().unwrap().message().contains("unsupported startup parameter"));
    }

    #[tokio::test]
    async fn a_warm_pool_greets_although_its_server_is_gone() {
        let server = serve(Pooler::WarmDead).await;
        let (client, connection) = login(&server, &config()).await.unwrap();
        let running = tokio::spawn(connection);
        let query = client.simple_query("SELECT 1");
        assert!(tokio::time::timeout(Duration::from_millis(100), query).await.is_err());
        running.abort();
    }

    #[tokio::test]
    async fn a_cold_pool_says_nothing_after_the_password() {
        let server = serve(Pooler::ColdDead).await;
        let config = config();
        let connect = login(&server, &config);
        assert!(tokio::time::timeout(Duration::from_millis(400), connect).await.is_err());
    }
}
