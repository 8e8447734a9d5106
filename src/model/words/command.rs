//! The commands that one types next: those that a pod or a bastion has, each said once.
//!
//! None of them changes anything, none needs a secret on its command line, and each is a line that can
//! be pasted. Blanks are in braces: see [`super::place`].

/// Where a command is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pod {
    /// In the pod, or on a host in its place.
    Here,
    /// Where `kubectl` is set up.
    Cluster,
    /// On the destination, or the box that the evidence names.
    There,
}

impl Pod {
    /// In words.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Here => "in the pod",
            Self::Cluster => "at the cluster",
            Self::There => "at the other end",
        }
    }
}

/// A command to type.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Where.
    pub at: Pod,
    /// The line, with blanks.
    pub line: &'static str,
}

const fn here(line: &'static str) -> Command {
    Command { at: Pod::Here, line }
}

const fn cluster(line: &'static str) -> Command {
    Command { at: Pod::Cluster, line }
}

const fn there(line: &'static str) -> Command {
    Command { at: Pod::There, line }
}

// Names.
pub(super) const DIG: Command = here("dig +search {HOST} A {HOST} AAAA");
pub(super) const DIG_TRACE: Command = here("dig +trace {HOST}");
pub(super) const DIG_SERVER: Command = here("dig @{SERVER} {HOST} A");
pub(super) const DIG_TCP: Command = here("dig @{SERVER} +tcp {HOST} A");
pub(super) const RESOLV_CONF: Command = here("cat /etc/resolv.conf");
pub(super) const GETENT: Command = here("getent ahosts {HOST}");
pub(super) const COREDNS: Command =
    cluster("kubectl -n kube-system logs -l k8s-app=kube-dns --tail=50");
pub(super) const DNS_ENDPOINTS: Command =
    cluster("kubectl -n kube-system get endpointslices -l k8s-app=kube-dns");
pub(super) const ROUTE_TO_DNS: Command = here("ip route get {SERVER}");

// Packets.
pub(super) const TRACEROUTE: Command = here("traceroute -T -n -p {PORT} {HOST}");
pub(super) const ROUTE: Command = here("ip route get {ADDRESS}");
pub(super) const ROUTES: Command = here("ip route show table all");
pub(super) const ADDRESSES: Command = here("ip -brief address");
pub(super) const NFT: Command = here("nft list ruleset");
pub(super) const NFT_THERE: Command = there("nft list ruleset");
pub(super) const LISTENERS: Command = there("ss -ltnp 'sport = :{PORT}'");
pub(super) const CONNECT: Command = here("curl -sv -m 5 telnet://{AUTHORITY} </dev/null");
pub(super) const TRACEPATH: Command = here("tracepath -n {HOST}");
pub(super) const PING_SIZE: Command = here("ping -c 3 -M do -s 1472 {HOST}");
pub(super) const SOCKETS: Command = here("ss -s");
pub(super) const TIME_WAIT: Command = here("ss -tan state time-wait | wc -l");
pub(super) const PORT_RANGE: Command = here("cat /proc/sys/net/ipv4/ip_local_port_range");
pub(super) const OPEN_FILES: Command = here("ulimit -Sn; ulimit -Hn");
pub(super) const FILE_MAX: Command = here("cat /proc/sys/fs/file-nr");
pub(super) const USER_ID: Command = here("id");
pub(super) const CAPABILITIES: Command = here("grep -E 'Cap|NoNewPrivs|Seccomp' /proc/self/status");
pub(super) const LIST_FILE: Command = here("ls -lnL {FILE}");
pub(super) const VARIABLES: Command = here("env | cut -d= -f1 | sort");
pub(super) const CLOCK: Command = here("date -u");

// The cluster.
pub(super) const ENDPOINTS: Command =
    cluster("kubectl -n {NAMESPACE} get endpointslices -l kubernetes.io/service-name={SERVICE}");
pub(super) const SERVICE: Command = cluster("kubectl -n {NAMESPACE} describe service {SERVICE}");
pub(super) const POLICIES_HERE: Command =
    cluster("kubectl -n {POD_NAMESPACE} get networkpolicy -o wide");
pub(super) const POLICIES_THERE: Command = cluster("kubectl -n {NAMESPACE} describe networkpolicy");
pub(super) const PODS: Command = cluster("kubectl -n {NAMESPACE} get pods -o wide");
pub(super) const EVENTS: Command =
    cluster("kubectl -n {NAMESPACE} get events --sort-by=.lastTimestamp");
pub(super) const LOGS: Command = cluster("kubectl -n {NAMESPACE} logs service/{SERVICE} --tail=50");
pub(super) const CONTAINERS: Command =
    cluster("kubectl -n {POD_NAMESPACE} get pod {POD} -o jsonpath='{.spec.containers[*].name}'");
pub(super) const SIDECAR_LOGS: Command =
    cluster("kubectl -n {POD_NAMESPACE} logs {POD} -c istio-proxy --tail=50");
pub(super) const INGRESS: Command = cluster("kubectl -n {NAMESPACE} describe ingress");

// TLS.
pub(super) const S_CLIENT: Command =
    here("openssl s_client -connect {AUTHORITY} -servername {SERVER_NAME} -showcerts </dev/null");
pub(super) const DATES: Command = here(
    "openssl s_client -connect {AUTHORITY} -servername {SERVER_NAME} </dev/null 2>/dev/null \
     | openssl x509 -noout -subject -issuer -dates -ext subjectAltName",
);
pub(super) const VERIFY: Command = here(
    "openssl s_client -connect {AUTHORITY} -servername {SERVER_NAME} -CAfile {CA} \
     -verify_return_error </dev/null",
);
pub(super) const CERTIFICATE: Command = here(
    "openssl s_client -connect {AUTHORITY} -servername {SERVER_NAME} </dev/null 2>/dev/null \
     | openssl x509 -noout -text",
);
pub(super) const PIN: Command = here(
    "openssl s_client -connect {AUTHORITY} -servername {SERVER_NAME} </dev/null 2>/dev/null \
     | openssl x509 -noout -pubkey | openssl pkey -pubin -outform der \
     | openssl dgst -sha256 -binary | base64",
);
pub(super) const S_CLIENT_POSTGRES: Command =
    here("openssl s_client -starttls postgres -connect {AUTHORITY} -showcerts </dev/null");
pub(super) const TLS12: Command = here("openssl s_client -connect {AUTHORITY} -tls1_2 </dev/null");
pub(super) const TLS13: Command = here("openssl s_client -connect {AUTHORITY} -tls1_3 </dev/null");
pub(super) const CIPHERS: Command = here("openssl ciphers -v -s");
pub(super) const S_CLIENT_MSG: Command =
    here("openssl s_client -connect {AUTHORITY} -servername {SERVER_NAME} -msg </dev/null");
pub(super) const CA_FILE: Command =
    here("openssl storeutl -noout -text -certs {CA} | grep -E 'Issuer|Subject|Not After'");
pub(super) const OUR_CERTIFICATE: Command =
    here("openssl x509 -in CLIENT_CERT_FILE -noout -subject -issuer -dates -purpose");
pub(super) const ALPN: Command =
    here("openssl s_client -connect {AUTHORITY} -alpn h2,http/1.1 </dev/null");

// Protocols.
pub(super) const CURL: Command = here("curl -sv -m 10 -o /dev/null {SCHEME}://{AUTHORITY}{PATH}");
pub(super) const CURL_BODY: Command =
    here("curl -si -m 10 {SCHEME}://{AUTHORITY}{PATH} | head -c 2000");
pub(super) const CURL_CA: Command =
    here("curl -sv -m 10 -o /dev/null --cacert {CA} https://{AUTHORITY}{PATH}");
pub(super) const CURL_USER: Command =
    here("curl -sv -m 10 -o /dev/null -u {USER} {SCHEME}://{AUTHORITY}{PATH}");
pub(super) const CURL_PROXY: Command =
    here("curl -sv -m 10 -o /dev/null -x http://{PROXY} {SCHEME}://{AUTHORITY}/");
pub(super) const CONNECT_PROXY: Command = here("curl -sv -m 5 telnet://{PROXY} </dev/null");
pub(super) const PROXY_VARIABLES: Command = here("env | grep -i _proxy= | cut -d= -f1");
pub(super) const PSQL: Command =
    here("psql -h {HOST} -p {PORT} -U {USER} -d {DATABASE} -c 'SELECT version()'");
pub(super) const PSQL_RECOVERY: Command = here(
    "psql -h {HOST} -p {PORT} -U {USER} -d {DATABASE} \
     -c 'SELECT pg_is_in_recovery()' -c 'SHOW default_transaction_read_only'",
);
pub(super) const PSQL_ACTIVITY: Command = here(
    "psql -h {HOST} -p {PORT} -U {USER} -d {DATABASE} \
     -c 'SELECT usename, state, count(*) FROM pg_stat_activity GROUP BY 1, 2'",
);
pub(super) const PSQL_LIST: Command = here("psql -h {HOST} -p {PORT} -U {USER} -l");
pub(super) const PG_ISREADY: Command = here("pg_isready -h {HOST} -p {PORT}");
pub(super) const HBA: Command = there("psql -c 'SELECT * FROM pg_hba_file_rules' -U postgres");
pub(super) const POOLS: Command = there("psql -p {PORT} -U pgbouncer pgbouncer -c 'SHOW POOLS'");
pub(super) const HEALTH: Command =
    here("curl -s -m 10 '{SCHEME}://{AUTHORITY}/_cluster/health?pretty'");

// The probe itself.
pub(super) const TRY: Command = here("connprobe try -v tcp://{AUTHORITY}");
pub(super) const EXPLAIN_ROW: Command = here("connprobe explain --report run.json {ROW}");
pub(super) const RUN_ROW: Command =
    here("connprobe run --only {ROW} --site site.yaml --report json=run.json");
pub(super) const DRY_RUN: Command = here("connprobe run --only {ROW} --site site.yaml --dry-run");
pub(super) const LINT: Command = here("connprobe lint --site site.yaml");
pub(super) const VERSION: Command = here("connprobe --version");
