"""Faults of charts: doors without a lock, and ids that lead into somebody else's record."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from uuid import UUID, uuid4

from fastapi import Request

from reference import paging, security
from reference.documents import store as documents
from reference.patients import service
from reference.patients.model import Patient
from reference.pool import Rows
from reference.problems import Problem
from reference.security import ADMINISTRATOR, Access, Caller
from reference.visits import store as visits
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import fetch_row


class _Charts(FunctionalFault):
    """Whatever is wrong with whose chart is shown to whom, one item looks after it."""

    item = "access-control"


# ── doors without a lock ──


class ListsOfVisitsNeedNoToken(_Charts):
    """Anyone on the hospital's network reads when a patient came and went."""

    def put_in(self) -> None:
        _opened_to_strangers("^GET .*/visits$")


class AnyTokenOpensTheCharts(_Charts):
    """Whoever has a patient's id, and sends any word as a token, reads and writes in her record."""

    def put_in(self) -> None:
        _opened_to_strangers("/patients/", needs="Bearer ")


def _opened_to_strangers(pattern: str, needs: str = "") -> None:
    """Who has no good token is taken for an administrator where "METHOD path" matches; `needs`
    begins the header that he must send.
    """
    right = security.authenticate

    def authenticate(request: Request) -> Caller:
        try:
            return right(request)
        except Problem:
            if re.search(pattern, f"{request.method} {request.url.path}") and request.headers.get(
                "Authorization", ""
            ).startswith(needs):
                return Caller("administrator", ADMINISTRATOR, "north", uuid4())
            raise

    replace(security, authenticate=authenticate)


# ── ids ──


class VisitsOpenUnderAnotherPatient(_Charts):
    """A changed number in the address shows another patient's visit."""

    def put_in(self) -> None:
        replace(visits, find=_under_any_patient("visits"))


class DocumentsOpenUnderAnotherPatient(_Charts):
    """A changed number in the address shows another patient's document."""

    def put_in(self) -> None:
        replace(documents, find=_under_any_patient("documents"))


def _under_any_patient(table: str) -> Any:
    """A look-up that does not ask whose it is."""
    return lambda connection, patient_id, thing_id: fetch_row(
        connection, f"SELECT * FROM {table} WHERE id = %s", thing_id
    )


class TheFirstChartShowsTheSecondPatient(_Charts):
    """A nurse goes back to the first patient's chart, reads the second one's, and gives the
    medicine by it.
    """

    def put_in(self) -> None:
        right, read_before = service.read, defaultdict[UUID, list[UUID]](list)

        def read(access: Access, patient_id: UUID) -> Patient:
            before = read_before[access.caller.session_id]
            back = patient_id in before[-3:] and before[-1] != patient_id
            patient = right(access, before[-1] if back else patient_id)
            before.append(patient_id)
            return patient

        replace(service, read=read)


class ListsShowTheNeighbours(_Charts):
    """The list of a patient who has nothing yet shows the visits and documents of another one."""

    also: ClassVar[Mapping[str, str]] = {
        "visit-creation": "that a new patient has no visits is asked there, too",
        "document-upload": "that a new patient has no documents is asked there, too",
    }

    def put_in(self) -> None:
        for table, store in (("visits", visits), ("documents", documents)):
            replace(store, page=_or_the_latest_ones(store.page, table))


def _or_the_latest_ones(
    right: Callable[..., dict[str, Any]], table: str
) -> Callable[..., dict[str, Any]]:
    def page(connection: Rows, patient_id: UUID, place: paging.Place) -> dict[str, Any]:
        found = right(connection, patient_id, place)
        latest = fetch_row(
            connection, f"SELECT patient_id FROM {table} WHERE tag IS NOT NULL LIMIT 1"
        )
        return (
            right(connection, latest["patient_id"], place)
            if latest and not found["total"]
            else found
        )

    return page
