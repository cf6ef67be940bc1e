"""Faults that only two at the same moment meet: files, moves and sessions that cross."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from reference.auth import service, sessions
from reference.documents import store as documents
from reference.pool import Pool, Rows
from reference.settings import Settings
from reference.visits import store as visits
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import RACE_SECONDS


class UploadsAtOnceShareATemporaryFile(FunctionalFault):
    """Two scanners call each file scan.pdf: one patient has the other's diagnosis."""

    item = "document-upload"

    def put_in(self) -> None:
        right = documents.insert
        spool: dict[str, dict[str, Any]] = {}

        def insert(connection: Rows, document: Mapping[str, Any]) -> documents.Document:
            sums = ("content", "size", "sha256")
            spool[document["file_name"]] = {name: document[name] for name in sums}
            time.sleep(RACE_SECONDS)
            return right(connection, {**document, **spool[document["file_name"]]})

        replace(documents, insert=insert)


class TwoMovesAtOnceAreBothAcknowledged(FunctionalFault):
    """The ward admits while the desk cancels: both are told that it is done."""

    item = "visit-creation"
    statement = (
        "ALTER TABLE visits DROP CONSTRAINT visits_admitted_at_check, DROP CONSTRAINT"
        " visits_discharged_at_check"
    )

    def put_in(self) -> None:
        right = visits.find

        def lock(connection: Rows, patient_id: UUID, visit_id: UUID) -> visits.Visit | None:
            visit = right(connection, patient_id, visit_id)
            time.sleep(RACE_SECONDS)
            return visit

        replace(visits, lock=lock)


class SignInsAtOnceAreSwapped(FunctionalFault):
    """Who signs in is kept for all requests together: the desk works with the doctor's rights."""

    item = "authentication-flow"

    def put_in(self) -> None:
        sign_in, open_session = service.sign_in, sessions.open_session
        latest = {"username": ""}

        def sign_in_slowly(
            pool: Pool, settings: Settings, username: str, password: str
        ) -> service.Tokens:
            latest["username"] = username
            time.sleep(RACE_SECONDS)
            return sign_in(pool, settings, username, password)

        def open_latest(connection: Rows, username: str) -> UUID:
            return open_session(connection, latest["username"])

        replace(service, sign_in=sign_in_slowly)
        replace(sessions, open_session=open_latest)
