"""Models of a patient in requests and in answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel

from reference import text
from reference.openapi import example

Sex = Literal["female", "male", "other", "unknown"]


class PatientBody(BaseModel):
    """What registers or changes a patient.

    Names are kept exactly as they are sent. A `tag` marks a synthetic patient.
    """

    model_config = example(
        mrn="X-2026-0001",
        family_name="Þórsdóttir",
        given_name="Zoë",
        birth_date="1971-12-31",
        sex="female",
        tag="example",
    )

    mrn: text.MRN
    family_name: Annotated[str, text.name(200)]
    given_name: Annotated[str, text.line(0, 200)] = ""
    birth_date: text.BirthDate
    sex: Sex
    phone: Annotated[str, text.line(1, 32)] | None = None
    address: Annotated[str, text.line(0, 500)] | None = None
    tag: Annotated[str, text.line(1, 64)] | None = None


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
    tag: str | None
    version: int
    created_at: datetime
    updated_at: datetime
