"""Patients in the database.

`facility` limits the rows to one facility's patients; None is no limit. A patient is a dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import errors, sql

from reference import paging
from reference.pool import Rows
from reference.problems import Problem

Patient = dict[str, Any]

_COLUMNS = (
    "id, mrn, family_name, given_name, birth_date, sex_in_words AS sex, phone, address, tag,"
    " version, created_at, updated_at"
)
_HERE = "(%(facility)s::text IS NULL OR facility = %(facility)s)"


def insert(connection: Rows, facility: str, body: Mapping[str, Any]) -> Patient:
    """Insert a patient. Raises `duplicate` if the medical record number is taken."""
    return _write(
        connection,
        f"""
        INSERT INTO patients
            (facility, mrn, family_name, given_name, birth_date, sex_in_words, phone, address, tag)
        VALUES (%(facility)s, %(mrn)s, %(family_name)s, %(given_name)s, %(birth_date)s, %(sex)s,
            %(phone)s, %(address)s, %(tag)s)
        RETURNING {_COLUMNS}
        """,
        {**body, "facility": facility},
    )


def find(connection: Rows, patient_id: UUID, facility: str | None) -> Patient | None:
    """Return the patient, if there is one for this facility."""
    query = f"SELECT {_COLUMNS} FROM patients WHERE id = %(id)s AND {_HERE}"
    return connection.execute(query.encode(), {"id": patient_id, "facility": facility}).fetchone()


def lock(connection: Rows, patient_id: UUID, facility: str | None) -> Patient | None:
    """Return the patient, locked against changes until the transaction ends."""
    query = f"SELECT {_COLUMNS} FROM patients WHERE id = %(id)s AND {_HERE} FOR UPDATE"
    return connection.execute(query.encode(), {"id": patient_id, "facility": facility}).fetchone()


def search(
    connection: Rows,
    facility: str | None,
    place: paging.Place,
    *,
    mrn: str | None = None,
    name: str | None = None,
    birth_date: date | None = None,
    tag: str | None = None,
) -> dict[str, Any]:
    """Return a page of the patients that match all given values.

    A name matches any part of either name, in any case of any script.
    """
    wanted: dict[str, object] = {
        "facility = %s": facility,
        "mrn = %s": mrn,
        "strpos(search_key, upper(%s)) > 0": name,
        "birth_date = %s": birth_date,
        "tag = %s": tag,
    }
    given = {condition: value for condition, value in wanted.items() if value is not None}
    source = sql.SQL("FROM patients WHERE {}").format(
        sql.SQL(" AND ").join(map(_condition, given)) if given else sql.SQL("true")
    )
    return paging.select(connection, _COLUMNS, source, "mrn", list(given.values()), place)


def update(connection: Rows, patient_id: UUID, body: Mapping[str, Any]) -> Patient:
    """Store the body's values as the next version, and return the patient.

    Raises `duplicate` if the new medical record number is taken.
    """
    return _write(
        connection,
        f"""
        UPDATE patients
        SET mrn = %(mrn)s, family_name = %(family_name)s, given_name = %(given_name)s,
            birth_date = %(birth_date)s, sex_in_words = %(sex)s, phone = %(phone)s,
            address = %(address)s, tag = %(tag)s, version = version + 1, updated_at = now()
        WHERE id = %(id)s
        RETURNING {_COLUMNS}
        """,
        {**body, "id": patient_id},
    )


def delete(connection: Rows, patient_id: UUID) -> None:
    """Remove a patient, with visits and documents."""
    connection.execute("DELETE FROM documents WHERE patient_id = %s", [patient_id])
    connection.execute("DELETE FROM visits WHERE patient_id = %s", [patient_id])
    connection.execute("DELETE FROM patients WHERE id = %s", [patient_id])


def _write(connection: Rows, statement: str, values: Mapping[str, Any]) -> Patient:
    try:
        patient = connection.execute(statement.encode(), values).fetchone()
    except errors.UniqueViolation:
        raise Problem("duplicate", "This medical record number is taken.") from None
    assert patient is not None  # The statement returns the row that it wrote.
    return patient


def _condition(text: str) -> sql.SQL:
    return sql.SQL(text)
