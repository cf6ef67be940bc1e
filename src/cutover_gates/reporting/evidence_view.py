"""Evidence made ready to show: JSON mappings as `cutover_gates.core.evidence.record` gives them.

Keys and kinds not known here are shown as they are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from cutover_gates.core.verdict import CheckResult
from cutover_gates.reporting.charts import Figure, render_figures
from cutover_gates.reporting.load_tables import EvidenceTable, build_tables
from cutover_gates.util.text import format_duration, strip_control_characters

KEYS_IN_TITLE = frozenset({"kind", "method", "status", "seconds", "curl", "title", "facts"})


@dataclass(frozen=True)
class EvidenceView:
    """One piece of evidence: a line, a command that repeats it (exchanges only), and named facts;
    for a page also tables and figures, with a note where they are missing.
    """

    kind: str
    title: str
    curl: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[EvidenceTable, ...] = ()
    figures: tuple[Figure, ...] = ()
    note: str = ""


def collect_evidence(check: CheckResult) -> list[EvidenceView]:
    """All that a check kept, in its order."""
    return [_build_view(entry) for entry in check.evidence]


def collect_illustrated_evidence(check: CheckResult) -> list[EvidenceView]:
    """The same for a page: with tables and figures, and without the long series that they show."""
    return [_build_illustrated_view(entry) for entry in check.evidence]


def last_curl_command(check: CheckResult) -> tuple[str, int]:
    """The command that repeats the check's last exchange ('' without one), and how many exchanges
    there were.
    """
    curls = [entry.curl for entry in collect_evidence(check) if entry.curl]
    return (curls[-1] if curls else ""), len(curls)


def _build_view(entry: Mapping[str, Any]) -> EvidenceView:
    kind = _format_value(entry.get("kind", "evidence"))
    told = entry.get("facts")
    facts = _format_facts({key: value for key, value in entry.items() if key not in KEYS_IN_TITLE})
    facts += _format_facts(told) if isinstance(told, Mapping) else _format_facts({"facts": told})
    return EvidenceView(
        kind,
        _format_title(kind, entry),
        strip_control_characters(str(entry.get("curl") or "")),
        tuple(facts),
    )


def _build_illustrated_view(entry: Mapping[str, Any]) -> EvidenceView:
    told = entry.get("facts")
    if not isinstance(told, Mapping):
        return _build_view(entry)
    made, (drawn, note) = build_tables(told), render_figures(told)
    shown = frozenset[str]().union(
        *(table.facts for table in made), *(figure.facts for figure in drawn)
    )
    brief = {
        key: _replace_by_count(value) if key in shown else value for key, value in told.items()
    }
    return replace(
        _build_view({**entry, "facts": brief}), tables=tuple(made), figures=tuple(drawn), note=note
    )


def _replace_by_count(value: object) -> object:
    return (
        f"{len(value)} entries, in verdict.json"
        if isinstance(value, Collection) and value and not isinstance(value, str | bytes)
        else value
    )


def _format_title(kind: str, entry: Mapping[str, Any]) -> str:
    if kind == "exchange":
        status = entry.get("status")
        came = "no answer" if status is None else _format_value(status)
        return (
            f"{_format_value(entry.get('method', ''))} {_format_path(entry.get('url'))} →"
            f" {came}{_format_time(entry.get('seconds'))}"
        )
    if kind == "left-out":
        return f"{_format_value(entry.get('count', 'some'))} entries are left out here"
    return _format_value(entry.get("title", kind)) + _format_time(entry.get("seconds"))


def _format_path(url: object) -> str:
    """The path and query of a URL; one that cannot be read is shown whole."""
    try:
        parts = urlsplit(str(url or ""))
    except ValueError:
        return _format_value(url)
    return _format_value((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _format_time(seconds: object) -> str:
    return f", {format_duration(seconds)}" if isinstance(seconds, int | float) else ""


def _format_facts(mapping: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values as text; what is empty says nothing and is left out."""
    return [
        (_format_value(key), _format_value(value))
        for key, value in mapping.items()
        if value not in (None, "", [], {}, ())
    ]


def _format_value(value: object) -> str:
    if isinstance(value, str):
        return strip_control_characters(value)
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, bytes)):
        return strip_control_characters(json.dumps(value, ensure_ascii=False, default=str))
    return strip_control_characters(str(value))
