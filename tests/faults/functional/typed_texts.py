"""Faults of what people type: texts that a new layer cleans, escapes, shortens or refuses.

What is stored is what the answers show: the first desk sees it at once, if it looks.
"""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from reference.documents import files
from reference.documents import store as documents
from reference.patients import service
from reference.patients.model import Patient, PatientBody
from reference.pool import Rows
from reference.problems import invalid
from reference.security import Access
from reference.settings import UPLOAD_LIMIT
from reference.visits import store as visits
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.functional.stored_patients import Body, store_patients_otherwise


class _StoredOtherwise(FunctionalFault):
    """Some values of a patient become others before they are stored, and are shown so."""

    item = "patient-creation"

    def stored(self, body: Body) -> Body:
        """Return the values that become others."""
        raise NotImplementedError

    def put_in(self) -> None:
        store_patients_otherwise(self.stored)


class NamesAreEscapedForPages(_StoredOtherwise):
    """The new layer guards a page that nobody has: O'Brien is O&#x27;Brien, and is never found."""

    def stored(self, body: Body) -> Body:
        return {name: html.escape(body[name]) for name in ("family_name", "given_name")}


class PhoneNumbersLoseTheirLeadingZero(_StoredOtherwise):
    """A form of numbers takes the zero away, and a stranger is told that the patient died."""

    item = "acknowledged-writes"

    def stored(self, body: Body) -> Body:
        return {"phone": body["phone"] and (body["phone"].lstrip("0") or "0")}


class AddressesLoseTheirLastLetters(_StoredOtherwise):
    """Letters outside of the first plane of Unicode end the text: the house is not found."""

    item = "acknowledged-writes"

    def stored(self, body: Body) -> Body:
        return {"address": body["address"] and re.split(r"[^\x00-\uffff]", body["address"])[0]}


class CentenariansBecomeChildren(_StoredOtherwise):
    """Years of two digits: a woman of 101 gets the dose of an infant."""

    item = "acknowledged-writes"

    def stored(self, body: Body) -> Body:
        born, today = body["birth_date"], datetime.now(UTC).date()
        is_leap_day = (born.month, born.day) == (2, 29)
        later = born.replace(year=born.year + 100, day=28 if is_leap_day else born.day)
        return {"birth_date": later if later <= today else born}


class _Refused(FunctionalFault):
    """The new form refuses somebody who exists."""

    item = "patient-creation"
    field: ClassVar[str]

    def is_refused(self, body: PatientBody) -> bool:
        """Return whether the new form refuses this patient."""
        raise NotImplementedError

    def put_in(self) -> None:
        right = service.register

        def register(access: Access, body: PatientBody, key: str | None) -> Patient:
            if self.is_refused(body):
                raise invalid(self.field, "is not valid")
            return right(access, body, key)

        replace(service, register=register)


class NewbornsAreRefused(_Refused):
    """A birth date must lie a whole day back: a newborn has no record, and no medication."""

    field = "birth_date"

    def is_refused(self, body: PatientBody) -> bool:
        return body.birth_date >= datetime.now(UTC).date() - timedelta(days=1)


class NamesWithApostrophesAreRefused(_Refused):
    """A new pattern knows no apostrophe: O'Brien waits while the desk looks for another spelling."""

    field = "family_name"

    def is_refused(self, body: PatientBody) -> bool:
        return "'" in body.family_name or "’" in body.family_name


class PatientsWithOneNameAreRefused(_Refused):
    """A given name is required: half of the people of Java, and each foundling, are refused."""

    field = "given_name"

    def is_refused(self, body: PatientBody) -> bool:
        return not body.given_name


class ReasonsLoseWhatLooksLikeMarkup(FunctionalFault):
    """Tags are removed: "SpO2 <90 %" is "SpO2", and she waits among the healthy."""

    item = "visit-creation"

    def put_in(self) -> None:
        right = visits.insert

        def insert(
            connection: Rows, patient_id: UUID, reason: str, tag: str | None
        ) -> visits.Visit:
            plain = re.sub(r"<[^>]*>?", "", reason).strip()
            return right(connection, patient_id, plain or reason, tag)

        replace(visits, insert=insert)


class NotesGetOtherLineEnds(FunctionalFault):
    """Texts are opened as text: a signed note has another sum, and its signature is broken."""

    item = "document-upload"

    def put_in(self) -> None:
        right = documents.insert

        def insert(connection: Rows, document: Mapping[str, Any]) -> documents.Document:
            if document["media_type"] != "text/plain":
                return right(connection, document)
            content = document["content"].replace(b"\r\n", b"\n")
            sums = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            return right(connection, {**document, "content": content, **sums})

        replace(documents, insert=insert)


class EmptyDocumentsAreTaken(FunctionalFault):
    """The scanner had no paper, and the report counts as filed."""

    item = "document-upload"
    statement = "ALTER TABLE documents DROP CONSTRAINT documents_size_check"

    def put_in(self) -> None:
        right = files.content

        def content(file: Any) -> bytes:
            data: bytes = file.read(UPLOAD_LIMIT + 1)
            file.seek(0)
            return right(file) if data else data

        replace(files, content=content)
