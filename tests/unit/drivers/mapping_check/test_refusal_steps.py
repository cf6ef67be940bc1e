"""The steps in which a stranger must get nothing, and a cut upload must leave nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.drivers.ledger_driver import LedgerDriver
from cutover_gates.drivers.mapping_check.access_steps import EMPTY_LIST_REFUSES, OUTSIDER_STEPS
from cutover_gates.drivers.mapping_check.causes import Cause
from cutover_gates.drivers.mapping_check.chart_step_list import chart_steps_for
from cutover_gates.drivers.mapping_check.check_context import CheckContext, CheckStep
from cutover_gates.drivers.mapping_check.diagnoser import Diagnoser
from cutover_gates.drivers.mapping_check.last_exchange import LastExchange
from cutover_gates.drivers.mapping_check.runner import StepOutcome, StepResult, _run_step, _skip
from cutover_gates.drivers.mapping_check.source_locations import SourceLocations
from cutover_gates.hospital import (
    Answer,
    Document,
    Patient,
    Reason,
    Rejected,
    Session,
    Visit,
    VisitStatus,
)
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory

VISIT = Visit("v-1", "p-1", VisitStatus.OPEN, "r")
OTHER = Visit("v-2", "p-2", VisitStatus.OPEN, "r")
DOCUMENT = Document("d-1", "p-1", "a.txt", "text/plain")
LISTS = [step for step in OUTSIDER_STEPS if step.operation in ("visits_of", "documents_of")]


class Hospital:
    """A hospital that shows strangers what it is told to show."""

    def __init__(self, shown: Callable[[], Sequence[Any]]) -> None:
        self._shown, self.cut = shown, 0

    def visits_of(self, _session: Session, _patient: str) -> Sequence[Any]:
        return self._shown()

    def documents_of(self, _session: Session, _patient: str) -> Sequence[Any]:
        return self._shown()

    def cut_upload(self, _session: Session, _patient: str, _upload: Any) -> None:
        self.cut += 1


def tried(
    step: CheckStep, shown: Callable[[], Sequence[Any]], unsupported: dict[str, str]
) -> StepResult:
    context = CheckContext(
        cast(LedgerDriver, Hospital(shown)),
        PatientFactory("run-1"),
        FileFactory("run-1"),
        "1",
        ("text/plain",),
        unsupported=unsupported,
    )
    draft = context.people.draft()
    patient = Patient(draft.mrn, draft.family_name, draft.given_name, draft.birth_date, id="p-1")
    context.values |= {
        "patient": patient,
        "visit": VISIT,
        "document": DOCUMENT,
        "listed document": DOCUMENT,
        "outsider": Session("outsider", "t"),
        "clinician": Session("clinician", "t"),
    }
    nowhere = SourceLocations(("cutover.toml", {}), ("cutover.toml", {}), ("default.toml", {}))
    diagnoser = Diagnoser(nowhere, LastExchange(Redactor()), "http://a.example")
    return _skip(step, context, {}) or _run_step(step, context, diagnoser)


def refuse() -> Sequence[Any]:
    raise Rejected(Reason.NOT_FOUND, "nobody", Answer(404, {}, b""))


DECLARED = {EMPTY_LIST_REFUSES: "it answers with an empty list"}


@pytest.mark.parametrize("step", LISTS, ids=lambda step: step.operation)
@pytest.mark.parametrize(
    ("shown", "unsupported", "expected"),
    [
        (refuse, {}, StepOutcome.PASSED),
        (refuse, DECLARED, StepOutcome.PASSED),
        (list, {}, StepOutcome.FAILED),
        (list, DECLARED, StepOutcome.PASSED),
        (lambda: [OTHER], DECLARED, StepOutcome.PASSED),
        (lambda: [VISIT, DOCUMENT], DECLARED, StepOutcome.FAILED),
        (lambda: [VISIT, DOCUMENT], {}, StepOutcome.FAILED),
    ],
    ids=["refused", "refused too", "empty", "declared", "others'", "it is in it", "all of it"],
)
def test_an_empty_list_refuses_only_where_that_is_declared_and_the_record_is_not_in_it(
    step: CheckStep,
    shown: Callable[[], Sequence[Any]],
    unsupported: dict[str, str],
    expected: StepOutcome,
) -> None:
    assert tried(step, shown, unsupported).outcome is expected


def cut_step() -> CheckStep:
    steps = chart_steps_for(("text/plain",))
    return next(step for step in steps if step.title == "an upload that is cut leaves nothing")


def test_a_cut_upload_that_is_listed_is_a_stop() -> None:
    """A backend that lists what is announced needs a filter in the mapping."""
    lists = iter([[DOCUMENT], [DOCUMENT, Document("d-2", "p-1", "b.txt", "text/plain")]])
    result = tried(cut_step(), lambda: next(lists), {})
    assert result.diagnosis is not None
    assert result.diagnosis.cause is Cause.CUT_UPLOAD_LISTED
    assert "operations.documents_of.query" in result.diagnosis.location


def test_a_cut_upload_that_leaves_nothing_is_none() -> None:
    assert tried(cut_step(), lambda: [DOCUMENT], {}).outcome is StepOutcome.PASSED


def test_a_step_of_what_is_declared_absent_is_not_tried() -> None:
    program = next(
        step for step in chart_steps_for(("text/plain",)) if step.title == "a program is refused"
    )
    result = tried(program, list, {"file-types": "any file may be filed"})
    assert (result.outcome, result.note) == (StepOutcome.UNSUPPORTED, "any file may be filed")


def test_each_allowed_type_has_a_step_of_its_own() -> None:
    titles = [step.title for step in chart_steps_for(("text/plain", "image/png", "a/b"))]
    assert "file a document of type image/png" in titles
    assert "file a document of type a/b" in titles


def test_a_file_of_any_type_can_be_made() -> None:
    """A hospital may take types of which nothing is known but the name."""
    files = FileFactory("run-1")
    assert files.of_type("application/dicom").file_name.rpartition(".")[2]
    assert len(files.of_type("application/dicom", 777).content) == 777
    assert files.of_type("text/csv").content.decode()
