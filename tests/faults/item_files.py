"""The files of the suites whose checks prove an item: a gate of these judges the item in full."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cutover_gates.core.plan_file import load_plan
from tests.faults.hospitals import ROOT
from tests.faults.one_check import SUITES
from tests.shipped_plan import PLAN_FILE

_MARK = re.compile(r"mark\.plan\(([^)]*)\)")
_GROUP = re.compile(r'"([^"]+)"')


def files_of_item(item: str) -> tuple[str, ...]:
    """Return the files with checks of an item. Raise `LookupError` where there is none."""
    groups = load_plan(PLAN_FILE).item(item).groups
    files = tuple(file for file, named in _groups_by_file().items() if named & {*groups})
    if not files:
        raise LookupError(f"no file of the suites has a check of {item}")
    return files


@cache
def _groups_by_file() -> dict[str, frozenset[str]]:
    """Return the groups of checks that each file names."""
    paths = (path for suite in SUITES for path in sorted((ROOT / suite).rglob("test_*.py")))
    return {path.relative_to(ROOT).as_posix(): frozenset(_read_groups(path)) for path in paths}


def _read_groups(path: Path) -> Iterator[str]:
    for mark in _MARK.findall(path.read_text(encoding="utf-8")):
        yield from _GROUP.findall(mark)
