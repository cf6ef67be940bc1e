"""Faults of the new release that no counter of server errors counts."""

from __future__ import annotations

from cutover_gates.watch import rules
from tests.faults import proxy
from tests.faults.watch.fired_triggers import ERRORS
from tests.faults.watch.two_releases import TriggerFault, TwoReleases, refuse


class ErrorRateFault(TriggerFault):
    item = "trigger-error-rate"
    check = ERRORS
    breaks = (rules.NOT_FIRED,)
    shows = "error-rate/new/probes"
    baseline = 0.0


class _ValidChangesAreRefused(TwoReleases):
    async def change(self, request: proxy.Request, answer: bytes, *, is_new: bool) -> bytes:
        is_change = request.line.startswith(("PUT /api/v1/patients/", "PATCH /api/v1/patients/"))
        return refuse("422 Unprocessable Content") if is_new and is_change else answer


class TheNewReleaseCallsValidChangesInvalid(ErrorRateFault):
    """A clerk corrects a telephone number and is told that it is wrong (hazard 20)."""

    releases = _ValidChangesAreRefused


class _ClinicianSeesAnotherName(TwoReleases):
    tokens: set[bytes] = set()  # noqa: RUF012  # one run of one fault uses it

    async def change(self, request: proxy.Request, answer: bytes, *, is_new: bool) -> bytes:
        """Change what one of two sessions reads: the first whose token is seen."""
        token = request.head.lower().partition(b"authorization: ")[2].partition(b"\r\n")[0]
        if not is_new or not request.line.startswith("GET /api/v1/patients/") or not token:
            return answer
        if not self.tokens:
            self.tokens.add(token)
        return answer.replace(b"Okafor-", b"Okafar-") if token in self.tokens else answer


class OneRoleOfTheNewReleaseSeesAnotherName(ErrorRateFault):
    """A 200 with the wrong content, for some of the staff only (hazard 21)."""

    releases = _ClinicianSeesAnotherName
