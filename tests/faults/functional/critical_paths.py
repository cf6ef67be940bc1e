"""Faults that only a whole stay shows: each part works alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from fastapi import Request

from reference import security
from reference.documents import store as documents
from reference.pool import Rows
from reference.problems import Problem
from reference.security import CLINICIAN, Caller
from reference.visits import routes
from reference.visits import store as visits
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import fetch_row

_SOMEBODY_CAME_EARLIER = """
SELECT 1 FROM sessions AS mine JOIN sessions AS other USING (username) JOIN refresh_tokens ON refresh_tokens.session_id = other.id
WHERE mine.id = %s AND other.created_at < mine.created_at AND other.ended_at IS NULL
"""


class _Story(FunctionalFault):
    """Whatever only shows in the story, one item looks after it."""

    item = "critical-paths"


class TheNextShiftFindsAnEmptyHospital(_Story):
    """The night shift signs in while the day shift is still there, and sees none of its patients."""

    def put_in(self) -> None:
        right = security.authenticate

        def authenticate(request: Request) -> Caller:
            caller = right(request)
            with security.pool_of(request).connection() as connection:
                earlier = fetch_row(connection, _SOMEBODY_CAME_EARLIER, caller.session_id)
            if caller.role == CLINICIAN and earlier and "/patients/" in request.url.path:
                raise Problem("not-found", "There is no such patient.")
            return caller

        replace(security, authenticate=authenticate)


class AFiledReportKeepsThePatientIn(_Story):
    """As soon as a report is filed the patient cannot be discharged: the bed stays taken."""

    also: ClassVar[Mapping[str, str]] = {
        "document-upload": "no document is there to be read after a discharge"
    }

    def put_in(self) -> None:
        right = routes.move

        def move(
            access: security.Access, patient_id: UUID, visit_id: UUID, status: str
        ) -> visits.Visit:
            with access.pool.connection() as connection:
                filed = fetch_row(
                    connection, "SELECT 1 FROM documents WHERE patient_id = %s", patient_id
                )
            if filed and status == "discharged":
                raise Problem("illegal-transition", "The patient has documents.")
            return right(access, patient_id, visit_id, status)

        replace(routes, move=move)


class ReportsOfPatientsInBedAreCut(_Story):
    """What is filed during a stay loses its end; what is filed before or after comes back whole."""

    def put_in(self) -> None:
        right = documents.insert

        def insert(connection: Rows, document: Mapping[str, Any]) -> documents.Document:
            stays = fetch_row(
                connection,
                "SELECT 1 FROM visits WHERE patient_id = %s AND status = 'admitted'",
                document["patient_id"],
            )
            return right(
                connection, {**document, "content": document["content"][:-1]} if stays else document
            )

        replace(documents, insert=insert)
