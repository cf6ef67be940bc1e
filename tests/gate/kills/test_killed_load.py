"""A gate that is killed while its load runs: no load is left, and what it made goes with the next
sweep.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.faults import gate_runs
from tests.faults.hospitals import Hospital
from tests.faults.load import gate_on_fault
from tests.faults.load.load_fault import EVERYBODY
from tests.faults.load.running_gate import load_processes_of
from tests.gate.kills.leftovers import KINDS, count_tagged_rows, runs, tag_of, wait

SECONDS_TO_BEGIN = 60.0
SECONDS_TO_STOP = 2.0
"""That load may go on after nobody wants it any more."""
SECONDS_TO_END = 45.0
ENOUGH = 5
"""Patients, visits and documents each that the load has made when it is stopped, beside those that
were made to prepare it.
"""
SHORT = {"min_seconds": 15, "max_seconds": 15, "journeys": EVERYBODY}


@dataclass
class UnderLoad:
    """A gate in the middle of its load, with its load processes."""

    gate: subprocess.Popen[str]
    load: list[psutil.Process]
    tag: str


@pytest.fixture
def under_load(
    request: pytest.FixtureRequest, hospital: Hospital, tmp_path: Path
) -> Iterator[UnderLoad]:
    """A load that runs and has made some of everything.

    It runs in one process, or in as many as are asked for and their master.
    """
    gate = gate_on_fault.start_gate(hospital, {**SHORT, "processes": request.param}, tmp_path)
    wait(
        "a load that has made something",
        lambda: count_tagged_rows(hospital, tag_of(tmp_path))["visits"] >= ENOUGH,
        SECONDS_TO_BEGIN,
    )
    load = load_processes_of(gate.pid)
    assert len(load) == (1 if request.param == 1 else 3)
    yield UnderLoad(gate, load, tag_of(tmp_path))
    gate.kill()
    gate.communicate()


@pytest.mark.parametrize(
    "under_load", [1, pytest.param(2, marks=pytest.mark.thorough)], indirect=True
)
def test_ctrl_c_stops_the_load_and_takes_away_what_it_made(
    under_load: UnderLoad, hospital: Hospital, tmp_path: Path
) -> None:
    """Within two seconds no load process is left.

    The gate says NO-GO, and nothing of the run is on the target when it and a sweep are over.
    """
    under_load.gate.send_signal(signal.SIGINT)
    wait(
        f"the end of {under_load.load}",
        lambda: not any(map(runs, under_load.load)),
        SECONDS_TO_STOP,
    )
    verdict = gate_runs.wait_for_verdict(under_load.gate, tmp_path, SECONDS_TO_END)
    assert (verdict.word, verdict.status != 0) == ("NO-GO", True), verdict.output
    swept = gate_runs.sweep(hospital, tmp_path)
    assert count_tagged_rows(hospital, under_load.tag) == dict.fromkeys(KINDS, 0), (
        verdict.output + swept.stdout
    )


@pytest.mark.parametrize(
    "under_load", [2, pytest.param(1, marks=pytest.mark.thorough)], indirect=True
)
def test_a_killed_gate_leaves_no_load_and_the_next_sweep_finds_what_it_made(
    under_load: UnderLoad, hospital: Hospital, tmp_path: Path
) -> None:
    """Within two seconds no load process is left.

    All that was made, also in the moment of the kill, stands in the ledger and is swept.
    """
    under_load.gate.send_signal(signal.SIGKILL)
    wait(
        f"the end of {under_load.load}",
        lambda: not any(map(runs, under_load.load)),
        SECONDS_TO_STOP,
    )
    assert min(count_tagged_rows(hospital, under_load.tag).values()) >= ENOUGH
    swept = gate_runs.sweep(hospital, tmp_path)
    assert count_tagged_rows(hospital, under_load.tag) == dict.fromkeys(KINDS, 0), swept.stdout
    assert swept.returncode == 0, swept.stdout
