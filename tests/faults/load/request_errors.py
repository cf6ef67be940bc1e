"""Faults by which requests fail under load: refusals, wrong answers with the right status, no
answer at all.
"""

# Each manner is given the request and the time, whether it looks at them or not.

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from starlette.types import ASGIApp

from cutover_gates.core.findings import Rule
from cutover_gates.probes.load import rules
from reference.documents import store as documents
from reference.patients import service as patients
from reference.patients.model import Patient
from reference.pool import Rows
from reference.security import Access
from tests.faults.fault import replace
from tests.faults.load.application_under_load import EveryNth
from tests.faults.load.load_fault import EVERYBODY, LoadFault, RequestFault
from tests.faults.response_changes import ResponseDraft, fetch_row, rewrite_responses

if TYPE_CHECKING:  # whoever opens a hospital needs none of it
    from tests.faults.load.running_gate import RunningGate


class _Failing(LoadFault):
    """Whatever fails, one item counts it."""

    item = "error-rate"
    breaks: ClassVar[tuple[Rule, ...]] = (rules.ERROR_RATE, rules.SAFETY_ERRORS)


# ── wrong answers ──


class AnotherReportIsOpened(_Failing):
    """Under load two downloads get mixed up: the X-ray is somebody else's."""

    shows = "other bytes"

    def put_in(self) -> None:
        right, tenth = documents.content, EveryNth(10)

        def content(connection: Rows, document_id: UUID) -> bytes:
            other = (
                fetch_row(
                    connection,
                    "SELECT id FROM documents WHERE id <> %s ORDER BY uploaded_at LIMIT 1",
                    document_id,
                )
                if tenth()
                else None
            )
            return right(connection, other["id"] if other else document_id)

        replace(documents, content=content)


class AnswersAreEmpty(_Failing):
    """The screen stays empty, and nothing says that something went wrong."""

    asked: ClassVar[Mapping[str, Any]] = {"journeys": EVERYBODY}

    def around(self, app: ASGIApp) -> ASGIApp:
        tenth = EveryNth(10)

        def emptied(answer: ResponseDraft) -> None:
            if answer.scope["method"] == "GET" and "/api/" in answer.scope["path"] and tenth():
                answer.body = b""

        return rewrite_responses(app, emptied)


class AnotherPatientsChartIsShown(_Failing):
    """Under load two requests get mixed up, and the doctor reads of somebody else."""

    shows = "another patient"
    asked: ClassVar[Mapping[str, Any]] = {"journeys": {"clinician": {}}}

    def put_in(self) -> None:
        right, tenth = patients.read, EveryNth(10)

        def read(access: Access, patient_id: UUID) -> Patient:
            if tenth():
                with access.pool.connection() as connection:
                    other = fetch_row(
                        connection,
                        "SELECT id FROM patients WHERE id <> %s AND facility = %s LIMIT 1",
                        patient_id,
                        access.caller.sees,
                    )
                return right(access, other["id"] if other else patient_id)
            return right(access, patient_id)

        replace(patients, read=read)


class TheReportIsNotOnTheList(_Failing):
    """Under load the record loses what stands first in it: the report that explains all the others."""

    shows = "not on the list"

    def put_in(self) -> None:
        right, tenth = documents.page, EveryNth(10)

        def page(*place: Any, **wanted: Any) -> dict[str, Any]:
            found = right(*place, **wanted)
            return (
                {**found, "items": found["items"][1:], "total": found["total"] - 1}
                if tenth() and found["items"]
                else found
            )

        replace(documents, page=page)


class TheNewReportIsNotOnTheList(_Failing):
    """Under load what was filed last is missing from the record, and everybody waits for it."""

    def put_in(self) -> None:
        right = documents.page

        def page(*place: Any, **wanted: Any) -> dict[str, Any]:
            found = right(*place, **wanted)
            return (
                {**found, "items": found["items"][:-1], "total": found["total"] - 1}
                if found["total"] > 1
                else found
            )

        replace(documents, page=page)


# ── refusals ──


class OneUploadInTenIsRefused(_Failing, RequestFault):
    """Every tenth scan has to be scanned again.

    Among all that the hospital does they hardly show.
    """

    shows = "upload"
    asked: ClassVar[Mapping[str, Any]] = {"journeys": EVERYBODY}

    def __init__(self) -> None:
        self._tenth = EveryNth(10)

    def refuses(self, line: str, since: float) -> int | None:
        return (
            500
            if line.startswith("POST") and line.endswith("/documents") and self._tenth()
            else None
        )


class ThreeInAThousandFail(_Failing, RequestFault):
    """A nurse meets an error every other day, and a hospital three hundred of them.

    No short look sees it.
    """

    # The plan's own limit: 0.1 %. So slight a fault takes thousands of requests, whoever looks for
    # it.
    asked: ClassVar[Mapping[str, Any]] = {
        "error_rate": 0.001,
        "rate": 60,
        "max_seconds": 150,
        "patients": 100,
    }

    def __init__(self) -> None:
        self._unlucky = EveryNth(333)

    def refuses(self, line: str, since: float) -> int | None:
        return 503 if self._unlucky() else None


class TheHospitalThrottles(_Failing, RequestFault):
    """Somebody set a limit for one user, and all of the house comes by one address: from the
    morning on most of them wait.
    """

    shows = "429"

    def __init__(self) -> None:
        self._left, self._last = 100.0, 0.0

    def refuses(self, line: str, since: float) -> int | None:
        """Ten requests a second, and a hundred to begin with."""
        self._left, self._last = min(100.0, self._left + 10 * (since - self._last)), since
        if self._left < 1:
            return 429
        self._left -= 1
        return None


class SignInIsRefusedToTheLoad(_Failing, RequestFault):
    """Nobody gets in any more, so nothing was asked, and nothing failed: that is no proof of
    anything.
    """

    outcome = "not proven"
    breaks, shows = (rules.LOAD_PREPARED, rules.LOG_COMPLETE), "nobody could sign in"

    def refuses(self, line: str, since: float) -> int | None:
        return 401 if line.endswith("/auth/sign-in") else None


class MostFailsAsTheLoadRises(_Failing, RequestFault):
    """It breaks down before half of the people are there.

    Who goes on loading it harms those who are.
    """

    breaks, stops_within = (rules.SAFETY_ERRORS,), 20
    asked: ClassVar[Mapping[str, Any]] = {"ramp_seconds": 40}

    def refuses(self, line: str, since: float) -> int | None:
        return 503 if since > 2 else None


# ── no answers ──


class NobodyIsAnswered(_Failing, RequestFault):
    """Every screen in the house waits: connections are taken, and nobody answers."""

    also: ClassVar[Mapping[str, str]] = {"response-times": "what never comes is late, too"}

    def pause(self, line: str, since: float) -> float:
        return 3600 if since > 3 else 0


class TheHospitalCrashesAndComesBack(_Failing):
    """For some seconds nobody is answered, and what was being written is lost."""

    also: ClassVar[Mapping[str, str]] = {
        "resource-usage": "the run is over before the new process was measured"
    }

    def meanwhile(self, gate: RunningGate) -> None:
        gate.wait(300)
        gate.kill_hospital()
        gate.reopen_hospital()
