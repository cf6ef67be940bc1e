"""What a verdict says of declarations that were written after the snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cutover_gates.config.migrations import Migrations
from cutover_gates.core.verdict import CheckResult, Outcome
from cutover_gates.plugin.database_check import warn_of_rollback
from cutover_gates.plugin.refuted_facts import describe_late_declarations
from cutover_gates.probes.database.rows.later_declarations import FIGURE, LaterDeclaration

LATER = LaterDeclaration("visits", ("drops",), "Ada Example", "2026-11-30", "spo2 is gone")


def test_each_declaration_is_named_once_with_person_and_day() -> None:
    listed = [{**vars(LATER), "keys": ["drops"]}]
    seen = ({"figures": {"inner": [{FIGURE: listed}]}},)
    one = CheckResult("one", frozenset(), Outcome.PASSED, evidence=seen)
    other = CheckResult("two", frozenset(), Outcome.PASSED)
    (sentence,) = describe_late_declarations([one, other, replace(one, check="three")])
    for part in ("drops of visits", "by Ada Example on 2026-11-30", "spo2 is gone"):
        assert part in sentence


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ({}, True),
        ({"tables": {"t": {"drops": ["a"]}}}, True),
        ({"tables": {"t": {"grows_above": "id"}}}, False),
        ({"standstill": {"reason": "closed", "by": "Ada Example", "at": "2026-11-20"}}, False),
    ],
)
def test_a_rollback_that_could_not_be_go_is_told_beforehand(
    settings: dict[str, Any], *, warned: bool
) -> None:
    found = warn_of_rollback("staging", Migrations.model_validate(settings))
    assert bool(found) is warned
