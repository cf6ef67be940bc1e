"""The folders of checks: those that are shipped, and those of the hospital's own beside them.

In a checkout both are the same folder, the root of the repository. A hospital that installs the
package may have a `smoke/` of its own: its checks are judged together with the shipped ones.
The node id of a check is the same in both cases: `smoke/test_visits.py::test_…`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cutover_gates.core.check_groups import shipped_checks, shipped_groups
from cutover_gates.core.gates import SUITES
from cutover_gates.core.plan import Plan
from cutover_gates.util.shipped_files import shipped_root

OWN_PREFIX = "own"
"""Goes before the node id of an own file that has the name of a shipped one."""


def find_suite_folders(plan: Plan, own: Path) -> SuiteFolders:
    """Return the folders of a run in the project `own`.

    The shipped checks take part where the plan takes one of their groups. A plan that names none of
    them has checks of its own for everything, and nothing else is collected.
    """
    shipped = shipped_root()
    if own == shipped:
        return SuiteFolders(own)
    takes_shipped = any(group in shipped_groups() for group in plan.by_group)
    return SuiteFolders(own, shipped if takes_shipped else None)


@dataclass(frozen=True)
class SuiteFolders:
    """Where the suites stand. `shipped` is None where the plan takes none of the shipped checks."""

    own: Path
    shipped: Path | None = None

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders that hold suites: the shipped one first, each of them once."""
        return tuple(dict.fromkeys([*([self.shipped] if self.shipped else []), self.own]))

    def suite_paths(self) -> list[Path]:
        """Return the folder of each suite that there is, in the order of the suites."""
        paths = [root / suite for suite in SUITES for root in self.roots]
        return [path for path in paths if path.is_dir()]

    def node_path(self, path: Path) -> str | None:
        """Return the first part of a node id for a file; None where it stands in no suite."""
        for root in self.roots:
            if path.is_relative_to(root):
                name = path.relative_to(root).as_posix()
                if name.partition("/")[0] in SUITES:
                    return f"{OWN_PREFIX}/{name}" if self._is_shipped_name(root, name) else name
        return None

    def _is_shipped_name(self, root: Path, name: str) -> bool:
        """Return True for an own file that would take the node ids of a shipped one."""
        return self.shipped is not None and root != self.shipped and (self.shipped / name).exists()

    def is_own_check(self, path: Path, check: str) -> bool:
        """Return whether a check is the hospital's own, by its file and its id without parameters.

        In a checkout own files stand among the shipped ones, and an own check may stand in one.
        """
        return not path.is_relative_to(shipped_root()) or check not in shipped_checks()

    def suite_of(self, path: Path) -> str | None:
        """Return the suite that a file stands in, None outside of the suites."""
        found = self.node_path(path)
        return self.suite_of_node(found) if found else None

    def suite_of_node(self, node_id: str) -> str | None:
        """Return the suite that a node id names, None outside of the suites."""
        first = node_id.removeprefix(f"{OWN_PREFIX}/").partition("/")[0]
        return first if first in SUITES else None

    def test_files(self) -> Iterator[tuple[str, Path]]:
        """Yield every test file of the suites: the first part of its node ids, and its path."""
        for folder in self.suite_paths():
            for path in sorted({*folder.rglob("test_*.py"), *folder.rglob("*_test.py")}):
                name = self.node_path(path)
                if name:
                    yield name, path

    def helper_files(self) -> Iterator[tuple[str, Path]]:
        """Yield every other Python file of the suites, such as a conftest.py."""
        tests = {path for _, path in self.test_files()}
        for folder in self.suite_paths():
            for path in sorted({*folder.rglob("*.py")} - tests):
                yield self.clean_text(str(path)), path

    def find_uncollected_suite(self, folder: Path) -> Path | None:
        """Return a suite of another folder that holds checks: this run does not collect them."""
        # The shipped suites are known also to a run whose plan takes none of them.
        if folder.resolve() in {root.resolve() for root in (*self.roots, shipped_root())}:
            return None
        other = SuiteFolders(folder)
        holding = (folder / name.partition("/")[0] for name, _ in other.test_files())
        return next(holding, None)

    def find(self, name: str) -> Path:
        """Return the path of a file of a suite: the own one, or else the shipped one."""
        candidates = [self.own / name, *(root / name for root in self.roots)]
        return next((path for path in candidates if path.exists()), candidates[-1])

    def path_of_node(self, node_path: str) -> Path | None:
        """Return the path of the file or folder that the first part of a node id names."""
        own = node_path.removeprefix(f"{OWN_PREFIX}/")
        places = [self.own / own] if own != node_path else [root / own for root in self.roots]
        return next((path for path in places if path.exists()), None)

    def clean_text(self, text: str) -> str:
        """Return a text without the roots before the paths in it."""
        for root in self.roots:
            text = text.replace(f"{root}/", "")
        return text
