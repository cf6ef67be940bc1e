"""The visits of a FHIR server: encounters, and the moves between their states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover_gates.drivers.fhir.fhir_response import FhirResponse
from cutover_gates.drivers.fhir.patient_records import PatientRecords
from cutover_gates.drivers.fhir.resource_elements import (
    ENCOUNTER_STATUS,
    STATUS_AFTER,
    now,
    version_of,
)
from cutover_gates.drivers.fhir.resources import ResourceMapper
from cutover_gates.hospital import (
    Reason,
    Rejected,
    Session,
    Transition,
    Unsupported,
    Visit,
    VisitStatus,
)

TRIES = 5
"""Attempts at a move while others change the same encounter."""
RULES = "encounter-rules"
"""The ability of a server to refuse an illegal move, as the settings name it."""
LEGAL: Mapping[VisitStatus, frozenset[Transition]] = {
    VisitStatus.OPEN: frozenset({Transition.ADMIT, Transition.CANCEL}),
    VisitStatus.ADMITTED: frozenset({Transition.DISCHARGE}),
}


class Encounters:
    """The visits of one server. `unsupported` is what the settings declare, with the reasons."""

    def __init__(
        self, charts: PatientRecords, resources: ResourceMapper, unsupported: Mapping[str, str]
    ) -> None:
        self._charts, self._resources, self._unsupported = charts, resources, unsupported

    def interpret(self, response: FhirResponse) -> Visit:
        """Return the visit in an answer. One that was entered in error is not found."""
        visit = self._charts.interpret(response, self._resources.read_visit, response.resource)
        if visit is None:
            raise Rejected(Reason.NOT_FOUND, "the encounter was entered in error", response.answer)
        return visit

    def move(self, session: Session, visit: Visit, move: Transition) -> Visit:
        """Read the encounter, and store it with its new status over that version.

        Where somebody else was quicker, this is repeated. The server decides whether a move is
        legal. But to store the status that it already has is no move, so that is refused here.
        """
        for remaining in reversed(range(TRIES)):
            current = self._charts.read_for_patient(
                move.value, "Encounter", visit.id, visit.patient_id, session
            )
            self._require_legal(self.interpret(current).status, move, current)
            version = version_of(current.resource or {}, current.etag)
            changed = _change_status(current, move)
            try:
                return self.interpret(
                    self._charts.update(move.value, changed, version, session, "move")
                )
            except Rejected as rejection:
                if rejection.reason is not Reason.STALE or not remaining:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _require_legal(self, status: VisitStatus, move: Transition, current: FhirResponse) -> None:
        if move not in LEGAL.get(status, frozenset()) and RULES in self._unsupported:
            raise Unsupported(RULES, self._unsupported[RULES])
        if status is STATUS_AFTER[move]:
            raise Rejected(
                Reason.ILLEGAL_TRANSITION,
                f"the encounter is {ENCOUNTER_STATUS[status]} already",
                current.answer,
            )


def _change_status(current: FhirResponse, move: Transition) -> dict[str, Any]:
    """Return the encounter with its new status, and with the time of the move."""
    resource = dict(current.resource or {})
    period = dict(resource.get("period", {}))
    if move is Transition.ADMIT:
        period.setdefault("start", now())
    elif move is Transition.DISCHARGE:
        period["end"] = now()
    resource["status"] = ENCOUNTER_STATUS[STATUS_AFTER[move]]
    if period:
        resource["period"] = period
    return resource
