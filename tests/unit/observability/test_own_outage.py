"""Errors that the gate itself caused are told apart from those of the rollback."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from cutover_gates.probes.observability.logs import rules
from tests.faults.observability.logs import ErrorsComeBackWithTheRollback

COUNTED = "errors while the gate took the database away"


@pytest.mark.parametrize(
    ("began", "ended", "found"),
    [(-5.0, 5.0, False), (-60.0, -30.0, True), (30.0, 60.0, True), (None, None, True)],
)
def test_only_an_error_of_the_gates_own_outage_is_no_finding(
    tmp_path: Path, began: float | None, ended: float | None, found: bool
) -> None:
    """An error before or after it is one, and so is any where the gate took nothing away."""
    now = time.time()
    window = None if began is None or ended is None else (now + began, now + ended)
    logs = replace(ErrorsComeBackWithTheRollback.asked(tmp_path), own_outage=window)
    assessment = logs.assess_errors_since_rollback()
    assert [one.rule for one in assessment.findings] == [rules.NO_ERROR] * found
    assert assessment.figures[COUNTED] == (not found)
