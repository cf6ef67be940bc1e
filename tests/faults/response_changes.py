"""Ways to put a fault into the application from outside: what several areas need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reference.pool import Rows

RACE_SECONDS = 0.15
"""Long enough for requests that were sent at the same moment to meet."""


@dataclass
class ResponseDraft:
    """A whole answer on its way out, to be changed."""

    scope: Scope
    status: int
    headers: MutableHeaders
    body: bytes


def rewrite_responses(app: ASGIApp, change: Callable[[ResponseDraft], None]) -> ASGIApp:
    """The application, but `change` sees each answer before the caller does."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        started: list[Message] = []
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
            else:
                body.extend(message.get("body", b""))

        await app(scope, receive, keep)
        for start in started:  # none when the caller went away before there was an answer
            answer = ResponseDraft(scope, start["status"], MutableHeaders(scope=start), bytes(body))
            change(answer)
            if "content-length" in answer.headers:
                answer.headers["content-length"] = str(len(answer.body))
            await send({**start, "status": answer.status})
            await send({"type": "http.response.body", "body": answer.body})

    return wrapped


async def whole_body(receive: Receive) -> bytes:
    """A request's body, to its end."""
    body = bytearray()
    while True:
        message = await receive()
        body.extend(message.get("body", b""))
        if not message.get("more_body", False):
            return bytes(body)


def replay_body(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was already read once more to the application."""
    waiting = [body]

    async def receive_again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return receive_again


def drop_last_entry(page: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A list that loses its last entry when it has several, and counts as if nothing were missing."""

    def short(*place: Any, **wanted: Any) -> dict[str, Any]:
        found = page(*place, **wanted)
        return (
            {**found, "items": found["items"][:-1], "total": found["total"] - 1}
            if found["total"] > 1
            else found
        )

    return short


def fetch_row(connection: Rows, statement: str, *values: object) -> dict[str, Any] | None:
    """The first row that the statement returns."""
    return connection.execute(statement.encode(), values).fetchone()
