"""Rules of the result that the controller makes of what each process read again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.findings import Finding
from cutover_gates.core.verdict import Outcome
from cutover_gates.drivers import rules
from cutover_gates.drivers.write_comparison import TITLE
from cutover_gates.plugin import acknowledged_writes
from cutover_gates.plugin.acknowledged_writes import judge_comparisons, save_answer

ITEM = "kept-writes"
LOST = Finding(rules.VISIT_STORED, "visit v1 in the database", "{status: open}", "no record")
GAP = Finding(rules.WRITES_COMPARED, "visit v2", actual="no right to read")


class _Plan:
    """A plan whose one item holds what was acknowledged."""

    def with_role(self, role: str) -> tuple[SimpleNamespace, ...]:
        assert role == acknowledged_writes.ROLE
        return (SimpleNamespace(id=ITEM),)


@pytest.fixture
def run(tmp_path: Path) -> Any:
    folder = tmp_path / "run"
    folder.mkdir()
    return SimpleNamespace(
        folders={"phase3": folder},
        first_folder=folder,
        ledgers=tmp_path / "ledgers",
        tag="run-1",
        plan=_Plan(),
        requested_items=frozenset({ITEM}),
        redactor=Redactor(),
    )


def answer(
    findings: tuple[Finding, ...] = (), gaps: tuple[Finding, ...] = (), **figures: int
) -> Assessment:
    return Assessment(TITLE, ("visit v1",), findings, gaps, figures)


def create_records(run: Any, process: str, created: int = 2) -> None:
    """Let a process create records and end, as its ledger has it."""
    ledger = Ledger(run.ledgers / f"run-1-{process}.jsonl", "run-1", "tried")
    for number in range(created):
        ledger.record_created(ledger.intend("visit", "pain", patient_id="p1"), f"v{number}")
    ledger.release()


def test_the_answers_of_all_processes_are_one_result(run: Any) -> None:
    for process in ("gw0", "gw1"):
        create_records(run, process)
        save_answer(run, process, answer(visit=2, patient=1))
    (result,), errors = judge_comparisons(run)
    assert (result.outcome, result.items, errors) == (Outcome.PASSED, frozenset({ITEM}), [])
    assert result.evidence[0]["facts"] == {"patient": 2, "visit": 4, "document": 0}
    assert list(run.first_folder.iterdir()) == []


def test_one_lost_write_fails_the_item_whatever_else_is_unknown(run: Any) -> None:
    save_answer(run, "gw0", answer(gaps=(GAP,)))
    save_answer(run, "gw1", answer(findings=(LOST,)))
    (result,), _ = judge_comparisons(run)
    assert (result.outcome, result.findings) == (Outcome.FAILED, (LOST,))


@pytest.mark.parametrize("process", ["main", "gw0"])
def test_a_process_that_wrote_and_compared_nothing_is_not_proven(run: Any, process: str) -> None:
    """It crashed, or something replaced the fixture that compares."""
    create_records(run, process)
    (result,), _ = judge_comparisons(run)
    assert result.outcome is Outcome.NOT_PROVEN
    assert [gap.subject for gap in result.findings] == [process]


def test_an_answer_that_was_cut_is_not_proven(run: Any) -> None:
    save_answer(run, "gw0", answer())
    (path,) = run.first_folder.iterdir()
    path.write_text(path.read_text()[:20])
    (result,), _ = judge_comparisons(run)
    assert result.outcome is Outcome.NOT_PROVEN


@pytest.mark.parametrize("process", ["load", "contract"])
def test_what_was_made_to_prepare_a_run_is_not_asked_for_here(run: Any, process: str) -> None:
    create_records(run, process)
    assert judge_comparisons(run) == ([], [])


def test_where_nothing_was_created_there_is_no_result(run: Any) -> None:
    create_records(run, "main", created=0)
    assert judge_comparisons(run) == ([], [])


def test_a_gate_without_such_an_item_has_a_lost_write_as_an_error_of_the_run(run: Any) -> None:
    """No waiver covers that."""
    run.requested_items = frozenset({"another"})
    save_answer(run, "main", answer(findings=(LOST,), gaps=(GAP,)))
    results, errors = judge_comparisons(run)
    assert (results, len(errors)) == ([], 1)
    assert "visit v1" in errors[0]
