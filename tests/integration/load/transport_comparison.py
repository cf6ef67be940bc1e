"""Sends requests by both ways of a load process, in a process of its own (gevent must not come into
pytest), and tells what a server saw of them.
"""

from __future__ import annotations

import locust  # before anything that opens a socket, for it makes this process gevent's

# isort: split
import gzip
import json
import sys
import time
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from typing import Any

import httpx
from gevent.server import StreamServer

from cutover_gates.drivers.factory import make_client
from cutover_gates.drivers.http_client import HttpClient
from cutover_gates.drivers.production_guard import GuardError
from cutover_gates.drivers.request_context import RequestContext
from cutover_gates.probes.load.fast_request import FastClient
from cutover_gates.probes.load.gevent_transport import GeventTransport

SECONDS = 0.3
LARGE = b"x" * 300_000
PATHS = [
    "/a/1",
    "/a/%C3%A9%2F",
    "/a/%zz",
    "/a b",
    "/é",
    "/a/../b",
    "/a/./b",
    "/a?x=1&y=%20z",
    "/a?x=a b|c\"'",
    "/a#f",
    "",
    "/a?x=é",
    "/.a",
    "/a.b",
    "/a!$&()*+,;=:@~_-",
]
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH")
ANSWERS = {
    "/large": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LARGE) + LARGE,
    "/zipped": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
        % len(gzip.compress(b"plain"))
        + gzip.compress(b"plain")
    ),
    "/wrongly-zipped": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain"
    ),
    "/cut": b"",
    "/twice": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n",
}
assert locust


@dataclass
class Server:
    """Keeps what was asked, and answers by path."""

    seen: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0

    def serve(self, connection: Any, _address: object) -> None:
        """Serve a connection. `/once` is answered only where it is the first request of one."""
        self.connections += 1
        begun = len(self.seen)
        while head := _until(connection, b"\r\n\r\n"):
            line, _, rest = head.partition(b"\r\n")
            headers = {
                name.lower(): value for name, value in BytesHeaderParser().parsebytes(rest).items()
            }
            body = _exactly(connection, int(headers.get("content-length", "0")))
            method, path, _ = line.decode("latin-1").split(" ", 2)
            self.seen.append(
                {"method": method, "path": path, "headers": headers, "body": body.decode()}
            )
            if path == "/silent":
                time.sleep(10)
            if path == "/slow":
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
                for _ in range(100):
                    connection.sendall(b"x")
                    time.sleep(SECONDS / 5)
            answer = ANSWERS.get(path, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            if not answer or (path == "/once" and len(self.seen) > begun + 1):
                break
            connection.sendall(answer)
        connection.close()


def main() -> None:
    server = Server()
    listening = StreamServer(("127.0.0.1", 0), server.serve)
    listening.start()
    url = f"http://127.0.0.1:{listening.server_port}"
    fast, httpx_ = FastClient(_transport()), make_client(_transport())

    def sent(client: Any, method: str, path: str, **words: Any) -> dict[str, Any]:
        before, began = len(server.seen), time.monotonic()
        try:
            answer = client.send(client.build_request(method, url + path, **words))
            told: dict[str, Any] = {
                "status": answer.status_code,
                "content": answer.content.decode(),
                "cookie": answer.headers.get("Set-Cookie"),
            }
        except (httpx.HTTPError, GuardError) as error:
            told = {"error": type(error).__name__}
        return {**told, "seconds": time.monotonic() - began, "seen": server.seen[before:]}

    def both(method: str, path: str, **words: Any) -> list[dict[str, Any]]:
        return [sent(client, method, path, **words) for client in (fast, httpx_)]

    json.dump(
        {
            "paths": {
                path: both("GET", path, headers={"Authorization": "Bearer x"}) for path in PATHS
            },
            "bodies": [
                both("POST", "/a", headers=headers, **body)
                for headers in (
                    {},
                    {"content-type": "application/fhir+json"},
                    {"accept": "text/html"},
                )
                for body in (
                    {},
                    {"json": {"name": "Ada é", "n": 1.5, "none": None}},
                    {"content": b"bytes"},
                    {"data": {"a": "1"}},
                )
            ],
            "answers": {path: both("GET", path) for path in ANSWERS},
            "again": {method: _on_an_open_connection(server, url, method) for method in METHODS},
            "cut on a new connection": _on_a_new_connection(server, url),
            "new connections": [_count_connections(server, url, share) for share in (0.0, 1.0)],
            "limits": {path: both("GET", path) for path in ("/silent", "/slow")},
            "after": both("GET", "/a"),
            "told": _received(fast, url),
            "guarded": [
                sent(client, "POST", "/a", extensions=RequestContext(False).as_extensions())
                for client in (
                    FastClient(_transport(production=True)),
                    make_client(_transport(production=True)),
                )
            ],
            "header": [_refusal(client, url) for client in (fast, httpx_)],
            "slashes": both("GET", "//a"),
        },
        sys.stdout,
    )


def _on_an_open_connection(server: Server, url: str, method: str) -> dict[str, Any]:
    """What becomes of a request on which the server closes a connection that was open."""
    transport = _transport()
    client = FastClient(transport)
    client.send(client.build_request("GET", f"{url}/a"))
    use, before = transport.watch_connections(), len(server.seen)
    try:
        status = client.send(client.build_request(method, f"{url}/once")).status_code
    except httpx.ReadError:
        status = 0
    return {
        "status": status,
        "sent": len(server.seen) - before,
        "flags": int(use.flags),
        "told": use.status,
    }


def _on_a_new_connection(server: Server, url: str) -> dict[str, Any]:
    transport = _transport()
    client = FastClient(transport)
    use, before = transport.watch_connections(), len(server.seen)
    try:
        client.send(client.build_request("GET", f"{url}/cut"))
    except httpx.ReadError:
        return {"sent": len(server.seen) - before, "flags": int(use.flags)}
    return {}


def _count_connections(server: Server, url: str, share: float) -> list[int]:
    """How many connections ten operations with two requests each open, and the pool keeps."""
    transport = GeventTransport(1.0, SECONDS, 10, production=False, new_connections=share, seed="1")
    client, before, flags = FastClient(transport), server.connections, 0
    for _ in range(10):
        use = transport.watch_connections()
        for _ in range(2):
            client.send(client.build_request("GET", f"{url}/a"))
        flags += int(use.flags)
    (pool,) = [one._connection_pool for one in transport._clients.values()]
    return [server.connections - before, flags, pool._socket_queue.qsize()]


def _received(fast: FastClient, url: str) -> dict[str, Any]:
    """What a failure's words are made of."""
    request = fast.build_request(
        "POST", f"{url}/a?x=1", headers={"If-Match": "1"}, json={"a": 1}, extensions={"mine": 1}
    )
    request.extensions["later"] = 2
    return {
        "path": request.url.path,
        "if-match": request.headers["if-match"],
        "agent": request.headers["user-agent"],
        "body": request.read().decode(),
        "extensions": {key: request.extensions[key] for key in ("mine", "later")},
        "lean": type(request).__name__,
    }


def _refusal(client: HttpClient, url: str) -> str:
    try:
        client.build_request("GET", f"{url}/a", headers={"A": "é"})
    except UnicodeError as error:
        return type(error).__name__
    return ""


def _transport(*, production: bool = False) -> GeventTransport:
    return GeventTransport(1.0, SECONDS, 10, production=production)


def _until(connection: Any, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        one = connection.recv(1)
        if not one:
            return b""
        data += one
    return data


def _exactly(connection: Any, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += connection.recv(count - len(data))
    return data


if __name__ == "__main__":
    main()
