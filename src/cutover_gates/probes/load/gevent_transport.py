"""The transport of a load process: httpx's interface on the client of locust's `FastHttpUser`.

Any driver can speak through it. Only for load processes: geventhttpclient makes its sockets
gevent's.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import takewhile
from typing import Any
from weakref import WeakKeyDictionary

import gevent
import httpx
from geventhttpclient import HTTPClient
from geventhttpclient.response import HTTPConnectionClosed, HTTPResponse
from greenlet import greenlet
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS

from cutover_gates.drivers.bounded_response import SIZE_LIMIT, build_response, too_large
from cutover_gates.drivers.production_guard import check_production_guard
from cutover_gates.probes.load.pooled_connections import BLOCK_BYTES, create_client
from cutover_gates.probes.load.request_outcomes import ConnectionFlags, ConnectionUse

TICK_SECONDS = 0.05
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, so that they may be sent twice (RFC 9110, section 9.2.1)."""
DEFAULT_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "cutover"}
"""The headers of each request, as `drivers.factory.make_client` has them."""


class GeventTransport(httpx.BaseTransport):
    """Sends httpx's requests.

    No redirect is followed, and no cookie kept; certificates are checked. A request is sent twice
    only where a browser does so, too: the target closed a connection that was open already, before
    it answered, and the method is safe (RFC 9112, section 9.3.1). A write is never sent twice.

    `connect_seconds` bounds the connecting, `seconds` each request from its start to its last byte.
    At most `connections` are open to one host. The share `new_connections` of what
    `watch_connections` watches begins on a new one, at random from `seed`.
    """

    def __init__(
        self,
        connect_seconds: float,
        seconds: float,
        connections: int,
        *,
        production: bool,
        answer_bytes: int = SIZE_LIMIT,
        new_connections: float = 0.0,
        seed: str = "",
    ) -> None:
        self._connect_seconds, self._seconds = connect_seconds, seconds
        self._connections, self._production = connections, production
        self._answer_bytes = answer_bytes
        self._clients: dict[str, HTTPClient] = {}
        self._deadlines = RequestDeadlines(seconds)
        self._uses = WeakKeyDictionary[greenlet, ConnectionUse]()
        # At random: every tenth would always miss, or always meet, what fails every tenth time.
        self._dice, self._new_connections = random.Random(seed), new_connections

    def watch_connections(self) -> ConnectionUse:
        """Return what the next requests of the calling greenlet do with their connections."""
        use = ConnectionUse(needs_new=self._dice.random() < self._new_connections)
        self._uses[gevent.getcurrent()] = use
        return use

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
        send = partial(client.request, request.method, path, body=body, headers=headers)
        self._deadlines.start()
        try:
            answer = self._send_again_if_closed(send, request.method)
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

    def _send_again_if_closed(self, send: Callable[[], HTTPResponse], method: str) -> HTTPResponse:
        """Send a request; once more where the target closed a connection that was open before."""
        use = self._current_use()
        use.opened, use.status = False, 0
        try:
            answer = send()
        except HTTPConnectionClosed:
            if use.opened or method not in SAFE_METHODS:
                raise
            use.needs_new, use.flags = True, use.flags | ConnectionFlags.ASKED_AGAIN
            answer = send()
        use.status = answer.status_code
        return answer

    def _current_use(self) -> ConnectionUse:
        return self._uses.setdefault(gevent.getcurrent(), ConnectionUse())

    def _create_client(self, origin: str) -> HTTPClient:
        client = create_client(
            origin, self._connections, self._connect_seconds, DEFAULT_HEADERS, self._current_use
        )
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
