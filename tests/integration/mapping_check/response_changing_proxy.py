"""A door before the hospital that changes what comes out of it, as proxies, gateways and other
servers do.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.standins.https_server import (  # the same small server, with another thing to say
    QuietHandler,
    _Server,
)

PAGE = (
    b"<html><head><title>Log in &ndash; St. Elsewhere</title></head><body><form>user,"
    b" password</form></body></html>"
)


@dataclass(frozen=True)
class ProxyResponse:
    """An answer as it leaves the door."""

    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)


Change = Callable[[str, ProxyResponse], ProxyResponse]


def as_it_is(path: str, said: ProxyResponse) -> ProxyResponse:
    return said


def login_page(path: str, said: ProxyResponse) -> ProxyResponse:
    """Below the API everybody sees the page to log in at, with 200."""
    return (
        ProxyResponse(200, PAGE, {"Content-Type": "text/html; charset=utf-8"})
        if "/patients" in path
        else said
    )


def to_login_page(path: str, said: ProxyResponse) -> ProxyResponse:
    """Below the API everybody is sent to the page to log in at."""
    return (
        ProxyResponse(302, b"", {"Location": "/login?next=/patients"})
        if "/patients" in path
        else said
    )


def with_byte_order_mark(path: str, said: ProxyResponse) -> ProxyResponse:
    """JSON that begins as some servers' files do."""
    return (
        ProxyResponse(said.status, b"\xef\xbb\xbf" + said.content, said.headers)
        if said.content[:1] == b"{"
        else said
    )


def as_a_page(path: str, said: ProxyResponse) -> ProxyResponse:
    """JSON that calls itself a page."""
    return (
        ProxyResponse(said.status, said.content, {**said.headers, "Content-Type": "text/html"})
        if path.endswith("/sign-in")
        else said
    )


@contextmanager
def running_proxy(
    hospital: str, change: Change, context: ssl.SSLContext | None = None
) -> Iterator[str]:
    """The door's address, with TLS where a `context` is given."""
    inside = httpx.Client(base_url=hospital, trust_env=False)

    class Handler(QuietHandler):
        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in ("host", "connection", "content-length")
            }
            came = inside.request(self.command, self.path, headers=kept, content=body)
            headers = {
                name.title(): value
                for name, value in came.headers.items()
                if name not in ("content-length", "date", "server", "connection")
            }
            said = change(self.path, ProxyResponse(came.status_code, came.content, headers))
            self.reply(said.status, said.content, said.headers)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # http.server's names

    server = _Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    try:
        yield f"http{'s' if context else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        inside.close()
