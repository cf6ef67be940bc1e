"""What a FHIR server says in these tests, written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.standins.http_server import HttpServerStandin, ReceivedRequest, Reply, json_reply

FHIR = "application/fhir+json"
ALL = ("read", "vread", "update", "delete", "history-instance", "create", "search-type")
KINDS = ("Patient", "Encounter", "DocumentReference", "Binary")


def statement(
    version: str = "4.0.1", without: Mapping[str, tuple[str, ...]] | None = None, **patient: Any
) -> dict[str, Any]:
    """A CapabilityStatement that lists everything; `without` takes interactions away, `patient` are
    keys of Patient.
    """
    lacking = without or {}
    listed = {
        kind: [{"code": one} for one in ALL if one not in lacking.get(kind, ())] for kind in KINDS
    }
    resources: list[dict[str, Any]] = [
        {"type": kind, "interaction": interactions} for kind, interactions in listed.items()
    ]
    resources[0].update({"conditionalCreate": True, **patient})
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-01",
        "kind": "instance",
        "fhirVersion": version,
        "format": ["json"],
        "software": {"name": "x", "version": "7.1"},
        "rest": [{"mode": "server", "resource": resources}],
    }


def fhir_reply(resource: dict[str, Any], status: int = 200, **headers: str) -> Reply:
    return json_reply(resource, status, **{"Content-Type": FHIR, **headers})


def operation_outcome(status: int, code: str) -> Reply:
    """An OperationOutcome."""
    issue = {
        "severity": "error",
        "code": code,
        "diagnostics": f"it is {code}",
        "expression": ["Patient.name"],
    }
    return fhir_reply({"resourceType": "OperationOutcome", "issue": [issue]}, status)


def a_patient(**changed: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": "p1",
        "meta": {"versionId": "3"},
        "identifier": [{"system": "urn:cutover:mrn", "value": "m-1"}],
        "name": [
            {"family": "Old", "use": "old"},
            {"family": "Okafor", "given": ["Ada", "Eze"], "use": "official"},
        ],
        "gender": "female",
        "birthDate": "1987-03-04",
        **changed,
    }


def an_encounter(**changed: Any) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": "e1",
        "meta": {"versionId": "1"},
        "status": "planned",
        "class": {"code": "IMP"},
        "subject": {"reference": "Patient/p1"},
        "reasonCode": [{"text": "why"}],
        **changed,
    }


def a_document(**attachment: Any) -> dict[str, Any]:
    held = {"contentType": "text/plain", "title": "a.txt", "size": 2, **attachment}
    return {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "subject": {"reference": "Patient/p1"},
        "content": [{"attachment": held}],
    }


def bundle(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    entries = {"entry": [{"resource": resource} for resource in resources]} if resources else {}
    return {"resourceType": "Bundle", "type": "searchset", **entries, **more}


def find_request(target: HttpServerStandin, line: str) -> ReceivedRequest:
    """The one request of this line."""
    (found,) = [one for one in target.asked if f"{one.method} {one.path}" == line]
    return found
