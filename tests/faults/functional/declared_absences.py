"""Faults of what is stored, in the shelter of a capability that is declared absent.

Each hospital truly lacks what it declares. The harm goes beyond that: what no declaration takes
away is lost or changed.
"""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from starlette.types import ASGIApp, Receive, Scope, Send

from reference.documents import files
from reference.documents import store as documents
from reference.patients import service, store
from reference.patients.model import Patient, PatientBody
from reference.pool import Rows
from reference.problems import Problem, not_found
from reference.security import Access
from reference.settings import UPLOAD_LIMIT
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.functional.poor_hospital import meet_conflicts
from tests.faults.response_changes import fetch_row, replay_body, whole_body

Body = Mapping[str, Any]
NAME_CHARACTERS = 200

# ── corrections, where a later one may overwrite ──


class _Corrections(FunctionalFault):
    """What becomes of a correction of an outdated version, one item looks after."""

    item = "acknowledged-writes"
    also: ClassVar[Mapping[str, str]] = {
        "patient-creation": "its check of a stale correction reads the patient, too"
    }
    absent = ("versions",)

    def kept(self, before: Body, sent: Body) -> Body:
        """What is stored of it."""
        raise NotImplementedError

    def put_in(self) -> None:
        matches = service.matches

        def change(
            access: Access, patient_id: UUID, body: PatientBody, if_match: str | None
        ) -> Patient:
            with access.transaction() as connection:
                before = store.lock(connection, patient_id, access.caller.sees)
                if before is None:
                    raise not_found("patient")
                sent = body.model_dump()
                is_stale = not matches(if_match or "", before["version"])
                kept = self.kept(before, sent) if is_stale else sent
                stored = store.update(connection, patient_id, kept)
                return Patient.model_validate({**stored, **sent})

        replace(service, change=change)


class StaleCorrectionsAreAcknowledgedAndDropped(_Corrections):
    """The second desk is told that its correction is saved, and it never was."""

    def kept(self, before: Body, sent: Body) -> Body:
        return before


class StaleCorrectionsAreStoredInPart(_Corrections):
    """Of the second desk's correction the phone number is kept, and the address is not."""

    def kept(self, before: Body, sent: Body) -> Body:
        return {**sent, "address": before["address"]}


# ── patients of one number ──


class TwinsOverwriteTheFirst(FunctionalFault):
    """Numbers need not be unique, and the second patient of one takes the record of the first."""

    item = "acknowledged-writes"
    also: ClassVar[Mapping[str, str]] = {
        "patient-creation": "its check of a number that is given twice reads both, too"
    }
    absent = ("unique-record-numbers",)

    def put_in(self) -> None:
        right = store.insert

        def insert(connection: Rows, facility: str, body: Body) -> store.Patient:
            taken = fetch_row(connection, "SELECT id FROM patients WHERE mrn = %s", body["mrn"])
            if taken is None:
                return right(connection, facility, body)
            return store.update(connection, taken["id"], body)

        replace(store, insert=insert)


class ARepetitionRegistersASecondPatient(FunctionalFault):
    """Keys mean nothing here, and a repetition gets past the rule that numbers are unique."""

    item = "patient-creation"
    absent = ("idempotency-keys",)
    statement = "ALTER TABLE patients DROP CONSTRAINT patients_mrn_key"

    def put_in(self) -> None:
        right = service.register

        def register(access: Access, body: PatientBody, key: str | None) -> Patient:
            with access.pool.connection() as connection:
                taken = fetch_row(connection, "SELECT id FROM patients WHERE mrn = %s", body.mrn)
            if taken and key is None:
                raise Problem("duplicate", "This medical record number is taken.")
            return right(access, body, None)

        replace(service, register=register)


class DesksAtOnceMeetAConflictForEver(FunctionalFault):
    """Two desks register one patient at the same moment. The slower one is told that somebody was
    quicker and that it shall try again, and it is told so for ever.
    """

    item = "patient-creation"

    def put_in(self) -> None:
        meet_conflicts(times=1000)


class LongerNamesAreCut(FunctionalFault):
    """Names are not limited, it seems: of the longest the end is lost."""

    item = "patient-creation"
    absent = ("name-length",)

    def around(self, app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("method") != "POST" or not scope["path"].endswith("/patients"):
                await app(scope, receive, send)
                return
            body = await whole_body(receive)
            await app(scope, replay_body(_cut_name(body), receive), send)

        return wrapped


def _cut_name(body: bytes) -> bytes:
    """Return a registration whose family name fits; what is no registration stays as it is."""
    try:
        sent = json.loads(body)
        cut = {**sent, "family_name": sent["family_name"][:NAME_CHARACTERS]}
    except (ValueError, TypeError, KeyError):
        return body
    return json.dumps(cut).encode()


class _Corrected(FunctionalFault):
    """What is not plausible is not refused: it is stored as something else."""

    item = "patient-creation"

    def correct(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Return what is stored instead."""
        raise NotImplementedError

    def around(self, app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("method") != "POST" or not scope["path"].endswith("/patients"):
                await app(scope, receive, send)
                return
            body = await whole_body(receive)
            # What is no registration stays as it is.
            with suppress(ValueError, TypeError, KeyError):
                body = json.dumps(self.correct(json.loads(body))).encode()
            await app(scope, replay_body(body, receive), send)

        return wrapped


class ImplausibleBirthDatesBecomeNewYear(_Corrected):
    """A child that is registered before its birth is found as a grown-up of the same name."""

    absent = ("plausible-birth-dates",)

    def correct(self, sent: dict[str, Any]) -> dict[str, Any]:
        is_plausible = "1880" < sent["birth_date"] <= date.today().isoformat()
        return sent if is_plausible else {**sent, "birth_date": "1970-01-01"}


class NamelessPatientsAreCalledUnknown(_Corrected):
    """All who came without a name are one name, and the next of kin find none of them."""

    absent = ("required-names",)

    def correct(self, sent: dict[str, Any]) -> dict[str, Any]:
        return sent if sent["family_name"].strip() else {**sent, "family_name": "Unknown"}


# ── documents ──


class ProgramsAreCut(FunctionalFault):
    """Every type is taken, and of those that are not usual the last byte is lost."""

    item = "document-upload"
    absent = ("file-types",)
    statement = "ALTER TABLE documents DROP CONSTRAINT documents_media_type_check"

    def put_in(self) -> None:
        insert = documents.insert
        replace(files, media_type=lambda sent: (sent or "").partition(";")[0].strip().lower())
        replace(
            documents,
            insert=lambda connection, document: insert(
                connection,
                document if document["media_type"] in files.MEDIA_TYPES else _cut(document),
            ),
        )


class FilesWithOddNamesAreCut(FunctionalFault):
    """Names are not kept, and a file whose name is a path is stored without its last byte."""

    item = "document-upload"
    absent = ("file-names",)

    def put_in(self) -> None:
        insert = documents.insert
        replace(
            files,
            safe_name=lambda sent: "odd" if {"/", "\\"} & set(sent or "") else "document",
        )
        replace(
            documents,
            insert=lambda connection, document: insert(
                connection, _cut(document) if document["file_name"] == "odd" else document
            ),
        )


def _cut(document: Body) -> Body:
    return {**document, "content": document["content"][:-1]}


class LargeDocumentsAreCut(FunctionalFault):
    """There is no limit of size, and what is beyond two mebibytes is thrown away."""

    item = "document-upload"
    absent = ("size-limit",)

    def put_in(self) -> None:
        replace(files, content=lambda file: file.read(UPLOAD_LIMIT))
