"""The response times of one operation, and what of them is not compared with a baseline.

This module imports no numpy, so that collecting the checks stays fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Percentile = tuple[float | None, float | None, float | None]
"""A percentile in seconds, with its lower and upper bound; None where the sample is too small."""


@dataclass(frozen=True)
class OperationFigures:
    """The response times of one operation, in seconds.

    `percentiles` maps p50, p95 and p99 to the value and its bounds. `distribution` holds (upper
    edge in seconds, requests) of each bin with requests. `objective` holds the limits by
    percentile.
    """

    name: str
    requests: int
    errors: int
    objective: Mapping[str, float]
    percentiles: Mapping[str, Percentile]
    distribution: tuple[tuple[float, int], ...]

    def to_facts(self) -> dict[str, Any]:
        """Return the entry of the evidence that the report's tables and charts read."""
        return {
            "name": self.name,
            "requests": self.requests,
            "errors": self.errors,
            "objective": dict(self.objective),
            **{name: list(bounds) for name, bounds in self.percentiles.items()},
            "distribution": [list(one) for one in self.distribution],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> OperationFigures:
        """Return the figures that `dataclasses.asdict` made plain."""
        percentiles = {name: tuple(bounds) for name, bounds in plain["percentiles"].items()}
        distribution = tuple((edge, count) for edge, count in plain["distribution"])
        return cls(**{**plain, "percentiles": percentiles, "distribution": distribution})


@dataclass(frozen=True)
class UncomparedTail:
    """A percentile that has too few requests to be compared with the baseline's.

    About `planned` are in a whole run. `needed` is None where no number would be enough.
    """

    operation: str
    statistic: str
    needed: int | None
    planned: int

    def __str__(self) -> str:
        needed = f"{self.needed:,} needed" if self.needed else "no number is enough"
        return f"{self.operation} {self.statistic} ({needed}, {self.planned:,} planned)"
