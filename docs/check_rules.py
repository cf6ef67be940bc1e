"""Make `docs/rules/checks.toml`, the list of the functional checks as rules.

The package carries the same ids (`core/shipped_checks.toml`), to tell a hospital's own checks from
the shipped ones.

A check that was renamed keeps its old id as an alias, so that acceptances and older verdicts still
find it: write it under `[aliases]` by hand, `"old id" = "new id"`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from cutover_gates.plugin.check_inventory import build_inventory
from cutover_gates.plugin.suite_folders import SuiteFolders

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs/rules/checks.toml"
HEAD = """\
# The shipped checks as rules: each check's id is the id of its rule.
# Written by `python -m docs.generate`.
# [aliases] is kept by hand: the old id of a renamed check, and its new one.
"""


LIST_HEAD = """\
# The ids of the shipped checks. Written by `python -m docs.generate`.
# A check that stands in the suites and not here is a hospital's own.
"""


def list_checks() -> list[str]:
    """Return the ids of all checks that are written in the suites, in order."""
    return sorted(check.check for check in build_inventory(SuiteFolders(ROOT)).checks)


def read_aliases() -> Mapping[str, str]:
    """Return the aliases of the file: old ids to new ones."""
    if not FILE.exists():
        return {}
    aliases: Mapping[str, str] = tomllib.loads(FILE.read_text(encoding="utf-8"))["aliases"]
    return aliases


def format_list(checks: list[str]) -> str:
    """Return the text of the list in the package."""
    lines = [LIST_HEAD, "checks = [", *(f'    "{check}",' for check in checks), "]"]
    return "\n".join(lines) + "\n"


def format_file(checks: list[str], aliases: Mapping[str, str]) -> str:
    """Return the text of the file."""
    lines = [HEAD, "checks = [", *(f'    "{check}",' for check in checks), "]", "", "[aliases]"]
    lines += [f'"{old}" = "{new}"' for old, new in sorted(aliases.items())]
    return "\n".join(lines) + "\n"
