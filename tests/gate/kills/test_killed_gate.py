"""A gate that is killed leaves no process behind, and the next run removes what it made."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.faults import gate_runs
from tests.faults.hospitals import ROOT, Hospital
from tests.gate.environment import environment_without_settings
from tests.gate.kills.leftovers import KINDS, count_tagged_rows, runs, tag_of, wait
from tests.shipped_plan import PLAN_VARIABLE

SECONDS_TO_BEGIN = 60.0
SECONDS_TO_END = 5.0
ENOUGH = 3
"""Patients, visits and documents each that a run has made when it is killed."""
ONE_FILE = (*gate_runs.PLAIN, "smoke/test_health.py")
"""A short run: what it proves does not matter here, and it sweeps like any other."""


def in_its_middle(hospital: Hospital, folder: Path) -> subprocess.Popen[str]:
    """A gate that has made some of everything, and is going on."""
    process = gate_runs.start_functional_gate(hospital, folder)
    wait(
        "a run in its middle",
        lambda: min(count_tagged_rows(hospital, tag_of(folder)).values()) >= ENOUGH,
        SECONDS_TO_BEGIN,
    )
    return process


@pytest.fixture
def killed(hospital: Hospital, tmp_path: Path) -> str:
    """The tag of a run that was killed in its middle: what it made is still on the target."""
    process = in_its_middle(hospital, tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert min(count_tagged_rows(hospital, tag_of(tmp_path)).values()) >= ENOUGH
    return tag_of(tmp_path)


def test_the_next_run_sweeps_what_a_killed_one_left(
    hospital: Hospital, killed: str, tmp_path: Path
) -> None:
    """No row of the killed run is left, and the next verdict says that it was swept."""
    verdict = gate_runs.run_functional_gate(hospital, tmp_path, *ONE_FILE)
    assert count_tagged_rows(hospital, killed) == dict.fromkeys(KINDS, 0), verdict.output
    assert "that earlier runs left" in verdict.output


@pytest.mark.thorough  # every run sweeps what a killed load left (`test_killed_load`)
def test_a_sweep_alone_does_it_too(hospital: Hospital, killed: str, tmp_path: Path) -> None:
    """`pytest --sweep` removes what killed runs left, and a second one has nothing to do."""
    first, second = (gate_runs.sweep(hospital, tmp_path) for _ in range(2))
    assert count_tagged_rows(hospital, killed) == dict.fromkeys(KINDS, 0), first.stdout
    assert (first.returncode, second.returncode) == (0, 0), first.stdout + second.stdout
    assert "that earlier runs left" in first.stdout
    assert "nothing was left behind" in second.stdout


def test_a_run_that_lives_is_not_swept(hospital: Hospital, tmp_path: Path) -> None:
    """Two gates at once on one target: neither takes away what the other one needs."""
    process = in_its_middle(hospital, tmp_path)
    process.send_signal(signal.SIGSTOP)  # so that it makes nothing more meanwhile
    before = count_tagged_rows(hospital, tag_of(tmp_path))
    gate_runs.sweep(hospital, tmp_path)
    assert count_tagged_rows(hospital, tag_of(tmp_path)) == before
    process.kill()
    process.communicate()


def test_a_killed_run_leaves_no_process_behind(tmp_path: Path) -> None:
    """Neither the embedded hospital nor its PostgreSQL outlives the run that started them."""
    environment = environment_without_settings()
    environment |= {
        **PLAN_VARIABLE,
        "PYTHONPATH": str(ROOT / "src"),
        "CUTOVER_REPORTS": str(tmp_path / "reports/runs"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-m", gate_runs.GATE, *gate_runs.PLAIN],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait("a run in its middle", lambda: bool(tag_of(tmp_path)), SECONDS_TO_BEGIN)
    started = psutil.Process(process.pid).children(recursive=True)
    assert {"postgres"} <= {one.name() for one in started}
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait(f"the end of {started}", lambda: not any(runs(one) for one in started), SECONDS_TO_END)
