"""Faults by which the hospital breaks what its document promises: failures inside, answers and
refusals that nobody documented.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID, uuid4

from starlette.types import ASGIApp, Receive, Scope, Send

from cutover_gates.probes.api.fuzzing import rules
from reference import paging
from reference.patients import service, store
from reference.patients.model import Patient, PatientBody
from reference.pool import Rows
from reference.problems import Problem, invalid
from reference.security import ADMINISTRATOR, Access
from tests.faults.api.api_fault import DEEP, FOLLOWED, ApiFault
from tests.faults.fault import replace
from tests.faults.response_changes import ResponseDraft, rewrite_responses

VISITS = "/visits"


class _Promise(ApiFault):
    """Whatever is not as promised, one item finds it."""

    item = "contract-fuzzing"


class _Answered(_Promise):
    """Answers change on their way out."""

    def rewrite(self, answer: ResponseDraft) -> None:
        """Change it, or leave it as it is."""
        raise NotImplementedError

    def around(self, app: ASGIApp) -> ASGIApp:
        return rewrite_responses(super().around(app), self.rewrite)


class _Searched(_Promise):
    """Something is wrong with the search for patients."""

    def searched(self, found: dict[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        """What is answered. `wanted` is what was asked for; what was not is None."""
        raise NotImplementedError

    def put_in(self) -> None:
        right = store.search

        def search(
            connection: Rows, facility: str | None, place: paging.Place, **wanted: Any
        ) -> dict[str, Any]:
            return self.searched(right(connection, facility, place, **wanted), wanted)

        replace(store, search=search)


# ── it fails inside ──


class AHugePageBreaksTheLists(_Promise):
    """Who leafs on far enough gets an error instead of an empty page: the number is kept in two
    bytes.
    """

    breaks, shows = (rules.NO_SERVER_ERROR,), "HTTP 500"
    only = ("whoAmI", "listVisits")

    def put_in(self) -> None:
        right = paging.select

        def select(
            connection: Rows,
            columns: str,
            source: Any,
            order: str,
            values: Any,
            place: paging.Place,
        ) -> dict[str, Any]:
            struct.pack(">h", place.page)
            return right(connection, columns, source, order, values, place)

        replace(paging, select=select)


class AnOddNameBreaksTheSearch(_Searched):
    """A patient whose name is not of Western Europe cannot be searched for."""

    breaks, shows, asked = (rules.NO_SERVER_ERROR,), "HTTP 500", DEEP
    only = ("searchPatients", "getPatient")

    def searched(self, found: dict[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        (wanted["name"] or "").encode("latin-1")
        return found


class WithoutATagNobodyIsRegistered(_Promise):
    """Every real patient: only synthetic ones have a tag."""

    breaks, shows, asked = (rules.NO_SERVER_ERROR,), "HTTP 500", DEEP
    only = ("createPatient", "getPatient")

    def put_in(self) -> None:
        right = store.insert

        def insert(connection: Rows, facility: str, body: Mapping[str, Any]) -> store.Patient:
            return right(connection, facility, {**body, "tag": body["tag"].strip()})

        replace(store, insert=insert)


# ── it answers otherwise ──


class NobodyFoundIsAnError(_Searched):
    """The desk's program knows no 404 of a search, and shows an error where nobody was born on that
    day.
    """

    breaks = (rules.STATUS_DOCUMENTED,)
    only = ("searchPatients", "getPatient")

    def searched(self, found: dict[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        if wanted["birth_date"] and not found["items"]:
            raise Problem("not-found", "Nobody was born on that day.")
        return found


class VisitsComeAsAPage(_Answered):
    """The ward's program asks for data and is sent something to look at."""

    breaks = (rules.CONTENT_TYPE_DOCUMENTED,)
    only = ("listVisits", "getVisit")

    def rewrite(self, answer: ResponseDraft) -> None:
        if answer.scope["path"].endswith(VISITS) and answer.status == 200:
            answer.headers["content-type"] = "text/html; charset=utf-8"


class TheCountIsAText(_Answered):
    """Nine visits are more than ten, for a program that compares texts."""

    breaks, shows = (rules.BODY_VALID,), "$.total breaks type"
    only = ("listVisits", "getVisit")

    def rewrite(self, answer: ResponseDraft) -> None:
        if answer.scope["path"].endswith(VISITS) and answer.status == 200:
            body = json.loads(answer.body)
            answer.body = json.dumps({**body, "total": str(body["total"])}).encode()


# ── it takes and refuses otherwise ──


class TooMuchIsAskedAndLessIsGiven(_Promise):
    """Who asks for ten thousand audit entries gets two hundred, is not told, and believes that he
    has seen all.
    """

    breaks = (rules.INVALID_REFUSED,)
    only = ("readAudit", "getPatient")

    def around(self, app: ASGIApp) -> ASGIApp:
        right = super().around(app)

        async def clamped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"].endswith("/audit"):
                asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
                less = [
                    (
                        name,
                        (
                            "200"
                            if name == "page_size" and value.isdigit() and int(value) > 200
                            else value
                        ),
                    )
                    for name, value in asked
                ]
                scope = {**scope, "query_string": urlencode(less).encode()}
            await right(scope, receive, send)

        return clamped


class ShortNamesAreRefused(_Searched):
    """Ms Ng and Mr O are not to be found."""

    breaks = (rules.VALID_ACCEPTED,)
    only = ("searchPatients", "getPatient")

    def searched(self, found: dict[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        if wanted["name"] and len(wanted["name"]) < 3:
            raise invalid("name", "too short")
        return found


# ── what was written ──


class RemovedPatientsAreStillThere(_Promise):
    """A patient who was registered by mistake is removed, and still called up in the waiting room."""

    breaks, asked = (rules.DELETED_GONE,), FOLLOWED
    only = ("createPatient", "getPatient", "deletePatient")

    def put_in(self) -> None:
        def remove(access: Access, patient_id: UUID) -> None:
            service.read(access, patient_id)

        replace(service, remove=remove)


class WhomTheAdministratorRegistersIsLost(_Promise):
    """An import of patients is acknowledged one by one, and none of them is there afterwards."""

    breaks, asked = (rules.CREATED_EXISTS,), FOLLOWED
    only = ("createPatient", "getPatient", "deletePatient")

    def put_in(self) -> None:
        right = service.register

        def register(access: Access, body: PatientBody, key: str | None) -> Patient:
            patient = right(access, body, key)
            return (
                patient.model_copy(update={"id": uuid4()})
                if access.caller.role == ADMINISTRATOR
                else patient
            )

        replace(service, register=register)
