"""Collects the shipped checks where they stand outside of the project, in an installed package.

pytest would name such a file by its path from wherever the collection began, and it would list
every folder above it, `site-packages` included. Both are prevented here, so that a check has the
same node id in a checkout and in an installation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cutover_gates.plugin.suite_folders import SuiteFolders


class FolderAbove(pytest.Directory):
    """A folder above the suites: it leads to what is collected, and to nothing else."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Yield the folders on the way to the paths that pytest was given."""
        for path in sorted(self.path.iterdir()):
            if path.is_dir() and self.session.isinitpath(path, with_parents=True):
                yield self.ihook.pytest_collect_directory(path=path, parent=self)


class ShippedCollector:
    """Collection hooks for suites that stand in several folders."""

    def __init__(self, folders: SuiteFolders) -> None:
        self.folders = folders

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(
        self, path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Pass through a folder that only leads to a path that pytest was given."""
        session = parent.session
        is_on_the_way = session.isinitpath(path, with_parents=True)
        if is_on_the_way and not session.isinitpath(path) and self._is_above(path):
            collector: pytest.Collector = FolderAbove.from_parent(parent, path=path)
            return collector
        return None

    def _is_above(self, path: Path) -> bool:
        return any(root.is_relative_to(path) for root in self.folders.roots)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makemodule(
        self, module_path: Path, parent: pytest.Collector
    ) -> pytest.Module | None:
        """Give a file of a suite its node id, wherever the suite stands."""
        node_id = self.folders.node_path(module_path)
        if node_id is None:
            return None
        module: pytest.Module = pytest.Module.from_parent(parent, path=module_path, nodeid=node_id)
        return module


def resolve_arguments(arguments: Sequence[str], folder: Path, folders: SuiteFolders) -> list[str]:
    """Return the paths of pytest's command line, with node ids of suites made paths.

    A verdict says `pytest smoke/test_visits.py::test_…` to run a check again. In an installation
    that is no path below `folder`, in which pytest was called. A path that exists there stays as it
    is.
    """
    return [_resolve_argument(argument, folder, folders) for argument in arguments]


def _resolve_argument(argument: str, folder: Path, folders: SuiteFolders) -> str:
    name, separator, rest = argument.partition("::")
    if (folder / name).exists():
        return argument
    path = folders.path_of_node(name) if folders.suite_of_node(name) else None
    return f"{path}{separator}{rest}" if path else argument
