"""Records what was collected: every item as it is made, before any hook can take it away.

A conftest.py may drop an item without a report: in a hook that runs before ours, from the
report of a collector, or a single parameter of a check. So items are counted where they are made,
parameters included, and compared with those that are left at the end of the collection.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence, Sized
from pathlib import Path

import pytest

from cutover_gates.plugin.collection import groups_of, items_of
from cutover_gates.plugin.results import ResultCollector, strip_parameters
from cutover_gates.util.files import write_atomically

USUAL = ("_pytest.", "cutover_gates.", "xdist.", "pytest_", "allure_pytest.")
"""Beginnings of the modules whose hooks announce what they deselect."""


class CollectionRecorder:
    """Hooks that record what was collected and what became of it.

    A worker (with a `folder`) also writes it into a file for the controller, before the first check
    runs.
    """

    def __init__(self, results: ResultCollector, folder: Path | None, worker: str) -> None:
        self.results, self.folder, self.worker = results, folder, worker
        # By identity: two items may have one node id.
        self._made: dict[int, pytest.Item] = {}

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_make_collect_report(
        self,
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Count the items of a collector, innermost: before others change the report."""
        report = yield
        self._count(node for node in report.result or [] if isinstance(node, pytest.Item))
        return report

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Count an item that came another way."""
        self._count([item])

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Record all checks before -k, -m, --lf and --deselect take anything away."""
        self._count(items)
        self._record_made()

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Record the checks that do not run."""
        self.results.deselected.update(check.nodeid for check in items)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Compare what is left with what was made, and tell the controller."""
        self._record_made()
        self._record_left_out(session)
        self.results.left_out.update(_find_missing_parameters(self._made.values()))
        if self.worker and self.folder:
            path = self.folder / f"collected-{self.worker}.json"
            write_atomically(path, json.dumps(_to_plain(self.results)))

    def _count(self, items: Iterable[pytest.Item]) -> None:
        self._made.update((id(item), item) for item in items)

    def _record_made(self) -> None:
        checks = [check for check in self._made.values() if items_of(check)]
        self.results.collected.update({check.nodeid: items_of(check) for check in checks})

    def _record_left_out(self, session: pytest.Session) -> None:
        """Record the checks that are neither there nor deselected, and those of one node id."""
        made = Counter(check.nodeid for check in self._made.values() if items_of(check))
        there = {item.nodeid for item in session.items}
        narrowed = {Path(arg.partition("::")[0]).name for arg in session.config.args if "::" in arg}
        hooks = ", ".join(_find_own_hooks(session.config)) or "none of a conftest.py"
        for check, count in made.items():
            file = Path(check.partition("::")[0]).name
            if count > 1:
                self.results.left_out[check] = (
                    f"{count} checks have one node id, and their reports cannot be told apart: give"
                    " each an id of its own"
                )
            elif check not in there | self.results.deselected:
                self.results.left_out[check] = (
                    f"the run was narrowed to single checks of {file}, without {check}"
                    if file in narrowed
                    else f"{check} was collected and then left out, and nobody deselected it. Hooks"
                    f" that change the collection: {hooks}"
                )


def _find_missing_parameters(items: Iterable[pytest.Item]) -> Mapping[str, str]:
    """Return a sentence for each check of which fewer items were made than it has parameters."""
    by_check: dict[str, list[pytest.Item]] = {}
    for item in items:
        if groups_of(item):
            by_check.setdefault(strip_parameters(item.nodeid), []).append(item)
    return {
        check: f"{check} was collected with {len(made)} of its {expected} sets of parameters"
        for check, made in by_check.items()
        if (expected := _count_parameters(made[0])) > len(made)
    }


def _count_parameters(item: pytest.Item) -> int:
    """Return how many items the `parametrize` marks of a check make, at least."""
    values = [
        mark.args[1] if len(mark.args) > 1 else mark.kwargs.get("argvalues", ())
        for mark in item.iter_markers("parametrize")
    ]
    # What is no list is used up by now. An empty one makes one item, which is skipped.
    return math.prod(max(len(each), 1) for each in values if isinstance(each, Sized))


def _find_own_hooks(config: pytest.Config) -> list[str]:
    """Return the plugins beside the usual ones that may change the collection."""
    hooks = (config.hook.pytest_collection_modifyitems, config.hook.pytest_make_collect_report)
    found: dict[str, None] = {}
    for implementation in (each for hook in hooks for each in hook.get_hookimpls()):
        module = implementation.function.__module__
        if not f"{module}.".startswith(USUAL):
            name = implementation.plugin_name.removeprefix(f"{config.rootpath}/")
            found[name] = None
    return list(found)


def _to_plain(results: ResultCollector) -> dict[str, object]:
    return {
        "collected": {check: sorted(ids) for check, ids in results.collected.items()},
        "deselected": sorted(results.deselected),
        "left_out": results.left_out,
    }


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
        results.left_out.update(content["left_out"])
        path.unlink()
