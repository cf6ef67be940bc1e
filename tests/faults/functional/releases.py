"""Another release runs than the one that is judged: behind a balancer, for a while, or nobody knows.

The hospital is in order. Between it and the gate stands a proxy that hands requests to instances
which differ. Every check of an item may pass: a hold must make it NO-GO.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tests.faults.functional.transport import Wire
from tests.faults.proxy import Caller, Request, straight_on

if TYPE_CHECKING:  # a hospital's process needs no results
    from tests.faults.results import Results

JUDGED, BEFORE, LIKE = b'"2.0.0"', b'"1.9.0"', b'"v2.0.0"'
ASKED_BEFORE = 30
"""Questions for the release before the first check: one, and then 29."""


class _Instances(Wire):
    """Instances in a round robin; `harms_request` says which of them is harmed.

    `hold` is what a hold of the gate must say. The items do not count: the one check that asks for
    the release meets the harmed instance as chance has it.
    """

    hits = r"GET \S*/version$"
    hold: ClassVar[str]
    perhaps: ClassVar = {"api-endpoints": "one of its checks asks for the release, once"}

    def __init__(self) -> None:
        self.asked = 0

    @classmethod
    def find_own_problems(cls, results: Results) -> list[str]:
        """Return that no hold tells of it, where none does."""
        if any(cls.hold in hold for hold in results.holds):
            return []
        return [f"no hold says {cls.hold!r}: {results.holds}"]

    def harms(self, request: Request) -> bool:
        self.asked += 1
        return self.harms_request(self.asked)

    def harms_request(self, number: int) -> bool:
        """Whether the request of this number, from 1, meets the harmed instance."""
        return number % 10 == 0

    async def harm(self, caller: Caller, request: Request) -> None:
        await caller.give((await caller.forward(request)).replace(JUDGED, BEFORE))


class OneInstanceInTenWasForgotten(_Instances):
    """Every tenth nurse works with the release before, on the migrated database."""

    item, hold = "api-endpoints", "'1.9.0' (3 of 29)"


class TheOldReleaseComesBack(_Instances):
    """While the gate is running, somebody rolls back. The GO would be one for a release that is gone."""

    item, hold = "api-endpoints", "after the checks the target reported '1.9.0' (29 of 29)"

    def harms_request(self, number: int) -> bool:
        return number > ASKED_BEFORE


class ATagLooksLikeTheRelease(_Instances):
    """What runs was built from a tag beside the release, and was never tested."""

    item, hold = "api-endpoints", "'v2.0.0'"

    def harms_request(self, number: int) -> bool:
        return True

    async def harm(self, caller: Caller, request: Request) -> None:
        head, _, body = (await caller.forward(request)).partition(b"\r\n\r\n")
        longer = body.replace(JUDGED, LIKE)
        old, new = (b"content-length: %d" % len(text) for text in (body, longer))
        await caller.give(head.replace(old, new) + b"\r\n\r\n" + longer)


class ACacheTellsTheRelease(_Instances):
    """What ran yesterday is told today: nobody sees that the deployment did not take place."""

    item, hold = "api-endpoints", "came from a cache"

    async def harm(self, caller: Caller, request: Request) -> None:
        answer = await caller.forward(request)
        await caller.give(answer.replace(b"\r\n", b"\r\nage: 86400\r\n", 1))


class OneInstanceTellsNoRelease(_Instances):
    """An instance that was built by hand answers, and nobody knows what it is."""

    item, hold = "api-endpoints", "tells no release"

    async def harm(self, caller: Caller, request: Request) -> None:
        await straight_on(caller, Request(request.head.replace(b"/version", b"/edition"), b""))
