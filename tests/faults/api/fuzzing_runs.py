"""Faults by which the run over the document does not see what it should: the hospital may be as
good as it likes, and nothing is proven of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import count
from typing import Any, ClassVar

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from cutover_gates.probes.api.fuzzing import rules
from reference import security
from reference.problems import Problem
from reference.security import ADMINISTRATOR, Caller
from tests.faults.api.api_fault import DEEP, ApiFault
from tests.faults.fault import replace


class _Run(ApiFault):
    """A run that does not get to see the hospital: nothing was found, and nothing is proven."""

    item = "contract-fuzzing"
    outcome: ClassVar[str] = "not proven"


class _EatsTheTime(_Run):
    """Half a second for one answer is not much; for a hundred it is all the time that the gate has."""

    breaks, shows = (rules.RUN_COMPLETE,), "time was over"
    asked: ClassVar[Mapping[str, Any]] = {"seconds": 6}
    path: ClassVar[str]

    def around(self, app: ASGIApp) -> ASGIApp:
        right = super().around(app)

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"].endswith(self.path):
                await asyncio.sleep(0.5)
            await right(scope, receive, send)

        return slow


class TheSearchEatsTheTime(_EatsTheTime):
    """Were each operation given its share of the time, the search would be asked three times
    instead of a hundred, and called tried like all others.
    """

    path, asked = "/patients", {"seconds": 20}


class TheLastOperationEatsTheTime(_EatsTheTime):
    """Every operation was asked, and the last one only a few times: most of what could be wrong
    with it was not looked at.
    """

    path, only = "/audit", ("getPatient", "readAudit")


class TheDeepRunIsTooShort(_Run):
    """Its links are followed last: a run that is stopped before has not seen what comes of a
    deleted patient.
    """

    breaks = (rules.OPERATION_TESTED,)
    asked, only = (
        {**DEEP, "deep_seconds": 3},
        ("searchPatients", "createPatient", "getPatient", "deletePatient"),
    )


class _TokenDies(_Run):
    """Tokens of the administrator, with whom the run signs in, open so many doors (`uses`), and
    then no more: new ones neither.
    """

    uses: ClassVar[int]
    also: ClassVar[Mapping[str, str]] = {"contract-access": "the administrator is let in nowhere"}

    def put_in(self) -> None:
        right = security.authenticate
        opened = count(1)

        def authenticate(request: Request) -> Caller:
            caller = right(request)
            if caller.role == ADMINISTRATOR and next(opened) > self.uses:
                raise Problem("unauthenticated", "A valid access token is required.")
            return caller

        replace(security, authenticate=authenticate)


class TheTokenDiesInMidRun(_TokenDies):
    """The account is locked while the run is under way: from then on every refusal is as
    documented, and proves nothing.
    """

    breaks, uses = (rules.ACCOUNT_ADMITTED,), 60


class TheTokenDiesNearTheEnd(_TokenDies):
    """The same, when every operation has let it in once: the last ones were hardly tried."""

    breaks, shows, uses = (rules.ACCOUNT_ADMITTED,), "token", 280
