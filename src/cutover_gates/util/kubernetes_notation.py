"""Quantities, durations and label selectors as Kubernetes writes them.

The official client reads quantities too; why it is not used: docs/decisions/0020-quantities.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

_QUANTITY = re.compile(
    r"([+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40}))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?",
    re.ASCII,
)
_FACTORS = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    **{
        sign: Fraction(1000**power) for power, sign in enumerate(("", "k", "M", "G", "T", "P", "E"))
    },
    **{f"{sign}i": Fraction(1024**power) for power, sign in enumerate("KMGTPE", 1)},
}
_DURATION = re.compile(r"(\d+(?:\.\d*)?)(h|ms|m|s|us|µs|ns)", re.ASCII)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def parse_quantity(text: str) -> Fraction:
    """Return the exact value of a quantity, such as `250m`, `128Mi` or `1.5e3`.

    The grammar is in the Kubernetes API reference (common definitions, Quantity). The digits are
    bounded, so that no answer of a server can cost time or memory. Raises `ValueError`.
    """
    found = _QUANTITY.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no quantity")
    number, suffix, exponent = found.groups()
    return Fraction(number) * _FACTORS[suffix or ""] * Fraction(10) ** int(exponent or 0)


def parse_duration(text: str) -> float:
    """Return the seconds of `15.2s`, `1m0s`, … (Go's `time.Duration`). Raises `ValueError`."""
    # The parts must make up the whole text: findall skips what it does not know.
    found = _DURATION.findall(text)
    if "".join(number + unit for number, unit in found) != text or not found:
        raise ValueError(f"{text!r} is no duration")
    return sum(float(number) * _UNITS[unit] for number, unit in found)


def format_selector(selector: Any) -> str:
    """Return a selector (the client's `V1LabelSelector`) as the API's `labelSelector`."""
    labels = sorted((selector.match_labels or {}).items())
    parts = [f"{key}={value}" for key, value in labels]
    parts += [_format_expression(each) for each in selector.match_expressions or []]
    return ",".join(parts)


def _format_expression(expression: Any) -> str:
    values = f"({','.join(expression.values or [])})"
    forms: dict[str, str] = {
        "In": f"{expression.key} in {values}",
        "NotIn": f"{expression.key} notin {values}",
        "Exists": expression.key,
        "DoesNotExist": f"!{expression.key}",
    }
    return forms[expression.operator]


def matches_selector(selector: Any, labels: Mapping[str, str]) -> bool:
    """Return whether the selector selects an object with these labels.

    None selects nothing, an empty selector everything (policy/v1).
    """
    if selector is None:
        return False
    wanted = (selector.match_labels or {}).items()
    expressions = selector.match_expressions or []
    return all(labels.get(key) == value for key, value in wanted) and all(
        _matches_expression(each, labels) for each in expressions
    )


def _matches_expression(expression: Any, labels: Mapping[str, str]) -> bool:
    exists = expression.key in labels
    listed = exists and labels[expression.key] in (expression.values or [])
    results = {"In": listed, "NotIn": not listed, "Exists": exists, "DoesNotExist": not exists}
    return results[expression.operator]
