"""Which checks were collected and which deselected, called out in every process and known to the
judge even if a worker dies later.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from cutover.pytest_plugin.tally import Tally
from cutover.pytest_plugin.ties import items_of


class Roll:
    """Notes the collection in a tally; a worker (with a `folder`) also writes it down for the
    controller, before the first check runs.
    """

    def __init__(self, tally: Tally, folder: Path | None, worker: str) -> None:
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
            path.write_text(json.dumps(called), encoding="utf-8")


def read_rolls(tally: Tally, folder: Path) -> None:
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
