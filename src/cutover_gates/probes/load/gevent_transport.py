"""The transport of a load process: httpx's interface on the client of locust's `FastHttpUser`.

Any driver can speak through it. Only for load processes: geventhttpclient makes its sockets
gevent's.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

import gevent
import httpx
from geventhttpclient import HTTPClient
from geventhttpclient.response import HTTPResponse
from greenlet import greenlet
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS

from cutover_gates.drivers.bounded_response import SIZE_LIMIT, build_response, too_large
from cutover_gates.drivers.production_guard import check_production_guard
from cutover_gates.probes.load.pooled_connections import BLOCK_BYTES, create_client

TICK_SECONDS = 0.05
DEFAULT_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "cutover"}
"""The headers of each request, as `drivers.factory.make_client` has them."""


class GeventTransport(httpx.BaseTransport):
    """Sends httpx's requests.

    No redirect is followed, no cookie kept, nothing sent twice; certificates are checked.

    `connect_seconds` bounds the connecting, `seconds` each request from its start to its last byte.
    At most `connections` are open to one host.
    """

    def __init__(
        self,
        connect_seconds: float,
        seconds: float,
        connections: int,
        *,
        production: bool,
        answer_bytes: int = SIZE_LIMIT,
    ) -> None:
        self._connect_seconds, self._seconds = connect_seconds, seconds
        self._connections, self._production = connections, production
        self._answer_bytes = answer_bytes
        self._clients: dict[str, HTTPClient] = {}
        self._deadlines = RequestDeadlines(seconds)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request of httpx."""
        url = request.url
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw
        }
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        path = url.raw_path.decode("ascii")
        answer, content = self.send_request(request, origin, path, headers, request.read())
        return self.build_response(request, answer, content)

    def build_response(
        self, request: httpx.Request, answer: HTTPResponse, content: bytes
    ) -> httpx.Response:
        """Return the answer as httpx has it, decoded within the bound."""
        return build_response(
            request, answer.status_code, list(answer.headers), content, self._answer_bytes
        )

    def send_request(
        self,
        request: httpx.Request,
        origin: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[HTTPResponse, bytes]:
        """Send a request to `path` of `origin`; return the answer, and its bytes as they came.

        Raises as httpx does.
        """
        if self._production:
            check_production_guard(request)
        client = self._clients.get(origin) or self._create_client(origin)
        self._deadlines.start()
        try:
            answer = client.request(request.method, path, body=body, headers=headers)
            content = _read_body(answer, self._answer_bytes)
        except RequestTimedOut:
            raise httpx.ReadTimeout(
                f"no complete answer within {self._seconds:g} s", request=request
            ) from None
        except FAILURE_EXCEPTIONS as error:
            raise httpx.ReadError(f"{type(error).__name__}: {error}", request=request) from error
        except ValueError as error:
            raise httpx.LocalProtocolError(str(error), request=request) from error
        finally:
            self._deadlines.stop()
        if len(content) > self._answer_bytes:
            raise too_large(self._answer_bytes, request)
        return answer, content

    def _create_client(self, origin: str) -> HTTPClient:
        client = create_client(origin, self._connections, self._connect_seconds, DEFAULT_HEADERS)
        self._clients[origin] = client
        return client


class RequestTimedOut(BaseException):
    """Thrown into a greenlet whose request takes too long.

    It is no `Exception`, so that no code on the way takes it for its own.
    """


class RequestDeadlines:
    """Ends requests that take longer than `seconds`, at most `TICK_SECONDS` late.

    There is one timer for all requests: one for each would cost a tenth of a request.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # All requests may take as long, so they stand in the order of their deadlines.
        self._deadlines = dict[greenlet, float]()
        self._timer = gevent.get_hub().loop.timer(TICK_SECONDS, TICK_SECONDS)
        self._timer.start(self._expire_requests)

    def start(self) -> None:
        """Watch the calling greenlet from now on."""
        self._deadlines[gevent.getcurrent()] = time.monotonic() + self._seconds

    def stop(self) -> None:
        """Stop watching the calling greenlet."""
        self._deadlines.pop(gevent.getcurrent(), None)

    def _expire_requests(self) -> None:
        now = time.monotonic()
        late = takewhile(lambda pair: pair[1] <= now, self._deadlines.items())
        # A list, because a greenlet that is thrown into stops being watched.
        for waiting, _ in list(late):
            waiting.throw(RequestTimedOut)


def _read_body(answer: Any, limit: int) -> bytes:
    """Return the body, and give the connection back.

    It stops soon after the size limit.
    """
    blocks = [answer.read(BLOCK_BYTES)]
    while len(blocks[-1]) >= BLOCK_BYTES and len(blocks) * BLOCK_BYTES <= limit:
        blocks.append(answer.read(BLOCK_BYTES))
    answer.release()
    return b"".join(blocks)
