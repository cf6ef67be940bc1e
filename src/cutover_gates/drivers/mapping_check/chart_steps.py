"""The steps on visits and documents, and the removal of what the check created."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cutover_gates.drivers.mapping_check.causes import Cause
from cutover_gates.drivers.mapping_check.check_context import CheckContext, UnexpectedResult
from cutover_gates.drivers.mapping_check.step_results import (
    format_own_value,
    list_two_pages,
    pick_entry,
    require_id,
)
from cutover_gates.hospital import Document, Driver, Transition, Visit, VisitStatus
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


# -- documents


def upload(context: CheckContext) -> Document:
    """File a document, and require its size."""
    upload = context.files.of_type(context.document_type)
    context.values["upload"] = upload
    document = context.driver.upload(context["clinician"], context["patient"].id, upload)
    size = len(upload.content)
    if document.size not in (None, size):
        key, expected = "answers.document.size", f"{size} bytes, as sent"
        raise UnexpectedResult(Cause.CHANGED_SIZE, key, expected, f"{document.size}")
    return document


def read_document(context: CheckContext) -> Document:
    """Read the description, and compare with what was sent."""
    document = context.driver.document(
        context["clinician"], context["patient"].id, context["document"].id
    )
    require_id(document.id, context["document"].id, "answers.document.id")
    for name in ("file_name", "media_type"):
        sent, found = getattr(context["upload"], name), getattr(document, name)
        if sent != found:
            raise UnexpectedResult(
                Cause.CHANGED_DOCUMENT,
                f"answers.document.{name}",
                f"{sent!r}, as it was sent",
                format_own_value(context, found, sent),
            )
    return document


def read_content(context: CheckContext) -> None:
    """Read the bytes, and compare with what was sent."""
    sent = context["upload"].content
    found = context.driver.content(context["clinician"], context["document"])
    if found != sent:
        expected, actual = f"the {len(sent)} bytes that were sent", f"{len(found)} other bytes"
        raise UnexpectedResult(Cause.CHANGED_CONTENT, "operations.content", expected, actual)


def upload_forbidden_type(context: CheckContext) -> None:
    """File a program."""
    program = context.files.of_forbidden_type("application/x-msdownload", "exe")
    context.driver.upload(context["clinician"], context["patient"].id, program)


def upload_second(context: CheckContext) -> Document:
    """File another document."""
    upload = context.files.of_type(context.document_type)
    return context.driver.upload(context["clinician"], context["patient"].id, upload)


def list_documents(context: CheckContext) -> Document:
    """List the patient's documents, and return the one of this check."""
    document: Document = context["document"]
    return pick_entry(_documents(context, context.driver), document, "documents_of")


def turn_document_pages(context: CheckContext) -> None:
    """List the documents in pages of one entry."""
    list_two_pages(context, lambda driver: _documents(context, driver), "documents_of")


def _documents(context: CheckContext, driver: Driver) -> Sequence[Document]:
    return driver.documents_of(context["clinician"], context["patient"].id)


# -- removal


def retire(kind: str, *names: str) -> Callable[[CheckContext], None]:
    """Return the step that retires all of a kind that exist."""

    def act(context: CheckContext) -> None:
        for thing in [context[name] for name in names if name in context.values]:
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
