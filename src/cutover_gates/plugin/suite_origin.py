"""The suite that judges: shipped as it is, with own checks, or changed."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path, PurePosixPath

from cutover_gates.core.gates import SUITES
from cutover_gates.core.judged_by import ChangedFile, HashedFile, SuiteOrigin, SuiteState
from cutover_gates.plugin.check_inventory import CheckInventory
from cutover_gates.plugin.suite_comparison import (
    CHANGES,
    UNKNOWN,
    SuiteComparison,
)
from cutover_gates.plugin.suite_folders import SuiteFolders
from cutover_gates.util.files import hash_file
from cutover_gates.util.git_checkout import read_committed_tree
from cutover_gates.util.shipped_files import combine_digests, iterate_pytest_files, shipped_root

TEST_FILES = ("test_*.py", "*_test.py")
PROJECT_FILES = frozenset({"plan.toml", "cutover.toml", "waivers.toml", "signoffs.toml"})
"""Files of a checkout that belong to its user. The verdict lists them by themselves."""


def describe_suite(
    comparison: SuiteComparison, folders: SuiteFolders, inventory: CheckInventory
) -> SuiteOrigin:
    """Return the origin of the checks and of the code that a run in these folders uses."""
    own = dict(_list_own_files(comparison, folders))
    is_checkout = folders.own == shipped_root()
    changed = tuple(
        ChangedFile(name, word)
        for name, word in comparison.differences.items()
        if not is_checkout or name not in own.keys() | PROJECT_FILES
    )
    own_checks = _find_own_checks(folders, inventory)
    takes_shipped = is_checkout or folders.shipped is not None
    files = sorted(HashedFile("own", name, hash_file(path)) for name, path in own.items())
    return SuiteOrigin(
        _choose_state(comparison, changed, own_checks, takes_shipped=takes_shipped),
        f"{comparison.origin}{CHANGES if changed else ''}",
        combine_digests(comparison.present),
        own_checks,
        tuple(files),
        changed,
    )


def _find_own_checks(folders: SuiteFolders, inventory: CheckInventory) -> tuple[str, ...]:
    """Return the ids of the checks that are not shipped, also where they are committed."""
    checks = [check.check for check in inventory.checks]
    places = [(check, folders.path_of_node(check.partition("::")[0])) for check in checks]
    return tuple(check for check, path in places if path and folders.is_own_check(path, check))


def _choose_state(
    comparison: SuiteComparison,
    changed: tuple[ChangedFile, ...],
    own_checks: tuple[str, ...],
    *,
    takes_shipped: bool,
) -> SuiteState:
    if changed:
        return SuiteState.CHANGED
    if comparison.origin == UNKNOWN:
        return SuiteState.UNKNOWN
    if not takes_shipped:
        return SuiteState.OWN_ONLY
    return SuiteState.WITH_OWN if own_checks else SuiteState.SHIPPED


def _list_own_files(
    comparison: SuiteComparison, folders: SuiteFolders
) -> Iterator[tuple[str, Path]]:
    """Yield each file of the project that takes part: the first part of its node ids, its path."""
    if folders.own == shipped_root():
        return (
            (name, folders.own / name)
            for name, word in comparison.differences.items()
            if word == "added" and _is_own_addition(name, comparison.expected)
        )
    return iterate_suite_files(folders)


def iterate_suite_files(folders: SuiteFolders) -> Iterator[tuple[str, Path]]:
    """Yield the files of a project's own folder: its suites, and what configures pytest."""
    paths = [path for suite in SUITES for path in sorted((folders.own / suite).rglob("*"))]
    for path in paths:
        if path.is_file() and "__pycache__" not in path.parts:
            yield folders.node_path(path) or path.name, path
    yield from iterate_pytest_files(folders.own)


def _is_own_addition(name: str, expected: frozenset[str]) -> bool:
    """Return whether an added file of a checkout is the user's own, and acts on no shipped check.

    A file of checks is. Any other one is where no shipped file stands in its folder or below: a
    conftest.py beside shipped checks changes what they do.
    """
    path = PurePosixPath(name)
    if path.parts[0] not in SUITES:
        return False
    if any(fnmatch(path.name, pattern) for pattern in TEST_FILES):
        return True
    return not any(shipped.startswith(f"{path.parent}/") for shipped in expected)


def describe_commit(suite: SuiteOrigin, folders: SuiteFolders) -> str:
    """Return the commit of the checks in one line, with `+changes` where files differ from it.

    A hospital's own checks beside the shipped ones have a commit of their own, which follows.
    """
    if folders.own == shipped_root() or not suite.own_files:
        return suite.origin
    own = _describe_own_commit(folders.own, suite.own_files)
    return own if folders.shipped is None else f"{suite.origin}, own checks {own}"


@cache
def _describe_own_commit(root: Path, files: tuple[HashedFile, ...]) -> str:
    # Each subject of a verdict asks, and git is two processes.
    tree = read_committed_tree(root)
    if tree is None:
        return UNKNOWN
    names = [file.path.removeprefix("own/") for file in files]
    is_committed = all(tree.matches(name, root / name) for name in names)
    return tree.commit if is_committed else f"{tree.commit}{CHANGES}"
