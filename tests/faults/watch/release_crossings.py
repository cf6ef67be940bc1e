"""Faults between two releases: what the old one wrote, the new one does not understand."""

from __future__ import annotations

import re

from cutover_gates.watch import rules
from tests.faults import proxy
from tests.faults.watch.watch_fault import ACROSS, HarmfulWire, WatchFault, make_problem

_RELEASE = re.compile(rb"(?i)(x-release: )[0-9.]+")


class _TwoReleases(HarmfulWire):
    """The answers name the release before until the harm begins, and from then on the new one."""

    old = b"1.9.0"

    async def hand_on(self, caller: proxy.Caller, request: proxy.Request) -> None:
        answer = await caller.forward(request)
        if not type(self).harms:
            self.remember(request, answer)
            await caller.give(_RELEASE.sub(rb"\g<1>" + self.old, answer))
        else:
            changed = self.change(request, answer) if self.is_about(request) else answer
            await caller.give(changed)

    def remember(self, request: proxy.Request, answer: bytes) -> None:
        """Keep what the release before answered."""


def make_problem_of_new_release(status: str) -> bytes:
    return make_problem(status).replace(b"\r\n", b"\r\nX-Release: 2.0.0\r\n", 1)


class _OldPatientsAreUnknown(_TwoReleases):
    known: set[bytes] = set()  # noqa: RUF012  # one run of one fault uses it

    def remember(self, request: proxy.Request, answer: bytes) -> None:
        if request.line == "POST /api/v1/patients":
            self.known |= {*re.findall(rb'"id": ?"([^"]+)"', answer)}

    def is_about(self, request: proxy.Request) -> bool:
        wanted = request.line.removeprefix("GET /api/v1/patients/").encode()
        return request.line.startswith("GET /api/v1/patients/") and wanted in self.known

    def change(self, request: proxy.Request, answer: bytes) -> bytes:
        return make_problem_of_new_release("404 Not Found")


class AChartOfTheOldReleaseIsUnknownToTheNewOne(WatchFault):
    """The nurse registered the patient before the switch, and cannot find them after it."""

    check = ACROSS
    breaks = (rules.UNDERSTOOD_ACROSS_RELEASES,)
    shows = "read | 2.0.0 understands what 1.9.0 made |"
    wire = _OldPatientsAreUnknown
    lasts = 4.0
    settings = "paths.across_releases = 0.3"


class _KeysAreForgotten(_TwoReleases):
    keys: set[bytes] = set()  # noqa: RUF012  # one run of one fault uses it

    def remember(self, request: proxy.Request, answer: bytes) -> None:
        self.keys.add(_key_of(request))

    def is_about(self, request: proxy.Request) -> bool:
        return bool(_key_of(request)) and _key_of(request) in self.keys

    def change(self, request: proxy.Request, answer: bytes) -> bytes:
        """Answer as a release that registers the patient once more, under another id."""
        return re.sub(rb'("id": ?")[^"]{8}', rb"\g<1>00000000", answer, count=1)


def _key_of(request: proxy.Request) -> bytes:
    return request.head.lower().partition(b"idempotency-key: ")[2].partition(b"\r\n")[0]


class ARepeatedRegistrationMakesASecondPatient(WatchFault):
    """The answer was lost at the switch, the desk sends again, and there are two charts."""

    check = ACROSS
    breaks = (rules.UNDERSTOOD_ACROSS_RELEASES,)
    shows = "repeated | 2.0.0 understands what 1.9.0 made |"
    wire = _KeysAreForgotten
    lasts = 4.0
    settings = "paths.across_releases = 0.3"


class NobodyAskedTheNewReleaseForOldCharts(WatchFault):
    """The switch came, and no chart from before was opened after it: nobody knows."""

    check = ACROSS
    outcome = "not proven"
    breaks = (rules.UNDERSTOOD_ACROSS_RELEASES,)
    shows = "was never asked for what 1.9.0 had made"
    settings = "paths.across_releases = 60"

    class _Nothing(_TwoReleases):
        def is_about(self, request: proxy.Request) -> bool:
            return False

    wire = _Nothing
