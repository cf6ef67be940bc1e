"""Quantities and durations as Kubernetes writes them."""

from __future__ import annotations

import re
from fractions import Fraction

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


def quantity(text: str) -> Fraction:
    """The exact value of `250m`, `128Mi`, `1.5e3`, … (Kubernetes API reference, common definitions,
    Quantity). Raises `ValueError`.
    """
    found = _QUANTITY.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no quantity")
    number, suffix, exponent = found.groups()
    return Fraction(number) * _FACTORS[suffix or ""] * Fraction(10) ** int(exponent or 0)


def duration(text: str) -> float:
    """Seconds of `15.2s`, `1m0s`, … (Go's `time.Duration`). Raises `ValueError`."""
    found = _DURATION.findall(text)
    if "".join(number + unit for number, unit in found) != text or not found:
        raise ValueError(f"{text!r} is no duration")
    return sum(float(number) * _UNITS[unit] for number, unit in found)
