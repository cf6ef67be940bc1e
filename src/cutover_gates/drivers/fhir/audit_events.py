"""The audit log of a FHIR server: its AuditEvent resources, by patient and by time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cutover_gates.drivers.fhir.capability_statement import CapabilityStatement
from cutover_gates.drivers.fhir.client import FhirClient
from cutover_gates.drivers.fhir.search_bundles import search_all
from cutover_gates.hospital import AuditEntry, Session

KIND = "AuditEvent"
SUCCESS = "0"
"""AuditEvent.outcome of what was done. All other codes are failures of some degree."""


def list_audit_entries(
    server: FhirClient, capability: CapabilityStatement, session: Session, patient_id: str
) -> Sequence[AuditEntry]:
    """Return the entries about one patient, as the search of AuditEvent finds them."""
    by = capability.choose_search_parameter(KIND, "patient", "entity")
    query = {by: f"Patient/{patient_id}"}
    matches = search_all(server, "audit", KIND, query, session)
    return [read_audit_event(event, patient_id) for _, event in matches]


def list_newest_entries(
    server: FhirClient, session: Session, since: datetime
) -> Sequence[AuditEntry]:
    """Return the entries since a moment, whoever they are about."""
    query = {"date": f"ge{since.isoformat(timespec='seconds')}"}
    matches = search_all(server, "newest_audit", KIND, query, session)
    return [read_audit_event(event, find_patient_id(event)) for _, event in matches]


def find_patient_id(event: Mapping[str, Any]) -> str | None:
    """Return the patient that an AuditEvent names as its entity; None where it names none."""
    references = [entity.get("what", {}).get("reference", "") for entity in event.get("entity", [])]
    ids = [str(one).partition("Patient/")[2] for one in references if "Patient/" in str(one)]
    return ids[0].partition("/")[0] if ids else None


def read_audit_event(event: Mapping[str, Any], patient_id: str | None) -> AuditEntry:
    """Return the entry that an AuditEvent about this patient is."""
    agents = event.get("agent", [])
    people = [agent for agent in agents if agent.get("requestor")] or agents
    return AuditEntry(
        str(event.get("id")),
        frozenset(name for agent in people for name in _names_of(agent)),
        event.get("outcome", SUCCESS) == SUCCESS,
        str(event.get("action", "")),
        patient_id,
        _parse_instant(event.get("recorded")),
    )


def _names_of(agent: Mapping[str, Any]) -> Iterator[str]:
    """Yield every name by which an event calls a person or a client."""
    who = agent.get("who", {})
    identifier = who.get("identifier", {}).get("value")
    for name in (agent.get("altId"), agent.get("name"), who.get("display"), identifier):
        if name:
            yield str(name)
    if reference := who.get("reference"):
        yield str(reference).rpartition("/")[2]


def _parse_instant(value: Any) -> datetime | None:
    """Return an instant of FHIR, which always has a time zone; None for what is none."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
