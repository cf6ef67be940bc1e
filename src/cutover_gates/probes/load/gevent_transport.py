"""The way to the target in a load process: httpx's shape, so that any driver can speak through it,
on the client below locust's `FastHttpUser`.

Only for load processes: geventhttpclient makes its sockets gevent's.
"""

from __future__ import annotations

import select
import ssl
import time
from collections.abc import Callable, Mapping
from functools import cache
from itertools import takewhile
from typing import Any

import gevent
import httpx
from gevent import monkey
from geventhttpclient import HTTPClient
from geventhttpclient.response import HTTPResponse
from greenlet import greenlet
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS

from cutover_gates.drivers.transport import SIZE_LIMIT, check_production_guard

BLOCK_BYTES = 1 << 16
TICK_SECONDS = 0.05
DEFAULT_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "cutover"}
"""What each request has, as `client_for` has it."""


@cache
def _tls_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class GeventTransport(httpx.BaseTransport):
    """Sends httpx's requests.

    No redirect is followed, no cookie kept, nothing sent twice; certificates are checked.

    `connect_seconds` bound the connecting, `seconds` each request from its start to its last byte.
    At most `connections` are open to one host.
    """

    def __init__(
        self, connect_seconds: float, seconds: float, connections: int, *, production: bool
    ) -> None:
        self._connect_seconds, self._seconds, self._connections, self._production = (
            connect_seconds,
            seconds,
            connections,
            production,
        )
        self._clients: dict[str, HTTPClient] = {}
        self._limit = RequestDeadlines(seconds)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw
        }
        answer, content = self.send_request(
            request,
            f"{url.scheme}://{url.netloc.decode('ascii')}",
            url.raw_path.decode("ascii"),
            headers,
            request.read(),
        )
        return to_httpx_response(request, answer, content)

    def send_request(
        self,
        request: httpx.Request,
        origin: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[HTTPResponse, bytes]:
        """Send it to `path` of `origin`. The answer, and its bytes as they came."""
        if self._production:
            check_production_guard(request)
        client = self._clients.get(origin) or self._create_client(origin)
        self._limit.start()
        try:
            answer = client.request(request.method, path, body=body, headers=headers)
            content = _read_body(answer)
        except RequestTimedOut:
            raise httpx.ReadTimeout(
                f"no complete answer within {self._seconds:g} s", request=request
            ) from None
        except FAILURE_EXCEPTIONS as error:
            raise httpx.ReadError(f"{type(error).__name__}: {error}", request=request) from error
        except ValueError as error:
            raise httpx.LocalProtocolError(str(error), request=request) from error
        finally:
            self._limit.stop()
        if len(content) > SIZE_LIMIT:
            raise httpx.ReadError(f"the answer is larger than {SIZE_LIMIT} bytes", request=request)
        return answer, content

    def _create_client(self, origin: str) -> HTTPClient:
        """Its sockets have no time limit of their own: `send_request` has one for the whole.

        Two ways of its pool of connections are changed. When one ends without an answer, a GET
        would be sent again, as often as the pool is large: that would hide what the target does.
        And whether one can still be used it asks in a way that costs more than to send the request.
        """
        client = HTTPClient.from_url(
            origin,
            headers=DEFAULT_HEADERS,
            concurrency=self._connections,
            insecure=False,
            block_size=BLOCK_BYTES,
            ssl_context_factory=_tls_context,
            connection_timeout=self._connect_seconds,
            network_timeout=None,
        )
        client._connection_pool.size = -1
        client._connection_pool._is_socket_alive = _is_usable  # type: ignore[method-assign, assignment]  # see above
        self._clients[origin] = client
        return client


class RequestTimedOut(BaseException):
    """Thrown into who asks for longer than he may.

    No `Exception`, so that nothing on the way takes it for its own.
    """


class RequestDeadlines:
    """Ends what takes longer than `seconds`, `TICK_SECONDS` late at most.

    One timer for all requests: one for each would cost a tenth of a request.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds, self._until = (
            seconds,
            dict[greenlet, float](),
        )  # all may take as long, so they stand in the order of their ends
        self._timer = gevent.get_hub().loop.timer(TICK_SECONDS, TICK_SECONDS)
        self._timer.start(self._expire_requests)

    def start(self) -> None:
        """From now on the one who calls this is watched."""
        self._until[gevent.getcurrent()] = time.monotonic() + self._seconds

    def stop(self) -> None:
        self._until.pop(gevent.getcurrent(), None)

    def _expire_requests(self) -> None:
        now = time.monotonic()
        for who, _ in list(takewhile(lambda one: one[1] <= now, self._until.items())):
            who.throw(RequestTimedOut)


_POLL: Callable[[], select.poll] = monkey.get_original("select", "poll")


def to_httpx_response(
    request: httpx.Request, answer: HTTPResponse, content: bytes
) -> httpx.Response:
    """The answer as httpx has it. Bytes that are not encoded as they say are no answer."""
    try:
        return httpx.Response(
            answer.status_code, headers=list(answer.headers), content=content, request=request
        )
    except httpx.DecodingError as error:
        raise httpx.RemoteProtocolError(
            f"the answer's Content-Encoding is not what it says: {error}", request=request
        ) from error


def _is_usable(connection: Any) -> bool:
    """Whether an idle connection can be used: what comes from it now, unasked, is its end."""
    look = _POLL()
    try:
        look.register(connection, select.POLLIN)
        return not look.poll(0)
    except (OSError, ValueError):  # it is closed already
        return False


def _read_body(answer: Any) -> bytes:
    """Every byte of the answer's body, but not many more than may be.

    The connection is free for others then.
    """
    blocks = [answer.read(BLOCK_BYTES)]
    while len(blocks[-1]) >= BLOCK_BYTES and len(blocks) * BLOCK_BYTES <= SIZE_LIMIT:
        blocks.append(answer.read(BLOCK_BYTES))
    answer.release()
    return b"".join(blocks)
