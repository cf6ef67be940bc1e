"""From the language to resources and back: Patient, Encounter, DocumentReference, Binary."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from cutover.hospital import Document, Move, Patient, PatientDraft, Sex, Status, Upload, Visit
from cutover.settings.fhir import Fhir

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
KEY_SYSTEM = "urn:cutover:idempotency-key"
"""The system of a second identifier, by which a create that is sent again is known again."""

STATUS: Mapping[str, Status] = {
    "planned": Status.OPEN,
    "arrived": Status.OPEN,
    "triaged": Status.OPEN,
    "in-progress": Status.ADMITTED,
    "onleave": Status.ADMITTED,
    "finished": Status.DISCHARGED,
    "cancelled": Status.CANCELLED,
}
"""Encounter.status in the language's words.

What is not here (entered-in-error, unknown) is no visit.
"""
SENT: Mapping[Status, str] = {
    Status.OPEN: "planned",
    Status.ADMITTED: "in-progress",
    Status.DISCHARGED: "finished",
    Status.CANCELLED: "cancelled",
}
MOVED: Mapping[Move, Status] = {
    Move.ADMIT: Status.ADMITTED,
    Move.DISCHARGE: Status.DISCHARGED,
    Move.CANCEL: Status.CANCELLED,
}
IN_ERROR = "entered-in-error"

Resource = dict[str, Any]


class Unreadable(ValueError):
    """A valid resource lacks what the language needs, or says it in words that FHIR does not know.

    The message names the element.
    """


class Resources:
    """Builds and reads the resources of one run on one server."""

    def __init__(self, settings: Fhir, run_tag: str) -> None:
        self._settings, self._run_tag = settings, run_tag

    # -- built

    def marked(self, kind: str) -> Resource:
        """An empty resource that says of itself that it is synthetic, and whose."""
        return {
            "resourceType": kind,
            "meta": {"tag": [{"system": self._settings.tag_system, "code": self._run_tag}]},
        }

    def patient(self, draft: PatientDraft, key: str | None = None) -> Resource:
        """What is empty is left out: FHIR has no empty texts."""
        identifiers = [{"use": "usual", "system": self._settings.mrn_system, "value": draft.mrn}]
        identifiers += [{"use": "secondary", "system": KEY_SYSTEM, "value": key}] if key else []
        name = {
            "use": "official",
            "family": draft.family_name,
            "given": [draft.given_name] if draft.given_name else None,
        }
        return _filled(
            {
                **self.marked("Patient"),
                "identifier": identifiers,
                "active": True,
                "name": [_filled(name)],
                "gender": draft.sex.value,
                "birthDate": draft.birth_date.isoformat(),
                "telecom": [{"system": "phone", "value": draft.phone}] if draft.phone else None,
                "address": [{"text": draft.address}] if draft.address else None,
            }
        )

    def encounter(self, patient_id: str, reason: str) -> Resource:
        kind = {"system": ACT_CODE, "code": self._settings.encounter_class}
        return {
            **self.marked("Encounter"),
            "status": SENT[Status.OPEN],
            "class": kind,
            "subject": {"reference": f"Patient/{patient_id}"},
            "reasonCode": [{"text": reason}],
        }

    def binary(self, patient_id: str, upload: Upload) -> Resource:
        """The bytes, readable by whoever may read the patient's record."""
        return {
            **self.marked("Binary"),
            "contentType": upload.media_type,
            "securityContext": {"reference": f"Patient/{patient_id}"},
            "data": base64.b64encode(upload.content).decode(),
        }

    def document(self, patient_id: str, upload: Upload, url: str | None) -> Resource:
        """The description; with the bytes in it where `url` is None."""
        data = base64.b64encode(upload.content).decode() if url is None else None
        attachment = {
            "contentType": upload.media_type,
            "url": url,
            "data": data,
            "size": len(upload.content),
            "hash": hash_of(upload.content),
            "title": upload.file_name,
        }
        return {
            **self.marked("DocumentReference"),
            "status": "current",
            "subject": {"reference": f"Patient/{patient_id}"},
            "date": now(),
            "content": [{"attachment": _filled(attachment)}],
        }

    # -- read

    def as_patient(self, resource: Mapping[str, Any], etag: str | None) -> Patient:
        """`Patient`.

        Where others' patients lack a record number, a family name or a whole birth date, these are
        empty, or the year 1.
        """
        name = _preferred(resource.get("name", []))
        return Patient(
            _identifier(resource, self._settings.mrn_system),
            name.get("family", ""),
            " ".join(name.get("given", [])),
            _day(resource.get("birthDate")),
            _word("Patient.gender", resource.get("gender", "unknown"), Sex),
            _first(resource.get("telecom", []), "value", system="phone"),
            _first(resource.get("address", []), "text"),
            id=_id(resource),
            version=version_of(resource, etag),
        )

    def as_visit(self, resource: Mapping[str, Any]) -> Visit | None:
        """`Visit`; None where the encounter says that it was entered in error."""
        if resource.get("status") == IN_ERROR:
            return None
        if resource.get("status") not in STATUS:
            raise Unreadable(
                f"Encounter.status = {resource.get('status')!r}: expected one of"
                f" {', '.join(STATUS)}"
            )
        return Visit(
            _id(resource),
            subject_of(resource),
            STATUS[resource["status"]],
            _first(resource.get("reasonCode", []), "text"),
        )

    def as_document(self, resource: Mapping[str, Any]) -> Document | None:
        """`Document`; None where it says that it was entered in error."""
        if resource.get("status") == IN_ERROR:
            return None
        attachment = attachment_of(resource)
        return Document(
            _id(resource),
            subject_of(resource),
            attachment.get("title", ""),
            attachment.get("contentType", ""),
            attachment.get("size"),
        )


def attachment_of(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where a document's bytes are, and what they are said to be."""
    found: Mapping[str, Any] = resource["content"][0]["attachment"]
    return found


def subject_of(resource: Mapping[str, Any]) -> str:
    """The id of the patient whom it is about; empty where it is about no patient."""
    kind, _, patient_id = str(resource.get("subject", {}).get("reference", "")).rpartition("/")
    return patient_id if kind.rpartition("/")[2] == "Patient" else ""


def version_of(resource: Mapping[str, Any], etag: str | None) -> str | None:
    """What an update must present in `If-Match`."""
    version = resource.get("meta", {}).get("versionId")
    return f'W/"{version}"' if version else etag


def hash_of(content: bytes) -> str:
    """`Attachment.hash`: SHA-1 in base64, as R4 has it."""
    return base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode()


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _filled(table: Mapping[str, Any]) -> Resource:
    return {name: value for name, value in table.items() if value not in (None, "", [], {})}


def _id(resource: Mapping[str, Any]) -> str:
    if not resource.get("id"):
        raise Unreadable(f"{resource.get('resourceType')}.id is missing")
    return str(resource["id"])


def _identifier(resource: Mapping[str, Any], system: str) -> str:
    return _first(resource.get("identifier", []), "value", system=system) or ""


def _preferred(names: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The name by which somebody is called up: official, usual, one without a use, any."""
    order = ("official", "usual", None)
    return min(
        names,
        key=lambda name: order.index(name.get("use")) if name.get("use") in order else len(order),
        default={},
    )


def _first(parts: Iterable[Mapping[str, Any]], wanted: str, **having: str) -> str | None:
    return next(
        (
            str(part[wanted])
            for part in parts
            if wanted in part and all(part.get(key) == value for key, value in having.items())
        ),
        None,
    )


def _day(text: Any) -> date:
    """A whole date; the year 1 for one that is not known to the day, so that it is mistaken for
    nobody's.
    """
    try:
        return date.fromisoformat(str(text)) if len(str(text)) == len("2000-01-01") else date.min
    except ValueError:
        return date.min


def _word(element: str, word: Any, words: type[Sex]) -> Sex:
    try:
        return words(word)
    except ValueError:
        raise Unreadable(f"{element} = {word!r}: expected one of {', '.join(words)}") from None
