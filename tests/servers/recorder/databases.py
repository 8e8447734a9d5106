"""PostgreSQL and PgBouncer, spoken by hand: protocol 3.0 as the PostgreSQL manual describes it ("Message Formats")."""
import base64
import hashlib
import hmac
import secrets
import socket
import ssl
import struct

AUTHENTICATION = {0: "Ok", 3: "CleartextPassword", 5: "MD5Password", 10: "SASL", 11: "SASLContinue", 12: "SASLFinal"}
KEPT_PARAMETERS = {"server_version", "in_hot_standby", "default_transaction_read_only", "is_superuser"}


class Session:
    """One connection; `said` is what the server said, in order."""

    def __init__(self, port, tls=None, patience=4):
        self.said, self.patience = [], patience
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.socket.settimeout(patience)
        if tls:
            self.socket.sendall(struct.pack("!II", 8, 80877103))
            answer = self.take(1).decode("latin1")
            self.said.append({"ssl_request": answer})
            if answer == "S":
                context = ssl.create_default_context(cafile=tls["ca"])
                if "cert" in tls:
                    context.load_cert_chain(tls["cert"], tls["key"])
                self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def take(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def send(self, kind, body):
        self.socket.sendall(kind + struct.pack("!I", len(body) + 4) + body)

    def run(self, user, password, database, query, parameters):
        pairs = {"user": user, "database": database, **parameters}
        body = b"".join(part.encode() + b"\0" for pair in pairs.items() for part in pair) + b"\0"
        self.socket.sendall(struct.pack("!II", len(body) + 8, 196608) + body)
        try:
            while True:
                kind, size = struct.unpack("!cI", self.take(5))
                if not self.react(kind.decode(), self.take(size - 4), user, password, query):
                    break
        except EOFError:
            self.said.append({"closed": True})
        except socket.timeout:
            self.said.append({"silent_for_s": self.patience})
        self.socket.close()
        return self.said

    def react(self, kind, body, user, password, query):
        """Notes one message and answers it; false when there is nothing more to wait for."""
        if kind == "R":
            return self.authenticate(struct.unpack("!I", body[:4])[0], body[4:], user, password)
        if kind in "EN":
            fields = {chr(part[0]): part[1:].decode() for part in body.split(b"\0") if part}
            self.said.append({kind: {name: fields[name] for name in "SVCMDH" if name in fields}})
        elif kind == "S":
            name, value = (part.decode() for part in body.split(b"\0")[:2])
            if name in KEPT_PARAMETERS:
                self.said.append({"S": {name: value}})
        elif kind == "D":
            self.said.append({"D": body[6:].decode("latin1")})
        elif kind == "Z":
            self.said.append({"Z": body.decode()})
            if query is None:
                self.send(b"X", b"")
                return False
            self.send(b"Q", query.encode() + b"\0")
            self.query_sent, query = True, None
        elif kind == "C":
            self.said.append({"C": body.rstrip(b"\0").decode()})
            self.send(b"X", b"")
            return False
        return not (kind == "E" and hasattr(self, "query_sent"))

    def authenticate(self, number, data, user, password):
        self.said.append({"R": AUTHENTICATION.get(number, str(number))})
        if number == 3:
            self.send(b"p", password.encode() + b"\0")
        elif number == 5:
            inner = hashlib.md5((password + user).encode()).hexdigest().encode()
            self.send(b"p", b"md5" + hashlib.md5(inner + data).hexdigest().encode() + b"\0")
        elif number == 10:
            self.said[-1]["mechanisms"] = [name.decode() for name in data.split(b"\0") if name]
            self.bare = "n=,r=" + secrets.token_hex(9)
            first = ("n,," + self.bare).encode()
            self.send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!I", len(first)) + first)
        elif number == 11:
            self.send(b"p", scram_proof(password, self.bare, data.decode()))
        return True


def scram_proof(password, bare, challenge):
    """The client's last message (RFC 5802 §3)."""
    nonce, salt, rounds = (item.split("=", 1)[1] for item in challenge.split(",")[:3])
    mac = lambda key, text: hmac.new(key, text, "sha256").digest()
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    key = mac(salted, b"Client Key")
    final = "c=biws,r=" + nonce
    signature = mac(hashlib.sha256(key).digest(), f"{bare},{challenge},{final}".encode())
    proof = base64.b64encode(bytes(left ^ right for left, right in zip(key, signature))).decode()
    return f"{final},p={proof}".encode()


def case(name, port, user, password, database="ucsx", query="select 1", tls=None, patience=4, **parameters):
    said = Session(port, tls, patience).run(user, password, database, query, parameters)
    return {"name": name, "said": said}


def postgres(env):
    here, users = env["postgres"], env["postgres"]["users"]
    port, tls = here["port"], {"ca": here["ca"]}
    known = lambda name, user, **more: case(name, port, user, users[user], **{"tls": tls, **more})
    return "PostgreSQL (Debian)", [
        known("scram over TLS", "probe"),
        known("scram in clear", "probe", tls=None),
        known("md5", "old"),
        known("cleartext", "plain"),
        known("trust", "trusted"),
        case("wrong password", port, "probe", "wrong", tls=tls),
        known("expired password", "expired"),
        case("unknown role", port, "absent", "any", tls=tls),
        known("rejected by a rule", "rejected"),
        known("no rule, in clear", "stranger", tls=None),
        known("no rule, over TLS", "stranger"),
        known("rule for TLS only, in clear", "tlsonly", tls=None),
        case("client certificate missing", port, "cert", "", tls=tls),
        case("client certificate", port, "cert", "", tls={**tls, "cert": here["client_cert"], "key": here["client_key"]}),
        known("no such database", "probe", database="nowhere"),
        known("closed database", "probe", database=here["closed"]),
        known("role may not log in", "nologin"),
        known("role has no connection left", "crowded"),
        known("unknown startup parameter", "probe", no_such_parameter="1"),
        case("standby", here["standby_port"], "probe", users["probe"], tls=tls),
        case("standby, writing", here["standby_port"], "probe", users["probe"], tls=tls, query="create table t (i int)"),
    ]


def pgbouncer(env):
    here, password = env["pgbouncer"], env["pgbouncer"]["users"]["probe"]
    probe = lambda name, port, **more: case(name, here[port], "probe", password, **more)
    return "PgBouncer in transaction mode (Debian)", [
        probe("server alive", "port"),
        probe("server alive, over TLS", "tls_port", tls={"ca": here["ca"]}),
        probe("TLS demanded, in clear", "tls_port"),
        case("wrong password", here["port"], "probe", "wrong"),
        case("unknown user", here["port"], "absent", "any"),
        case("role has no connection left", here["port"], "crowded", here["users"]["crowded"]),
        probe("unknown database", "port", database="nowhere"),
        probe("startup parameter it refuses", "port", options="-c statement_timeout=1s"),
        probe("server dead, never warm", "cold_port", patience=2),
        probe("server dead, never warm, asked again", "cold_port", patience=2),
        probe("server dead, once warm", "cooled_port", patience=2),
    ]


RECORDINGS = {"postgres": postgres, "pgbouncer": pgbouncer}
