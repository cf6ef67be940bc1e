"""Rules of this hospital for resources and for the moves of visits."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import date
from typing import Any

from tests.dialects.fhir.outcome import No

Resource = dict[str, Any]

MRN = "urn:cutover:mrn"
TYPES = frozenset({"application/pdf", "image/png", "image/jpeg", "text/plain"})
LARGEST = 2 * 1024 * 1024
NEXT = {
    "planned": {"planned", "arrived", "in-progress", "cancelled"},
    "arrived": {"arrived", "in-progress", "cancelled"},
    "in-progress": {"in-progress", "finished"},
    "finished": {"finished"},
    "cancelled": {"cancelled"},
}
EVERYWHERE = {"resourceType", "id", "meta", "text", "extension", "contained", "identifier"}
ELEMENTS = {
    "Patient": EVERYWHERE | {"active", "name", "gender", "birthDate", "telecom", "address"},
    "Encounter": EVERYWHERE | {"status", "class", "subject", "reasonCode", "period"},
    "DocumentReference": EVERYWHERE | {"status", "subject", "date", "content", "type"},
    "Binary": {"resourceType", "id", "meta", "contentType", "data", "securityContext"},
}


def taken(resource: Resource) -> Resource:
    """Return the resource as it is stored. Raises `No`."""
    kind = str(resource["resourceType"])
    for name in sorted(resource.keys() - ELEMENTS[kind]):
        raise No(400, "structure", f"{name} is no element that is known", f"{kind}.{name}")
    return {
        "Patient": patient,
        "Encounter": encounter,
        "DocumentReference": document,
        "Binary": binary,
    }[kind](resource)


def patient(resource: Resource) -> Resource:
    names = resource.get("name") or [{}]
    if not str(names[0].get("family", "")).strip():
        raise No(422, "required", "a family name is missing", "Patient.name.family")
    if resource.get("gender") not in ("female", "male", "other", "unknown"):
        raise No(422, "code-invalid", "an administrative gender is needed", "Patient.gender")
    if not date(1880, 1, 1) <= _day(resource.get("birthDate")) <= date.today():
        raise No(422, "value", "nobody was born then", "Patient.birthDate")
    return resource


def _day(text: Any) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise No(400, "value", "this is no date", "Patient.birthDate") from None


def encounter(resource: Resource) -> Resource:
    if resource.get("status") not in NEXT | {"entered-in-error": set()}:
        raise No(422, "code-invalid", "such a status is not kept here", "Encounter.status")
    if "code" not in resource.get("class", {}):
        raise No(422, "required", "a class is missing", "Encounter.class")
    return resource


def may_follow(before: Resource, after: Resource) -> None:
    """Return whether the status may follow: a visit moves forward only."""
    if after["status"] != "entered-in-error" and after["status"] not in NEXT.get(
        before["status"], set()
    ):
        raise No(
            422,
            "business-rule",
            f"a visit that is {before['status']} cannot become {after['status']}",
            "Encounter.status",
        )


def document(resource: Resource) -> Resource:
    """Return the document; of its title only the last part of a path is kept."""
    content = resource.get("content") or []
    if len(content) != 1 or "attachment" not in content[0]:
        raise No(422, "required", "one attachment is needed", "DocumentReference.content")
    attachment = dict(content[0]["attachment"])
    if "data" in attachment:
        _bytes_taken(attachment.get("contentType"), attachment["data"])
    attachment["title"] = re.split(r"[/\\]", attachment.get("title", "untitled"))[-1]
    return {**resource, "content": [{**content[0], "attachment": attachment}]}


def binary(resource: Resource) -> Resource:
    _bytes_taken(resource.get("contentType"), resource.get("data"))
    return resource


def _bytes_taken(kind: Any, data: Any) -> None:
    if kind not in TYPES:
        raise No(415, "not-supported", "files of this type are not kept here")
    try:
        size = len(base64.b64decode(str(data), validate=True))
    except binascii.Error:
        raise No(400, "value", "this is no base64", "data") from None
    if size > LARGEST:
        raise No(413, "too-long", f"a file has at most {LARGEST} bytes")


def mrn_of(resource: Resource) -> str | None:
    return next(
        (one.get("value") for one in resource.get("identifier", []) if one.get("system") == MRN),
        None,
    )
