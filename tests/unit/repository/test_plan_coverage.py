"""Every item of the plan that a program shall prove has its check, and every check an item: strict
in both directions.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.core.plan import Plan, load_plan
from cutover_gates.plugin.check_inventory import CheckInventory, build_inventory
from cutover_gates.plugin.suite_folders import SuiteFolders

ROOT = Path(__file__).resolve().parents[3]

PERFORMANCE = "canary, rollback triggers and continuity: does it stay up while it is deployed?"

AWAITED = {
    "canary-deployment": PERFORMANCE,
    "half-deployment": PERFORMANCE,
    "full-deployment": PERFORMANCE,
    "trigger-health": PERFORMANCE,
    "trigger-error-rate": PERFORMANCE,
    "trigger-response-time": PERFORMANCE,
    "trigger-database": PERFORMANCE,
    "zero-downtime": PERFORMANCE,
}
"""The items that still wait for their checks, and for which part.

Until then each is *not proven*, and its gates say NO-GO.
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The plan of this repository."""
    return load_plan(ROOT / "plan.toml")


@pytest.fixture(scope="module")
def census() -> CheckInventory:
    """Every check that is written in the suite folders."""
    return build_inventory(SuiteFolders(ROOT))


def proven(plan: Plan, census: CheckInventory) -> set[str]:
    """The items that have all their checks: of their own, or everything that they rest on has."""
    own = {item for check in census.checks for item in check.items}
    complete: set[str] = set()
    for item in sorted(
        plan.items, key=lambda item: len(plan.item_with_dependencies(item.id))
    ):  # what rests on others comes after them
        resting = bool(item.rests_on) and set(item.rests_on) <= complete
        if item.proof == "check" and (resting or (item.id in own and not item.rests_on)):
            complete.add(item.id)
    return complete


def test_every_item_has_its_check_or_waits_for_one(plan: Plan, census: CheckInventory) -> None:
    """Strict both ways: an item without a check stands on the list, and one that got its checks
    leaves it.
    """
    to_prove = {item.id for item in plan.items if item.proof == "check"}
    assert to_prove - proven(plan, census) == set(AWAITED)


def test_every_check_names_items_of_its_own_suite(plan: Plan, census: CheckInventory) -> None:
    """Written out in its file, known to the plan, and standing in that item's suite."""
    wrong = [
        (check.check, item)
        for check in census.checks
        for item in check.items or {"(none)"}
        if item not in plan.by_id or plan.item(item).suite != check.check.partition("/")[0]
    ]
    assert not wrong


def test_every_check_can_be_counted(census: CheckInventory) -> None:
    """What cannot be read without being run cannot be missed when it is lost."""
    assert census.checks
    assert census.unreadable == ()


def test_a_check_is_written_once(census: CheckInventory) -> None:
    """Of two functions of one name Python keeps the second: the first would never run, and nobody
    would notice.
    """
    names = [check.check for check in census.checks]
    assert not sorted({name for name in names if names.count(name) > 1})
