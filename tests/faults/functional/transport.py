"""Faults on the way: between the suite and a hospital that is itself in order stands a proxy that
loses, cuts, doubles or mixes up.
"""

# Each manner is given the request, whether it looks at it or not.

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping
from typing import ClassVar

from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.proxy import Caller, OnTheWire, Request, straight_on

UPLOADS = r"POST \S+/documents$"
PIECE_SECONDS = 0.2


class Wire(OnTheWire, FunctionalFault):
    """A fault of the network.

    `hits` is a pattern of "METHOD path?query"; what it does not hit goes straight on.
    """

    hits: ClassVar[str] = ""

    async def hand_on(self, caller: Caller, request: Request) -> None:
        """What becomes of one request."""
        if re.match(self.hits, request.line) and self.harms(request):
            await self.harm(caller, request)
        else:
            await straight_on(caller, request)

    def harms(self, request: Request) -> bool:
        """Whether this request is hit, where its first line does not say so."""
        return True

    async def harm(self, caller: Caller, request: Request) -> None:
        raise NotImplementedError


# ── manners of a bad network ──


class Reset(Wire):
    """The connection breaks before there is an answer."""

    async def harm(self, caller: Caller, request: Request) -> None:
        caller.reset()


class Hang(Wire):
    """The connection stands, and nothing comes."""

    async def harm(self, caller: Caller, request: Request) -> None:
        await caller.reader.read()  # until the caller has had enough


class Cut(Wire):
    """The answer ends half way."""

    async def harm(self, caller: Caller, request: Request) -> None:
        answer = await caller.forward(request)
        await caller.give(answer[: len(answer) // 2])
        caller.close()


class Garbage(Wire):
    """What comes is no HTTP."""

    async def harm(self, caller: Caller, request: Request) -> None:
        await caller.give(secrets.token_bytes(200) + b"\r\n\r\n")
        caller.close()


class Drip(Wire):
    """The answer comes byte by byte, and never ends."""

    async def harm(self, caller: Caller, request: Request) -> None:
        for byte in await caller.forward(request):
            await caller.give(bytes([byte]))
            await asyncio.sleep(PIECE_SECONDS)


class Twice(Wire):
    """The request is sent again, as a proxy does that got no answer in time.

    The caller hears the first answer.
    """

    async def harm(self, caller: Caller, request: Request) -> None:
        answer = await caller.forward(request)
        await caller.forward(request)
        await caller.give(answer)


# ── on the way to one item ──


class SearchesByBirthDateAreReset(Reset):
    """The patient cannot be looked up, and is registered again."""

    item, hits = "patient-creation", r"GET \S+/patients\?\S*birth_date="


class LargeUploadsHang(Hang):
    """The scan of a whole record never arrives, and the nurse waits before the screen."""

    item, hits = "document-upload", UPLOADS

    def harms(self, request: Request) -> bool:
        return request.whole and 1024 * 1024 < len(request.body) < 1536 * 1024  # one wait is enough


class LargeDownloadsAreCut(Cut):
    """Half of an image is shown, and what was on the other half is not."""

    item, hits = "document-upload", r"GET \S+/content$"

    async def harm(self, caller: Caller, request: Request) -> None:
        answer = await caller.forward(request)
        if len(answer) < 512 * 1024:
            await caller.give(answer)
        else:
            await super().harm(caller, request)


class SignInsAreSentTwice(Twice):
    """Each mistyped password counts double: a tired nurse is locked out after three."""

    item, hits = "authentication-flow", r"POST \S+/auth/sign-in$"


class RefreshedTokensAreGarbage(Garbage):
    """In the middle of a shift everyone is thrown out."""

    item, hits = "authentication-flow", r"POST \S+/auth/refresh$"
    also: ClassVar[Mapping[str, str]] = {
        "api-endpoints": "every documented operation is asked there, the refresh among them"
    }


class LongListsOfVisitsDrip(Drip):
    """A patient who comes often has no past: the list is never there in time."""

    item, hits = "visit-creation", r"GET \S+/visits\?"

    async def harm(self, caller: Caller, request: Request) -> None:
        answer = await caller.forward(request)
        if answer.count(b"opened_at") < 3:
            await caller.give(answer)
        else:
            await super().harm(caller, request)


class Remembering(Wire):
    """A cache on the way: what was answered once is answered again, without asking."""

    def __init__(self) -> None:
        self.remembered: dict[str, bytes] = {}

    def key(self, request: Request) -> str:
        """Requests of one key are answered alike."""
        return request.line

    async def harm(self, caller: Caller, request: Request) -> None:
        key = self.key(request)
        answer = self.remembered.get(key) or await caller.forward(request)
        if answer.startswith(b"HTTP/1.1 200 "):
            self.remembered[key] = answer
        await caller.give(answer)


class ACacheForgetsCorrections(Remembering):
    """The desk corrects a patient, and everybody goes on reading what the cache has kept."""

    item, hits = "patient-creation", r"GET \S+/patients/[^/]+$"

    def key(self, request: Request) -> str:
        return "".join(
            re.findall(r"(?im)^(?:GET|authorization:).*$", request.head.decode("latin-1"))
        )


class ACacheForgetsWhoAsks(Remembering):
    """What a nurse has read is shown to whoever asks next for the same address."""

    item, hits = "access-control", r"(GET|PUT) \S+/patients/[^/]+$"

    async def harm(self, caller: Caller, request: Request) -> None:
        if request.line.startswith("PUT"):
            self.remembered.pop(request.line.replace("PUT", "GET", 1), None)
            await straight_on(caller, request)
        else:
            await super().harm(caller, request)


class AnswersComeLate(Remembering):
    """Two searches are answered in the wrong order: the second desk reads what the first one asked."""

    item, hits = "patient-creation", r"GET \S+/patients\?\S*birth_date="

    def key(self, request: Request) -> str:
        return "any search"
