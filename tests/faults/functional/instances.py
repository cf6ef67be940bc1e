"""Instances that differ: behind a balancer one in ten is old, stale or knows nothing.

The hospital is in order. Between it and the gate stands a proxy that hands each new connection to
the next instance; one in ten of them (or every second one) is harmed.
"""

# Each manner is given the request, whether it looks at it or not.

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from tests.faults.functional.transport import Wire
from tests.faults.proxy import Caller, Request, straight_on

CHANCE = "one of its requests may meet the instance that is harmed"
ITEMS = (
    "authentication-flow",
    "access-control",
    "patient-creation",
    "visit-creation",
    "document-upload",
    "acknowledged-writes",
    "critical-paths",
    "api-endpoints",
    "health-checks",
)


class _OneInTen(Wire):
    """Every tenth connection leads to the harmed instance, where `hits` says so."""

    every: ClassVar[int] = 10
    perhaps: ClassVar = dict.fromkeys(ITEMS, CHANCE)

    def __init__(self) -> None:
        self.connections = 0

    async def hand_on(self, caller: Caller, request: Request) -> None:
        """Hand the request to the instance of its connection."""
        number = getattr(caller, "number", None)
        if number is None:
            self.connections += 1
            number = self.connections
            caller.number = number  # type: ignore[attr-defined]  # the connection keeps its instance
        if re.match(self.hits, request.line) and number % self.every == 0:
            await self.harm(caller, request)
        else:
            await self.serve_well(caller, request)

    async def serve_well(self, caller: Caller, request: Request) -> None:
        """Serve by an instance that is in order."""
        await straight_on(caller, request)


def _make_answer(status: str, body: Any) -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\nx-release: 2.0.0\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def _with_body(answer: bytes, body: bytes) -> bytes:
    head = answer.partition(b"\r\n\r\n")[0]
    length = b"content-length: %d" % len(body)
    return re.sub(rb"(?i)content-length: *\d+", length, head) + b"\r\n\r\n" + body


def _split(raw: bytes) -> Request:
    head, end, body = raw.partition(b"\r\n\r\n")
    return Request(head + end, body)


# ── records ──


class OneInstanceShowsOldPatients(_OneInTen):
    """Every tenth nurse reads the patient as she was before the correction, and writes it back."""

    item, hits = "acknowledged-writes", r"GET \S+/patients/[^/?]+$"

    def __init__(self) -> None:
        super().__init__()
        self.first: dict[str, bytes] = {}

    async def serve_well(self, caller: Caller, request: Request) -> None:
        answer = await caller.forward(request)
        if re.match(self.hits, request.line) and answer.startswith(b"HTTP/1.1 200"):
            self.first.setdefault(request.line, answer)
        await caller.give(answer)

    async def harm(self, caller: Caller, request: Request) -> None:
        await caller.give(self.first.get(request.line) or await caller.forward(request))


class ReadsAlternateBetweenOldAndNew(OneInstanceShowsOldPatients):
    """The screen shows the old telephone number and the new one by turns."""

    every = 2


class _OneInstanceDoesNotFind(_OneInTen):
    """An instance with a database of its own has what was written there, and nothing else."""

    item = "acknowledged-writes"

    async def harm(self, caller: Caller, request: Request) -> None:
        problem = {"type": "urn:problem:not-found", "title": "Not found", "status": 404}
        answer = await caller.forward(request)
        changed = answer.replace(b"HTTP/1.1 200 OK", b"HTTP/1.1 404 Not Found")
        await caller.give(_with_body(changed, json.dumps(problem).encode()))


class OneInstanceMissesVisits(_OneInstanceDoesNotFind):
    """Every tenth screen says that the patient has no such visit."""

    hits = r"GET \S+/visits/[^/?]+$"


class OneInstanceMissesDocuments(_OneInstanceDoesNotFind):
    """Every tenth doctor cannot open the letter."""

    hits = r"GET \S+/documents/[^/?]+/content$"


class OneInstanceListsNothing(_OneInTen):
    """Every tenth search finds nobody, and the patient is registered again."""

    item, hits = "acknowledged-writes", r"GET \S+/(patients|visits|documents)\?"

    async def harm(self, caller: Caller, request: Request) -> None:
        answer = await caller.forward(request)
        body = answer.partition(b"\r\n\r\n")[2]
        if not answer.startswith(b"HTTP/1.1 200"):
            await caller.give(answer)
            return
        empty = {**json.loads(body), "items": [], "total": 0}
        await caller.give(_with_body(answer, json.dumps(empty).encode()))


class OneInstanceDropsAddresses(_OneInTen):
    """Every tenth correction is taken by the old release, which knows no addresses."""

    item, hits = "acknowledged-writes", r"PUT \S+/patients/[^/?]+$"
    # Reads at random stand between the writes: of one in ten, one run in twenty would find none.
    every = 4
    dropped: ClassVar[dict[str, Any]] = {"address": None}

    async def harm(self, caller: Caller, request: Request) -> None:
        sent = json.loads(request.body)
        body = json.dumps({**sent, **self.dropped}).encode()
        answer = await caller.forward(_split(_with_body(request.head, body)))
        if not answer.startswith(b"HTTP/1.1 20"):
            await caller.give(answer)
            return
        shown = json.loads(answer.partition(b"\r\n\r\n")[2])
        shown |= {name: sent.get(name) for name in self.dropped}
        await caller.give(_with_body(answer, json.dumps(shown).encode()))


class OneInstanceDropsGivenNames(OneInstanceDropsAddresses):
    """Every tenth patient is registered by the old release, which knows one name only."""

    hits = r"POST \S+/patients$"
    dropped: ClassVar[dict[str, Any]] = {"given_name": ""}


class OneInstanceForgetsAdmissions(_OneInTen):
    """Every tenth patient is in a bed that the board calls free."""

    item, hits = "acknowledged-writes", r"POST \S+/admit$"
    every = 4

    async def harm(self, caller: Caller, request: Request) -> None:
        head = request.head.replace(b"POST ", b"GET ", 1).replace(b"/admit HTTP", b" HTTP", 1)
        answer = await caller.forward(Request(head, request.body))
        shown = {**json.loads(answer.partition(b"\r\n\r\n")[2]), "status": "admitted"}
        await caller.give(_with_body(answer, json.dumps(shown).encode()))


# ── the release ──


class OneInstanceNamesTheOldReleaseInItsHeader(_OneInTen):
    """An old instance was given the new version number, and works as before."""

    item, hits = "api-endpoints", r"\S+ \S+"

    async def harm(self, caller: Caller, request: Request) -> None:
        answer = await caller.forward(request)
        await caller.give(re.sub(rb"(?i)x-release: 2\.0\.0", b"x-release: 1.9.0", answer, count=1))


class OneInstanceServesTheOldDocument(_OneInTen):
    """Every tenth program is built for operations that are gone."""

    item, hits = "api-endpoints", r"GET \S*/openapi\.json$"

    async def harm(self, caller: Caller, request: Request) -> None:
        answer = await caller.forward(request)
        document = json.loads(answer.partition(b"\r\n\r\n")[2])
        cancelled = [path for path in document["paths"] if path.endswith("/cancel")]
        for path in cancelled:
            del document["paths"][path]
        await caller.give(_with_body(answer, json.dumps(document).encode()))


class OneInstanceIsNotReady(_OneInTen):
    """Every tenth nurse meets an instance that has no database, and is sent away."""

    item, hits = "health-checks", r"GET \S*/health/ready$"

    async def harm(self, caller: Caller, request: Request) -> None:
        await caller.give(_make_answer("503 Service Unavailable", {"status": "unavailable"}))


class OneInstanceKnowsNoSessions(_OneInTen):
    """Every tenth request of a signed-in nurse is refused: the instance has other keys."""

    item, hits = "acknowledged-writes", r"GET \S+/patients/[^/?]+$"

    async def harm(self, caller: Caller, request: Request) -> None:
        line = b"authorization: Bearer "
        other = re.sub(rb"(?i)authorization: *bearer +", line + b"x", request.head)
        await straight_on(caller, Request(other, request.body))
