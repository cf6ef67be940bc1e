"""One look at what a target uses: the shape that all sources share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

RESOURCE_FIGURES = (
    "cpu_seconds",
    "cpu_cores",
    "memory",
    "pool_in_use",
    "pool_max",
    "pool_waiting",
    "pool_timeouts",
)
STALE_SECONDS = 30.0
"""A figure that was measured longer ago than this is not told: Prometheus itself would go on
telling it for five minutes.
"""


@dataclass(frozen=True)
class ResourceSample:
    """What a source told at one moment.

    A figure that it did not tell is None, and `missing` holds why, as what comes after a colon.

    `at` is when the answer was there, `measured` when a figure was measured where that was earlier;
    both in seconds since the epoch, on our clock. `cpu_seconds` is counted since the start of the
    process, `cpu_cores` an average over the `over` seconds before it was measured. `memory` is in
    bytes. `parts`: how many processes or pods were added up for the CPU, where the source tells.
    """

    at: float
    cpu_seconds: float | None = None
    cpu_cores: float | None = None
    memory: float | None = None
    pool_in_use: float | None = None
    pool_max: float | None = None
    pool_waiting: float | None = None
    pool_timeouts: float | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    measured: Mapping[str, float] = field(default_factory=dict)
    over: float = 0.0
    parts: int | None = None

    def get_figure(self, name: str) -> float | None:
        """One of `RESOURCE_FIGURES`."""
        value: float | None = getattr(self, name)
        return value

    def measurement_time(self, name: str) -> float:
        """When a figure was measured."""
        return self.measured.get(name, self.at)

    @classmethod
    def from_failure(cls, at: float, why: str) -> ResourceSample:
        """A look that failed."""
        return cls(at, missing=dict.fromkeys(RESOURCE_FIGURES, why))


class ResourceSource(Protocol):
    """Something that can be asked what a target uses."""

    def take_sample(self) -> ResourceSample:
        """Raises `SourceUnavailable`, after a bounded time."""


@dataclass(frozen=True)
class MeasuredFigure:
    """A figure as a source has it: the sum of `parts` series, the oldest of which was measured at
    `measured` (None: just now).
    """

    value: float
    measured: float | None = None
    parts: int | None = None


def build_resource_sample(
    at: float, found: Mapping[str, MeasuredFigure], missing: Mapping[str, str], over: float = 0.0
) -> ResourceSample:
    """A look at figures by name.

    What is stale goes to `missing`; `over` is how long each measurement takes, and so much later it
    may come.
    """
    ages = {name: at - one.measured for name, one in found.items() if one.measured is not None}
    stale = {
        name: (
            f"last measured {age:.0f} s before the look, and {STALE_SECONDS + 2 * over:.0f} s is"
            " the limit: the target is no longer looked at"
        )
        for name, age in ages.items()
        if age > STALE_SECONDS + 2 * over
    }
    fresh = {name: one for name, one in found.items() if name not in stale}
    cpu = fresh.get("cpu_cores") or fresh.get("cpu_seconds")
    values: dict[str, Any] = {name: one.value for name, one in fresh.items()}
    return ResourceSample(
        at,
        **values,
        missing={**missing, **stale},
        over=over,
        parts=cpu.parts if cpu else None,
        measured={name: one.measured for name, one in fresh.items() if one.measured is not None},
    )
