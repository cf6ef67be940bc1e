"""Visits: encounters, and the moves between their states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover_gates.drivers.fhir.client import FhirResponse
from cutover_gates.drivers.fhir.patient_records import PatientRecords
from cutover_gates.drivers.fhir.resources import (
    ENCOUNTER_STATUS,
    STATUS_AFTER,
    ResourceMapper,
    now,
    version_of,
)
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
"""How often a move is tried that others overtake."""
RULES = "encounter-rules"
LEGAL: Mapping[VisitStatus, frozenset[Transition]] = {
    VisitStatus.OPEN: frozenset({Transition.ADMIT, Transition.CANCEL}),
    VisitStatus.ADMITTED: frozenset({Transition.DISCHARGE}),
}


class Encounters:
    """The visits of one server. `unsupported` as the settings declare it."""

    def __init__(
        self, charts: PatientRecords, resources: ResourceMapper, unsupported: Mapping[str, str]
    ) -> None:
        self._charts, self._resources, self._unsupported = charts, resources, unsupported

    def interpret(self, came: FhirResponse) -> Visit:
        visit = self._charts.interpret(came, self._resources.read_visit, came.resource)
        if visit is None:
            raise Rejected(Reason.NOT_FOUND, "the encounter was entered in error", came.answer)
        return visit

    def move(self, session: Session, visit: Visit, move: Transition) -> Visit:
        """The encounter is read, and stored with its new status over that very version; again,
        where somebody was quicker.

        Whether a move is legal is for the server to say. But where the visit stands there already
        nothing can be asked of it (to store the same status again is no move), so that is refused
        here.
        """
        for left in reversed(range(TRIES)):
            came = self._charts.read_for_patient(
                move.value, "Encounter", visit.id, visit.patient_id, session
            )
            self._require_legal(self.interpret(came).status, move, came)
            version = version_of(came.resource or {}, came.etag)
            try:
                return self.interpret(
                    self._charts.update(
                        move.value, _change_status(came, move), version, session, "move"
                    )
                )
            except Rejected as refused:
                if refused.reason is not Reason.STALE or not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _require_legal(self, status: VisitStatus, move: Transition, came: FhirResponse) -> None:
        if move not in LEGAL.get(status, frozenset()) and RULES in self._unsupported:
            raise Unsupported(RULES, self._unsupported[RULES])
        if status is STATUS_AFTER[move]:
            raise Rejected(
                Reason.ILLEGAL_TRANSITION,
                f"the encounter is {ENCOUNTER_STATUS[status]} already",
                came.answer,
            )


def _change_status(came: FhirResponse, move: Transition) -> dict[str, Any]:
    """The encounter with its new status, and with the time of what happened."""
    resource = dict(came.resource or {})
    period = dict(resource.get("period", {}))
    if move is Transition.ADMIT:
        period.setdefault("start", now())
    elif move is Transition.DISCHARGE:
        period["end"] = now()
    return {
        **resource,
        "status": ENCOUNTER_STATUS[STATUS_AFTER[move]],
        **({"period": period} if period else {}),
    }
