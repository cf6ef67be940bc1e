"""Faults of hospitals whose roles are not those of the shipped table: they stand in settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace as changed
from typing import Any, ClassVar

from fastapi import Request
from starlette.types import ASGIApp

from reference import security
from reference.security import ADMINISTRATOR, AUDITOR, CLINICIAN, REGISTRAR, Caller
from tests.faults.access.staff_tables import OVERLAP, SPLIT
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import ResponseDraft, rewrite_responses

REFUSAL = b'{"type":"forbidden","title":"Forbidden","status":403}'


class _OwnRoles(FunctionalFault):
    """Callers who are `who` are taken for `taken_for` where `request` ("METHOD path") matches."""

    item = "access-control"
    staff = OVERLAP
    who: ClassVar[str]
    taken_for: ClassVar[Mapping[str, Any]]
    request: ClassVar[str]

    def put_in(self) -> None:
        right = security.authenticate

        def authenticate(request: Request) -> Caller:
            caller = right(request)
            asked = re.search(self.request, f"{request.method} {request.url.path}")
            return (
                changed(caller, **self.taken_for) if asked and caller.role == self.who else caller
            )

        replace(security, authenticate=authenticate)


class NursesRegisterPatients(_OwnRoles):
    """A nurse registers who is registered already, and the allergy stands in the other record."""

    who, taken_for, request = CLINICIAN, {"role": REGISTRAR}, "^POST .*/patients$"


class CashiersReadDocuments(_OwnRoles):
    """The cashier, who shares an account with the front desk, reads a neighbour's diagnosis."""

    who, taken_for, request = REGISTRAR, {"role": CLINICIAN}, "^GET .*/documents"


class TheReadOnlyAccountDeletes(_OwnRoles):
    """An account that was given out to read removes a report."""

    who, taken_for, request = AUDITOR, {"role": ADMINISTRATOR}, "^DELETE .*/documents/"


class DoctorsCannotDischarge(_OwnRoles):
    """A doctor's patient stays in bed: the system says that only nurses may send them home."""

    who, taken_for, request = ADMINISTRATOR, {"role": AUDITOR}, "^POST .*/discharge$"


class DoctorsCannotSearch(_OwnRoles):
    """A doctor does not find the patient who was brought in, and treats a stranger."""

    also: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("authentication-flow", "visit-creation", "api-endpoints"),
        "the doctor searches there, too",
    )
    who, taken_for, request = ADMINISTRATOR, {"role": AUDITOR}, "^GET .*/patients$"


class RefusedRegistrationsAreStored(_OwnRoles):
    """A nurse reads "forbidden", and the patient has a second record all the same."""

    who, taken_for, request = CLINICIAN, {"role": REGISTRAR}, "^POST .*/patients$"

    def around(self, app: ASGIApp) -> ASGIApp:
        def refuse(answer: ResponseDraft) -> None:
            user = answer.scope.get("state", {}).get("username")
            is_registration = answer.scope["path"].endswith("/patients") and answer.status == 201
            if is_registration and user == CLINICIAN:
                answer.status, answer.body = 403, REFUSAL
                answer.headers["content-type"] = "application/problem+json"

        return rewrite_responses(app, refuse)


class NursesRegisterInAHospitalThatSharesWork(_OwnRoles):
    """Where nurse and doctor do together what a clinician does elsewhere, rights count as well."""

    staff = SPLIT
    who, taken_for, request = CLINICIAN, {"role": REGISTRAR}, "^POST .*/patients$"
