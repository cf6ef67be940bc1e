"""The newest record speaks of the newest call, and each run has a folder of its own."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest

from tests.gate.holes.catalogue import body, documents_fail
from tests.gate.holes.output_holes import NO_GOS, WRONG_CALLS, WrongCall, as_parameters
from tests.gate.holes.toy_project import Toy, read_latest
from tests.selection import further


@pytest.fixture
def go_of_yesterday(toy: Toy) -> None:
    """A GO that `latest` names, as an earlier run left it."""
    folder = toy.folder / "reports/runs/20261101T000000Z-toy-phase3-cut1"
    record = {"verdict": "GO", "gate": "phase3", "started": "2026-11-01T00:00:00.000Z"}
    folder.mkdir(parents=True)
    (folder / "verdict.json").write_text(json.dumps(record), encoding="utf-8")
    folder.with_name("latest").symlink_to(folder.name)


@pytest.mark.usefixtures("go_of_yesterday")
@pytest.mark.parametrize("call", as_parameters(WRONG_CALLS))
def test_a_wrong_call_leaves_no_older_go_as_the_newest(toy: Toy, call: WrongCall) -> None:
    """NOT JUDGED in the record and on the terminal, status 4, the reason, no traceback."""
    if call.change:
        call.change(toy)
    ran = toy.run(*call.words)
    record = read_latest(toy.folder)
    assert (record["verdict"], ran.status) == ("NOT JUDGED", 4), ran.output
    assert call.says in record["holds"][0], record["holds"]
    assert "NOT JUDGED" in ran.output
    assert "INTERNALERROR" not in ran.output


@pytest.mark.usefixtures("go_of_yesterday")
@pytest.mark.parametrize("call", as_parameters(NO_GOS))
def test_a_call_that_is_judged_is_no_go_with_status_1(toy: Toy, call: WrongCall) -> None:
    """Pytest has five statuses of its own for these: a gate has one."""
    if call.change:
        call.change(toy)
    ran = toy.run(*call.words)
    record = read_latest(toy.folder)
    assert (record["verdict"], ran.status) == ("NO-GO", 1), ran.output
    assert call.says in json.dumps(record), ran.output


def test_of_two_gates_the_newest_record_is_the_worse(toy: Toy) -> None:
    """A GO of one gate would hide the NO-GO of the other."""
    documents_fail(toy)
    toy.run("-m", "nightly or phase3")
    record = read_latest(toy.folder)
    assert (record["gate"], record["verdict"]) == ("phase3", "NO-GO")


@pytest.mark.thorough
def test_gates_with_names_that_look_alike_have_two_folders(toy: Toy) -> None:
    """In a folder's name both are 'phase3-and-smoke'."""
    toy.run("-m", "(phase3 and smoke) or (phase3 and(smoke))")
    ran = toy.run("-m", "phase3 and smoke or phase3 and not contract")
    assert len(ran.verdicts) == 2


@pytest.mark.parametrize("count", [2, further(6)])
def test_runs_at_once_stay_apart(toy: Toy, count: int) -> None:
    """As many folders and GOs as runs, and `latest` names one that began last."""
    processes = [toy.start("-m", "phase3") for _ in range(count)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * count, outputs
    paths = list(toy.folder.glob("reports/runs/2*/verdict.json"))
    verdicts = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    assert [verdict["verdict"] for verdict in verdicts] == ["GO"] * count
    newest = max(verdict["started"] for verdict in verdicts)
    assert read_latest(toy.folder)["started"] == newest
    for path in paths:
        assert any(str(path.parent) in output for output in outputs)


@pytest.mark.thorough
def test_a_run_that_goes_on_does_not_hide_a_newer_one(toy: Toy) -> None:
    """The first ends in NO-GO after the second has ended in GO: the newest is the second."""
    body("import pathlib, time", "while pathlib.Path('wait').exists(): time.sleep(0.05)")(toy)
    toy.write("wait", "")
    first = toy.start("-m", "phase3")
    try:
        _until_judging(first)
        (toy.folder / "wait").unlink()
        second = toy.gate()
        first.send_signal(signal.SIGINT)
    finally:
        first.communicate(timeout=60)
    assert second.verdict
    assert read_latest(toy.folder)["started"] == max(
        json.loads(path.read_text(encoding="utf-8"))["started"]
        for path in toy.folder.glob("reports/runs/2*/verdict.json")
    )


def _until_judging(process: subprocess.Popen[str]) -> None:
    """Read the output until the run has told which gate it judges."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("judging"):
            return
    pytest.fail("the run did not begin")
