"""Faults after discharge: what belongs to a stay that has ended cannot be read any more."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from reference import paging
from reference.documents import store as documents
from reference.patients import service, store
from reference.patients.model import Patient
from reference.pool import Rows
from reference.problems import not_found
from reference.security import CLINICIAN, Access
from reference.visits import store as visits
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import fetch_row

Row = dict[str, Any]
STAYS = "SELECT 1 FROM visits WHERE patient_id = %s AND status = 'discharged' LIMIT 1"


def _has_left(connection: Rows, patient_id: UUID) -> bool:
    """Tell whether a patient was discharged."""
    return fetch_row(connection, STAYS, patient_id) is not None


class _AfterDischarge(FunctionalFault):
    """Whatever is closed with a stay, one item looks after it."""

    item = "acknowledged-writes"


class ChartsCloseToTheWardWithTheStay(_AfterDischarge):
    """The doctor who is called in the night after cannot read what was done."""

    def put_in(self) -> None:
        right = service.read

        def read(access: Access, patient_id: UUID) -> Patient:
            with access.pool.connection() as connection:
                if access.caller.role == CLINICIAN and _has_left(connection, patient_id):
                    raise not_found("patient")
            return right(access, patient_id)

        replace(service, read=read)


class DischargedVisitsLeaveTheList(_AfterDischarge):
    """The list of a patient's visits shows only who lies in a bed."""

    item = "visit-creation"

    def put_in(self) -> None:
        right = visits.page

        def page(connection: Rows, patient_id: UUID, place: paging.Place) -> Row:
            found = right(connection, patient_id, place)
            items = [visit for visit in found["items"] if visit["status"] != "discharged"]
            return {**found, "items": items, "total": len(items)}

        replace(visits, page=page)


class DischargedPatientsAreNotFound(_AfterDischarge):
    """The patient comes back, is not found, and is registered again."""

    also: ClassVar[Mapping[str, str]] = {
        "patient-creation": "lists and searches lose the patients whom other checks discharged"
    }

    def put_in(self) -> None:
        right = store.search

        def search(connection: Rows, *place: Any, **wanted: Any) -> Row:
            found = right(connection, *place, **wanted)
            items = [item for item in found["items"] if not _has_left(connection, item["id"])]
            return {**found, "items": items, "total": len(items)}

        replace(store, search=search)


class DocumentsCloseWithTheStay(_AfterDischarge):
    """The letter of the last stay cannot be opened when the patient comes again."""

    def put_in(self) -> None:
        right = documents.find

        def find(connection: Rows, patient_id: UUID, document_id: UUID) -> Row | None:
            return (
                None
                if _has_left(connection, patient_id)
                else right(connection, patient_id, document_id)
            )

        replace(documents, find=find)


class DocumentsLeaveTheListWithTheStay(DocumentsCloseWithTheStay):
    """The letter is there, and nobody who looks into the chart sees it."""

    def put_in(self) -> None:
        right = documents.page

        def page(connection: Rows, patient_id: UUID, place: paging.Place) -> Row:
            found = right(connection, patient_id, place)
            left = _has_left(connection, patient_id)
            return {**found, "items": [], "total": 0} if left else found

        replace(documents, page=page)


class DocumentsAreEmptiedWithTheStay(DocumentsCloseWithTheStay):
    """The letter is listed, and its pages are white: its bytes went to an archive."""

    def put_in(self) -> None:
        right = documents.content

        def content(connection: Rows, document_id: UUID) -> bytes:
            found = fetch_row(
                connection, "SELECT patient_id FROM documents WHERE id = %s", document_id
            )
            assert found is not None  # It was found in the same transaction.
            return (
                b""
                if _has_left(connection, found["patient_id"])
                else right(connection, document_id)
            )

        replace(documents, content=content)


class CorrectionsAfterTheStayAreForgotten(FunctionalFault):
    """The bill and the letter go to the address from before the move."""

    item = "acknowledged-writes"

    def put_in(self) -> None:
        right = store.update

        def update(connection: Rows, patient_id: UUID, body: Any) -> Row:
            before = store.find(connection, patient_id, None)
            assert before is not None  # It is locked, so it is there.
            kept = before if _has_left(connection, patient_id) else body
            return {**right(connection, patient_id, kept), **body}

        replace(store, update=update)
