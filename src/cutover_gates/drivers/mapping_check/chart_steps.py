"""The steps on visits, and the removal of what the check created."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cutover_gates.drivers.mapping_check.causes import Cause
from cutover_gates.drivers.mapping_check.check_context import CheckContext, UnexpectedResult
from cutover_gates.drivers.mapping_check.step_results import (
    format_own_value,
    list_two_pages,
    pick_entry,
    require_id,
)
from cutover_gates.hospital import Document, Driver, Patient, Transition, Visit, VisitStatus
from cutover_gates.hospital.synthetic import token

# -- visits


def open_visit(context: CheckContext) -> Visit:
    """Open a visit, and require its reason and state."""
    reason = f"check {token()}"
    visit = context.driver.open_visit(context["clinician"], context["patient"].id, reason)
    if visit.reason not in (reason, None):
        raise UnexpectedResult(
            Cause.CHANGED_VISIT,
            "answers.visit.reason",
            f"{reason!r}, as it was sent",
            format_own_value(context, visit.reason, reason),
        )
    return require_status(visit, VisitStatus.OPEN)


def require_status(visit: Visit, status: VisitStatus) -> Visit:
    """Return the visit where it is in this state."""
    if visit.status is not status:
        raise UnexpectedResult(
            Cause.WRONG_STATE,
            "answers.visit.status",
            f"a visit that is {status.value}",
            f"one that is {visit.status.value}",
        )
    return visit


def read_visit(context: CheckContext) -> Visit:
    """Read the visit, and require its ids."""
    visit = context.driver.visit(context["clinician"], context["patient"].id, context["visit"].id)
    require_id(visit.id, context["visit"].id, "answers.visit.id")
    require_id(visit.patient_id, context["patient"].id, "answers.visit.patient_id")
    return visit


def list_visits(context: CheckContext) -> Visit:
    """List the patient's visits, and return the one of this check."""
    visit: Visit = context["visit"]
    return pick_entry(_visits(context, context.driver), visit, "visits_of")


def turn_visit_pages(context: CheckContext) -> None:
    """List the visits in pages of one entry."""
    list_two_pages(context, lambda driver: _visits(context, driver), "visits_of")


def _visits(context: CheckContext, driver: Driver) -> Sequence[Visit]:
    return driver.visits_of(context["clinician"], context["patient"].id)


def move(
    transition: Transition, status: VisitStatus, name: str = "visit"
) -> Callable[[CheckContext], Visit]:
    """Return the step that moves a visit and requires its new state."""

    def act(context: CheckContext) -> Visit:
        moved = context.driver.move(context["clinician"], context[name], transition)
        return require_status(moved, status)

    return act


def read_patient_after(context: CheckContext) -> None:
    """Read the patient as a clinician after the discharge: the chart stays readable."""
    found = context.driver.patient(context["clinician"], context["patient"].id)
    require_id(found.id, context["patient"].id, "answers.patient.id")


def read_visit_after(context: CheckContext) -> None:
    """Read the visit after the discharge, and require its state."""
    require_status(read_visit(context), VisitStatus.DISCHARGED)


# -- removal


_KINDS: Mapping[str, type] = {"patient": Patient, "visit": Visit, "document": Document}


def retire(kind: str, *names: str) -> Callable[[CheckContext], None]:
    """Return the step that retires what has these names; all of the kind where none is named."""

    def act(context: CheckContext) -> None:
        things: list[Any] = [
            thing
            for name, thing in context.values.items()
            if isinstance(thing, _KINDS[kind]) and (not names or name in names)
        ]
        # The same thing has several names: as it was made, as it was listed.
        for thing in {thing.id: thing for thing in things}.values():
            _retire(context, kind, thing)

    return act


def _retire(context: CheckContext, kind: str, thing: Any) -> None:
    patient_id = None if kind == "patient" else thing.patient_id
    how = context.driver.retire(context["administrator"], kind, thing.id, patient_id)
    if kind != "patient":
        return
    # What cannot be retired alone goes with its patient, so its entry is settled too.
    for record in context.driver.ledger.remaining_records():
        if record.patient_id == thing.id:
            context.driver.ledger.record_deleted(record, f"with its patient: {how}")
