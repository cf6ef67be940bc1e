"""Leaves out the test files of which a gate asks for no check.

A file imports the probe that it needs, and a probe imports its libraries. `phase3` needs neither
the rehearsal of migrations nor the clients of DNS and Kubernetes: without their files a collection
takes a quarter less (1.0 s in place of 1.3 s). Nothing is lost from sight: `check_inventory` counts
the checks of these files as well.
"""

from __future__ import annotations

from pathlib import Path

from cutover_gates.core.plan import Plan
from cutover_gates.plugin.expected_checks import ExpectedCheck, ExpectedChecks
from cutover_gates.plugin.suite_folders import SuiteFolders


class FileSelector:
    """The hook that leaves files out. A file that is named on the command line is collected."""

    def __init__(self, unrequested: frozenset[Path]) -> None:
        self.unrequested = unrequested

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave the file out, or leave the decision to others."""
        return True if collection_path in self.unrequested else None


def find_unrequested_files(
    expected: ExpectedChecks, plan: Plan, folders: SuiteFolders, requested: frozenset[str]
) -> frozenset[Path]:
    """Return the files of the suites that hold checks, and none of a `requested` item.

    A file stays where anything about it needs a look: it cannot be read, or a mark is not written
    out, unknown or in the wrong suite. Its collection then says so.
    """
    kept = _find_kept_files(expected, plan, folders, requested)
    holding = {_file_of(check.check) for check in expected.checks}
    holding |= {_file_of(name) for name in expected.unassigned}
    files = dict(folders.test_files())
    # An own check that no item takes is a mistake, and only a collected file can tell it.
    kept |= {
        _file_of(name)
        for name in expected.unassigned
        if folders.is_own_check(files[_file_of(name)], name)
    }
    return frozenset(files[name] for name in holding - kept)


def _find_kept_files(
    expected: ExpectedChecks, plan: Plan, folders: SuiteFolders, requested: frozenset[str]
) -> set[str]:
    def is_needed(check: ExpectedCheck) -> bool:
        suites = {plan.item(item_id).suite for item_id in check.items}
        is_clear = suites == {folders.suite_of_node(check.check)}
        return not is_clear or bool(check.items & requested)

    kept = {_file_of(check.check) for check in expected.checks if is_needed(check)}
    return kept | {_file_of(name) for name in expected.unreadable}


def _file_of(check: str) -> str:
    return check.partition("::")[0]
