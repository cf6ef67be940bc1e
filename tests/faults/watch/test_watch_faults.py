"""Each fault of a cutover is caught by its check in the record of a real watcher."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.judge import find_problems
from tests.faults.registry import faults_of_kind
from tests.faults.results import CheckResults, run_check
from tests.faults.watch.watch_fault import STEP_CHECKS, WATCH_CHECKS, WatchFault
from tests.selection import further
from tests.watched_hospital import WatchedHospital, start_watched_hospital

BY_NAME = faults_of_kind("watch", WatchFault)
FIRST = {
    "TheProxyStandsStill",
    "AnAcknowledgedDocumentIsGone",
    "AnOrderToRollBackIsNotFollowed",
    "WhatIsNotPinnedFails",
}
"""One of each kind: a watch costs eight seconds."""


@pytest.fixture(scope="module")
def announced() -> Iterator[dict[str, Any]]:
    """Start the hospital with two instances and a proxy."""
    with start_watched_hospital() as announced:
        yield announced


@pytest.mark.parametrize("name", [name if name in FIRST else further(name) for name in BY_NAME])
def test_the_check_catches(name: str, announced: dict[str, Any], tmp_path: Path) -> None:
    """For the rule that the fault breaks."""
    fault = BY_NAME[name]
    check = {**WATCH_CHECKS, **STEP_CHECKS}[fault.check]
    result = run_check(check, fault().ask(WatchedHospital(announced, tmp_path)))
    problems = find_problems(fault, CheckResults({fault.check: result}))
    assert not problems, "\n".join(problems)


def test_every_check_has_a_fault_that_it_catches() -> None:
    """A check that cannot fail proves nothing. Coverage is never failed, only not proven."""
    checks = {fault.check for fault in BY_NAME.values()}
    # Most faults of a step are simulated (tests/unit/rollout): a real one takes its whole time.
    assert checks - set(STEP_CHECKS) == set(WATCH_CHECKS)
