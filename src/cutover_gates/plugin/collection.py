"""Binds collected checks to items of the plan, and gives them the markers that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Sequence

import pytest

from cutover_gates.core.plan import Item, Plan, PlanError
from cutover_gates.plugin.check_order import describe_cost_mistakes
from cutover_gates.plugin.results import strip_parameters
from cutover_gates.plugin.suite_folders import SuiteFolders

ITEM_IDS_KEY = pytest.StashKey[frozenset[str]]()
GROUPS_KEY = pytest.StashKey[frozenset[str]]()
FindBound = Callable[[str, Collection[str]], float | None]


def items_of(item: pytest.Item) -> frozenset[str]:
    """Return the ids of the items that a collected check proves.

    There are none outside the suites, and for a check whose groups no item of the plan takes.
    """
    return item.stash.get(ITEM_IDS_KEY, frozenset())


def groups_of(item: pytest.Item) -> frozenset[str]:
    """Return the groups that a collected check names; none outside the suites."""
    return item.stash.get(GROUPS_KEY, frozenset())


class ItemBinder:
    """Hooks that bind checks to items while they are collected.

    A check that names no group, an unknown one, or one of another suite is a collection error. A
    check of a shipped group that no item takes is not run by a gate. `find_bound` returns the
    seconds after which a check is stopped, from its suite and items, where these are not the usual
    ones. `judging` is true in a gate.
    """

    def __init__(
        self, plan: Plan, folders: SuiteFolders, find_bound: FindBound, *, judging: bool
    ) -> None:
        self.plan, self.folders, self.find_bound = plan, folders, find_bound
        self.judging = judging

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self,
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Turn the collection of a file with an unbound check into an error."""
        report = yield
        checks = [node for node in report.result or [] if isinstance(node, pytest.Item)]
        mistakes = [sentence for check in checks for sentence in self._bind(check)]
        if mistakes:
            # A collection error, and not a failing check: such a check would prove nothing in
            # silence.
            report.outcome, report.result = "failed", []
            report.longrepr = "\n".join(dict.fromkeys(mistakes))
        return report

    def _bind(self, check: pytest.Item) -> Sequence[str]:
        """Bind one check to its items; return the mistakes in its marks."""
        suite = self.folders.suite_of(check.path)
        if suite is None:
            return []
        groups = frozenset(str(arg) for mark in check.iter_markers("plan") for arg in mark.args)
        if not groups:
            return [
                f'{check.nodeid} names no item of the plan: write @pytest.mark.plan("<item id>")'
            ]
        if mistakes := describe_cost_mistakes(check):
            return mistakes
        try:
            items = self.plan.items_of_groups(sorted(groups))
        except PlanError as error:
            return [f"{check.nodeid}: {error}"]
        if misplaced := [item for item in items if item.suite != suite]:
            return [
                f"{check.nodeid}: {item.id!r} is proven in {item.suite}, and this check stands in"
                f" {suite}"
                for item in misplaced
            ]
        if not items and self.folders.is_own_check(check.path, strip_parameters(check.nodeid)):
            # A smaller plan leaves shipped checks out. An own check was written to be judged.
            return [
                f"{check.nodeid}: no item of the plan takes the checks of"
                f" {', '.join(sorted(groups))}. Add the group to `checks` of an item in plan.toml."
            ]
        check.stash[GROUPS_KEY] = groups
        if items:
            self._mark(check, suite, items)
        return []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Deselect checks of no item in a gate, also where `-m "not contract"` selects them."""
        if not self.judging:
            return
        unassigned = [check for check in items if groups_of(check) and not items_of(check)]
        if unassigned:
            # pytest's summary then counts them as deselected, and no fixture is made for them.
            config.hook.pytest_deselected(items=unassigned)
            items[:] = [check for check in items if check not in unassigned]

    def _mark(self, check: pytest.Item, suite: str, items: Sequence[Item]) -> None:
        ids = frozenset(item.id for item in items)
        check.stash[ITEM_IDS_KEY] = ids
        # Added here and never written by hand, so that a check cannot belong to a gate that its
        # item does not belong to.
        for name in sorted(self.plan.gates_of(ids) | {suite}):
            check.add_marker(name)
        if (seconds := self.find_bound(suite, ids)) is not None:
            check.add_marker(pytest.mark.timeout(seconds))
