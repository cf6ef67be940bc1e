"""Faults of who is let in: what stands behind a door of the document, and is open, or open to too
many, or shut to those who work there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace as changed
from typing import Any, ClassVar
from uuid import UUID, uuid4

import jwt
from fastapi import Request

from cutover_gates.probes.api.access import rules
from reference import security
from reference.auth import tokens
from reference.documents import store as documents
from reference.patients import store as patients
from reference.pool import Rows
from reference.security import ADMINISTRATOR, AUDITOR, CLINICIAN, REGISTRAR, Caller
from tests.faults.access.staff_tables import SPLIT
from tests.faults.api.api_fault import ApiFault, operation
from tests.faults.fault import replace
from tests.faults.response_changes import fetch_row


class _Door(ApiFault):
    """Whoever gets in where he should not, or does not where he should: one item finds it."""

    item = "contract-access"


class _TakenForAnother(_Door):
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


# ── without a token that holds ──


class TheAuditLogIsOpen(_Door):
    """Whoever finds the address reads who was treated, when and by whom."""

    breaks, also = (rules.TOKEN_REQUIRED,), {"contract-fuzzing": "it tries without a token, too"}
    only = ("readAudit", "whoAmI")

    def put_in(self) -> None:
        right = security.authenticate

        def authenticate(request: Request) -> Caller:
            if request.url.path.endswith("/audit") and "Authorization" not in request.headers:
                return Caller("nobody", ADMINISTRATOR, "north", uuid4())
            return right(request)

        replace(security, authenticate=authenticate)


class TheDocumentTakesTheLockOff(_Door):
    """Client and hospital agree that the audit log is open to everybody. Nobody meant it to be."""

    breaks, shows = (rules.PUBLIC_LISTED,), "public"
    only = ("readAudit", "getPatient")

    def change(self, document: dict[str, Any]) -> None:
        operation(document, "readAudit")["security"] = []


class ExpiredTokensAreTaken(_Door):
    """A token that was copied from a lost phone opens the records for ever."""

    breaks = (rules.EXPIRED_TOKEN_REFUSED,)

    def put_in(self) -> None:
        def verify(signing_key: str, token: str) -> UUID:
            try:
                return UUID(
                    jwt.decode(
                        token, signing_key, [tokens.ALGORITHM], options={"verify_exp": False}
                    )["sid"]
                )
            except jwt.InvalidTokenError as error:
                raise tokens.Refused from error

        replace(tokens, verify=verify)


# ── roles ──


class RegistrarsDownloadDocuments(_TakenForAnother):
    """The front desk reads a neighbour's diagnosis."""

    breaks, shows = (rules.ROLE_REFUSED,), "by registrar"
    who, taken_for, request = (
        {"role": REGISTRAR},
        {"role": CLINICIAN},
        "^GET .*/content$",
    )
    only = ("downloadDocument", "getPatient")


class CliniciansDeletePatients(_TakenForAnother):
    """A chart that proves a mistake is removed by the one who made it."""

    breaks, shows = (rules.ROLE_REFUSED,), "by clinician"
    who, taken_for, request = (
        {"role": CLINICIAN},
        {"role": ADMINISTRATOR},
        "^DELETE .*/patients/[^/]+$",
    )
    only = ("getPatient", "deletePatient")


class AuditorsAreShutOut(_TakenForAnother):
    """Who is to watch over access sees nothing of it."""

    breaks, shows = (rules.ROLE_ALLOWED,), "by auditor"
    who, taken_for, request = (
        {"role": AUDITOR},
        {"role": REGISTRAR},
        "^GET .*/audit$",
    )
    only = ("readAudit", "getPatient")


# ── roles of the hospital's own, which stand in settings ──


class NursesDeletePatients(_TakenForAnother):
    """A nurse removes the chart that shows a mistake. Here nobody is called clinician."""

    breaks, shows = (rules.ROLE_REFUSED,), "by nurse"
    staff = SPLIT
    who, taken_for, request = (
        {"role": CLINICIAN},
        {"role": ADMINISTRATOR},
        "^DELETE .*/patients/[^/]+$",
    )
    only = ("getPatient", "deletePatient")


class DoctorsCannotReadDocuments(_TakenForAnother):
    """A doctor is refused the letter that a nurse was never meant to read."""

    breaks, shows = (rules.ROLE_ALLOWED,), "by doctor"
    staff = SPLIT
    who, taken_for, request = (
        {"role": ADMINISTRATOR},
        {"role": AUDITOR},
        "^GET .*/content$",
    )
    only = ("downloadDocument", "getPatient")


# ── another facility ──


class OutsidersReadDocumentsById(_TakenForAnother):
    """A clinician of another hospital who has an id from somewhere reads the patient's documents."""

    breaks, shows = (rules.OTHER_FACILITY_HIDDEN,), "by a clinician of another facility"
    who, taken_for, request = (
        {"facility": "south"},
        {"facility": "north"},
        "^GET .*/documents/",
    )
    only = ("getDocument", "downloadDocument")


class OutsidersWriteIntoCharts(_TakenForAnother):
    """A visit that never was is opened from another hospital."""

    breaks, shows = (rules.OTHER_FACILITY_HIDDEN,), "by a clinician of another facility"
    who, taken_for, request = (
        {"facility": "south"},
        {"facility": "north"},
        "^POST .*/visits$",
    )
    only = ("openVisit", "getVisit")


class OutsidersAreShownPatients(_TakenForAnother):
    """A clinician of another hospital searches for a famous name, and learns that she lies here."""

    breaks, shows = (rules.OTHER_FACILITY_HIDDEN,), "data of the patient"
    who, taken_for, request = (
        {"facility": "south"},
        {"facility": "north"},
        "^GET .*/patients$",
    )
    only = ("searchPatients", "getPatient")


class ADocumentIsFoundUnderAnyPatient(_Door):
    """Who puts another document's id behind a patient of his own reads it, whosever it is."""

    breaks, shows = (rules.OTHER_PATIENT_HIDDEN,), "below another patient"
    only = ("getDocument", "downloadDocument")

    def put_in(self) -> None:
        def find(
            connection: Rows, _patient_id: UUID, document_id: UUID
        ) -> documents.Document | None:
            found = fetch_row(
                connection, "SELECT patient_id FROM documents WHERE id = %s", document_id
            )
            return right(connection, found["patient_id"], document_id) if found else None

        right = documents.find
        replace(documents, find=find)


class HiddenPatientsBreakThePage(_Door):
    """A patient of another facility breaks the page inside: so she is here."""

    breaks, shows = (rules.OTHER_FACILITY_HIDDEN,), "by a clinician of another facility"

    def put_in(self) -> None:
        right = patients.find

        def find(
            connection: Rows, patient_id: UUID, facility: str | None
        ) -> patients.Patient | None:
            found = right(connection, patient_id, facility)
            if found is None and right(connection, patient_id, None):
                raise RuntimeError("the patient is of another facility")
            return found

        replace(patients, find=find)
