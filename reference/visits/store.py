"""Visits in the database.

A visit is found under its patient only, and the patient only in the caller's facility.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import sql

from reference import paging
from reference.pool import Rows

Visit = dict[str, Any]

_COLUMNS = "id, patient_id, status, reason, tag, opened_at, admitted_at, discharged_at"


def insert(connection: Rows, patient_id: UUID, reason: str, tag: str | None) -> Visit:
    """Insert a new, open visit."""
    visit = connection.execute(
        f"""
        INSERT INTO visits (patient_id, reason, tag) VALUES (%s, %s, %s)
        RETURNING {_COLUMNS}
        """.encode(),
        [patient_id, reason, tag],
    ).fetchone()
    assert visit is not None  # The statement returns the row that it wrote.
    return visit


def find(connection: Rows, patient_id: UUID, visit_id: UUID) -> Visit | None:
    """Return this patient's visit."""
    query = f"SELECT {_COLUMNS} FROM visits WHERE id = %s AND patient_id = %s"
    return connection.execute(query.encode(), [visit_id, patient_id]).fetchone()


def lock(connection: Rows, patient_id: UUID, visit_id: UUID) -> Visit | None:
    """Return the visit, locked against changes until the transaction ends."""
    query = f"SELECT {_COLUMNS} FROM visits WHERE id = %s AND patient_id = %s FOR UPDATE"
    return connection.execute(query.encode(), [visit_id, patient_id]).fetchone()


def page(connection: Rows, patient_id: UUID, place: paging.Place) -> dict[str, Any]:
    """Return a page of a patient's visits, the first opened first."""
    return paging.select(
        connection,
        _COLUMNS,
        sql.SQL("FROM visits WHERE patient_id = %s"),
        "opened_at, id",
        [patient_id],
        place,
    )


def move(connection: Rows, visit_id: UUID, status: str) -> Visit:
    """Store the new status and its time, and return the visit."""
    visit = connection.execute(
        f"""
        UPDATE visits
        SET status = %(status)s::text,
            admitted_at = CASE WHEN %(status)s::text = 'admitted' THEN now() ELSE admitted_at END,
            discharged_at =
                CASE WHEN %(status)s::text = 'discharged' THEN now() ELSE discharged_at END
        WHERE id = %(id)s
        RETURNING {_COLUMNS}
        """.encode(),
        {"id": visit_id, "status": status},
    ).fetchone()
    assert visit is not None  # It is locked, so it is there.
    return visit
