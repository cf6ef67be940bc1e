"""Plain ASGI layers around each request: `Frame` outside, then `BodyLimit`, then the routes.

`Frame` gives the request its id, names release and instance, sets the security headers, counts,
logs, and turns a defect into a problem.
"""

from __future__ import annotations

import asyncio
import re
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reference import problems
from reference.logs import Log
from reference.metrics import Metrics

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
_NO_ANSWER = 499  # for the log only: the client closed the connection before the answer
_PATIENCE_WITH_BODY = 2.0  # seconds to read on, once the answer is known
_READ_ON = 16 * 1024 * 1024  # bytes to read on


class Frame:
    """The outermost layer."""

    def __init__(self, app: ASGIApp, log: Log, metrics: Metrics, release: str) -> None:
        self._app, self._log, self._metrics = app, log, metrics
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with an id, a line in the log, and its metrics."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        status, instance = _NO_ANSWER, _host(scope.get("server"), with_port=True)

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                _set_headers(headers, request_id, scope["path"])
                headers["X-Release"] = self._release
                headers["X-Instance"] = instance or ""
            await send(message)

        try:
            await self._app(scope, receive, send_framed)
        except ClientDisconnect:
            pass
        # The last handler: the caller gets an answer and the log a line, whatever the error is.
        except Exception as error:
            self._log.defect(error, request_id)
            if status == _NO_ANSWER:
                await problems.answer(problems.named(error), request_id)(
                    scope, receive, send_framed
                )
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", "unmatched")
        self._metrics.count_request(scope["method"], route, status, seconds)
        self._log.write(
            "request",
            level=_level(status),
            method=scope["method"],
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
            request_id=scope["state"]["request_id"],
            username=scope["state"].get("username"),
            # Behind a proxy on this machine uvicorn puts the address that the proxy names here.
            client=_host(scope.get("client")),
            instance=_host(scope.get("server"), with_port=True),
        )


class BodyLimit:
    """Reject bodies of more than `limit` bytes.

    Before an early rejection it reads on a little, so that the sender can read the answer.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it with 413 where its body is too long."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        received, complete = (
            0,
            "Content-Length" not in headers and "Transfer-Encoding" not in headers,
        )

        async def receive_limited() -> Message:
            nonlocal received, complete
            message = await receive()
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > self._limit:
                raise problems.Problem(
                    "too-large", f"A request's body has at most {self._limit} bytes."
                )
            return message

        async def send_after_body(message: Message) -> None:
            nonlocal complete
            if message["type"] == "http.response.start" and not complete:
                complete = True
                await _read_on(receive)
            await send(message)

        await self._app(scope, receive_limited, send_after_body)


async def _read_on(receive: Receive) -> None:
    """Read and discard the rest of a body, within bounds."""
    thrown_away = 0
    try:
        async with asyncio.timeout(_PATIENCE_WITH_BODY):
            while thrown_away < _READ_ON:
                message = await receive()
                thrown_away += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def _level(status: int) -> str:
    """Return the log level of a status: a rejection is the caller's matter, a failure is ours."""
    if status >= 500:
        return "error"
    return "warning" if status >= 400 else "info"


def _host(address: tuple[str, int | None] | None, *, with_port: bool = False) -> str | None:
    if address is None:
        return None
    return f"{address[0]}:{address[1]}" if with_port else address[0]


def _request_id(headers: Headers) -> str:
    sent = headers.get("X-Request-Id", "")
    return sent if _REQUEST_ID.fullmatch(sent) else str(uuid4())


def _set_headers(headers: MutableHeaders, request_id: str, path: str) -> None:
    headers["X-Request-Id"] = request_id
    for name, value in _SECURITY_HEADERS.items():
        headers[name] = value
    if path.startswith("/api"):
        headers["Cache-Control"] = "no-store"
