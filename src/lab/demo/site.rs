//! The demo's site file, and the secrets that it points to.

use std::path::Path;

/// Where browsers go.
pub(super) const BROWSER: &str = "udm.demo.example";
pub(super) const UDM_GATEWAY: &str = "udm-gateway.udm.svc";
pub(super) const UDM: &str = "udm.udm.svc";
pub(super) const UDM_DB: &str = "pg-udm.infra.svc";
pub(super) const STORAGE: &str = "exports.storage.example";
pub(super) const IWD: &str = "iwd.iwd.svc";
pub(super) const GAUTH: &str = "gauth-auth.gauth.svc";
pub(super) const GWS: &str = "gws-service-proxy.gws.svc";
pub(super) const UCS: &str = "ucsx.ucsx.svc";
pub(super) const ELASTIC: &str = "ucsx-elastic-es-http.infra.svc";
pub(super) const TENANT_DB: &str = "pgdb-ucsx-postgresql.infra.svc";
pub(super) const POOLER: &str = "pgbouncer-ucsx.infra.svc";

pub(super) const UDM_GATEWAY_DB: (&str, &str) = ("udm-gateway-db", "demo-udm-gateway-db-41c8");
pub(super) const UDM_DB_PASSWORD: (&str, &str) = ("udm-db", "demo-udm-db-9be2");
pub(super) const STORAGE_KEY: (&str, &str) =
    ("storage", "demo/storage+secret/77d0a4f1c39e5b28dd61");
pub(super) const UCS_CLIENT: (&str, &str) = ("ucs-client", "demo-ucs-client-e05f");
pub(super) const UDM_CLIENT: (&str, &str) = ("udm-client", "demo-udm-client-b7a3");
pub(super) const UDM_GATEWAY_CLIENT: (&str, &str) =
    ("udm-gateway-client", "demo-udm-gateway-client-1d96");
pub(super) const ELASTIC_PASSWORD: (&str, &str) = ("elastic", "demo-elastic-c2f4");
pub(super) const TENANT: (&str, &str) = ("tenant-db", "demo-tenant-db-58ab");
pub(super) const MASTER: (&str, &str) = ("master-db", "demo-master-db-f313");
pub(super) const READER: (&str, &str) = ("master-reader", "demo-master-reader-6e7d");

/// Every secret: the name of its file and what is in it.
pub(super) const SECRETS: &[(&str, &str)] = &[
    UDM_GATEWAY_DB,
    UDM_DB_PASSWORD,
    STORAGE_KEY,
    UCS_CLIENT,
    UDM_CLIENT,
    UDM_GATEWAY_CLIENT,
    ELASTIC_PASSWORD,
    TENANT,
    MASTER,
    READER,
];

const TEMPLATE: &str = r#"# The site of `connprobe demo`: one installation of Universal Contact Service, on loopback.
# A site says where each endpoint is, whom to trust, which credentials to use (by reference: never
# the secret itself) and where it deviates from the published table.
schema: connprobe/site/v1
profile: genesys-ucs

endpoints:
  inbound-gateway:
    host: udm.demo.example
    tls: {ca_file: "DIR/ca.pem"}              # for https, where the redirect leads
  udm-gateway: {host: udm-gateway.udm.svc}
  udm: {host: udm.udm.svc}
  iwd: {host: iwd.iwd.svc}
  udm-master-db:
    host: pg-udm.infra.svc
    tls: {mode: verify-full, ca_file: "DIR/ca.pem"}
    auth: {username: udm_gateway, password: {file: "DIR/udm-gateway-db"}, database: udm}
  external-file-storage:
    host: exports.storage.example
    tls: {mode: verify-full, ca_file: "DIR/external-ca.pem"}
    auth: {access_key: AKIADEMOEXPORTS00001, secret_key: {file: "DIR/storage"}}
  authentication-service:
    host: gauth-auth.gauth.svc
    allow_cleartext: true                     # the cluster's own network carries it
    auth: {client_id: ucsx_api_client, client_secret: {file: "DIR/ucs-client"}}
  gws-workspace-service:
    host: gws-service-proxy.gws.svc
    allow_cleartext: true
    auth: {oauth2: authentication-service}
  ucs: {host: ucsx.ucsx.svc}
  elasticsearch:
    host: ucsx-elastic-es-http.infra.svc
    allow_cleartext: true
    auth: {username: ucsx, password: {file: "DIR/elastic"}}
  ucsx-tenant-db:
    host: pgdb-ucsx-postgresql.infra.svc
    tls: {mode: verify-full, ca_file: "DIR/ca.pem"}
    auth: {username: ucsx_t100, password: {file: "DIR/tenant-db"}, database: ucsx_t100}
  ucsx-master-db:
    host: pgbouncer-ucsx.infra.svc
    tls: {mode: disable}
    auth: {username: ucsx, password: {file: "DIR/master-db"}, database: ucsx}

connections:
  # The table has 443; PostgreSQL listens on 5432 here.
  4:
    port: 5432
    auth: {username: udm, password: {file: "DIR/udm-db"}, database: udm}
  5: {probe: {object_store: {kind: s3, bucket: udm-exports, region: eu-central-1}}}
  6: {probe: {object_store: {kind: s3, bucket: udm-exports, region: eu-central-1}}}
  9: {auth: {client_id: udm_client, client_secret: {file: "DIR/udm-client"}}}
  10: {auth: {client_id: udm_gateway_client, client_secret: {file: "DIR/udm-gateway-client"}}}
  14: {allow_cleartext: true, auth: {oauth2: authentication-service}}
  15: {allow_cleartext: true, auth: {oauth2: authentication-service}}
  # The table has 6432; the pooler of this site listens on 5432.
  19: {port: 5432}
  # UDM reads without the pooler.
  20:
    host: pgdb-ucsx-postgresql.infra.svc
    auth: {username: udm_reader, password: {file: "DIR/master-reader"}, database: ucsx}
  21:
    tls: {mode: verify-full, ca_file: "DIR/ca.pem"}
    auth: {oauth2: authentication-service}

# Short, so that the demo is: a real site keeps the defaults.
timeouts: {dns: 2s, tcp: 4s, tls: 2s, answer: 1s}
"#;

/// The site file, with its files in `directory`.
pub(super) fn text(directory: &Path) -> String {
    TEMPLATE.replace("DIR/", &format!("{}/", directory.display()))
}
