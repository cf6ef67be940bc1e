"""Faults by which acknowledged writes are lost under load, and no request shows it."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from cutover_gates.drivers import rules
from reference.documents import store as documents
from reference.patients import store as patients
from reference.pool import Rows
from reference.visits import store as visits
from tests.faults.fault import replace
from tests.faults.load.application_under_load import EveryNth
from tests.faults.load.load_fault import LoadFault
from tests.faults.response_changes import fetch_row
from tests.faults.results import Results

Row = dict[str, Any]


class _LostUnderLoad(LoadFault):
    """One write in ten is acknowledged and not stored. No request fails.

    The suite `performance` alone has no item that holds what was acknowledged: it is an error of
    the run, which no waiver covers.
    """

    item = "acknowledged-writes"

    @classmethod
    def find_own_problems(cls, results: Results) -> list[str]:
        """Return why no hold of the run shows the lost write."""
        held = [hold for hold in results.holds if "an acknowledged write is lost" in hold]
        if any(cls.shows in hold for hold in held):
            return []
        return [f"no hold shows {cls.shows!r}: {results.holds}"]


class DischargesAreLostUnderLoad(_LostUnderLoad):
    """On a busy morning some patients are at home, and their beds stay taken."""

    breaks, shows = (rules.VISIT_STORED,), "status"
    asked: ClassVar[Mapping[str, Any]] = {"journeys": {"clinician": {}}}

    def put_in(self) -> None:
        right, tenth = visits.move, EveryNth(10)

        def move(connection: Rows, visit_id: UUID, status: str) -> Row:
            if status != "discharged" or not tenth():
                return right(connection, visit_id, status)
            visit = fetch_row(connection, "SELECT * FROM visits WHERE id = %s", visit_id)
            assert visit is not None  # It is locked, so it is there.
            return {**visit, "status": status, f"{status}_at": datetime.now(UTC)}

        replace(visits, move=move)


class BirthDatesAreLostUnderLoad(_LostUnderLoad):
    """On a busy morning some children get the dose of another year."""

    breaks, shows = (rules.PATIENT_STORED,), "birth_date"
    asked: ClassVar[Mapping[str, Any]] = {"journeys": {"registrar": {}}}

    def put_in(self) -> None:
        right, tenth = patients.insert, EveryNth(10)

        def insert(connection: Rows, facility: Any, body: Mapping[str, Any]) -> Row:
            born = body["birth_date"]
            other = born.replace(year=born.year - 1, day=1) if tenth() else born
            return right(connection, facility, {**body, "birth_date": other})

        replace(patients, insert=insert)


class BytesAreLostUnderLoad(_LostUnderLoad):
    """On a busy morning the last page of some reports is empty."""

    breaks, shows = (rules.DOCUMENT_STORED,), "sha256"

    def put_in(self) -> None:
        right, tenth = documents.insert, EveryNth(10)

        def insert(connection: Rows, document: Mapping[str, Any]) -> Row:
            content, query = document["content"], "SELECT id FROM documents WHERE patient_id = %s"
            # The first document of each patient is filed before the load, and read under it.
            is_first = fetch_row(connection, f"{query} LIMIT 1", document["patient_id"]) is None
            other = content[:-9] + b" " * 9 if not is_first and tenth() else content
            return right(connection, {**document, "content": other})

        replace(documents, insert=insert)
