"""Evidence made ready to show: JSON mappings as `cutover.evidence.record` gives them.

Keys and kinds not known here are shown as they are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from cutover.reporting.operations import Table, tables
from cutover.reporting.plots import Figure, figures
from cutover.reporting.text import lasting, printable
from cutover.verdict import CheckResult

SHOWN_ELSEWHERE = frozenset({"kind", "method", "status", "seconds", "curl", "title", "facts"})


@dataclass(frozen=True)
class Exhibit:
    """One piece of evidence: a line, a command that repeats it (exchanges only), and named facts;
    for a page also tables and figures, with a note where they are missing.
    """

    kind: str
    title: str
    curl: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    note: str = ""


def exhibits(check: CheckResult) -> list[Exhibit]:
    """All that a check kept, in its order."""
    return [_exhibit(entry) for entry in check.evidence]


def illustrated(check: CheckResult) -> list[Exhibit]:
    """The same for a page: with tables and figures, and without the long series that they show."""
    return [_illustrated(entry) for entry in check.evidence]


def last_curl(check: CheckResult) -> tuple[str, int]:
    """The command that repeats the check's last exchange ('' without one), and how many exchanges
    there were.
    """
    curls = [entry.curl for entry in exhibits(check) if entry.curl]
    return (curls[-1] if curls else ""), len(curls)


def _exhibit(entry: Mapping[str, Any]) -> Exhibit:
    kind = _shown(entry.get("kind", "evidence"))
    told = entry.get("facts")
    facts = _facts({key: value for key, value in entry.items() if key not in SHOWN_ELSEWHERE})
    facts += _facts(told) if isinstance(told, Mapping) else _facts({"facts": told})
    return Exhibit(kind, _title(kind, entry), printable(str(entry.get("curl") or "")), tuple(facts))


def _illustrated(entry: Mapping[str, Any]) -> Exhibit:
    told = entry.get("facts")
    if not isinstance(told, Mapping):
        return _exhibit(entry)
    made, (drawn, note) = tables(told), figures(told)
    shown = frozenset[str]().union(
        *(table.facts for table in made), *(figure.facts for figure in drawn)
    )
    brief = {key: _counted(value) if key in shown else value for key, value in told.items()}
    return replace(
        _exhibit({**entry, "facts": brief}), tables=tuple(made), figures=tuple(drawn), note=note
    )


def _counted(value: object) -> object:
    return (
        f"{len(value)} entries, in verdict.json"
        if isinstance(value, Collection) and value and not isinstance(value, str | bytes)
        else value
    )


def _title(kind: str, entry: Mapping[str, Any]) -> str:
    if kind == "exchange":
        status = entry.get("status")
        came = "no answer" if status is None else _shown(status)
        return (
            f"{_shown(entry.get('method', ''))} {_path(entry.get('url'))} →"
            f" {came}{_time(entry.get('seconds'))}"
        )
    if kind == "left-out":
        return f"{_shown(entry.get('count', 'some'))} entries are left out here"
    return _shown(entry.get("title", kind)) + _time(entry.get("seconds"))


def _path(url: object) -> str:
    """The path and query of a URL; one that cannot be read is shown whole."""
    try:
        parts = urlsplit(str(url or ""))
    except ValueError:
        return _shown(url)
    return _shown((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _time(seconds: object) -> str:
    return f", {lasting(seconds)}" if isinstance(seconds, int | float) else ""


def _facts(mapping: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values as text; what is empty says nothing and is left out."""
    return [
        (_shown(key), _shown(value))
        for key, value in mapping.items()
        if value not in (None, "", [], {}, ())
    ]


def _shown(value: object) -> str:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, bytes)):
        return printable(json.dumps(value, ensure_ascii=False, default=str))
    return printable(str(value))
