"""Compares the shipped files and the code with what was shipped.

Those of an installed package are held against its manifest, those of a checkout against HEAD.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cutover_gates.util.files import hash_file
from cutover_gates.util.git_checkout import CommittedTree, read_committed_tree
from cutover_gates.util.shipped_files import (
    CODE,
    CONFTEST,
    PYTEST_FILES,
    SHIPPED_PATHS,
    combine_digests,
    compare_digests,
    find_unchecked_bytecode,
    is_installed,
    iterate_all,
    iterate_pytest_files,
    load_manifest,
    shipped_root,
)

UNKNOWN = "(unknown)"
CHANGES = "+changes"
UNCHECKED = "added bytecode that Python does not compare with its source"


@dataclass(frozen=True)
class SuiteComparison:
    """The shipped files as they are, and what differs from what was shipped.

    `origin` is a commit, or the manifest of a package without one; `(unknown)` where there is
    nothing to compare with. `present` has the SHA-256 of each file by its name in the manifest,
    `differences` says of a file that it is changed, missing or added. `expected` are the names that
    were shipped, `tree` what a checkout has committed.
    """

    origin: str
    present: Mapping[str, str]
    expected: frozenset[str] = frozenset()
    differences: Mapping[str, str] = field(default_factory=dict)
    tree: CommittedTree | None = None

    def is_committed(self, path: Path) -> bool:
        """Return whether a file of a checkout is as it was committed."""
        root = shipped_root()
        if self.tree is None or not path.is_relative_to(root):
            return False
        return self.tree.matches(path.relative_to(root).as_posix(), path)


def compare_suite() -> SuiteComparison:
    """Compare all shipped files and the code. It takes about 0.1 s."""
    present = {name: hash_file(path) for name, path in iterate_all()}
    return _compare_manifest(present) if is_installed() else _compare_checkout(present)


def _compare_manifest(present: Mapping[str, str]) -> SuiteComparison:
    manifest = load_manifest()
    if manifest is None:
        return SuiteComparison(UNKNOWN, present)
    differences = compare_digests(manifest.digests, present)
    differences |= dict.fromkeys(_find_bytecode(), UNCHECKED)
    origin = manifest.commit or f"manifest {combine_digests(manifest.digests)}"
    return SuiteComparison(origin, present, frozenset(manifest.digests), differences)


def _compare_checkout(present: Mapping[str, str]) -> SuiteComparison:
    root = shipped_root()
    tree = read_committed_tree(root)
    if tree is None:
        # An unpacked sdist and an image have no git, and a manifest.
        files = {name: hash_file(path) for name, path in iterate_pytest_files(root)}
        return _compare_manifest({**present, **files})
    paths = dict(iterate_all())
    configuring = {*PYTEST_FILES, *filter(_is_conftest, tree.blobs)}
    paths |= {name: root / name for name in configuring if (root / name).is_file()}
    expected = {name.removeprefix("src/") for name in tree.blobs if _is_shipped_name(name)}
    differences = dict.fromkeys(sorted(expected - set(paths)), "missing")
    for name, path in paths.items():
        if name not in expected:
            differences[name] = "added"
        elif not tree.matches(_name_in_repository(name), path):
            differences[name] = "changed"
    differences |= dict.fromkeys(_find_bytecode(), UNCHECKED)
    return SuiteComparison(tree.commit, present, frozenset(expected), differences, tree)


def _find_bytecode() -> list[str]:
    """Return the compiled files of suites and code that Python runs whatever their source says."""
    root = shipped_root()
    code = root.parent if is_installed() else root / "src" / CODE
    folders = [code, *(root / name for name in SHIPPED_PATHS if (root / name).is_dir())]
    return [
        f"{folder.name}/{name}" for folder in folders for name in find_unchecked_bytecode(folder)
    ]


def _is_shipped_name(name: str) -> bool:
    """Return whether a file of the repository is shipped, code, or configures pytest there."""
    folders = (*SHIPPED_PATHS, f"src/{CODE}")
    is_below = any(name == folder or name.startswith(f"{folder}/") for folder in folders)
    return is_below or name in PYTEST_FILES or _is_conftest(name)


def _is_conftest(name: str) -> bool:
    return name.rpartition("/")[2] == CONFTEST


def _name_in_repository(name: str) -> str:
    return f"src/{name}" if name.startswith(f"{CODE}/") else name
