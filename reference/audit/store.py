"""The audit log: who touched whose record, when, by which request, and whether they were allowed
to.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import sql
from pydantic import BaseModel

from reference import paging
from reference.pool import Rows

_COLUMNS = "id, at, username, action, patient_id, outcome, request_id"


class Entry(BaseModel):
    """One line.

    `patient_id` is null where no single patient was meant; lines of the release before name no
    request.
    """

    id: int
    at: datetime
    username: str
    action: str
    patient_id: UUID | None
    outcome: Literal["allowed", "refused"]
    request_id: str | None


def write(
    connection: Rows,
    username: str,
    action: str,
    patient_id: UUID | None,
    outcome: str,
    request_id: str,
) -> None:
    """Add a line, in the transaction of what it tells about."""
    connection.execute(
        "INSERT INTO audit_entries (username, action, patient_id, outcome, request_id) VALUES (%s,"
        " %s, %s, %s, %s)",
        [username, action, patient_id, outcome, request_id],
    )


def page(connection: Rows, patient_id: UUID | None, place: paging.Place) -> dict[str, Any]:
    """Newest first; all, or one patient's."""
    source = sql.SQL("FROM audit_entries WHERE %s::uuid IS NULL OR patient_id = %s")
    return paging.select(connection, _COLUMNS, source, "id DESC", [patient_id, patient_id], place)
