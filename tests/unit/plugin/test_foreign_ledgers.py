"""Rules of ledgers that speak of another system than the one behind the target now."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.ledger_lines import LedgerBinding
from cutover_gates.plugin import cleanup
from cutover_gates.targets.running_target import RunningTarget

ADDRESS = "https://hospital.example"
HERE = LedgerBinding(ADDRESS, "database 7/hospital")


class Asked(Exception):
    """The target would have been asked to remove something."""


def make_run(folder: Path) -> Any:
    return SimpleNamespace(ledgers=folder, settings=None, redactor=None, recorder=None, tag="run-2")


def make_target(binding: LedgerBinding, *, production: bool = False) -> RunningTarget:
    return RunningTarget(
        "staging", "remote", ADDRESS, "2", production, {}, database="dsn", binding=binding
    )


def leave_ledger(folder: Path, binding: LedgerBinding | None) -> Path:
    """Leave the ledger of a dead run that registered a patient."""
    ledger = Ledger(folder / "run-1.jsonl", "run-1", "staging", binding)
    ledger.record_created(ledger.intend("patient", "run-1-a"), "7")
    ledger.release()
    return ledger.path


@pytest.fixture(autouse=True)
def _refuse_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Asked

    monkeypatch.setattr(cleanup, "open_driver", refuse)


@pytest.mark.parametrize(
    ("bound", "now"),
    [
        (HERE, LedgerBinding(ADDRESS, "database 8/hospital")),
        (HERE, LedgerBinding(ADDRESS, "database 7/restored")),
        (HERE, LedgerBinding("https://other.example", "database 7/hospital")),
        (HERE, LedgerBinding(ADDRESS)),
        (LedgerBinding(ADDRESS), HERE),
        (LedgerBinding(ADDRESS, "Clinic API"), LedgerBinding(ADDRESS, "Ward API")),
    ],
    ids=[
        "another server",
        "another database",
        "another address",
        "cannot be asked",
        "written without a database",
        "another API",
    ],
)
def test_a_ledger_of_another_system_is_not_swept_and_is_told(
    tmp_path: Path, bound: LedgerBinding, now: LedgerBinding
) -> None:
    """Its ids are somebody else's here. Nothing is sent, and the file stays as it is."""
    path = leave_ledger(tmp_path, bound)
    before = path.read_bytes()
    (result,) = cleanup.sweep_dead_runs(make_run(tmp_path), make_target(now))
    assert (result.kind, result.how) == (cleanup.LEDGER, None)
    (sentence,) = cleanup.describe_sweep([result])
    assert sentence.startswith("not swept: the ledger")
    assert path.read_bytes() == before


def test_a_ledger_of_this_system_is_swept(tmp_path: Path) -> None:
    """Otherwise the tests of the others would prove nothing."""
    leave_ledger(tmp_path, HERE)
    with pytest.raises(Asked):
        cleanup.sweep_dead_runs(make_run(tmp_path), make_target(HERE))


def test_a_ledger_of_an_older_version_is_swept_where_no_real_patients_are(tmp_path: Path) -> None:
    """Each record is read before it is removed. On production that is not taken to be enough."""
    path = leave_ledger(tmp_path, None)
    assert "address" not in json.loads(path.read_text().splitlines()[0])
    (result,) = cleanup.sweep_dead_runs(make_run(tmp_path), make_target(HERE, production=True))
    assert "an older version" in (result.why or "")
    with pytest.raises(Asked):
        cleanup.sweep_dead_runs(make_run(tmp_path), make_target(HERE))


def test_the_binding_reaches_the_workers() -> None:
    """A worker binds its ledger to what the controller was told."""
    plain = json.loads(json.dumps(make_target(HERE).as_plain()))
    assert RunningTarget.from_plain(plain).binding == HERE
