"""Ties collected checks to items of the plan, and gives them the markers that follow from it."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import pytest

from cutover_gates.core.plan import Plan, PlanError
from cutover_gates.plugin.results import ResultCollector
from cutover_gates.plugin.suite_folders import SuiteFolders
from cutover_gates.util.files import write_atomically

ITEM_IDS_KEY = pytest.StashKey[frozenset[str]]()


class ItemBinder:
    """Collection hooks.

    A check without an item, with an unknown one, or in the wrong suite's folder is a collection
    error.

    `bounds`: seconds after which a check of a suite is stopped, for suites that take longer than
    others.
    """

    def __init__(self, plan: Plan, folders: SuiteFolders, bounds: Mapping[str, float]) -> None:
        self.plan, self.folders, self.bounds = plan, folders, bounds

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self,
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        items = [node for node in report.result or [] if isinstance(node, pytest.Item)]
        wrong = [sentence for item in items for sentence in self._bind(item)]
        if wrong:
            report.outcome, report.result = "failed", []
            report.longrepr = "\n".join(dict.fromkeys(wrong))
        return report

    def _bind(self, item: pytest.Item) -> Sequence[str]:
        """Tie one check; the sentences say what is wrong with it."""
        suite = self.folders.suite_of(item.path)
        if suite is None:
            return []
        ids = frozenset(str(arg) for mark in item.iter_markers("plan") for arg in mark.args)
        if not ids:
            return [
                f'{item.nodeid} names no item of the plan: write @pytest.mark.plan("<item id>")'
            ]
        try:
            items = [self.plan.item(item_id) for item_id in sorted(ids)]
        except PlanError as error:
            return [f"{item.nodeid}: {error}"]
        wrong = [
            f"{item.nodeid}: {found.id!r} is proven in {found.suite or 'a sign-off'}, and this"
            f" check stands in {suite}"
            for found in items
            if found.suite != suite
        ]
        if not wrong:
            item.stash[ITEM_IDS_KEY] = ids
            for name in sorted(self.plan.gates_of(ids) | {suite}):
                item.add_marker(name)
            if suite in self.bounds:
                item.add_marker(pytest.mark.timeout(self.bounds[suite]))
        return wrong


def items_of(item: pytest.Item) -> frozenset[str]:
    """The items that a collected check is tied to; none outside the suites."""
    return item.stash.get(ITEM_IDS_KEY, frozenset())


class CollectionRecorder:
    """Notes the collection in a tally; a worker (with a `folder`) also writes it down for the
    controller, before the first check runs.
    """

    def __init__(self, tally: ResultCollector, folder: Path | None, worker: str) -> None:
        self.tally, self.folder, self.worker = tally, folder, worker

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Before -k, -m, --lf and --deselect take anything away."""
        self.tally.collected.update(
            {item.nodeid: items_of(item) for item in items if items_of(item)}
        )

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self.tally.deselected.update(item.nodeid for item in items)

    def pytest_collection_finish(self) -> None:
        if self.worker and self.folder:
            called = {
                "collected": {check: sorted(ids) for check, ids in self.tally.collected.items()},
                "deselected": sorted(self.tally.deselected),
            }
            path = self.folder / f"collected-{self.worker}.json"
            write_atomically(path, json.dumps(called))


def load_worker_collections(tally: ResultCollector, folder: Path) -> None:
    """Take over what the workers wrote, and remove their files."""
    for path in sorted(folder.glob("collected-*.json")):
        try:
            called = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            # the worker died while writing: what it would have said is missing, and missing is not
            # proven
            continue
        tally.collected.update(
            {check: frozenset(ids) for check, ids in called["collected"].items()}
        )
        tally.deselected.update(called["deselected"])
        path.unlink()
