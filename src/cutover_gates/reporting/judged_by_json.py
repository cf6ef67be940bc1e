"""What judged, as JSON: part of the shape of `verdict.json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cutover_gates.core.judged_by import JudgedBy


def judged_by_to_json(judged_by: JudgedBy | None) -> dict[str, Any] | None:
    """Return what judged as JSON-able values; None where nobody knows."""
    if judged_by is None:
        return None
    return {
        "suite": asdict(judged_by.suite),
        "own_plan": judged_by.own_plan,
        "files": [asdict(file) for file in judged_by.files],
        "plugins": [asdict(plugin) for plugin in judged_by.plugins],
        "command": asdict(judged_by.invocation),
        "settings_from": asdict(judged_by.settings),
        "loose_limits": [asdict(limit) for limit in judged_by.loose_limits],
        "digest_parts": dict(judged_by.digest),
    }
