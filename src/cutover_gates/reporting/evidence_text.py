"""The evidence of a check as lines, and as the JSON of an attachment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cutover_gates.reporting.verdict_json import to_json_value


def describe_evidence(evidence: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a line for each entry: 'GET http://…/patients/7 → 200', or what was observed."""
    return [_describe_entry(entry) for entry in evidence]


def format_evidence(evidence: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the evidence as the JSON of an attachment."""
    values = [to_json_value(entry) for entry in evidence]
    text = json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False)
    return text.encode(errors="backslashreplace")


def _describe_entry(entry: Mapping[str, Any]) -> str:
    if entry.get("kind") == "exchange":
        answer = entry.get("status") or entry.get("error") or "no answer"
        return f"{entry.get('method', '?')} {entry.get('url', '?')} → {answer}"
    if entry.get("kind") == "left-out":
        return f"{entry.get('count')} entries are left out here"
    return str(entry.get("title") or entry.get("kind") or "observation")
