"""Visits: encounters, and the moves between their states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover.drivers.fhir.charts import Charts
from cutover.drivers.fhir.client import Came
from cutover.drivers.fhir.resources import MOVED, SENT, Resources, now, version_of
from cutover.hospital import Move, NotOffered, Reason, Refused, Session, Status, Visit

TRIES = 5
"""How often a move is tried that others overtake."""
RULES = "encounter-rules"
LEGAL: Mapping[Status, frozenset[Move]] = {
    Status.OPEN: frozenset({Move.ADMIT, Move.CANCEL}),
    Status.ADMITTED: frozenset({Move.DISCHARGE}),
}


class Visits:
    """The visits of one server. `unsupported` as the settings declare it."""

    def __init__(
        self, charts: Charts, resources: Resources, unsupported: Mapping[str, str]
    ) -> None:
        self._charts, self._resources, self._unsupported = charts, resources, unsupported

    def understood(self, came: Came) -> Visit:
        visit = self._charts.understood(came, self._resources.as_visit, came.resource)
        if visit is None:
            raise Refused(Reason.NOT_FOUND, "the encounter was entered in error", came.answer)
        return visit

    def moved(self, session: Session, visit: Visit, move: Move) -> Visit:
        """The encounter is read, and stored with its new status over that very version; again,
        where somebody was quicker.

        Whether a move is legal is for the server to say. But where the visit stands there already
        nothing can be asked of it (to store the same status again is no move), so that is refused
        here.
        """
        for left in reversed(range(TRIES)):
            came = self._charts.read_of(
                move.value, "Encounter", visit.id, visit.patient_id, session
            )
            self._may_be_asked(self.understood(came).status, move, came)
            version = version_of(came.resource or {}, came.etag)
            try:
                return self.understood(
                    self._charts.stored(move.value, _changed(came, move), version, session, "move")
                )
            except Refused as refused:
                if refused.reason is not Reason.STALE or not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _may_be_asked(self, status: Status, move: Move, came: Came) -> None:
        if move not in LEGAL.get(status, frozenset()) and RULES in self._unsupported:
            raise NotOffered(RULES, self._unsupported[RULES])
        if status is MOVED[move]:
            raise Refused(
                Reason.ILLEGAL_TRANSITION, f"the encounter is {SENT[status]} already", came.answer
            )


def _changed(came: Came, move: Move) -> dict[str, Any]:
    """The encounter with its new status, and with the time of what happened."""
    resource = dict(came.resource or {})
    period = dict(resource.get("period", {}))
    if move is Move.ADMIT:
        period.setdefault("start", now())
    elif move is Move.DISCHARGE:
        period["end"] = now()
    return {**resource, "status": SENT[MOVED[move]], **({"period": period} if period else {})}
