# shellcheck shell=bash
# What every script in this folder shares: where things are, installing, ports, processes, readiness.
#
# A start script is called as `start/KIND STATE`. It installs what it needs, puts all its files under
# STATE/KIND, leaves a pid file per process in STATE/pids, waits until the protocol itself answers, and
# publishes what the tests have to know as STATE/env/NAME.json. `stop STATE [KIND]` ends it again.
set -Eeuo pipefail

SERVERS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SELF=$(basename "$0")
. "$SERVERS/install.sh"
trap 'printf "%s: line %s failed: %s\n" "$SELF" "$LINENO" "$BASH_COMMAND" >&2' ERR

# ---- ports ---------------------------------------------------------------------------------------

# One place numbers all listeners: the port is the base plus the position in this list.
PORT_NAMES=(
  postgres postgres_standby
  pgbouncer pgbouncer_cold pgbouncer_cooled pgbouncer_relay pgbouncer_tls
  http http_api http_basic http_gateway_dead http_gateway_slow http_silent http_elastic
  https https_intermediate https_expired https_wrong_name https_other_ca https_self_signed https_weak
  https_mtls https_elastic
  prometheus node_exporter node_exporter_sick
  dns
  elastic elastic_masterless elastic_red elastic_yellow
  elastic_transport elastic_masterless_transport elastic_red_transport elastic_yellow_transport
  cometd cometd_second cometd_token cometd_sticky cometd_scattered
  oidc s3 s3_tls azurite
  envoy_tcp envoy_http envoy_admin
  squid squid_auth socks socks_auth
  redis slapd
  dead
)

# port NAME: the number of a listener. `dead` is kept free, so that a connect to it is refused.
port() {
  local i
  for i in "${!PORT_NAMES[@]}"; do
    [[ ${PORT_NAMES[i]} == "$1" ]] && echo $((CONNPROBE_BASE_PORT + i)) && return 0
  done
  fail "no port is called $1"
}

# An address that no other start has, for what needs a port of its own number: 53, 80. Only root may.
own_address() { echo "127.53.$((CONNPROBE_BASE_PORT / 256)).$((CONNPROBE_BASE_PORT % 256))"; }

port_open() { (exec 3<>"/dev/tcp/${2:-127.0.0.1}/$1") 2>/dev/null; }

# ---- the state folder ----------------------------------------------------------------------------

# enter STATE KIND: make the folders of this kind and end what an earlier start of it left behind.
enter() {
  mkdir -p "$1"
  STATE=$(cd "$1" && pwd)
  KIND=$2
  if [[ -z ${CONNPROBE_BASE_PORT:-} ]]; then
    [[ -e $STATE/base-port ]] || fail "set CONNPROBE_BASE_PORT, or start everything with up"
    CONNPROBE_BASE_PORT=$(<"$STATE/base-port")
  fi
  export CONNPROBE_BASE_PORT
  DIR=$STATE/$KIND
  PKI=$STATE/pki
  if compgen -G "$STATE/pids/$KIND.*" >/dev/null; then "$SERVERS/stop" "$STATE" "$KIND"; fi
  rm -rf "$DIR"
  mkdir -p "$DIR" "$STATE/pids" "$STATE/env" "$STATE/log"
}

# publish NAME JSON-FILTER [jq arguments...]: what the tests read about this server.
publish() {
  local name=$1 filter=$2
  shift 2
  jq -n "$@" "{\"$name\": ($filter)}" >"$STATE/env/$name.json"
}

# ---- processes -----------------------------------------------------------------------------------

. "$SERVERS/process.sh"

log_of() { echo "$STATE/log/$KIND.$1.log"; }

# launch NAME COMMAND...: in a session of its own, so that Ctrl-C reaches it only through `stop`.
launch() {
  local name=$1
  shift
  setsid "$@" >"$(log_of "$name")" 2>&1 </dev/null &
  echo "$! $(born $!)" >"$STATE/pids/$KIND.$name"
}

# as USER COMMAND...: for what refuses to be root, to be put before the command of launch as well.
drop_to() { ((EUID)) || printf '%s\n' setpriv "--reuid=$1" "--regid=$(id -g "$1")" --clear-groups; }
as() {
  local prefix
  mapfile -t prefix < <(drop_to "$1")
  "${prefix[@]}" "${@:2}"
}
own() { ((EUID)) || chown -R "$@"; }

running() {
  local pid since
  read -r pid since <"$STATE/pids/$KIND.$1" && alive "$pid" "$since"
}

# until_ready NAME SECONDS COMMAND...: ask until COMMAND succeeds; stop asking when the server died.
until_ready() {
  local name=$1 end=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    running "$name" || fail "$name ended by itself: $(tail -n 5 "$(log_of "$name")")"
    ((SECONDS < end)) || fail "$name is not ready: $(tail -n 5 "$(log_of "$name")")"
    sleep 0.1
  done
}

# http_answers STATUS-PATTERN URL [curl arguments...]
http_answers() {
  local pattern=$1 url=$2 status
  shift 2
  status=$(curl --silent --insecure --noproxy '*' --max-time 3 --output /dev/null \
    --write-out '%{http_code}' "$@" "$url") || true
  [[ $status =~ ^($pattern)$ ]]
}

# ---- installing by other clients than apt --------------------------------------------------------

# cached MARK COMMAND...: run COMMAND once per cache; two callers at a time wait for each other.
cached() {
  local mark=$CACHE/marks/$1
  shift
  mkdir -p "$CACHE/marks"
  [[ -e $mark ]] && return 0
  (
    flock 9
    [[ ! -e $mark ]] || exit 0
    printf 'installing once: %s\n' "${mark##*/}" >&2
    "$@" >>"$INSTALL_LOG" 2>&1 && touch "$mark"
  ) 9>"$mark.lock" || fail "could not install ${mark##*/}: $(tail -n 5 "$INSTALL_LOG")"
}

# from_maven FOLDER GROUP:ARTIFACT:VERSION...: these and all that they need, as jars in CACHE/FOLDER.
from_maven() {
  local folder=$CACHE/$1 coordinate group artifact version
  shift
  tool java default-jdk-headless
  tool javac default-jdk-headless
  tool mvn maven
  rm -rf "$folder"
  mkdir -p "$folder"
  {
    echo '<project><modelVersion>4.0.0</modelVersion><groupId>test</groupId>'
    echo '<artifactId>jars</artifactId><version>1</version><dependencies>'
    for coordinate; do
      IFS=: read -r group artifact version <<<"$coordinate"
      printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>\n' \
        "$group" "$artifact" "$version"
    done
    echo '</dependencies></project>'
  } >"$folder/pom.xml"
  mvn --batch-mode --quiet --file "$folder/pom.xml" dependency:copy-dependencies -DoutputDirectory="$folder"
}

# from_npm FOLDER PACKAGE@VERSION
from_npm() {
  local folder=$CACHE/$1
  tool npm npm
  rm -rf "$folder"
  mkdir -p "$folder"
  echo '{"private": true}' >"$folder/package.json"
  npm install --prefix "$folder" --no-audit --no-fund --no-progress --silent "$2"
}

# from_go MODULE@VERSION GO: Debian's Go may be too old to build it, and too old to fetch a newer Go by
# itself. The toolchain is a module like any other, so any Go can fetch it.
from_go() {
  local module=$1 wanted=$2 have root go=go
  tool go golang-go
  have=$(go env GOVERSION)
  if [[ $(printf '%s\n' "go$wanted" "$have" | sort -V | head -n 1) != "go$wanted" ]]; then
    root=$(cd "$CACHE" && GOFLAGS=-mod=mod go mod download -json \
      "golang.org/toolchain@v0.0.1-go$wanted.$(go env GOOS)-$(go env GOARCH)" | jq -r .Dir)
    rm -rf "$CACHE/go"
    cp -r "$root" "$CACHE/go"
    chmod -R u+w "$CACHE/go"
    chmod +x "$CACHE"/go/bin/* "$CACHE"/go/pkg/tool/*/*
    go=$CACHE/go/bin/go
  fi
  GOTOOLCHAIN=local GOBIN=$CACHE/bin "$go" install "$module"
  rm -rf "$CACHE/go"
}

# from_pypi FOLDER PACKAGE==VERSION: in a virtual environment of its own.
from_pypi() {
  local folder=$CACHE/$1
  tool python3 python3
  rm -rf "$folder"
  python3 -m venv "$folder" 2>/dev/null || { debian python3-venv && python3 -m venv "$folder"; }
  "$folder/bin/pip" --quiet --disable-pip-version-check install "$2"
}

# java_class FOLDER SOURCE: compile once per text of the source; prints the class path.
java_class() {
  local jars=$CACHE/$1 source=$2 classes
  classes=$CACHE/classes/$(sha256sum "$source" | cut -c1-16)
  if [[ ! -d $classes ]]; then
    javac -d "$classes.part.$$" -cp "$jars/*" "$source" >&2
    mv -T "$classes.part.$$" "$classes" 2>/dev/null || rm -rf "$classes.part.$$"
  fi
  echo "$classes:$jars/*"
}
