"""The shipped plan holds the whole cutover plan, and what it asks for has checks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cutover_gates.core.gates import GATES, SUITES
from cutover_gates.core.item_judge import ItemJudge
from cutover_gates.core.plan import Plan
from cutover_gates.core.plan_file import load_plan
from cutover_gates.core.verdict import CheckResult, Outcome
from cutover_gates.core.waivers import check_names
from cutover_gates.plugin.check_inventory import CheckInventory, build_inventory
from cutover_gates.plugin.expected_checks import bind_to_plan
from cutover_gates.plugin.suite_folders import SuiteFolders
from tests.shipped_plan import PLAN_FILE

ROOT = Path(__file__).resolve().parents[3]

CHECKBOXES = {
    "Pre-Cutover Checklist / Infrastructure": 8,
    "Pre-Cutover Checklist / Application": 7,
    "Pre-Cutover Checklist / Data": 4,
    "Pre-Cutover Checklist / Team": 4,
    "Cutover Timeline / T-24 Hours": 4,
    "Cutover Timeline / T-12 Hours": 4,
    "Cutover Timeline / T-1 Hour": 3,
    "Phase 3: Validation / Functional Testing": 5,
    "Phase 3: Validation / Performance Validation": 4,
    "Phase 3: Validation / Monitoring Validation": 3,
    "Post-Cutover / Immediate (First Hour)": 4,
    "Post-Cutover / Short-term (First 24 Hours)": 4,
    "Post-Cutover / Long-term (First Week)": 4,
    "Success Criteria": 7,
}
OTHER_LINES = {
    "Phase 1: Database Migration": 4,  # numbered steps
    "Phase 1: Database Migration / Run Data Validation": 3,  # the lines below its step 4
    "Phase 2: Application Deployment": 3,
    "Phase 3: Validation": 3,
    "Rollback Procedures / Automatic Rollback Triggers": 4,
    "Rollback Procedures / Manual Rollback Steps": 4,
    # of three lines, the one that no other item proves
    "Rollback Procedures / Manual Rollback Steps / Verify Rollback": 1,
    "Communication Plan / Status Updates": 6,
    "Added to the plan": 12,
}

NEVER_WAIVED = {
    "data loss: there is a copy to come back to": {
        "database-cluster",
        "backups-verified",
        "restoration-tested",
        "final-backups",
        "backup-taken",
        "database-rolled-back",
    },
    "data loss: the migration leaves the data whole": {
        "migrations-applied",
        "migration-verified",
        "data-validation",
        "key-tables",
        "row-counts",
        "constraints-hold",
        "content-unchanged",
        "no-data-loss",
    },
    "data loss: what was acknowledged is kept": {"acknowledged-writes"},
    "access control: only those get in, and only to what is theirs": {
        "authentication-flow",
        "access-control",
        "contract-access",
    },
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The shipped plan."""
    return load_plan(PLAN_FILE)


@pytest.fixture(scope="module")
def inventory() -> CheckInventory:
    """Every check that is written in the suite folders."""
    return build_inventory(SuiteFolders(ROOT))


def ids(plan: Plan, expression: str) -> set[str]:
    return {item.id for item in plan.select_items(expression)}


def proven(plan: Plan, inventory: CheckInventory) -> set[str]:
    """The items that have all their checks: of their own, or everything that they rest on has."""
    named = {group for check in inventory.checks for group in check.groups}
    own = {item.id for item in plan.items if named & set(item.groups)}
    complete: set[str] = set()
    for item in sorted(
        plan.items,
        key=lambda item: (bool(item.asked_of), len(plan.item_with_dependencies(item.id))),
    ):  # what rests on others comes after them
        resting = bool(item.rests_on) and set(item.rests_on) <= complete
        if item.proof == "check" and (resting or (item.id in own and not item.rests_on)):
            complete.add(item.id)
    return complete


def test_every_item_has_its_check(plan: Plan, inventory: CheckInventory) -> None:
    """An item without one is not proven, and its gates say NO-GO for ever."""
    to_prove = {item.id for item in plan.items if item.proof == "check"}
    assert to_prove - proven(plan, inventory) == set()


def test_the_plan_has_65_checkboxes() -> None:
    """The table above is the cutover plan, counted."""
    assert sum(CHECKBOXES.values()) == 65


def test_every_line_of_the_cutover_plan_is_an_item(plan: Plan) -> None:
    """Section by section: nothing is left out, and nothing slipped in."""
    assert Counter(item.section for item in plan.items) == CHECKBOXES | OTHER_LINES


def test_data_loss_and_access_control_are_never_waivable(plan: Plan) -> None:
    """Nobody, not even by name and with a reason, goes live without these; every other item can be
    waived.
    """
    assert {item.id for item in plan.items if not item.waivable} == set().union(
        *NEVER_WAIVED.values()
    )


def test_every_gate_and_every_suite_asks_for_something(plan: Plan) -> None:
    """A gate without items could only ever say NO-GO."""
    assert not [name for name in GATES + SUITES if not plan.select_items(name)]


def test_an_item_rests_on_items_of_its_own_suite(plan: Plan) -> None:
    """`-m smoke` runs the checks of smoke/ only: an item that rests on another suite's could never
    be proven by it. A sign-off is of no suite, so none asks for it.
    """
    assert not [
        (item.id, other)
        for item in plan.items
        for other in item.rests_on
        # What staging judged ran there, in whichever suite.
        if item.suite and not item.asked_of and plan.item(other).suite != item.suite
    ]


def test_what_a_gate_of_the_night_asks_for_is_asked_every_night(plan: Plan) -> None:
    """Nobody should learn at 2 a.m. what could have been known the week before."""
    assert ids(plan, "phase3") == ids(plan, "nightly")


def test_what_the_functions_need_at_least_cannot_be_declared_away(plan: Plan) -> None:
    """All capabilities that a target may declare absent leave no item of a function proven."""
    functions = [plan.item(name) for name in plan.item("functional-testing").rests_on]
    for item in (*functions, plan.item("critical-paths"), plan.item("acknowledged-writes")):
        everything = [
            CheckResult(f"smoke/x.py::{name}", frozenset({item.id}), Outcome.NOT_APPLICABLE, "no")
            for name in ("test_else", *item.at_least)
        ]
        judge = ItemJudge(plan, frozenset({item.id}), everything, {}, (), {}, {})
        assert judge.judge_item(item).outcome is Outcome.NOT_PROVEN, item.id


def test_what_is_never_waived_says_what_it_needs_at_least(
    plan: Plan, inventory: CheckInventory
) -> None:
    """The checks exist, and are those of the item."""
    expected = bind_to_plan(inventory, plan)
    for item in plan.items:
        own = [check.check for check in expected.checks if item.id in check.items]
        names = {name for check in own for name in check_names(check)}
        assert set(item.at_least) <= names, item.id
        must_say = not item.waivable and item.proof == "check" and not item.rests_on
        assert bool(item.at_least) or not must_say, item.id
