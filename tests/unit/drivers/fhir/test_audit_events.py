"""An AuditEvent as an entry of the audit log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cutover_gates.drivers.fhir.audit_events import find_patient_id, read_audit_event

EVENT: dict[str, Any] = {
    "resourceType": "AuditEvent",
    "id": "5",
    "action": "R",
    "recorded": "2026-11-30T10:00:00Z",
    "outcome": "0",
    "agent": [
        {"requestor": False, "name": "the server"},
        {"requestor": True, "altId": "nurse", "who": {"reference": "Practitioner/17"}},
    ],
}


def test_the_requestor_is_the_one_who_acted() -> None:
    entry = read_audit_event(EVENT, "7")
    assert entry.who == {"nurse", "17"}
    assert (entry.id, entry.allowed, entry.action, entry.patient_id) == ("5", True, "R", "7")
    assert entry.at == datetime(2026, 11, 30, 10, tzinfo=UTC)


def test_every_other_outcome_is_a_refusal_and_a_bad_time_is_none() -> None:
    entry = read_audit_event({**EVENT, "outcome": "8", "recorded": "yesterday"}, "7")
    assert (entry.allowed, entry.at) == (False, None)


def test_without_a_requestor_all_agents_count() -> None:
    agents = [{"name": "one"}, {"who": {"identifier": {"value": "two"}, "display": "Two"}}]
    assert read_audit_event({**EVENT, "agent": agents}, "7").who == {"one", "two", "Two"}


@pytest.mark.parametrize(
    ("references", "patient_id"),
    [
        ([], None),
        (["Patient/7"], "7"),
        (["DocumentReference/3", "https://fhir.example/r4/Patient/7/_history/2"], "7"),
        (["Practitioner/7"], None),
    ],
)
def test_the_patient_is_an_entity_of_the_event(
    references: list[str], patient_id: str | None
) -> None:
    """A sign-in has none, and is about nobody."""
    entities = [{"what": {"reference": reference}} for reference in references]
    assert find_patient_id({**EVENT, "entity": [*entities, {"name": "query"}]}) == patient_id
