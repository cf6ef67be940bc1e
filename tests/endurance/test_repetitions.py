"""What must hold every time is tried again and again: clean runs, and kills at random moments."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests.faults import gate_runs, hospitals
from tests.faults.api.api_fault import DEEP
from tests.faults.api.gate_on_fault import run_gate_without_fault as run_api_gate
from tests.faults.judge import FUNCTIONAL
from tests.faults.load.false_alarms import PLAN_LIKE
from tests.faults.load.gate_on_fault import run_gate_without_fault as run_load_gate
from tests.gate.kills.leftovers import KINDS, count_tagged_rows, tag_of

TIMES = range(20)
SEEDS = range(1, 11)
LONGEST = 12.0
"""Seconds of a functional gate on an idle machine: a kill falls anywhere in it."""
DEEP_SECONDS, SLACK = 120, 200.0
"""Seconds of fuzzing with one seed, and what the gate may take beside it."""


@pytest.mark.parametrize("number", TIMES)
def test_a_clean_run_of_functions_is_never_blamed(
    number: int, hospital: hospitals.Hospital, tmp_path: Path
) -> None:
    verdict = gate_runs.run_functional_gate(hospital, tmp_path)
    assert {item: verdict.outcome(item) for item in FUNCTIONAL} == dict.fromkeys(
        FUNCTIONAL, "passed"
    ), verdict.output


@pytest.mark.parametrize("number", TIMES)
def test_a_clean_load_is_never_blamed(
    number: int, cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    """With the plan's own error rate, all journeys and all objectives."""
    verdict = run_load_gate(cluster, PLAN_LIKE, tmp_path, 400.0)
    assert verdict.word == "GO", verdict.output


@pytest.mark.parametrize("seed", SEEDS)
def test_a_hospital_that_keeps_its_document_is_never_blamed(
    seed: int, cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    """Deep runs, as every night makes one, each with a seed of its own."""
    asked = {**DEEP, "deep_seconds": DEEP_SECONDS, "seed": seed}
    verdict = run_api_gate(cluster, asked, tmp_path, DEEP_SECONDS + SLACK)
    assert verdict.word == "GO", verdict.output


@pytest.mark.parametrize("number", TIMES)
def test_a_kill_at_any_moment_leaves_nothing_that_a_sweep_does_not_find(
    number: int, hospital: hospitals.Hospital, tmp_path: Path
) -> None:
    process = gate_runs.start_functional_gate(hospital, tmp_path)
    # The moment is the same at each start, so a failure can be tried again.
    time.sleep(random.Random(number).uniform(0.0, LONGEST))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    swept = gate_runs.sweep(hospital, tmp_path)
    if tag := tag_of(tmp_path):  # none: it was killed before it made anything
        assert count_tagged_rows(hospital, tag) == dict.fromkeys(KINDS, 0), swept.stdout
    assert swept.returncode == 0, swept.stdout
