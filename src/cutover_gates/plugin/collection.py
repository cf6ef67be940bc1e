"""Binds collected checks to items of the plan, and gives them the markers that follow from it."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import pytest

from cutover_gates.core.plan import Item, Plan, PlanError
from cutover_gates.plugin.results import ResultCollector
from cutover_gates.plugin.suite_folders import SuiteFolders
from cutover_gates.util.files import write_atomically

ITEM_IDS_KEY = pytest.StashKey[frozenset[str]]()
GROUPS_KEY = pytest.StashKey[frozenset[str]]()


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
    check of a shipped group that no item takes is not run by a gate. `time_limits`: seconds after
    which a check of a suite is stopped, for suites that take longer than others. `judging` is true
    in a gate.
    """

    def __init__(
        self, plan: Plan, folders: SuiteFolders, time_limits: Mapping[str, float], *, judging: bool
    ) -> None:
        self.plan, self.folders, self.time_limits = plan, folders, time_limits
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
        if not items and self.folders.is_own(check.path):
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
        if suite in self.time_limits:
            check.add_marker(pytest.mark.timeout(self.time_limits[suite]))


class CollectionRecorder:
    """Hooks that record what was collected, before anything is deselected.

    A worker (with a `folder`) also writes it into a file for the controller, before the first check
    runs.
    """

    def __init__(self, results: ResultCollector, folder: Path | None, worker: str) -> None:
        self.results, self.folder, self.worker = results, folder, worker

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Record all checks before -k, -m, --lf and --deselect take anything away."""
        bound = {check.nodeid: items_of(check) for check in items if items_of(check)}
        self.results.collected.update(bound)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Record the checks that do not run."""
        self.results.deselected.update(check.nodeid for check in items)

    def pytest_collection_finish(self) -> None:
        """Write the collection of a worker into its file."""
        if self.worker and self.folder:
            collected = self.results.collected.items()
            content = {
                "collected": {check: sorted(ids) for check, ids in collected},
                "deselected": sorted(self.results.deselected),
            }
            path = self.folder / f"collected-{self.worker}.json"
            write_atomically(path, json.dumps(content))


def load_worker_collections(results: ResultCollector, folder: Path) -> None:
    """Add what the workers collected to the results, and remove their files."""
    for path in sorted(folder.glob("collected-*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            # The worker died while writing. Its checks are missing, and missing is not proven.
            continue
        collected = content["collected"].items()
        results.collected.update({check: frozenset(ids) for check, ids in collected})
        results.deselected.update(content["deselected"])
        path.unlink()
