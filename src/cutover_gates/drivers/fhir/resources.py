"""From the language to resources and back: Patient, Encounter, DocumentReference, Binary."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from cutover_gates.config.fhir import Fhir
from cutover_gates.hospital import (
    Document,
    Patient,
    PatientDraft,
    Sex,
    Transition,
    Upload,
    Visit,
    VisitStatus,
)

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
KEY_SYSTEM = "urn:cutover:idempotency-key"
"""The system of a second identifier, by which a create that is sent again is known again."""

STATUS: Mapping[str, VisitStatus] = {
    "planned": VisitStatus.OPEN,
    "arrived": VisitStatus.OPEN,
    "triaged": VisitStatus.OPEN,
    "in-progress": VisitStatus.ADMITTED,
    "onleave": VisitStatus.ADMITTED,
    "finished": VisitStatus.DISCHARGED,
    "cancelled": VisitStatus.CANCELLED,
}
"""Encounter.status in the language's words.

What is not here (entered-in-error, unknown) is no visit.
"""
ENCOUNTER_STATUS: Mapping[VisitStatus, str] = {
    VisitStatus.OPEN: "planned",
    VisitStatus.ADMITTED: "in-progress",
    VisitStatus.DISCHARGED: "finished",
    VisitStatus.CANCELLED: "cancelled",
}
STATUS_AFTER: Mapping[Transition, VisitStatus] = {
    Transition.ADMIT: VisitStatus.ADMITTED,
    Transition.DISCHARGE: VisitStatus.DISCHARGED,
    Transition.CANCEL: VisitStatus.CANCELLED,
}
IN_ERROR = "entered-in-error"

Resource = dict[str, Any]


class UnreadableResource(ValueError):
    """A valid resource lacks what the language needs, or says it in words that FHIR does not know.

    The message names the element.
    """


class ResourceMapper:
    """Builds and reads the resources of one run on one server."""

    def __init__(self, settings: Fhir, run_tag: str) -> None:
        self._settings, self._run_tag = settings, run_tag

    # -- built

    def tagged_resource(self, kind: str) -> Resource:
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
        return _drop_empty(
            {
                **self.tagged_resource("Patient"),
                "identifier": identifiers,
                "active": True,
                "name": [_drop_empty(name)],
                "gender": draft.sex.value,
                "birthDate": draft.birth_date.isoformat(),
                "telecom": [{"system": "phone", "value": draft.phone}] if draft.phone else None,
                "address": [{"text": draft.address}] if draft.address else None,
            }
        )

    def encounter(self, patient_id: str, reason: str) -> Resource:
        kind = {"system": ACT_CODE, "code": self._settings.encounter_class}
        return {
            **self.tagged_resource("Encounter"),
            "status": ENCOUNTER_STATUS[VisitStatus.OPEN],
            "class": kind,
            "subject": {"reference": f"Patient/{patient_id}"},
            "reasonCode": [{"text": reason}],
        }

    def binary(self, patient_id: str, upload: Upload) -> Resource:
        """The bytes, readable by whoever may read the patient's record."""
        return {
            **self.tagged_resource("Binary"),
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
            **self.tagged_resource("DocumentReference"),
            "status": "current",
            "subject": {"reference": f"Patient/{patient_id}"},
            "date": now(),
            "content": [{"attachment": _drop_empty(attachment)}],
        }

    # -- read

    def read_patient(self, resource: Mapping[str, Any], etag: str | None) -> Patient:
        """`Patient`.

        Where others' patients lack a record number, a family name or a whole birth date, these are
        empty, or the year 1.
        """
        name = _preferred_name(resource.get("name", []))
        return Patient(
            _identifier(resource, self._settings.mrn_system),
            name.get("family", ""),
            " ".join(name.get("given", [])),
            _parse_date(resource.get("birthDate")),
            _parse_word("Patient.gender", resource.get("gender", "unknown"), Sex),
            _first(resource.get("telecom", []), "value", system="phone"),
            _first(resource.get("address", []), "text"),
            id=_id(resource),
            version=version_of(resource, etag),
        )

    def read_visit(self, resource: Mapping[str, Any]) -> Visit | None:
        """`Visit`; None where the encounter says that it was entered in error."""
        if resource.get("status") == IN_ERROR:
            return None
        if resource.get("status") not in STATUS:
            raise UnreadableResource(
                f"Encounter.status = {resource.get('status')!r}: expected one of"
                f" {', '.join(STATUS)}"
            )
        return Visit(
            _id(resource),
            subject_of(resource),
            STATUS[resource["status"]],
            _first(resource.get("reasonCode", []), "text"),
        )

    def read_document(self, resource: Mapping[str, Any]) -> Document | None:
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


def _drop_empty(table: Mapping[str, Any]) -> Resource:
    return {name: value for name, value in table.items() if value not in (None, "", [], {})}


def _id(resource: Mapping[str, Any]) -> str:
    if not resource.get("id"):
        raise UnreadableResource(f"{resource.get('resourceType')}.id is missing")
    return str(resource["id"])


def _identifier(resource: Mapping[str, Any], system: str) -> str:
    return _first(resource.get("identifier", []), "value", system=system) or ""


def _preferred_name(names: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
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


def _parse_date(text: Any) -> date:
    """A whole date; the year 1 for one that is not known to the day, so that it is mistaken for
    nobody's.
    """
    try:
        return date.fromisoformat(str(text)) if len(str(text)) == len("2000-01-01") else date.min
    except ValueError:
        return date.min


def _parse_word(element: str, word: Any, words: type[Sex]) -> Sex:
    try:
        return words(word)
    except ValueError:
        raise UnreadableResource(
            f"{element} = {word!r}: expected one of {', '.join(words)}"
        ) from None
