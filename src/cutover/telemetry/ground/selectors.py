"""Label selectors (meta/v1 LabelSelector): as a query of the API, and held against labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def query(selector: Any) -> str:
    """The selector as the API's `labelSelector` has it."""
    parts = [f"{key}={value}" for key, value in sorted((selector.match_labels or {}).items())]
    for rule in selector.match_expressions or []:
        values = f"({','.join(rule.values or [])})"
        parts.append(
            {
                "In": f"{rule.key} in {values}",
                "NotIn": f"{rule.key} notin {values}",
                "Exists": rule.key,
                "DoesNotExist": f"!{rule.key}",
            }[rule.operator]
        )
    return ",".join(parts)


def selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether the selector finds what has these labels.

    None finds nothing, an empty one everything (policy/v1).
    """
    if selector is None:
        return False
    equal = all(labels.get(key) == value for key, value in (selector.match_labels or {}).items())
    return equal and all(_holds(rule, labels) for rule in selector.match_expressions or [])


def _holds(rule: Any, labels: Mapping[str, str]) -> bool:
    there = rule.key in labels
    listed = there and labels[rule.key] in (rule.values or [])
    return {"In": listed, "NotIn": not listed, "Exists": there, "DoesNotExist": not there}[
        rule.operator
    ]
