"""The faults of a file of SQL, each with the findings that must name it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tests.faults.results import Verdict
from tests.foreign_schema.foreign_hospital import read_statements

_HEAD = re.compile(r"^-- fault: (.+)$", re.MULTILINE)
_FINDING = re.compile(r"^-- finding: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class PlantedFault:
    """One thing that went wrong. `findings` are words that stand together in one finding each.

    The first of them names the fault; the others are what follows from it.
    """

    name: str
    findings: tuple[frozenset[str], ...]
    statements: str


def read_faults(name: str) -> list[PlantedFault]:
    """Return the faults of a file in its order: `-- fault: NAME`, `-- finding: WORD & WORD`."""
    _, *parts = _HEAD.split(read_statements(name))
    return [
        PlantedFault(head, tuple(map(_read_words, _FINDING.findall(body))), body)
        for head, body in zip(parts[::2], parts[1::2], strict=True)
    ]


def list_findings(verdict: Verdict) -> list[str]:
    """Return each finding as `RULE | subject | expected | actual`."""
    lines = []
    for item in verdict.items.values():
        for check in item["checks"]:
            lines += [_as_line(finding) for finding in check["findings"]]
    return sorted(set(lines))


def find_missed(faults: Iterable[PlantedFault], findings: list[str]) -> list[str]:
    """Return the faults that no finding names."""
    return [
        fault.name
        for fault in faults
        if not any(_fits(fault.findings[0], finding) for finding in findings)
    ]


def find_unexplained(faults: Iterable[PlantedFault], findings: list[str]) -> list[str]:
    """Return the findings that follow from no fault."""
    explained = {words for fault in faults for words in fault.findings}
    return [each for each in findings if not any(_fits(words, each) for words in explained)]


def _read_words(line: str) -> frozenset[str]:
    return frozenset(line.split(" & "))


def _fits(words: frozenset[str], finding: str) -> bool:
    return all(word in finding for word in words)


def _as_line(finding: dict[str, object]) -> str:
    return " | ".join(str(finding[key]) for key in ("rule", "subject", "expected", "actual"))
