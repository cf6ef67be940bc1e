"""The way to the target in a load process: httpx's shape, so that any driver can speak through it, on the client below locust's `FastHttpUser`.

Only for load processes: geventhttpclient makes its sockets gevent's.
"""

from __future__ import annotations

import ssl
from functools import cache

import gevent
import httpx
from geventhttpclient import HTTPClient
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS

from cutover.drivers.guard import READING, SYNTHETIC, GuardError
from cutover.drivers.transport import SIZE_LIMIT


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class FastTransport(httpx.BaseTransport):
    """Sends httpx's requests. No redirect is followed, no cookie kept, nothing sent twice; certificates are checked.

    `connect_seconds` bound the connecting, `seconds` each request from its start to its last byte. At most `connections` are open to one host.
    """

    def __init__(self, connect_seconds: float, seconds: float, connections: int, *, production: bool) -> None:
        self._connect_seconds, self._seconds, self._connections, self._production = connect_seconds, seconds, connections, production
        self._clients: dict[tuple[bytes, bytes, int | None], HTTPClient] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._production and request.method not in READING and not request.extensions.get(SYNTHETIC):
            raise GuardError(f"{request.method} {request.url.path} is no operation of the driver's on synthetic data, and this target is production")
        late = httpx.ReadTimeout(f"no complete answer within {self._seconds:g} s", request=request)
        client, path = self._client(request.url), request.url.raw_path.decode("ascii")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw}
        try:
            with gevent.Timeout(self._seconds, late):
                answer = client.request(request.method, path, body=request.read() or None, headers=headers)
                content = bytes(answer.read(SIZE_LIMIT + 1))
                answer.release()
        except FAILURE_EXCEPTIONS as error:
            raise httpx.ReadError(f"{type(error).__name__}: {error}", request=request) from error
        if len(content) > SIZE_LIMIT:
            raise httpx.ReadError(f"the answer is larger than {SIZE_LIMIT} bytes", request=request)
        return httpx.Response(answer.status_code, headers=list(answer.headers), content=content)

    def _client(self, url: httpx.URL) -> HTTPClient:
        key = (url.raw_scheme, url.raw_host, url.port)
        if key not in self._clients:
            self._clients[key] = HTTPClient.from_url(f"{url.scheme}://{url.netloc.decode()}", concurrency=self._connections, insecure=False,
                                                     connection_timeout=self._connect_seconds, network_timeout=self._seconds,
                                                     ssl_context_factory=_tls)
        return self._clients[key]
