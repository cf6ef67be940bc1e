"""The checks that a run must account for: those in the suites, bound to items of the plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from cutover_gates.core.findings import Rule
from cutover_gates.core.plan import Plan, PlanError
from cutover_gates.core.tables import suggest_nearest
from cutover_gates.plugin.check_inventory import CheckInventory, WrittenCheck


@dataclass(frozen=True)
class ExpectedCheck:
    """A written check with the ids of the items that it proves.

    `items` is empty where they are unknown: its mark is not written out, or names nothing known.
    `line` is the first one of its function in the file. `parameters` is the number of checks that
    pytest makes of it, at least.
    """

    check: str
    items: frozenset[str]
    title: str = ""
    why: str = ""
    line: int = 0
    parameters: int = 1

    @property
    def rule(self) -> Rule:
        """The check as a rule: its id is stable, its docstring says what must hold and why."""
        return Rule(self.check, self.title, self.why)


@dataclass(frozen=True)
class ExpectedChecks:
    """All checks that belong to items, and what could not be read.

    `unassigned` are checks of shipped groups that no item of the plan takes: nobody asks for them.
    `missing_groups` are groups in the `checks` of an item that no written check names, by item id:
    such as a misspelt one, whose checks would be lost while other groups prove the item.
    `helper_slips` are sentences on assertions that never fail in files without checks.
    """

    checks: tuple[ExpectedCheck, ...]
    unreadable: tuple[str, ...]
    unassigned: tuple[str, ...] = ()
    missing_groups: tuple[tuple[str, str], ...] = ()
    helper_slips: tuple[str, ...] = ()

    def describe_unassigned(self) -> str:
        """Return one line that counts the checks of no item; empty where there are none."""
        if not self.unassigned:
            return ""
        total = len(self.checks) + len(self.unassigned)
        return (
            f"{len(self.unassigned)} of {total} checks belong to no item of the plan, and are not"
            " judged (`checks` in plan.toml names the groups of checks that an item takes)"
        )


def bind_to_plan(inventory: CheckInventory, plan: Plan) -> ExpectedChecks:
    """Return the written checks with their items of the plan."""
    expected: list[ExpectedCheck] = []
    unassigned: list[str] = []
    for written in inventory.checks:
        items = _items_of(written, plan)
        if items is None:
            unassigned.append(written.check)
        else:
            expected.append(_expect(written, items))
    return ExpectedChecks(
        tuple(expected),
        inventory.unreadable,
        tuple(unassigned),
        _find_missing_groups(inventory, plan),
        inventory.helper_slips,
    )


def _expect(written: WrittenCheck, items: frozenset[str]) -> ExpectedCheck:
    return ExpectedCheck(
        written.check, items, written.title, written.why, written.line, written.parameters
    )


def _find_missing_groups(inventory: CheckInventory, plan: Plan) -> tuple[tuple[str, str], ...]:
    """Return an item and a sentence for each group in `checks` that no written check names."""
    named = {group for check in inventory.checks for group in check.groups}
    return tuple(
        (
            item.id,
            f"no check is of the group {group!r} in its `checks`.{suggest_nearest(group, named)}",
        )
        for item in plan.items
        for group in item.checks
        if group not in named
    )


def _items_of(written: WrittenCheck, plan: Plan) -> frozenset[str] | None:
    """Return the check's items, an empty set where they are unknown, None where it has none."""
    try:
        items = frozenset(item.id for item in plan.items_of_groups(written.groups))
    except PlanError:
        return frozenset()
    # No groups at all means a mark that is not written out: any item might need the check.
    return items if items or not written.groups else None


def match_written_files(narrowed_files: Iterable[str], expected: ExpectedChecks) -> frozenset[str]:
    """Return the written files that are meant by names that pytest took.

    These may be absolute, relative to another folder, or (--pyargs) dotted.
    """
    files = {written.check.partition("::")[0] for written in expected.checks}
    matched: set[str] = set()
    for name in narrowed_files:
        same_name = {file for file in files if PurePath(file).name == PurePath(name).name}
        matched |= same_name or files  # a name that fits none may mean any
    return frozenset(matched)
