"""Faults of access: somebody reads or does what is not his."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace as changed
from typing import Any, ClassVar
from uuid import UUID

from fastapi import Request

from reference import security
from reference.patients import service
from reference.patients import store as patients
from reference.patients.model import Patient
from reference.problems import Problem
from reference.security import ADMINISTRATOR, AUDITOR, CLINICIAN, REGISTRAR, Access, Caller
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault


class _Access(FunctionalFault):
    """Whatever is wrong with access, one item looks after it."""

    item = "access-control"


class _TakenForAnother(_Access):
    """Callers who are `who` (fields of `Caller`) are taken for `taken_for` where `request` ("METHOD
    path") matches.
    """

    who: ClassVar[Mapping[str, str]]
    taken_for: ClassVar[Mapping[str, Any]]
    request: ClassVar[str]

    def put_in(self) -> None:
        right = security.authenticate

        def authenticate(request: Request) -> Caller:
            caller = right(request)
            asked = re.search(self.request, f"{request.method} {request.url.path}")
            his = all(getattr(caller, name) == value for name, value in self.who.items())
            return changed(caller, **self.taken_for) if asked and his else caller

        replace(security, authenticate=authenticate)


# ── roles ──


class RegistrarsReadDocuments(_TakenForAnother):
    """The front desk reads a neighbour's diagnosis."""

    who, taken_for, request = {"role": REGISTRAR}, {"role": CLINICIAN}, "^GET .*/documents"


class CliniciansRegisterPatients(_TakenForAnother):
    """Patients are registered past the desk that looks for duplicates, and have two records."""

    who, taken_for, request = {"role": CLINICIAN}, {"role": REGISTRAR}, "^POST .*/patients$"


class CliniciansDestroyDocuments(_TakenForAnother):
    """A report that proves a mistake is removed by the one who made it."""

    who, taken_for, request = {"role": CLINICIAN}, {"role": ADMINISTRATOR}, "^DELETE .*/documents"


class AuditorsReadPatients(_TakenForAnother):
    """Who is to watch over access reads the records himself."""

    who, taken_for, request = {"role": AUDITOR}, {"role": ADMINISTRATOR}, "^GET .*/patients/[^/]+$"


# ── facilities ──


class OutsidersReadPatients(_TakenForAnother):
    """A clinician of another hospital, who has an id from somewhere, reads the patient's record."""

    who, taken_for, request = (
        {"facility": "south"},
        {"facility": "north"},
        "^GET .*/patients/[^/]+$",
    )


class OutsidersFindPatients(_TakenForAnother):
    """A clinician of another hospital searches for a famous name, and learns that she lies here."""

    who, taken_for, request = {"facility": "south"}, {"facility": "north"}, "^GET .*/patients$"


class OutsidersReadDocuments(_TakenForAnother):
    """A clinician of another hospital downloads a patient's documents."""

    who, taken_for, request = {"facility": "south"}, {"facility": "north"}, "^GET .*/documents"


class HiddenPatientsAreGivenAway(_Access):
    """“You may not see this patient”, says the system to a journalist: so she is here."""

    def put_in(self) -> None:
        right = service.read

        def read(access: Access, patient_id: UUID) -> Patient:
            try:
                return right(access, patient_id)
            except Problem:
                with access.pool.connection() as connection:
                    if patients.find(connection, patient_id, None):
                        raise Problem("forbidden", "The patient is in another facility.") from None
                raise

        replace(service, read=read)
