"""The peers of the town: `python3 peers.py CERT PORT:MODE...`, over both families, until standard input ends.

take     accepts and closes
tls      shakes hands, and holds the connection
silent   accepts and says nothing
begin    says a few bytes and no more
count:N  says `done` once it has got N bytes
say:N    answers the first bytes with N bytes that end in `done`
late:N   the same, but for its first connection of each family, which it lets wait
"""

import socket
import ssl
import sys
import threading

certificate, roles = sys.argv[1], sys.argv[2:]
held = []
seen = set()


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def answer(peer, mode, number):
    if mode == "take":
        peer.close()
    elif mode == "tls":
        held.append(tls().wrap_socket(peer, server_side=True))
        held[-1].recv(1)
    elif mode == "begin":
        peer.sendall(b"begin")
    elif mode == "count":
        got = 0
        while got < number and (more := peer.recv(65536)):
            got += len(more)
        peer.sendall(b"done")
    elif mode in ("say", "late"):
        peer.recv(65536)
        peer.sendall(b"x" * (number - 4) + b"done")


def work(peer, mode, number):
    try:
        answer(peer, mode, number)
    except OSError:
        pass


def serve(server, mode, number):
    while True:
        peer, address = server.accept()
        held.append(peer)
        family = (server.getsockname()[1], "." in address[0])
        if mode == "silent" or (mode == "late" and family not in seen):
            seen.add(family)
            continue
        threading.Thread(target=work, args=(peer, mode, number), daemon=True).start()


for role in roles:
    port, mode, *number = role.split(":")
    server = socket.create_server(
        ("", int(port)), family=socket.AF_INET6, dualstack_ipv6=True, backlog=256
    )
    number = int(number[0]) if number else 0
    threading.Thread(target=serve, args=(server, mode, number), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
