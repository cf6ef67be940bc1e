"""Scale limits of wall time to the machine: a slow or busy one gets more seconds.

A limit says how long an act may take on the machine on which it was measured. `scale_seconds`
multiplies it by a factor of at least 1, so a slow machine does not turn a caught fault into a
missed one. It is only for limits: what a test proves about time (a deadline, a wait) stays exact.
"""

from __future__ import annotations

import hashlib
import os
import time

REFERENCE_SECONDS = 0.028
"""Seconds of `_do_fixed_work` on an idle core of the machine on which the limits were set, on
2026-11-30."""
MOST = 4.0
"""The largest factor: beyond it a machine is too busy to measure anything, and a test should say
so."""
VARIABLE = "TESTS_CALIBRATION"
"""Hands the figure of the first process to those that it starts (workers of pytest-xdist)."""
_BLOCK = b"\0" * 65_536


def measure_speed_factor() -> float:
    """Return how many times longer fixed work takes here than on the reference machine.

    It is measured once for a process and those that it starts. A value below 1 is a faster machine.
    """
    known = os.environ.get(VARIABLE)
    if known is None:
        # The best of five: what other processes take of the cores is in the load average.
        seconds = min(_do_fixed_work() for _ in range(5))
        known = os.environ[VARIABLE] = f"{seconds / REFERENCE_SECONDS:.3f}"
    return float(known)


def current_factor() -> float:
    """Return the factor for limits now: of the machine's speed and its load, 1 to `MOST`."""
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(MOST, max(1.0, measure_speed_factor(), waiting))


def scale_seconds(limit: float, most: float = MOST) -> float:
    """Return a limit of wall time, scaled to the machine as it is now by no more than `most`.

    A limit that tells one wait from two in a row must stay below the two, so it names its `most`.
    """
    return limit * min(most, current_factor())


def describe_calibration() -> str:
    """Return one line for the header of a run."""
    return (
        f"machine: {measure_speed_factor():.2f} x the reference time, load"
        f" {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores: time limits x {current_factor():.2f}"
    )


def _do_fixed_work() -> float:
    """Return the seconds that a fixed amount of work takes: hashing and plain Python."""
    began = time.perf_counter()
    for _ in range(400):
        hashlib.sha256(_BLOCK).digest()
    sum(number * number for number in range(300_000))
    return time.perf_counter() - began
