"""Simulated steps of a rollout, and how this product and other tools judge them.

Each step has errors or response times of two releases, second by second. A judge returns for each
run whether it blames the new release.

- `judge_ours`: the evidence of `core.statistics.release_comparison`, looked at after each second.
- `judge_mann_whitney`: as Kayenta's default judge (its code was read): the mean of each 10 s is one
  point of each release. The new one is "high" where the 98 % interval of the shift of Hodges and
  Lehmann lies above a quarter of that shift.
- `judge_windows`: a test of two proportions at 5 % for each minute; any of them is an alarm.
- `judge_failed_checks`: as Flagger: each minute the new release's share is held against a fixed
  threshold, and five failed checks in all are an alarm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from cutover_gates.core.statistics.confidence_intervals import Floats
from cutover_gates.core.statistics.release_comparison import (
    AnsweredBlocks,
    Counts,
    log_evidence_against,
    mix_log_evidence,
)
from cutover_gates.probes.rollout.error_comparison import WRONG

SECONDS, POINT, CHECK = 600, 10, 60
MEDIAN, SIGMA = 0.02, 0.6
NORMAL_QUANTILES = {"p50": 0.0, "p75": 0.6745, "p90": 1.2816, "p95": 1.6449, "p99": 2.3263}
CHECK_LEVEL = "check"
INTERVAL_Z, WINDOW_Z, TOLERANCE = 2.3263, 1.96, 0.25
CHECK_SHARE, FAILED_CHECKS = 0.01, 5
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class BadCounts:
    """The bad answers of each second of each run, of the new and the old release."""

    new: Counts
    old: Counts


@dataclass(frozen=True)
class SimulatedSteps:
    """Steps as counts of the shape (runs, seconds).

    `levels` are what the comparison counts: errors, or answers above each threshold. `sums` add up
    the metric of each second (errors, or seconds), `checked` is what a fixed threshold counts.
    """

    new: Counts
    old: Counts
    levels: Mapping[str, BadCounts]
    sums: tuple[Floats, Floats]
    checked: Counts
    windowed: BadCounts


@dataclass(frozen=True)
class Traffic:
    """Requests a second of the whole service, and the share that the new release really gets."""

    per_second: float = 20.0
    share: float = 0.13


def simulate_errors(
    random: np.random.Generator, runs: int, new: Floats, old: Floats, traffic: Traffic
) -> SimulatedSteps:
    """Return steps in which each second has these shares of errors."""
    shape = (runs, SECONDS)
    of_new = random.poisson(traffic.per_second * traffic.share, shape)
    of_old = random.poisson(traffic.per_second * (1 - traffic.share), shape)
    bad = BadCounts(random.binomial(of_new, new), random.binomial(of_old, old))
    sums = (bad.new.astype(float), bad.old.astype(float))
    return SimulatedSteps(of_new, of_old, {"errors": bad}, sums, bad.new, bad)


def simulate_times(
    random: np.random.Generator,
    runs: int,
    factors: tuple[Floats, Floats],
    traffic: Traffic,
    slow_share: float = 0.0,
    slow_factor: float = 1.0,
) -> SimulatedSteps:
    """Return steps with lognormal times, `factors` of new and old as long in each second.

    Of the new release's answers `slow_share` takes `slow_factor` times as long.
    """
    of_new = _simulate_release(
        random, runs, traffic.per_second * traffic.share, factors[0], slow_share, slow_factor
    )
    of_old = _simulate_release(
        random, runs, traffic.per_second * (1 - traffic.share), factors[1], 0.0, 1.0
    )
    levels = {name: BadCounts(of_new.bad[name], of_old.bad[name]) for name in NORMAL_QUANTILES}
    checked = of_new.bad[CHECK_LEVEL]
    sums = (of_new.sums, of_old.sums)
    return SimulatedSteps(of_new.total, of_old.total, levels, sums, checked, levels["p95"])


@dataclass(frozen=True)
class _TimedRelease:
    total: Counts
    bad: Mapping[str, Counts]
    sums: Floats


def _simulate_release(
    random: np.random.Generator,
    runs: int,
    rate: float,
    factor: Floats,
    slow_share: float,
    slow_factor: float,
) -> _TimedRelease:
    total = random.poisson(rate, (runs, SECONDS))
    cells = np.repeat(np.arange(total.size), total.ravel())
    took = MEDIAN * np.exp(random.normal(0, SIGMA, len(cells)))
    took *= np.tile(factor, runs)[cells]
    took[random.random(len(cells)) < slow_share] *= slow_factor
    limits = {name: MEDIAN * np.exp(SIGMA * z) for name, z in NORMAL_QUANTILES.items()}
    limits[CHECK_LEVEL] = 2 * limits["p99"]

    def count(chosen: NDArray[np.int64]) -> Counts:
        return np.bincount(chosen, minlength=total.size).reshape(total.shape).astype(np.int64)

    bad = {name: count(cells[took > limit]) for name, limit in limits.items()}
    sums: Floats = np.zeros(total.shape)
    np.add.at(sums.ravel(), cells, took)
    return _TimedRelease(total, bad, sums)


def judge_ours(steps: SimulatedSteps) -> Flags:
    """Return which runs the comparison of the releases blames, at any second."""
    paths = []
    for bad in steps.levels.values():
        counts = (steps.new, bad.new, steps.old, bad.old)
        blocks = AnsweredBlocks(*(each[:, None, :] for each in counts))
        paths.append((1 / len(steps.levels), log_evidence_against(blocks)))
    found: Flags = mix_log_evidence(paths).max(axis=-1) >= -log(WRONG)
    return found


def judge_mann_whitney(
    steps: SimulatedSteps,
    looks: int = 1,
    tolerance: float = TOLERANCE,
    z: float = INTERVAL_Z,
) -> Flags:
    """Return which runs are "high" at any of so many looks at all points so far."""
    points = [
        _sum_windows(total, POINT) / np.maximum(_sum_windows(count, POINT), 1)
        for total, count in zip(steps.sums, (steps.new, steps.old), strict=True)
    ]
    found: Flags = np.zeros(len(steps.new), dtype=bool)
    for look in range(1, looks + 1):
        end = points[0].shape[1] * look // looks
        high = _is_high(points[0][:, :end], points[1][:, :end], tolerance, z)
        np.logical_or(found, high, out=found)
    return found


def _is_high(new: Floats, old: Floats, tolerance: float, z: float) -> Flags:
    runs, count = new.shape
    shifts = np.sort((new[:, :, None] - old[:, None, :]).reshape(runs, -1))
    spread = z * sqrt(count * count * (2 * count + 1) / 12)
    lower = max(0, int(count * count / 2 - spread))
    middle = np.median(shifts, axis=1)
    found: Flags = shifts[:, lower] > tolerance * np.abs(middle)
    return found


def judge_windows(steps: SimulatedSteps) -> Flags:
    """Return which runs have a minute in which the shares differ at 5 %."""
    new, old = (_sum_windows(each, CHECK) for each in (steps.new, steps.old))
    bad_new, bad_old = (
        _sum_windows(each, CHECK) for each in (steps.windowed.new, steps.windowed.old)
    )
    pooled = (bad_new + bad_old) / np.maximum(new + old, 1)
    variance = pooled * (1 - pooled) * (1 / np.maximum(new, 1) + 1 / np.maximum(old, 1))
    difference = bad_new / np.maximum(new, 1) - bad_old / np.maximum(old, 1)
    z = np.divide(difference, np.sqrt(variance), out=np.zeros_like(variance), where=variance > 0)
    found: Flags = np.asarray((z > WINDOW_Z).any(axis=1))
    return found


def judge_failed_checks(steps: SimulatedSteps) -> Flags:
    """Return which runs have five minutes in which too many of the new answers are bad."""
    shares = _sum_windows(steps.checked, CHECK) / np.maximum(_sum_windows(steps.new, CHECK), 1)
    found: Flags = (shares > CHECK_SHARE).sum(axis=1) >= FAILED_CHECKS
    return found


def _sum_windows(values: NDArray[np.float64] | Counts, seconds: int) -> Floats:
    """Return the sums over windows of so many seconds."""
    runs = len(values)
    summed: Floats = values.reshape(runs, -1, seconds).sum(axis=2).astype(float)
    return summed
