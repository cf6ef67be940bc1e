"""Faults of visits: forgotten, made up, or moved where they may not go."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from reference import paging
from reference.patients import store as patients
from reference.pool import Rows
from reference.security import Access
from reference.visits import routes, store
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import fetch_row


class _Visits(FunctionalFault):
    """Whatever is wrong with visits, one item looks after it."""

    item = "visit-creation"


# ── moves ──


class EveryMoveIsAllowed(_Visits):
    """A visit that was billed is open again, a cancelled one takes a bed, and one ends that never
    began.
    """

    statement = (
        "ALTER TABLE visits DROP CONSTRAINT visits_admitted_at_check, DROP CONSTRAINT"
        " visits_discharged_at_check"
    )

    def put_in(self) -> None:
        statuses = ("open", "admitted", "discharged", "cancelled")
        replace(routes, TRANSITIONS={(before, after) for before in statuses for after in statuses})


class VisitsNeverEnd(_Visits):
    """The patient went home, or never came; the record still has him in his bed."""

    def put_in(self) -> None:
        right = store.move

        def move(connection: Rows, visit_id: UUID, status: str) -> store.Visit:
            if status == "admitted":
                return right(connection, visit_id, status)
            visit = fetch_row(connection, "SELECT * FROM visits WHERE id = %s", visit_id)
            assert visit is not None  # It is locked, so it is there.
            return {**visit, "status": status}

        replace(store, move=move)


# ── what is stored ──


class VisitsLiveInMemory(_Visits):
    """Everybody sees the visit, until the server is restarted."""

    item = "acknowledged-writes"

    def put_in(self) -> None:
        memory: dict[UUID, store.Visit] = {}

        def insert(connection: Rows, patient_id: UUID, reason: str, tag: str | None) -> store.Visit:
            visit = _made_up(patient_id, reason, tag)
            memory[visit["id"]] = visit
            return visit

        def find(connection: Rows, patient_id: UUID, visit_id: UUID) -> store.Visit | None:
            visit = memory.get(visit_id)
            return visit if visit and visit["patient_id"] == patient_id else None

        def page(connection: Rows, patient_id: UUID, place: paging.Place) -> dict[str, Any]:
            found = [visit for visit in memory.values() if visit["patient_id"] == patient_id]
            return {
                "items": found if place.page == 1 else [],
                "page": place.page,
                "page_size": place.page_size,
                "total": len(found),
            }

        def move(connection: Rows, visit_id: UUID, status: str) -> store.Visit:
            memory[visit_id] = {
                **memory[visit_id],
                "status": status,
                f"{status}_at": datetime.now(UTC),
            }
            return memory[visit_id]

        replace(store, insert=insert, find=find, lock=find, page=page, move=move)


def _made_up(patient_id: UUID, reason: str, tag: str | None) -> store.Visit:
    nothing = {"admitted_at": None, "discharged_at": None}
    return {
        "id": uuid4(),
        "patient_id": patient_id,
        "status": "open",
        "reason": reason,
        "tag": tag,
        "opened_at": datetime.now(UTC),
        **nothing,
    }


class NobodysVisitsAreOpened(_Visits):
    """A visit is opened for a patient who does not exist: the real one waits, and nobody expects
    her.
    """

    def put_in(self) -> None:
        require, right = routes._require_patient, store.insert

        def require_if_known(connection: Rows, access: Access, patient_id: UUID) -> None:
            if patients.find(connection, patient_id, None):
                require(connection, access, patient_id)

        def insert(connection: Rows, patient_id: UUID, reason: str, tag: str | None) -> store.Visit:
            known = patients.find(connection, patient_id, None)
            return (
                right(connection, patient_id, reason, tag)
                if known
                else _made_up(patient_id, reason, tag)
            )

        replace(routes, _require_patient=require_if_known)
        replace(store, insert=insert)


class AnAdmissionWipesThePhoneNumber(_Visits):
    """The patient is in her bed, and her family cannot be called."""

    def put_in(self) -> None:
        right = store.move

        def move(connection: Rows, visit_id: UUID, status: str) -> store.Visit:
            visit = right(connection, visit_id, status)
            connection.execute(
                "UPDATE patients SET phone = NULL WHERE id = %s", [visit["patient_id"]]
            )
            return visit

        replace(store, move=move)
