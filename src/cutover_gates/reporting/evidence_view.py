"""The evidence of a check, ready to show.

Evidence is JSON, as `cutover_gates.core.evidence.record` writes it. Unknown keys and kinds are
shown as they are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from cutover_gates.core.printable import strip_control_characters
from cutover_gates.core.verdict import CheckResult
from cutover_gates.reporting.charts.figures import Figure, render_figures
from cutover_gates.reporting.load_tables import EvidenceTable, build_tables
from cutover_gates.util.text import format_duration

KEYS_IN_TITLE = frozenset({"kind", "method", "status", "seconds", "curl", "title", "facts"})


@dataclass(frozen=True)
class EvidenceView:
    """One piece of evidence: a title, a command that repeats it (exchanges only), and named facts.

    A page also shows its tables and figures, with a note where figures are missing.
    """

    kind: str
    title: str
    curl: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[EvidenceTable, ...] = ()
    figures: tuple[Figure, ...] = ()
    note: str = ""


def collect_evidence(check: CheckResult) -> list[EvidenceView]:
    """Return all evidence of a check, in its order."""
    return [_build_view(entry) for entry in check.evidence]


def collect_illustrated_evidence(check: CheckResult) -> list[EvidenceView]:
    """Return the same for a page: with tables and figures, without the series that they show."""
    return [_build_illustrated_view(entry) for entry in check.evidence]


def last_curl_command(check: CheckResult) -> tuple[str, int]:
    """Return the command that repeats the last exchange ('' without one), and their number."""
    commands = [view.curl for view in collect_evidence(check) if view.curl]
    return (commands[-1] if commands else ""), len(commands)


def _build_view(entry: Mapping[str, Any]) -> EvidenceView:
    kind = _format_value(entry.get("kind", "evidence"))
    others = {key: value for key, value in entry.items() if key not in KEYS_IN_TITLE}
    facts = entry.get("facts")
    named = facts if isinstance(facts, Mapping) else {"facts": facts}
    return EvidenceView(
        kind,
        _format_title(kind, entry),
        strip_control_characters(str(entry.get("curl") or "")),
        (*_format_facts(others), *_format_facts(named)),
    )


def _build_illustrated_view(entry: Mapping[str, Any]) -> EvidenceView:
    facts = entry.get("facts")
    if not isinstance(facts, Mapping):
        return _build_view(entry)
    tables = build_tables(facts)
    figures, note = render_figures(facts)
    shown = {name for table in tables for name in table.facts}
    shown |= {name for figure in figures for name in figure.facts}
    brief = dict(facts)
    for name in shown & brief.keys():
        brief[name] = _replace_by_count(brief[name])
    view = _build_view({**entry, "facts": brief})
    return replace(view, tables=tuple(tables), figures=tuple(figures), note=note)


def _replace_by_count(value: object) -> object:
    if not isinstance(value, Collection) or isinstance(value, str | bytes) or not value:
        return value
    return f"{len(value)} entries, in verdict.json"


def _format_title(kind: str, entry: Mapping[str, Any]) -> str:
    if kind == "left-out":
        return f"{_format_value(entry.get('count', 'some'))} entries are left out here"
    seconds = _format_seconds(entry.get("seconds"))
    if kind != "exchange":
        return f"{_format_value(entry.get('title', kind))}{seconds}"
    status = entry.get("status")
    answer = "no answer" if status is None else _format_value(status)
    method, path = _format_value(entry.get("method", "")), _format_path(entry.get("url"))
    return f"{method} {path} → {answer}{seconds}"


def _format_path(url: object) -> str:
    """Return the path and query of a URL; one that cannot be parsed is shown whole."""
    try:
        parts = urlsplit(str(url or ""))
    except ValueError:
        return _format_value(url)
    query = f"?{parts.query}" if parts.query else ""
    return _format_value(f"{parts.path or '/'}{query}")


def _format_seconds(seconds: object) -> str:
    return f", {format_duration(seconds)}" if isinstance(seconds, int | float) else ""


def _format_facts(mapping: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return names and values as text, without the empty ones, which say nothing."""
    filled = {key: value for key, value in mapping.items() if value not in (None, "", [], {}, ())}
    return [(_format_value(key), _format_value(value)) for key, value in filled.items()]


def _format_value(value: object) -> str:
    if isinstance(value, str):
        return strip_control_characters(value)
    if isinstance(value, Mapping | Sequence) and not isinstance(value, bytes):
        return strip_control_characters(json.dumps(value, ensure_ascii=False, default=str))
    return strip_control_characters(str(value))
