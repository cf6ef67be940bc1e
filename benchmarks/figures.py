"""Figures and their limits. A figure is the median of several runs, shown with its spread."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

LIMITS: Mapping[str, float] = {
    "start-up over bare imports, x": 3.0,
    "cost per check, x": 1.3,
    "CPU of ours, log and mapping, over bare, x": 1.15,
    "p95 under a stall, ours, off the true one, %": 10.0,
    "percentiles, our log, off the exact ones, %": 0.1,
}
"""The limits of the figures, by name and unit. They stand here and nowhere else."""
LEFT_OUT = frozenset({"PYTHONDONTWRITEBYTECODE", "PYTEST_ADDOPTS"})
"""Variables of our own environment that a measured process does not get."""


@dataclass(frozen=True)
class Figure:
    """One measured quantity: its runs in the order in which they were made, in `unit`."""

    name: str
    unit: str
    runs: Sequence[float]

    @property
    def median(self) -> float:
        """The median of all runs."""
        return statistics.median(self.runs)

    @property
    def limit(self) -> float | None:
        """The largest allowed median, or None where there is no limit."""
        return LIMITS.get(f"{self.name}, {self.unit}")

    @property
    def holds(self) -> bool:
        """True where there is no limit, or the median is within it."""
        return self.limit is None or self.median <= self.limit

    def __str__(self) -> str:
        line = (
            f"{self.name:<46} {self.median:8.2f} {self.unit:<2} (median of {len(self.runs)}:"
            f" {min(self.runs):.2f} to {max(self.runs):.2f})"
        )
        if self.limit is None:
            return line
        return f"{line}  limit {self.limit:g} {self.unit}: {'holds' if self.holds else 'MISSED'}"


def python(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run this Python in the repository, with `environment` added to our own.

    Bytecode is written, whatever our own environment says: without it every start compiles all
    modules, which doubles it, and no gate in use is started so.
    """
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    inherited = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**inherited, "PYTHONPATH": paths, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def seconds(*words: str, **environment: str) -> float:
    """Return the wall time of `python`, in seconds."""
    started = time.perf_counter()
    python(*words, **environment)
    return time.perf_counter() - started
