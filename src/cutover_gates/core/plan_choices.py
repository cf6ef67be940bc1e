"""Words of a plan file that are one of a few, and what is said of another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover_gates.core.plan import PlanError
from cutover_gates.core.tables import suggest_nearest


def require_choice(value: object, allowed: tuple[str, ...], where: str) -> str:
    """Return the value. Raises `PlanError` where it is none of the allowed words."""
    if not isinstance(value, str) or value not in allowed:
        nearest = suggest_nearest(str(value), allowed)
        raise PlanError(f"{where} is {value!r}; allowed: {', '.join(allowed)}.{nearest}")
    return value


def optional_choice(row: Mapping[str, Any], key: str, allowed: tuple[str, ...], where: str) -> str:
    """Return the word under a key that may be missing; then it is empty. Raises `PlanError`."""
    return require_choice(row[key], allowed, f"{where}: {key}") if key in row else ""
