"""Rules of the ledger: nothing that was made is forgotten."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.ledger_lines import ALREADY_GONE, find_removed, read_lines


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run-1.jsonl"


def die(ledger: Ledger) -> None:
    """As a killed process leaves it: no last word, the lock gone."""
    ledger._file.close()


def test_an_intent_is_on_the_disk_before_anything_else_happens(path: Path) -> None:
    """Also for another process that reads it now."""
    ledger = Ledger(path, "run-1", "staging")
    ledger.intend("patient", "MRN-1", family_name="Test")
    assert '"key": "MRN-1"' in path.read_text()


def test_what_a_dead_run_left_is_found_with_its_id_or_its_key(path: Path) -> None:
    """Things with ids, and intents that never got one."""
    ledger = Ledger(path, "run-1", "staging")
    ledger.record_created(ledger.intend("patient", "MRN-1"), "id-1")
    ledger.record_created(ledger.intend("visit", "pain", patient_id="id-1"), "visit-1", "id-1")
    ledger.record_rejected(ledger.intend("patient", "MRN-2"))
    ledger.intend("patient", "MRN-3", family_name="Test")
    die(ledger)
    left = Ledger.list_abandoned_records(path.parent, "staging")
    assert [(one.kind, one.key, one.id, one.patient_id) for one in left] == [
        ("patient", "MRN-3", None, None),
        ("visit", "pain", "visit-1", "id-1"),
        ("patient", "MRN-1", "id-1", None),
    ]
    assert left[0].hints == {"family_name": "Test"}


def test_the_ledger_of_a_living_run_is_left_alone(path: Path) -> None:
    """Its lock says that it lives."""
    ledger = Ledger(path, "run-1", "staging")
    ledger.intend("patient", "MRN-1")
    assert Ledger.list_abandoned_records(path.parent, "staging") == []
    with pytest.raises(BlockingIOError):
        Ledger(path, "run-1", "staging")


def test_another_targets_ledger_is_left_alone(path: Path) -> None:
    """Staging's things are not looked for on production."""
    ledger = Ledger(path, "run-1", "staging")
    ledger.intend("patient", "MRN-1")
    die(ledger)
    assert Ledger.list_abandoned_records(path.parent, "production") == []


@pytest.mark.parametrize("keep", range(1, 60, 7))
def test_a_torn_last_line_is_tolerated_and_what_comes_after_is_read(path: Path, keep: int) -> None:
    """A kill in the middle of a write."""
    ledger = Ledger(path, "run-1", "staging")
    ledger.record_created(ledger.intend("patient", "MRN-1"), "id-1")
    whole = path.stat().st_size
    ledger.intend("patient", "MRN-2")
    die(ledger)
    os.truncate(path, whole + keep)
    (again,) = Ledger.open_abandoned(path.parent, "staging")
    assert [one.id for one in again.remaining_records()] == ["id-1"]
    again.record_deleted(again.remaining_records()[0], "deleted")
    again.close()
    assert Ledger.list_abandoned_records(path.parent, "staging") == []
    assert path.read_text().endswith("\n")


def test_a_ledger_is_closed_only_when_nothing_is_left(path: Path) -> None:
    """A run that could not clean up ends in order, and is swept by the next one."""
    ledger = Ledger(path, "run-1", "staging")
    ledger.record_created(ledger.intend("patient", "MRN-1"), "id-1")
    ledger.close()
    (again,) = Ledger.open_abandoned(path.parent, "staging")
    again.record_deleted(again.remaining_records()[0], "deleted")
    again.close()
    assert Ledger.open_abandoned(path.parent, "staging") == []


def test_one_thing_told_by_several_entries_is_retired_once(path: Path) -> None:
    """Eight attempts under one idempotency key make one patient."""
    ledger = Ledger(path, "run-1", "staging")
    for _ in range(8):
        ledger.record_created(ledger.intend("patient", "MRN-1"), "id-1")
    assert len(ledger.remaining_records()) == 1
    ledger.record_deleted(ledger.remaining_records()[0], "deleted")
    assert ledger.remaining_records() == []


def test_equal_ids_of_different_kinds_are_different_things(path: Path) -> None:
    """Where ids are numbers, patient 7 and visit 7 both exist."""
    ledger = Ledger(path, "run-1", "staging")
    for kind in ("patient", "visit"):
        ledger.record_created(ledger.intend(kind, "x"), "7")
    ledger.record_deleted(
        next(one for one in ledger.remaining_records() if one.kind == "visit"), "deleted"
    )
    assert [one.kind for one in ledger.remaining_records()] == ["patient"]


def test_a_killed_process_leaves_what_it_made(path: Path) -> None:
    """SIGKILL, with the lock held and an intent just announced."""
    program = (
        "import sys, time; from pathlib import Path; from cutover_gates.core.evidence.ledger import"
        " Ledger;ledger = Ledger(Path(sys.argv[1]), 'run-1', 'staging');"
        " ledger.record_created(ledger.intend('patient', 'MRN-1'), 'id-1');"
        "ledger.intend('patient', 'MRN-2');"
        " print('ready', flush=True); time.sleep(60)"
    )
    source = Path(sys.modules["cutover_gates.core.evidence"].__file__ or "").parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(source)},
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"ready\n"
        assert Ledger.list_abandoned_records(path.parent, "staging") == []
        run.send_signal(signal.SIGKILL)
    assert [one.key for one in Ledger.list_abandoned_records(path.parent, "staging")] == [
        "MRN-2",
        "MRN-1",
    ]


def test_a_removal_in_progress_is_known_after_a_kill(path: Path) -> None:
    """The run may have removed it: it is not lost. What the target refused to remove must be there."""
    ledger = Ledger(path, "run-1", "staging")
    for number in ("1", "2", "3"):
        ledger.record_created(ledger.intend("patient", f"MRN-{number}"), number)
    third, second, first = ledger.remaining_records()
    ledger.record_removal(first, begun=True)
    ledger.record_removal(second, begun=True)
    ledger.record_removal(second, begun=False)
    die(ledger)
    (again,) = Ledger.open_abandoned(path.parent, "staging")
    begun = {one.id: one.removal_begun for one in again.remaining_records()}
    assert begun == {"1": True, "2": False, "3": False}
    assert find_removed(read_lines(path)) == {("patient", "1")}
    again.record_deleted(third, ALREADY_GONE)
    assert find_removed(read_lines(path)) == {("patient", "1")}
