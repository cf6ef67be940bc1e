"""The elements of FHIR resources that the driver reads and writes, and their words."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from cutover_gates.hospital import Sex, Transition, VisitStatus

Resource = dict[str, Any]

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
KEY_SYSTEM = "urn:cutover:idempotency-key"
"""The system of a second identifier, by which a repeated create is recognized."""
IN_ERROR = "entered-in-error"

STATUS: Mapping[str, VisitStatus] = {
    "planned": VisitStatus.OPEN,
    "arrived": VisitStatus.OPEN,
    "triaged": VisitStatus.OPEN,
    "in-progress": VisitStatus.ADMITTED,
    "onleave": VisitStatus.ADMITTED,
    "finished": VisitStatus.DISCHARGED,
    "cancelled": VisitStatus.CANCELLED,
}
"""`Encounter.status` in the language's words. Any other status (unknown) is not a visit."""
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
_NAME_ORDER = ("official", "usual", None)


class UnreadableResource(ValueError):
    """A valid resource lacks what the language needs, or uses words that FHIR does not know.

    The message names the element.
    """


def attachment_of(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the attachment of a DocumentReference: the place and description of its bytes."""
    attachment: Mapping[str, Any] = resource["content"][0]["attachment"]
    return attachment


def subject_of(resource: Mapping[str, Any]) -> str:
    """Return the id of the patient whom a resource is about; empty where it names none."""
    reference = str(resource.get("subject", {}).get("reference", ""))
    kind, _, patient_id = reference.rpartition("/")
    return patient_id if kind.rpartition("/")[2] == "Patient" else ""


def version_of(resource: Mapping[str, Any], etag: str | None) -> str | None:
    """Return the version that an update must present in `If-Match`."""
    version = resource.get("meta", {}).get("versionId")
    return f'W/"{version}"' if version else etag


def hash_of(content: bytes) -> str:
    """Return `Attachment.hash`: SHA-1 in base64, as R4 defines it."""
    digest = hashlib.sha1(content, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def now() -> str:
    """Return the current moment as FHIR's dateTime."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def drop_empty(table: Mapping[str, Any]) -> Resource:
    """Return a table without empty values: FHIR has no empty texts or lists."""
    return {name: value for name, value in table.items() if value not in (None, "", [], {})}


def require_id(resource: Mapping[str, Any]) -> str:
    """Return the id of a resource. Raises `UnreadableResource` without one."""
    if not resource.get("id"):
        raise UnreadableResource(f"{resource.get('resourceType')}.id is missing")
    return str(resource["id"])


def preferred_name(names: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the name in use: the official one, the usual one, one without a use, or any."""
    return min(names, key=_name_rank, default={})


def _name_rank(name: Mapping[str, Any]) -> int:
    use = name.get("use")
    return _NAME_ORDER.index(use) if use in _NAME_ORDER else len(_NAME_ORDER)


def first_value(parts: Iterable[Mapping[str, Any]], key: str, **having: str) -> str | None:
    """Return the value of `key` in the first part that has it, and has the values `having`."""
    for part in parts:
        if key in part and all(part.get(name) == value for name, value in having.items()):
            return str(part[key])
    return None


def parse_date(text: Any) -> date:
    """Return a whole date; the year 1 for a date that is not known to the day.

    So an incomplete date equals nobody's birth date.
    """
    try:
        return date.fromisoformat(str(text)) if len(str(text)) == len("2000-01-01") else date.min
    except ValueError:
        return date.min


def parse_sex(word: Any) -> Sex:
    """Return the gender. Raises `UnreadableResource` for a word that FHIR does not have."""
    try:
        return Sex(word)
    except ValueError:
        raise UnreadableResource(
            f"Patient.gender = {word!r}: expected one of {', '.join(Sex)}"
        ) from None
