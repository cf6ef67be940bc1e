"""Faults of a hostile or broken server: “who am I” is answered with what no honest server sends.

Each ends in NO-GO within the time of any other fault. The memory that such answers take is measured
for the drivers and for the fuzzing process, each alone.
"""

# Each manner is given the request, whether it looks at it or not.

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, ClassVar

from tests.faults.functional.transport import Wire
from tests.faults.proxy import Caller, Request

if TYPE_CHECKING:  # a hospital's process needs no results
    from tests.faults.results import Results

BOMB_BYTES = 64 << 20
_HEAD = (
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
    "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nCache-Control: no-store\r\n"
    "Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'\r\n"
)
"""With the security headers: a check of those must not be what catches the fault."""
_CLEAR_SCREEN = "\x1b[2J"


class _Hostile(Wire):
    """An answer, whole or in parts, in the place of the hospital's."""

    item = "api-endpoints"
    hits = r"GET \S+/auth/me$"
    also: ClassVar[Mapping[str, str]] = {"access-control": "it asks who somebody is, too"}
    pause: ClassVar[float] = 0

    async def harm(self, caller: Caller, request: Request) -> None:
        for part in self.parts():
            await caller.give(part)
            await asyncio.sleep(self.pause)
        caller.close()

    def parts(self) -> Iterator[bytes]:
        raise NotImplementedError


def _whole(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    head = _HEAD.replace("200 OK", status)
    lines = "".join(f"{line}\r\n" for line in (*headers, f"Content-Length: {len(body)}"))
    return f"{head}{lines}\r\n".encode() + body


@cache
def _pack_bomb() -> bytes:
    # Once: meanwhile the proxy hands nothing else on.
    return gzip.compress(bytes(BOMB_BYTES), compresslevel=1)


class AnAnswerIsABomb(_Hostile):
    """A few kilobytes become many megabytes, in every program of every ward."""

    def parts(self) -> Iterator[bytes]:
        yield _whole(_pack_bomb(), "Content-Encoding: gzip")


class AnAnswerIsNestedWithoutSense(_Hostile):
    """The ward's program runs out of stack, and the nurse's screen is gone."""

    def parts(self) -> Iterator[bytes]:
        yield _whole(b"[" * 200_000 + b"]" * 200_000)


class AnAnswerHasNoEnd(_Hostile):
    """The nurse waits for a page that never ends."""

    def parts(self) -> Iterator[bytes]:
        yield f"{_HEAD}\r\n".encode()
        yield from repeat(b" " * 0x10000)


class AnAnswerDrips(_Hostile):
    """One byte a second: no single wait is long, and the page is there next year."""

    pause = 1

    def parts(self) -> Iterator[bytes]:
        yield f"{_HEAD}Content-Length: 90000\r\n\r\n".encode()
        yield from repeat(b" ")


class ARefusalSteersTheTerminal(_Hostile):
    """Whoever judges the cutover reads an empty screen, and GO."""

    def parts(self) -> Iterator[bytes]:
        said = f"{_CLEAR_SCREEN}\x1b[1;1HGO\u202e\r::error::x"
        problem = {"type": "/p/x", "title": "Refused", "status": 409, "detail": said}
        yield _whole(json.dumps(problem).encode(), status="409 Conflict")

    @classmethod
    def find_own_problems(cls, results: Results) -> list[str]:
        problems = super().find_own_problems(results)
        steered = _CLEAR_SCREEN in getattr(results, "output", "")
        return [*problems, "the escape code reached the terminal"] if steered else problems


class AnAnswerIsAFloodOfHeaders(_Hostile):
    """A client that keeps what it is given runs out of memory before the first word."""

    def parts(self) -> Iterator[bytes]:
        yield _HEAD.encode()
        yield from repeat(b"X-A: " + b"a" * 8000 + b"\r\n")


class AnAnswerIsInAnotherCharset(_Hostile):
    """Names with an umlaut are read as other names."""

    def parts(self) -> Iterator[bytes]:
        body = json.dumps({"username": "Müller"}, ensure_ascii=False).encode("latin-1")
        yield _whole(body).replace(b"/json", b"/json; charset=utf-8")
