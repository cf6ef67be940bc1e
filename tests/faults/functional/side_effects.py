"""Faults of acts that reach further than they say: another record, another field, another desk."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from reference.documents import store as documents
from reference.patients import service, store
from reference.patients.model import Patient
from reference.pool import Rows
from reference.security import Access
from reference.visits import store as visits
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import fetch_row


class _Correction(FunctionalFault):
    """A correction of a patient does more than it says."""

    item = "acknowledged-writes"

    def follow(self, connection: Rows, patient_id: UUID) -> None:
        """Do what the correction does besides."""
        raise NotImplementedError

    def put_in(self) -> None:
        right = store.update

        def update(connection: Rows, patient_id: UUID, body: Mapping[str, Any]) -> store.Patient:
            self.follow(connection, patient_id)
            return right(connection, patient_id, body)

        replace(store, update=update)


class ACorrectionEmptiesTheRecord(_Correction):
    """Parts that the form does not send are taken for removed: her reports are gone."""

    def follow(self, connection: Rows, patient_id: UUID) -> None:
        connection.execute("DELETE FROM documents WHERE patient_id = %s", [patient_id])


class ACorrectionCallsTheVisitsOff(_Correction):
    """A new phone number cancels the appointment, and nobody expects her."""

    def follow(self, connection: Rows, patient_id: UUID) -> None:
        connection.execute(
            "UPDATE visits SET status = 'cancelled' WHERE patient_id = %s AND status = 'open'",
            [patient_id],
        )


class ADischargeEndsEveryStay(FunctionalFault):
    """The day clinic sends him home, and his bed on the ward is given away."""

    item = "acknowledged-writes"

    def put_in(self) -> None:
        right = visits.move

        def move(connection: Rows, visit_id: UUID, status: str) -> visits.Visit:
            visit = right(connection, visit_id, status)
            if status == "discharged":
                connection.execute(
                    "UPDATE visits SET status = 'discharged', discharged_at = now() WHERE"
                    " patient_id = %s AND status = 'admitted'",
                    [visit["patient_id"]],
                )
            return visit

        replace(visits, move=move)


class ADischargeRewritesTheAdmission(FunctionalFault):
    """A stay of a week lasted no time at all: the dose of a week is given once more."""

    item = "visit-creation"

    def put_in(self) -> None:
        right = visits.move

        def move(connection: Rows, visit_id: UUID, status: str) -> visits.Visit:
            visit = right(connection, visit_id, status)
            if status != "discharged":
                return visit
            connection.execute("UPDATE visits SET admitted_at = now() WHERE id = %s", [visit_id])
            return {**visit, "admitted_at": visit["discharged_at"]}

        replace(visits, move=move)


class TimesOfVisitsAreTwoHoursOff(FunctionalFault):
    """Local time is called UTC: the clot drug of the first three hours is given after five."""

    item = "visit-creation"

    def put_in(self) -> None:
        times = ("opened_at", "admitted_at", "discharged_at")
        moved = ", ".join(f"{name} + interval '2 hours' AS {name}" for name in times)
        replace(visits, _COLUMNS=f"id, patient_id, status, reason, tag, {moved}")


class ALookMakesCorrectionsStale(FunctionalFault):
    """Who looks counts as who changed: two desks never get a correction through."""

    item = "patient-creation"
    also: ClassVar[Mapping[str, str]] = {
        "access-control": "a chart differs after a refused attempt, because it was looked at"
    }

    def put_in(self) -> None:
        right = service.read

        def read(access: Access, patient_id: UUID) -> Patient:
            patient = right(access, patient_id)
            with access.pool.connection() as connection:
                connection.execute(
                    "UPDATE patients SET version = version + 1 WHERE id = %s", [patient_id]
                )
            return patient.model_copy(update={"version": patient.version + 1})

        replace(service, read=read)


class ReportsNameAnotherAuthor(FunctionalFault):
    """The account of the service files every report, and nobody answers for it."""

    item = "document-upload"

    def put_in(self) -> None:
        right = documents.insert

        def insert(connection: Rows, document: Mapping[str, Any]) -> documents.Document:
            first = fetch_row(connection, "SELECT min(username) AS name FROM staff")
            assert first is not None  # An aggregate always has its row.
            return right(connection, {**document, "uploaded_by": first["name"]})

        replace(documents, insert=insert)
