"""Written checks are bound to the items of a plan; those of no item are counted."""

from __future__ import annotations

from cutover_gates.core.plan import Item, Plan
from cutover_gates.plugin.check_inventory import CheckInventory, WrittenCheck
from cutover_gates.plugin.expected_checks import bind_to_plan

PLAN = Plan(
    (Item("line-1", "S", "T", ("phase3",), "check", "smoke", checks=("visit-creation", "own")),)
)


def bound(*groups: str) -> dict[str, set[str]]:
    """The items of one check that names these groups; empty where it belongs to none."""
    written = WrittenCheck("smoke/test_a.py::test_it", frozenset(groups), "It works", "Else not.")
    expected = bind_to_plan(CheckInventory((written,), ()), PLAN)
    assert len(expected.checks) + len(expected.unassigned) == 1
    return {check.check: set(check.items) for check in expected.checks}


def test_a_check_proves_the_items_that_take_its_groups() -> None:
    for group in ("visit-creation", "own"):
        assert bound(group) == {"smoke/test_a.py::test_it": {"line-1"}}
    assert bound("visit-creation", "dns-records") == {"smoke/test_a.py::test_it": {"line-1"}}


def test_a_check_of_a_shipped_group_that_no_item_takes_is_not_expected() -> None:
    assert bound("dns-records") == {}


def test_a_check_whose_items_are_unknown_is_expected() -> None:
    """A mark that is not written out, or a misspelt one: losing the check is a fault of the run."""
    assert bound() == {"smoke/test_a.py::test_it": set()}
    assert bound("vist-creation") == {"smoke/test_a.py::test_it": set()}


def test_checks_of_no_item_are_counted_in_one_line() -> None:
    names = ("dns-records", "redis-cluster", "visit-creation")
    written = tuple(WrittenCheck(f"smoke/test_a.py::{name}", frozenset({name})) for name in names)
    line = bind_to_plan(CheckInventory(written, ()), PLAN).describe_unassigned()
    assert "2 of 3 checks" in line
    assert "\n" not in line


def test_without_such_checks_there_is_no_line() -> None:
    assert bind_to_plan(CheckInventory((), ()), PLAN).describe_unassigned() == ""


def test_a_group_that_no_check_names_is_missing() -> None:
    """A misspelt one, beside another that proves the item, would lose its checks in silence."""
    written = WrittenCheck("smoke/test_a.py::test_it", frozenset({"visit-creation", "own-b"}))
    ((item, why),) = bind_to_plan(CheckInventory((written,), ()), PLAN).missing_groups
    assert item == "line-1"
    assert "'own'" in why
