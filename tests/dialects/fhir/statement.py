"""The capability statement of this server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INTERACTIONS: dict[str, tuple[str, ...]] = {
    "Patient": ("read", "vread", "update", "delete", "history-instance", "create", "search-type"),
    "Encounter": ("read", "vread", "update", "delete", "history-instance", "create", "search-type"),
    "DocumentReference": (
        "read",
        "vread",
        "update",
        "delete",
        "history-instance",
        "create",
        "search-type",
    ),
    "Binary": ("read", "create", "delete"),
}
SEARCHED: dict[str, dict[str, str]] = {
    "Patient": {"_id": "token", "identifier": "token", "name": "string", "birthdate": "date"},
    "Encounter": {"_id": "token", "patient": "reference", "subject": "reference"},
    "DocumentReference": {"_id": "token", "patient": "reference", "subject": "reference"},
}
LETTERS = {
    "read": "r",
    "vread": "r",
    "history-instance": "r",
    "create": "c",
    "update": "u",
    "delete": "d",
    "search-type": "s",
}
"""The letter of a scope that an interaction needs."""


def statement(
    release: str, offered: Mapping[str, tuple[str, ...]], transactions: bool
) -> dict[str, Any]:
    """Return the CapabilityStatement of a server that offers these interactions."""
    resources = []
    for kind, interactions in offered.items():
        one: dict[str, Any] = {
            "type": kind,
            "versioning": "versioned-update",
            "conditionalCreate": kind == "Patient",
            "interaction": [{"code": interaction} for interaction in interactions],
        }
        if kind in SEARCHED:
            one["searchParam"] = [
                {"name": name, "type": type_} for name, type_ in SEARCHED[kind].items()
            ]
        resources.append(one)
    service = {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                "code": "SMART-on-FHIR",
            }
        ]
    }
    rest = {
        "mode": "server",
        "security": {"service": [service]},
        "resource": resources,
        **({"interaction": [{"code": "transaction"}]} if transactions else {}),
    }
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-01",
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "software": {"name": "Small R4 server", "version": release},
        "implementation": {"description": "A hospital that speaks FHIR"},
        "rest": [rest],
    }
