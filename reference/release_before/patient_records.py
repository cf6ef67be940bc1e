"""Patients of the release before: sex is a letter in the database, and a word in its API.

A phone number that nobody knows is an empty text in the database, and null in its API.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from psycopg import errors, sql
from pydantic import BaseModel

from reference import paging, text
from reference.openapi import example
from reference.patients.model import Sex
from reference.pool import Rows
from reference.problems import Problem

Record = dict[str, Any]

_LETTERS: Mapping[str, str] = {"female": "F", "male": "M", "other": "O", "unknown": "U"}
_COLUMNS = """
    id, mrn, family_name, given_name, birth_date,
    CASE sex WHEN 'F' THEN 'female' WHEN 'M' THEN 'male' WHEN 'O' THEN 'other' ELSE 'unknown' END
        AS sex,
    nullif(phone, '') AS phone, address, version, created_at, updated_at
"""
_HERE = "(%(facility)s::text IS NULL OR facility = %(facility)s)"
_ANY_NAME = (
    "(strpos(upper(family_name), upper(%s)) > 0 OR strpos(upper(given_name), upper(%s)) > 0)"
)


class PatientBody(BaseModel):
    """What registers or changes a patient. Names are kept exactly as they are sent."""

    model_config = example(
        mrn="X-2026-0001",
        family_name="Þórsdóttir",
        given_name="Zoë",
        birth_date="1971-12-31",
        sex="female",
    )

    mrn: text.MRN
    family_name: Annotated[str, text.name(200)]
    given_name: Annotated[str, text.line(0, 200)] = ""
    birth_date: text.BirthDate
    sex: Sex
    phone: Annotated[str, text.line(1, 32)] | None = None
    address: Annotated[str, text.line(0, 500)] | None = None


class Patient(BaseModel):
    """A registered patient. `version` grows with each change and is the ETag."""

    id: UUID
    mrn: str
    family_name: str
    given_name: str
    birth_date: date
    sex: Sex
    phone: str | None
    address: str | None
    version: int
    created_at: datetime
    updated_at: datetime


def insert(connection: Rows, facility: str, body: PatientBody) -> Record:
    """Insert a patient. Raises `duplicate` if the medical record number is taken."""
    return _write(
        connection,
        f"""
        INSERT INTO patients
            (facility, mrn, family_name, given_name, birth_date, sex, phone, address)
        VALUES (%(facility)s, %(mrn)s, %(family_name)s, %(given_name)s, %(birth_date)s,
            %(sex)s, %(phone)s, %(address)s)
        RETURNING {_COLUMNS}
        """,
        {**_stored_values(body), "facility": facility},
    )


def find(
    connection: Rows, patient_id: UUID, facility: str | None, *, lock: bool = False
) -> Record | None:
    """Return the patient, if there is one for this facility.

    `lock` keeps it from changes until the transaction ends.
    """
    query = f"SELECT {_COLUMNS} FROM patients WHERE id = %(id)s AND {_HERE}"
    query += " FOR UPDATE" if lock else ""
    return connection.execute(query.encode(), {"id": patient_id, "facility": facility}).fetchone()


def search(
    connection: Rows,
    facility: str | None,
    place: paging.Place,
    mrn: str | None,
    name: str | None,
    birth_date: date | None,
) -> dict[str, Any]:
    """Return a page of the patients that match all given values.

    A name matches any part of either name, in any case of any script.
    """
    wanted: dict[str, list[object]] = {
        "facility = %s": [facility],
        "mrn = %s": [mrn],
        _ANY_NAME: [name, name],
        "birth_date = %s": [birth_date],
    }
    given = {condition: values for condition, values in wanted.items() if values[0] is not None}
    conditions = [sql.SQL(each) for each in given] or [sql.SQL("true")]
    source = sql.SQL("FROM patients WHERE {}").format(sql.SQL(" AND ").join(conditions))
    values = [value for values in given.values() for value in values]
    return paging.select(connection, _COLUMNS, source, "mrn", values, place)


def update(connection: Rows, patient_id: UUID, body: PatientBody) -> Record:
    """Store the body's values as the next version, and return the patient.

    Raises `duplicate` if the new medical record number is taken.
    """
    return _write(
        connection,
        f"""
        UPDATE patients
        SET mrn = %(mrn)s, family_name = %(family_name)s, given_name = %(given_name)s,
            birth_date = %(birth_date)s, sex = %(sex)s, phone = %(phone)s, address = %(address)s,
            version = version + 1, updated_at = now()
        WHERE id = %(id)s
        RETURNING {_COLUMNS}
        """,
        {**_stored_values(body), "id": patient_id},
    )


def _stored_values(body: PatientBody) -> dict[str, Any]:
    values = body.model_dump()
    return {**values, "sex": _LETTERS[body.sex], "phone": body.phone or ""}


def _write(connection: Rows, statement: str, values: Mapping[str, Any]) -> Record:
    try:
        patient = connection.execute(statement.encode(), values).fetchone()
    except errors.UniqueViolation:
        raise Problem("duplicate", "This medical record number is taken.") from None
    assert patient is not None  # The statement returns the row that it wrote.
    return patient
