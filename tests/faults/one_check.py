"""One check of the suites: find it by a part of its node id, and read how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.faults.hospitals import ROOT
from tests.faults.results import CheckResults, Results, Verdict

SUITES = ("smoke", "migrations", "performance", "contract")


class NoSuchCheck(LookupError):
    """No check, or more than one, has this name."""


def resolve_node(name: str) -> str:
    """Return the node id of `file::function` or `function`; the file may lack its first folders."""
    file, _, function = name.rpartition("::")
    plain = function.partition("[")[0]
    nodes = [
        f"{path.relative_to(ROOT).as_posix()}::{function}"
        for suite in SUITES
        for path in sorted((ROOT / suite).rglob("test_*.py"))
        if _is_called(path, file) and f"def {plain}(" in path.read_text(encoding="utf-8")
    ]
    if len(nodes) != 1:
        raise NoSuchCheck(f"{name} names {len(nodes)} checks: {', '.join(nodes) or 'none'}")
    return nodes[0]


def describe_check(results: Results, node: str, wanted: str) -> tuple[bool, list[str]]:
    """Return whether the check ended in the `wanted` outcome, and what it said.

    That is an outcome and a text for each of its cases.
    """
    ends = _ends_in_verdict(results, node) if isinstance(results, Verdict) else []
    if isinstance(results, CheckResults):
        function = node.rpartition("::")[2]
        names = [name for name in results.names if name == function]
        ends = [(results.outcome(name), results.message(name)) for name in names]
    lines = [f"{outcome}: {message}".rstrip(": ") for outcome, message in ends]
    return any(outcome == wanted for outcome, _ in ends), lines or ["it was not run in this gate"]


def _ends_in_verdict(verdict: Verdict, node: str) -> list[tuple[str, str]]:
    """Return outcome and text of the check, or of each of its cases; each once."""
    cases: dict[str, dict[str, Any]] = {
        check["check"]: check
        for item in verdict.items.values()
        for check in item["checks"]
        if check["check"] == node or check["check"].startswith(f"{node}[")
    }
    return [(str(case["outcome"]), str(case.get("why", ""))) for case in cases.values()]


def _is_called(path: Path, file: str) -> bool:
    return f"/{path.as_posix()}".endswith(f"/{file}") if file else True
