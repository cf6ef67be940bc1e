"""The alert rules of the reference agree with the plan, and each fault of a rule is caught."""

from __future__ import annotations

import shutil

import pytest

from tests.faults.judge import find_problems
from tests.faults.observability.observability_trial import AGREEMENT, CHECKS, run_named_check
from tests.faults.observability.rule_agreement import (
    AGREES,
    agreement,
    reference_groups,
    reference_settings,
)
from tests.faults.selection import cases

pytestmark = pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="there is no promtool on this machine: apt-get install prometheus",
)


@pytest.mark.parametrize("name", cases(AGREEMENT))
def test_a_rule_that_disagrees_is_caught(name: str) -> None:
    fault = AGREEMENT[name]
    assert find_problems(fault, run_named_check(fault.check, fault.asked())) == []


def test_the_rules_of_the_reference_agree() -> None:
    CHECKS[AGREES][0](agreement(reference_groups(), reference_settings()))
