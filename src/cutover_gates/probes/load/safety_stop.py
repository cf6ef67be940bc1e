"""The safety stop: it ends a load under which the target fails or becomes much too slow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cutover_gates.config.performance import Performance
from cutover_gates.probes.load.failure_counts import count_failures, describe_slowest
from cutover_gates.probes.load.model import SafetyStop
from cutover_gates.probes.load.request_outcomes import ERROR_OUTCOMES, format_failures
from cutover_gates.probes.load.sample_log import Samples

SAFETY_SECONDS = 10
SAFETY_ERROR_SHARE = 0.05
SAFETY_MIN_REQUESTS = 20
"""Requests of which one is 5 %.

Seconds with fewer are merged: a slow load has seconds without an error.
"""
SAFETY_SLOWDOWN = 5.0
SHOWN_OPERATIONS = 3
NO_ANSWERS = "no request was answered"


def find_safety_stop(
    samples: Samples, now: float, usual_seconds: float, operations: Sequence[str]
) -> SafetyStop | None:
    """Return why the run must stop, or None.

    `samples` are all so far, of the `operations` that they name by index. `now` is in seconds since
    the epoch, on their clock. `usual_seconds` is what an answer may usually take.
    """
    end = int(now)
    start = end - SAFETY_SECONDS
    if not len(samples) or samples["due"].min() > start:
        return None
    ended = (samples["due"] + samples["took"]).astype(int)
    windows = [samples[ended == second] for second in range(start, end)]
    merged, recent = _merge_windows(windows), np.concatenate(windows)
    if merged and all(map(_exceeds_error_share, merged)):
        return SafetyStop(
            "errors",
            f"at most {SAFETY_ERROR_SHARE * 100:g} % failed requests",
            f"more than {SAFETY_ERROR_SHARE * 100:g} % failed throughout the last"
            f" {SAFETY_SECONDS} s: {format_failures(count_failures(recent, operations))}",
        )
    limit = usual_seconds * SAFETY_SLOWDOWN
    if all(_is_slow(window, limit) for window in windows):
        return SafetyStop(
            "slowdown",
            f"half of the requests within {limit:g} s",
            f"half took more than {limit:g} s in each of the last {SAFETY_SECONDS} s:"
            f" {describe_slowest(recent, operations, SHOWN_OPERATIONS) or NO_ANSWERS}",
        )
    return None


def usual_response_seconds(performance: Performance) -> float:
    """Return what an answer may usually take: the least of the objectives for all operations."""
    objectives = performance.objectives
    limits = [objectives.p50, objectives.p95, objectives.p99]
    return min([seconds for seconds in limits if seconds] or [1.0])


def _merge_windows(windows: Sequence[Samples]) -> list[Samples]:
    """Merge neighbouring windows until each has enough requests; the last takes what is left."""
    merged: list[Samples] = []
    pending = windows[0][:0]
    for window in windows:
        pending = np.concatenate([pending, window])
        if len(pending) >= SAFETY_MIN_REQUESTS:
            merged.append(pending)
            pending = pending[:0]
    if merged:
        merged[-1] = np.concatenate([merged[-1], pending])
    return merged


def _exceeds_error_share(window: Samples) -> bool:
    return float(np.isin(window["outcome"], ERROR_OUTCOMES).mean()) > SAFETY_ERROR_SHARE


def _is_slow(window: Samples, seconds: float) -> bool:
    # A second without any answer counts as slow too: requests arrive all the time.
    return not len(window) or float(np.median(window["took"])) > seconds
