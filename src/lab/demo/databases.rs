//! Rows 3, 4 and 17 to 20: PostgreSQL, its pooler, Elasticsearch.

use std::io;

use crate::lab::demo::Lab;
use crate::lab::demo::site::{
    ELASTIC, ELASTIC_PASSWORD, MASTER, POOLER, READER, TENANT, TENANT_DB, UDM_DB, UDM_DB_PASSWORD,
    UDM_GATEWAY_DB,
};
use crate::lab::elasticsearch::Cluster;
use crate::lab::http::routes::Auth;
use crate::lab::pgbouncer::{Pooler, before};
use crate::lab::postgres::{Encryption, Postgres, Refusal, State};

pub(super) async fn start(lab: &mut Lab) -> io::Result<()> {
    udm_master(lab).await?;
    ucsx(lab).await?;
    pooler(lab).await?;
    elasticsearch(lab).await
}

fn encryption(lab: &Lab, host: &str) -> io::Result<Encryption> {
    let identity = lab.identity(host)?;
    Ok(Encryption::Offered(lab.ground.pki.tls(&identity)?, identity.chain[0].clone()))
}

/// Rows 3 and 4. Broken: one role's password was changed, the other has used up its connections.
async fn udm_master(lab: &mut Lab) -> io::Result<()> {
    let server = Postgres::new().database("udm").encryption(encryption(lab, UDM_DB)?);
    let server = if lab.broken {
        let full = Refusal::new("53300", "too many connections for role \"udm\"");
        server.role("udm_gateway", "changed-by-hand").refused_role("udm", UDM_DB_PASSWORD.1, full)
    } else {
        server.role("udm_gateway", UDM_GATEWAY_DB.1).role("udm", UDM_DB_PASSWORD.1)
    };
    lab.place(UDM_DB, 5432, server.serve().await?);
    Ok(())
}

/// Rows 18 and 20. Broken: a failover left the name with a standby, and its restore without the
/// master database.
async fn ucsx(lab: &mut Lab) -> io::Result<()> {
    let server = Postgres::new()
        .role("ucsx_t100", TENANT.1)
        .role("udm_reader", READER.1)
        .database("ucsx_t100")
        .extension("intarray", "1.5")
        .extension("pg_prewarm", "1.2")
        .encryption(encryption(lab, TENANT_DB)?);
    let server = if lab.broken { server.state(State::Standby) } else { server.database("ucsx") };
    lab.place(TENANT_DB, 5432, server.serve().await?);
    Ok(())
}

/// Row 19. Broken: the pooler greets from its cache, and its server is gone.
async fn pooler(lab: &mut Lab) -> io::Result<()> {
    let server = Postgres::new().role("ucsx", MASTER.1).database("ucsx");
    let state = if lab.broken { Pooler::WarmDead } else { Pooler::Healthy };
    lab.place(POOLER, 5432, before(server, state).serve().await?);
    Ok(())
}

/// Row 17. Broken: the cluster is red.
async fn elasticsearch(lab: &mut Lab) -> io::Result<()> {
    let auth = Auth::Basic("ucsx".into(), ELASTIC_PASSWORD.1.into());
    let health = Some(if lab.broken { "red" } else { "green" });
    let cluster = Cluster { health, auth, ..Cluster::GREEN };
    lab.place(ELASTIC, 9200, cluster.serve(None).await?);
    Ok(())
}
