"""A gate says that its mapping was not checked only where a check failed that used the mapping."""

from __future__ import annotations

from typing import Any

import pytest

from cutover_gates.plugin.check_outcome import CheckOutcome
from cutover_gates.plugin.judgement import _has_failed_on_the_target
from cutover_gates.plugin.result_rules import CheckPhase
from cutover_gates.plugin.results import ResultCollector

EXCHANGE = {"kind": "exchange", "method": "GET"}
OBSERVATION = {"kind": "observation", "title": "row counts"}


def collector(**checks: tuple[str, dict[str, Any]]) -> ResultCollector:
    """Checks by name, with the status of their call and what they took as evidence."""
    found = ResultCollector()
    for name, (status, evidence) in checks.items():
        found.add(name, CheckPhase("setup", "passed", 0.1, "", False, CheckOutcome()))
        found.add(name, CheckPhase("call", status, 0.1, "", False, CheckOutcome()))
        taken = CheckOutcome(evidence=(evidence,))
        found.add(name, CheckPhase("teardown", "passed", 0.1, "", False, taken))
    return found


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ({"rows": ("failed", OBSERVATION)}, False),
        ({"rows": ("failed", OBSERVATION), "patients": ("passed", EXCHANGE)}, False),
        ({"patients": ("failed", EXCHANGE)}, True),
        ({"rows": ("passed", OBSERVATION), "patients": ("failed", EXCHANGE)}, True),
        ({"patients": ("passed", EXCHANGE)}, False),
        ({}, False),
    ],
    ids=["database", "both", "mapping", "mapping too", "passed", "nothing"],
)
def test_only_a_failure_that_asked_the_target_may_be_a_line_of_the_mapping(
    checks: dict[str, tuple[str, dict[str, Any]]], expected: bool
) -> None:
    assert _has_failed_on_the_target(collector(**checks)) is expected
