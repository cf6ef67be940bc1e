"""Quantities and durations as Kubernetes writes them."""

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
    """The exact value of `250m`, `128Mi`, `1.5e3`, … (Kubernetes API reference, common definitions,
    Quantity). Raises `ValueError`.
    """
    found = _QUANTITY.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no quantity")
    number, suffix, exponent = found.groups()
    return Fraction(number) * _FACTORS[suffix or ""] * Fraction(10) ** int(exponent or 0)


def parse_duration(text: str) -> float:
    """Seconds of `15.2s`, `1m0s`, … (Go's `time.Duration`). Raises `ValueError`."""
    found = _DURATION.findall(text)
    if "".join(number + unit for number, unit in found) != text or not found:
        raise ValueError(f"{text!r} is no duration")
    return sum(float(number) * _UNITS[unit] for number, unit in found)


def format_selector(selector: Any) -> str:
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


def matches_selector(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether the selector finds what has these labels.

    None finds nothing, an empty one everything (policy/v1).
    """
    if selector is None:
        return False
    equal = all(labels.get(key) == value for key, value in (selector.match_labels or {}).items())
    return equal and all(_matches_rule(rule, labels) for rule in selector.match_expressions or [])


def _matches_rule(rule: Any, labels: Mapping[str, str]) -> bool:
    there = rule.key in labels
    listed = there and labels[rule.key] in (rule.values or [])
    return {"In": listed, "NotIn": not listed, "Exists": there, "DoesNotExist": not there}[
        rule.operator
    ]
