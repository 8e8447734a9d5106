"""Everything that speaks HTTP, over plain sockets or TLS, one connection per request."""
import base64
import datetime
import hashlib
import hmac
import http.client
import json
import socket
import ssl

LONGEST = 1500


def ask(name, port, target, method="GET", body=None, headers=None, host="127.0.0.1", tls=False, only=None):
    """One request and its answer, as a case."""
    if tls:
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(host, port, timeout=10, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=10)
    headers = {"User-Agent": "connprobe-recorder", **(headers or {})}
    connection.request(method, target, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode("utf8", "replace")
    connection.close()
    if only:
        text = "".join(line for line in text.splitlines(True) if any(word in line for word in only))
    shown = {key: value for key, value in headers.items() if key not in ("User-Agent", "Authorization", "x-amz-date", "x-ms-date")}
    return {
        "name": name,
        "request": {"method": method, "target": target, "headers": shown, "authorized": "Authorization" in headers}
        | ({"body": body} if body else {}),
        "status": answer.status,
        "reason": answer.reason,
        "headers": [list(pair) for pair in answer.getheaders()],
        "body": text[:LONGEST],
    } | ({"cut": True} if only or len(text) > LONGEST else {})


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def nginx(env):
    ports, here = env["nginx"]["ports"], env["nginx"]
    right, wrong = ({"Authorization": f"Bearer {token}"} for token in (here["token"], "wrong"))
    return "nginx (Debian)", [
        ask("redirect to https", ports["http"], "/"),
        ask("page", ports["http"], "/", host=here["two_addresses"]["alive"]),
        ask("default back end", ports["http"], "/", headers={"Host": "unknown.test"}),
        ask("login asked for", ports["http_basic"], "/"),
        ask("login right", ports["http_basic"], "/", headers=basic(here["user"], here["password"])),
        ask("login wrong", ports["http_basic"], "/", headers=basic(here["user"], "wrong")),
        ask("nobody behind", ports["http_gateway_dead"], "/"),
        ask("silence behind", ports["http_gateway_slow"], "/"),
        ask("token missing", ports["https"], "/ucs/v3/healthcheck", tls=True),
        ask("token wrong", ports["https"], "/ucs/v3/healthcheck", headers=wrong, tls=True),
        ask("token right", ports["https"], "/ucs/v3/healthcheck", headers=right, tls=True),
        ask("client certificate missing", ports["https_mtls"], "/", tls=True),
        ask("http to a TLS port", ports["https"], "/"),
    ]


def oauth2(env):
    here = env["oidc"]
    clients, port, path = here["clients"], here["port"], here["path"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    grant = "grant_type=client_credentials"
    login = lambda kind: basic(clients[kind]["id"], clients[kind]["secret"])
    post = lambda name, body, more=None: ask(name, port, path, "POST", body, {**form, **(more or {})})
    return "oidc-provider 8.8", [
        post("good, secret by Basic", grant, login("basic")),
        post("good, secret in the body", f"{grant}&client_id={clients['post']['id']}&client_secret={clients['post']['secret']}"),
        post("wrong secret", grant, basic(clients["basic"]["id"], "wrong")),
        post("unknown client", grant, basic("nobody", "wrong")),
        post("no client", grant),
        post("grant not allowed to the client", grant, login("no_grant")),
        post("unknown grant", "grant_type=unknown", login("basic")),
        post("unknown scope", f"{grant}&scope=unknown", login("basic")),
        post("known scope", f"{grant}&scope=contacts", login("basic")),
        ask("body in JSON", port, path, "POST", "{}", {"Content-Type": "application/json", **login("basic")}),
        ask("GET", port, path),
        ask("ping of the product", port, here["ping"]),
    ]


def elasticsearch(env):
    here = env["elasticsearch"]
    both = lambda name, port: [ask(f"{name}: root", here[port], "/"),
                               ask(f"{name}: health", here[port], "/_cluster/health?timeout=1s")]
    password = basic(here["user"], here["password"])
    return "Elasticsearch 7.17", [
        *both("green", "port"), *both("no master", "masterless_port"), *both("red", "red_port"), *both("yellow", "yellow_port"),
        ask("no master: local health", here["masterless_port"], "/_cluster/health?local=true"),
        ask("red: waiting for green", here["red_port"], "/_cluster/health?wait_for_status=green&timeout=1s"),
        ask("red: search", here["red_port"], "/contacts/_search"),
        ask("no such index", here["port"], "/nowhere/_search"),
        ask("HEAD", here["port"], "/", "HEAD"),
        ask("open: any password is taken", here["port"], "/", headers=basic("anybody", "anything")),
        ask("behind nginx: password missing", here["tls_port"], "/", tls=True),
        ask("behind nginx: password wrong", here["tls_port"], "/", headers=basic(here["user"], "wrong"), tls=True),
        ask("behind nginx: password right", here["tls_port"], "/", headers=password, tls=True),
    ]


def cometd(env):
    here = env["cometd"]

    def bayeux(name, port, message, headers=None):
        body = json.dumps([{"id": "1", **message}])
        return ask(name, here[port], here["path"], "POST", body, {"Content-Type": "application/json", **(headers or {})})

    hello = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
    answer = bayeux("handshake", "port", hello)
    client = json.loads(answer["body"])[0]["clientId"]
    cookie = {"Cookie": next(value for name, value in answer["headers"] if name == "Set-Cookie").split(";")[0]}
    connect = {"channel": "/meta/connect", "clientId": client, "connectionType": "long-polling", "advice": {"timeout": 0}}
    cases = [
        answer,
        bayeux("connect", "port", connect, cookie),
        bayeux("connect without the cookie", "port", connect),
        bayeux("connect with an unknown client", "port", {**connect, "clientId": "unknown"}, cookie),
        bayeux("disconnect", "port", {"channel": "/meta/disconnect", "clientId": client}, cookie),
        bayeux("connect after the disconnect", "port", connect, cookie),
        bayeux("handshake without the token", "token_port", hello),
        bayeux("handshake with another token", "token_port", hello, {"Authorization": "Bearer wrong"}),
        bayeux("handshake with the token", "token_port", hello, {"Authorization": "Bearer " + here["token"]}),
        bayeux("handshake by the sticky balancer", "sticky_port", hello),
        ask("GET", here["port"], here["path"]),
        ask("body that is no JSON", here["port"], here["path"], "POST", "{", {"Content-Type": "application/json"}),
    ]
    for case in cases:
        # What was asked names the client as well.
        case["request"]["body"] = case["request"].get("body", "").replace(client, "<varies>")
        case["request"]["headers"].pop("Cookie", None)
    return "CometD 8 on Jetty 12", cases


def prometheus(env):
    here = env["prometheus"]
    return "Prometheus and its node exporter (Debian)", [
        ask("metrics of the exporter", here["exporter_port"], "/metrics", only=["ucsx_", "go_info"]),
        ask("metrics of Prometheus", here["port"], "/metrics", only=["go_info", "prometheus_build_info"]),
        ask("page of the exporter", here["exporter_port"], "/"),
        ask("page of Prometheus", here["port"], "/"),
        ask("unknown path", here["port"], "/nowhere"),
    ]


def signed_v4(access, secret, region, target, port):
    """Header fields of a GET (AWS Signature Version 4)."""
    path, _, query = target.partition("?")
    moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    empty = hashlib.sha256(b"").hexdigest()
    fields = {"host": f"127.0.0.1:{port}", "x-amz-content-sha256": empty, "x-amz-date": moment}
    query = "&".join(sorted(part if "=" in part else part + "=" for part in query.split("&") if part))
    canonical = "\n".join(["GET", path, query, *(f"{name}:{value}" for name, value in fields.items()), "", ";".join(fields), empty])
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    signature = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
    del fields["host"]
    return {**fields, "Authorization": f"AWS4-HMAC-SHA256 Credential={access}/{scope}, "
            f"SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}"}


def s3(env):
    here, target = env["s3"], lambda bucket: f"/{bucket}?list-type=2&max-keys=1"
    users, region, bucket = here["users"], here["region"], here["bucket"]

    def get(name, access, secret, bucket=bucket, region=region):
        headers = signed_v4(access, secret, region, target(bucket), here["port"])
        return ask(name, here["port"], target(bucket), headers=headers)

    return "versitygw 1.8", [
        get("list", "admin", users["admin"]),
        get("wrong secret", "admin", "wrong"),
        get("unknown key", "nobody", "wrong"),
        get("no right", "stranger", users["stranger"]),
        get("no such bucket", "admin", users["admin"], bucket="nowhere"),
        get("wrong region", "admin", users["admin"], region="eu-west-9"),
        ask("without a signature", here["port"], target(bucket)),
        ask("HEAD without a signature", here["port"], f"/{bucket}", "HEAD"),
    ]


def azure_blob(env):
    here = env["azurite"]

    def get(name, key=here["account_key"], container=here["container"], account=here["account"]):
        moment = datetime.datetime.now(datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
        fields = {"x-ms-date": moment, "x-ms-version": "2021-08-06"}
        to_sign = "\n".join(["GET"] + [""] * 11 + [f"{name}:{value}" for name, value in fields.items()]
                            + [f"/{account}/{account}/{container}", "comp:list", "maxresults:1", "restype:container"])
        signature = base64.b64encode(hmac.new(base64.b64decode(key), to_sign.encode(), "sha256").digest()).decode()
        headers = {**fields, "Authorization": f"SharedKey {account}:{signature}"}
        return ask(name, here["port"], f"/{account}/{container}?restype=container&comp=list&maxresults=1", headers=headers, tls=True)

    return "Azurite 3.37", [
        get("list"),
        get("wrong key", key=base64.b64encode(b"wrong").decode()),
        get("no such container", container="nowhere"),
        get("other account", account="otheraccount"),
        ask("without a signature", here["port"], f"/{here['account']}/{here['container']}?restype=container", tls=True),
        ask("HEAD without a signature", here["port"], f"/{here['account']}/{here['container']}?restype=container", "HEAD", tls=True),
    ]


def envoy(env):
    here = env["envoy"]
    to = lambda host: {"Host": host}
    cases = [
        ask("route to a live service", here["http_port"], "/", headers=to(here["http_host"])),
        ask("denied by a rule", here["http_port"], here["denied_path"], headers=to(here["http_host"])),
        ask("route to a dead service", here["http_port"], "/", headers=to(here["dead_host"])),
        ask("no route", here["http_port"], "/", headers=to("unknown.test")),
    ]
    with socket.create_connection(("127.0.0.1", here["tcp_port"]), 5) as connection:
        cases.append({"name": "TCP to a dead service", "accepted": True, "then": answered(connection)})
    return "Envoy 1.40", cases


def answered(connection):
    try:
        connection.settimeout(3)
        return "closed" if connection.recv(1) == b"" else "bytes"
    except socket.timeout:
        return "silent"
    except ConnectionResetError:
        return "reset"


def proxies(env):
    here = env["proxies"]

    def connect(name, port, target, user=None):
        """Raw, since http.client hides what a proxy says to CONNECT."""
        with socket.create_connection(("127.0.0.1", here[port]), 5) as connection:
            connection.settimeout(10)
            extra = f"Proxy-{next(iter(basic(*user)))}: {basic(*user)['Authorization']}\r\n" if user else ""
            connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{extra}\r\n".encode())
            answer = http.client.HTTPResponse(connection, method="CONNECT")
            answer.begin()
            return {"name": name, "status": answer.status, "reason": answer.reason,
                    "headers": [list(pair) for pair in answer.getheaders()]}

    live, dead = f"127.0.0.2:{env['nginx']['ports']['http']}", f"127.0.0.1:{env['dead_port']}"
    socks = lambda name, port, hello, *more: {"name": name, "said": socks_session(here[port], hello, *more)}
    target = lambda port: b"\x05\x01\x00\x01\x7f\x00\x00\x02" + port.to_bytes(2, "big")
    login = b"\x01\x05probe" + bytes([len(here["password"])]) + here["password"].encode()
    return "squid and microsocks (Debian)", [
        connect("squid: good", "squid_port", live),
        connect("squid: nobody there", "squid_port", dead),
        connect("squid: no such name", "squid_port", "nowhere.invalid:443"),
        connect("squid: port forbidden", "squid_port", f"127.0.0.1:{here['denied_port']}"),
        connect("squid: password missing", "squid_auth_port", live),
        connect("squid: password wrong", "squid_auth_port", live, ("probe", "wrong")),
        connect("squid: password right", "squid_auth_port", live, (here["user"], here["password"])),
        socks("SOCKS5: good", "socks_port", b"\x05\x01\x00", target(env["nginx"]["ports"]["http"])),
        socks("SOCKS5: nobody there", "socks_port", b"\x05\x01\x00", target(env["dead_port"])),
        socks("SOCKS5: password missing", "socks_auth_port", b"\x05\x01\x00"),
        socks("SOCKS5: password wrong", "socks_auth_port", b"\x05\x01\x02", b"\x01\x05probe\x05wrong"),
        socks("SOCKS5: password right", "socks_auth_port", b"\x05\x01\x02", login, target(env["nginx"]["ports"]["http"])),
    ]


def socks_session(port, *messages):
    """What came to each message (RFC 1928, RFC 1929), in hex; the bound port is left out."""
    said = []
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.settimeout(5)
        for message in messages:
            try:
                connection.sendall(message)
                said.append(connection.recv(64)[:8].hex(" "))
            except OSError as error:
                said.append(type(error).__name__)
    return said


RECORDINGS = {
    "nginx": nginx, "oauth2": oauth2, "elasticsearch": elasticsearch, "cometd": cometd, "prometheus": prometheus,
    "s3": s3, "azure-blob": azure_blob, "envoy": envoy, "proxies": proxies,
}
