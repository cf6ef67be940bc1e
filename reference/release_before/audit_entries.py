"""The audit log of the release before: whether an action was allowed, and no request."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import sql
from pydantic import BaseModel

from reference import paging
from reference.pool import Rows

_COLUMNS = (
    "id, at, username, action, patient_id,"
    " CASE WHEN allowed THEN 'allowed' ELSE 'refused' END AS outcome"
)


class Entry(BaseModel):
    """One line. `patient_id` is null where no single patient was meant."""

    id: int
    at: datetime
    username: str
    action: str
    patient_id: UUID | None
    outcome: Literal["allowed", "refused"]


def write(
    connection: Rows,
    username: str,
    action: str,
    patient_id: UUID | None,
    outcome: str,
    request_id: str,  # noqa: ARG001  # this release does not store it
) -> None:
    """Insert a line, in the transaction of the action that it records."""
    connection.execute(
        "INSERT INTO audit_entries (username, action, patient_id, allowed) VALUES (%s, %s, %s, %s)",
        [username, action, patient_id, outcome == "allowed"],
    )


def page(connection: Rows, patient_id: UUID | None, place: paging.Place) -> dict[str, Any]:
    """Return a page of the lines, newest first: all of them, or one patient's."""
    source = sql.SQL("FROM audit_entries WHERE %s::uuid IS NULL OR patient_id = %s")
    return paging.select(connection, _COLUMNS, source, "id DESC", [patient_id, patient_id], place)
