"""Limits that `capabilities` declares: their values stand in `limits`, in one place only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LIMITS: Mapping[str, str] = {
    "size-limit": "document_bytes",
    "file-types": "document_types",
    "sign-in-throttling": "sign_in_failures",
}
"""The capabilities that are about a limit, each with its key in `limits`."""


def move_declared_limits(table: Any) -> Any:
    """Return a target's table, with the limits that its capabilities name put into `limits`.

    Raises ValueError where both places speak of one limit.
    """
    if not isinstance(table, Mapping):
        return table
    declared, limits = table.get("capabilities"), table.get("limits", {})
    if not isinstance(declared, Mapping) or not isinstance(limits, Mapping):
        return table
    moved: dict[str, Any] = {}
    for name, key in LIMITS.items():
        fact = declared.get(name)
        if not isinstance(fact, Mapping) or "value" not in fact:
            continue
        _refuse_two_places(name, key, limits)
        if str(fact["value"]).lower() != "false":
            moved[key] = _as_limit(fact["value"], key)
    return {**table, "limits": {**limits, **moved}} if moved else table


def _refuse_two_places(name: str, key: str, limits: Mapping[str, Any]) -> None:
    if key in limits:
        raise ValueError(
            f"limits.{key} and capabilities.{name} speak of the same limit: remove one of them"
        )


def _as_limit(value: Any, key: str) -> Any:
    """Return a text of the environment, where a list is written with commas, as the limit is."""
    if key == "document_types" and isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return value
