"""One sample of what a target uses: the value that all sources share."""

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
"""Seconds after which a figure is too old: Prometheus itself would report it for five minutes."""


@dataclass(frozen=True)
class ResourceSample:
    """What a source reported at one moment.

    A figure that it did not report is None, and `missing` holds the reason, as a clause.

    `at` is when the answer was there, `measured` when a figure was measured where that was earlier;
    both in seconds since the epoch, on our clock. `cpu_seconds` is counted since the start of the
    process, `cpu_cores` is an average over the `over` seconds before it was measured. `memory` is
    in bytes. `parts` is how many processes or pods were added up for the CPU, where that is known.
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
        """Return one of `RESOURCE_FIGURES`."""
        value: float | None = getattr(self, name)
        return value

    def measurement_time(self, name: str) -> float:
        """Return when a figure was measured."""
        return self.measured.get(name, self.at)

    @classmethod
    def from_failure(cls, at: float, reason: str) -> ResourceSample:
        """Return a sample that could not be taken."""
        return cls(at, missing=dict.fromkeys(RESOURCE_FIGURES, reason))


class ResourceSource(Protocol):
    """Reports what a target uses."""

    def take_sample(self) -> ResourceSample:
        """Take a sample. Raises `SourceUnavailable`, after a bounded time."""


@dataclass(frozen=True)
class MeasuredFigure:
    """A figure of a source: the sum of `parts` series.

    The oldest of them was measured at `measured`; None: just now.
    """

    value: float
    measured: float | None = None
    parts: int | None = None


def build_resource_sample(
    at: float, found: Mapping[str, MeasuredFigure], missing: Mapping[str, str], over: float = 0.0
) -> ResourceSample:
    """Return a sample of figures by name; stale figures go to `missing`.

    `over` is how long each measurement takes: it may be older by as much.
    """
    ages = {name: at - one.measured for name, one in found.items() if one.measured is not None}
    stale = {
        name: (
            f"last measured {age:.0f} s before the sample, at most {STALE_SECONDS + 2 * over:.0f} s"
            " allowed: the target is no longer measured"
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
