"""Each fault of a way back is caught by its check, and a clean way back is not blamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.faults.judge import find_problems
from tests.faults.registry import faults_of_kind
from tests.faults.results import CheckResult, CheckResults, run_check
from tests.faults.watch.way_back import BACK_CHECKS, WayBackFault
from tests.selection import further
from tests.watched_hospital import WatchedHospital, start_watched_hospital

BY_NAME = faults_of_kind("watch", WayBackFault)
FIRST = {"ACanaryKeepsAShareOfTheTraffic"}
"""It needs no watch; each of the others costs about ten seconds."""


@pytest.fixture(scope="module")
def announced() -> Iterator[dict[str, Any]]:
    """Start the hospital with two instances and a proxy."""
    with start_watched_hospital() as announced:
        yield announced


def run_checks(given: Mapping[str, object], *names: str) -> CheckResults:
    """Return how these checks end."""
    results: dict[str, CheckResult] = {}
    for name in names:
        results[name] = run_check(BACK_CHECKS[name], dict(given))
    return CheckResults(results)


@pytest.mark.parametrize("name", [name if name in FIRST else further(name) for name in BY_NAME])
def test_the_check_catches(name: str, announced: dict[str, Any], tmp_path: Path) -> None:
    """For the rule that the fault breaks."""
    fault = BY_NAME[name]
    given = fault().run(WatchedHospital(announced, tmp_path))
    problems = find_problems(fault, run_checks(given, fault.check))
    assert not problems, "\n".join(problems)


@pytest.mark.thorough
def test_a_clean_way_back_is_not_blamed(announced: dict[str, Any], tmp_path: Path) -> None:
    """Every check passes, and the time to restore is told."""
    given = WayBackFault().run(WatchedHospital(announced, tmp_path))
    found = run_checks(given, *BACK_CHECKS)
    assert {
        name: found.message(name) for name in BACK_CHECKS if found.outcome(name) != "passed"
    } == {}


def test_every_check_has_a_fault_that_it_catches() -> None:
    """A check that cannot fail proves nothing."""
    assert {fault.check for fault in BY_NAME.values()} == set(BACK_CHECKS)
