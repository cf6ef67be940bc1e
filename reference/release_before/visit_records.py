"""Visits of the release before: the state is a number in the database, and a word in its API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from psycopg import sql
from pydantic import BaseModel

from reference import paging, text
from reference.openapi import example
from reference.pool import Rows

Record = dict[str, Any]

STATES = ("open", "admitted", "discharged", "cancelled")
"""The words of the numbers 0 to 3."""
# A reason may be missing in the database: the oldest visits have none.
_COLUMNS = """
    id, patient_id,
    CASE state WHEN 0 THEN 'open' WHEN 1 THEN 'admitted' WHEN 2 THEN 'discharged' ELSE 'cancelled'
    END AS status,
    coalesce(reason, '') AS reason, opened_at, admitted_at, discharged_at
"""


class VisitBody(BaseModel):
    """Why the patient comes."""

    model_config = example(reason="Chest pain")

    reason: Annotated[str, text.name(500)]


class Visit(BaseModel):
    """A visit. `admitted_at` and `discharged_at` are null until it happens."""

    id: UUID
    patient_id: UUID
    status: Literal["open", "admitted", "discharged", "cancelled"]
    reason: str
    opened_at: datetime
    admitted_at: datetime | None
    discharged_at: datetime | None


def insert(connection: Rows, patient_id: UUID, reason: str) -> Record:
    """Insert a new, open visit."""
    visit = connection.execute(
        f"INSERT INTO visits (patient_id, reason) VALUES (%s, %s) RETURNING {_COLUMNS}".encode(),
        [patient_id, reason],
    ).fetchone()
    assert visit is not None  # The statement returns the row that it wrote.
    return visit


def find(
    connection: Rows, patient_id: UUID, visit_id: UUID, *, lock: bool = False
) -> Record | None:
    """Return this patient's visit; `lock` keeps it from changes until the transaction ends."""
    query = f"SELECT {_COLUMNS} FROM visits WHERE id = %s AND patient_id = %s"
    query += " FOR UPDATE" if lock else ""
    return connection.execute(query.encode(), [visit_id, patient_id]).fetchone()


def page(connection: Rows, patient_id: UUID, place: paging.Place) -> dict[str, Any]:
    """Return a page of a patient's visits, the first opened first."""
    source = sql.SQL("FROM visits WHERE patient_id = %s")
    return paging.select(connection, _COLUMNS, source, "opened_at, id", [patient_id], place)


def move(connection: Rows, visit_id: UUID, status: str) -> Record:
    """Store the new state and its time, and return the visit."""
    visit = connection.execute(
        f"""
        UPDATE visits
        SET state = %(state)s::smallint,
            admitted_at = CASE WHEN %(state)s::smallint = 1 THEN now() ELSE admitted_at END,
            discharged_at = CASE WHEN %(state)s::smallint = 2 THEN now() ELSE discharged_at END
        WHERE id = %(id)s
        RETURNING {_COLUMNS}
        """.encode(),
        {"id": visit_id, "state": STATES.index(status)},
    ).fetchone()
    assert visit is not None  # It is locked, so it is there.
    return visit
