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

from cutover.drivers.guard import READING, SYNTHETIC, GuardError
from cutover.drivers.transport import SIZE_LIMIT

BLOCK_BYTES = 1 << 16
TICK = 0.05
HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "cutover"}
"""What each request has, as `client_for` has it."""


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class FastTransport(httpx.BaseTransport):
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
        self._limit = Limit(seconds)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw
        }
        answer, content = self.ask(
            request,
            f"{url.scheme}://{url.netloc.decode('ascii')}",
            url.raw_path.decode("ascii"),
            headers,
            request.read(),
        )
        return decoded(request, answer, content)

    def ask(
        self,
        request: httpx.Request,
        origin: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[HTTPResponse, bytes]:
        """Send it to `path` of `origin`. The answer, and its bytes as they came."""
        if (
            self._production
            and request.method not in READING
            and not request.extensions.get(SYNTHETIC)
        ):
            raise GuardError(
                f"{request.method} {request.url.path} is no operation of the driver's on synthetic"
                " data, and this target is production"
            )
        client = self._clients.get(origin) or self._client(origin)
        self._limit.begin()
        try:
            answer = client.request(request.method, path, body=body, headers=headers)
            content = _whole(answer)
        except TooLong:
            raise httpx.ReadTimeout(
                f"no complete answer within {self._seconds:g} s", request=request
            ) from None
        except FAILURE_EXCEPTIONS as error:
            raise httpx.ReadError(f"{type(error).__name__}: {error}", request=request) from error
        except ValueError as error:
            raise httpx.LocalProtocolError(str(error), request=request) from error
        finally:
            self._limit.end()
        if len(content) > SIZE_LIMIT:
            raise httpx.ReadError(f"the answer is larger than {SIZE_LIMIT} bytes", request=request)
        return answer, content

    def _client(self, origin: str) -> HTTPClient:
        """Its sockets have no time limit of their own: `ask` has one for the whole.

        Two ways of its pool of connections are changed. When one ends without an answer, a GET
        would be sent again, as often as the pool is large: that would hide what the target does.
        And whether one can still be used it asks in a way that costs more than to send the request.
        """
        client = HTTPClient.from_url(
            origin,
            headers=HEADERS,
            concurrency=self._connections,
            insecure=False,
            block_size=BLOCK_BYTES,
            ssl_context_factory=_tls,
            connection_timeout=self._connect_seconds,
            network_timeout=None,
        )
        client._connection_pool.size = -1
        client._connection_pool._is_socket_alive = _usable  # type: ignore[method-assign, assignment]  # see above
        self._clients[origin] = client
        return client


class TooLong(BaseException):
    """Thrown into who asks for longer than he may.

    No `Exception`, so that nothing on the way takes it for its own.
    """


class Limit:
    """Ends what takes longer than `seconds`, `TICK` late at most.

    One timer for all requests: one for each would cost a tenth of a request.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds, self._until = (
            seconds,
            dict[greenlet, float](),
        )  # all may take as long, so they stand in the order of their ends
        self._timer = gevent.get_hub().loop.timer(TICK, TICK)
        self._timer.start(self._look)

    def begin(self) -> None:
        """From now on the one who calls this is watched."""
        self._until[gevent.getcurrent()] = time.monotonic() + self._seconds

    def end(self) -> None:
        self._until.pop(gevent.getcurrent(), None)

    def _look(self) -> None:
        now = time.monotonic()
        for who, _ in list(takewhile(lambda one: one[1] <= now, self._until.items())):
            who.throw(TooLong)


_POLL: Callable[[], select.poll] = monkey.get_original("select", "poll")


def decoded(request: httpx.Request, answer: HTTPResponse, content: bytes) -> httpx.Response:
    """The answer as httpx has it. Bytes that are not encoded as they say are no answer."""
    try:
        return httpx.Response(
            answer.status_code, headers=list(answer.headers), content=content, request=request
        )
    except httpx.DecodingError as error:
        raise httpx.RemoteProtocolError(
            f"the answer's Content-Encoding is not what it says: {error}", request=request
        ) from error


def _usable(connection: Any) -> bool:
    """Whether an idle connection can be used: what comes from it now, unasked, is its end."""
    look = _POLL()
    try:
        look.register(connection, select.POLLIN)
        return not look.poll(0)
    except (OSError, ValueError):  # it is closed already
        return False


def _whole(answer: Any) -> bytes:
    """Every byte of the answer's body, but not many more than may be.

    The connection is free for others then.
    """
    blocks = [answer.read(BLOCK_BYTES)]
    while len(blocks[-1]) >= BLOCK_BYTES and len(blocks) * BLOCK_BYTES <= SIZE_LIMIT:
        blocks.append(answer.read(BLOCK_BYTES))
    answer.release()
    return b"".join(blocks)
