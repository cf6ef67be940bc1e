"""False alarms of the rollback triggers in simulated nights without a fault.

    python -m benchmarks.trigger_nights --nights 10000

A night is a rollout of 55 minutes: ten at 10 % of the traffic, fifteen at half, thirty at all of
it. 0.2 % of the requests fail, response times are those of the baseline (lognormal), one health
check in 200 fails, and one evaluation in 1,000 has a pool time-out, independently of each other.

numpy finds the nights in which a trigger could fire at all, and only those are given to the state
machine: a night that is left out has no time without a known-good evaluation that is long enough.
A sample of the others is given to it, too, and must not fire.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

from cutover_gates.core.statistics.confidence_intervals import clopper_pearson
from cutover_gates.core.statistics.sequential_test import Conclusion, ShareLimit
from cutover_gates.core.triggers.evaluation import (
    DatabaseReading,
    Evaluation,
    HealthReading,
    ProbeAnswer,
    ShareReading,
    TriggerReading,
)
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import (
    INSTANCE,
    NEW,
    SERVICE,
    ConditionKey,
    SignalSource,
    TriggerName,
)

LIMITS = TriggerLimits()
STEP = LIMITS.evaluate_seconds
SHARES = np.repeat([0.1, 0.5, 1.0], [120, 180, 360])
"""The share of the new release at each evaluation."""
RATES = (0.2, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
"""Requests per second of the whole service."""
FAILS, HEALTH_FAILS, TIMEOUTS = 0.002, 0.005, 0.001
SLOW = erfc((1.6449 + np.log(2) / 0.6) / sqrt(2)) / 2
"""The share of requests slower than twice the 95th percentile, at a sigma of 0.6: 0.26 %."""
MOST = 0.0025
"""False alarms that a whole night may have."""
SAMPLE, BATCH = 4, 2_000
"""Nights of each batch that are given to the machine although nothing can fire."""
INSTANCES = ("a", "b")
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class SimulatedNights:
    """Counts of each night (row) and evaluation (column)."""

    totals: dict[str, Counts]
    bad: dict[str, Counts]
    slow: dict[str, Counts]
    health: dict[str, Flags]
    timeouts: Flags


def simulate(nights: int, rate: float, random: np.random.Generator) -> SimulatedNights:
    """Draw nights with Poisson traffic."""
    shape = (nights, len(SHARES))
    new = random.poisson(rate * STEP * SHARES, shape)
    old = random.poisson(rate * STEP * (1 - SHARES), shape)
    bad, slow = random.binomial(new, FAILS), random.binomial(new, SLOW)
    return SimulatedNights(
        {NEW: new, SERVICE: new + old},
        {NEW: bad, SERVICE: bad + random.binomial(old, FAILS)},
        {NEW: slow, SERVICE: slow + random.binomial(old, SLOW)},
        {name: random.random(shape) < HEALTH_FAILS for name in (*INSTANCES, SERVICE)},
        random.random(shape) < TIMEOUTS,
    )


def find_candidates(nights: SimulatedNights) -> Flags:
    """Return the nights in which a trigger could fire."""
    found = np.zeros(len(nights.timeouts), dtype=bool)
    for subject, totals in nights.totals.items():
        errors = _judge(nights.bad[subject], totals, 0.01, LIMITS.error_requests, pooled=False)
        slow = _judge(nights.slow[subject], totals, 0.05, LIMITS.slow_requests, pooled=True)
        # The onset may lie a whole window before the first evaluation that is true.
        found |= _lasts(*errors, LIMITS.error_seconds - LIMITS.rate_seconds - STEP)
        found |= _lasts(*slow, LIMITS.slow_seconds - LIMITS.pooled_seconds - STEP)
    for failed in nights.health.values():
        found |= _has_run(failed, LIMITS.health_failures + 1)
    return found | _has_run(nights.timeouts, LIMITS.pool_evaluations)


def _judge(
    bad: Counts, total: Counts, share: float, enough: int, *, pooled: bool
) -> tuple[Flags, Flags]:
    """Return where a window is true, and where it is false; elsewhere it is unknown."""
    windows = [LIMITS.rate_seconds, *([LIMITS.pooled_seconds] if pooled else [])]
    decided = np.zeros(bad.shape, dtype=bool)
    true, false = decided.copy(), decided.copy()
    least = _least_proof(share, enough)
    for seconds in windows:
        width = int(seconds / STEP)
        b, n = _roll(bad, width), _roll(total, width)
        known = (n >= enough) & ~decided
        true |= known & (b > share * n + 1e-9)
        false |= known & (b <= share * n + 1e-9)
        decided |= known
    few = ~decided
    true |= few & (b >= least[np.minimum(n, enough - 1)])
    return true, false


def _least_proof(share: float, enough: int) -> Counts:
    """Return how many of so few requests must be bad to prove that the share is exceeded."""
    limit = ShareLimit(share)

    def least(total: int) -> int:
        counts = range(1, total + 1)
        proofs = (bad for bad in counts if limit.decide(bad, total) is Conclusion.BROKEN)
        return next(proofs, enough + 1)

    return np.array([least(total) for total in range(enough)])


def _roll(counts: Counts, width: int) -> Counts:
    """Return the sum of each evaluation and the ones before it in the window."""
    sums = np.cumsum(counts, axis=1)
    rolled = sums.copy()
    rolled[:, width:] -= sums[:, :-width]
    return rolled


def _lasts(true: Flags, false: Flags, seconds: float) -> Flags:
    """Return the nights with true evaluations so far apart and no false one between them."""
    nights, length = true.shape
    first = np.full(nights, -1)
    found = np.zeros(nights, dtype=bool)
    for column in range(length):
        first[false[:, column]] = -1
        first[true[:, column] & (first < 0)] = column
        apart = (column - first) * STEP >= seconds
        found |= true[:, column] & (first >= 0) & apart
    return found


def _has_run(failed: Flags, length: int) -> Flags:
    """Return the nights with so many failures in a row."""
    runs = np.lib.stride_tricks.sliding_window_view(failed, length, axis=1)
    whole: Flags = np.all(runs, axis=2)
    return np.asarray(np.any(whole, axis=1))


def fires(nights: SimulatedNights, night: int) -> list[TriggerName]:
    """Return the triggers that the state machine fires in a night."""
    machine = TriggerMachine(LIMITS)
    fired = (one for each in _evaluations(nights, night) for one in machine.evaluate(each))
    return [one.key.trigger for one in fired]


def _evaluations(nights: SimulatedNights, night: int) -> Iterator[Evaluation]:
    sources = {SignalSource.PROBES: True, SignalSource.PROMETHEUS: True}
    for column in range(len(SHARES)):
        readings = tuple(_readings(nights, night, column))
        yield Evaluation(STEP * (column + 1), readings, sources)


def _readings(nights: SimulatedNights, night: int, column: int) -> Iterator[TriggerReading]:
    source = SignalSource.PROMETHEUS
    for subject, totals in nights.totals.items():
        total = int(totals[night, column])
        bad, slow = nights.bad[subject], nights.slow[subject]
        errors = ConditionKey(TriggerName.ERRORS, subject, source)
        times = ConditionKey(TriggerName.RESPONSE, subject, source)
        yield ShareReading(errors, int(bad[night, column]), total)
        yield ShareReading(times, int(slow[night, column]), total)
    for name, failed in nights.health.items():
        subject = name if name == SERVICE else f"{INSTANCE}{name}"
        key = ConditionKey(TriggerName.HEALTH, subject, SignalSource.PROBES)
        result = ProbeAnswer.FAIL if failed[night, column] else ProbeAnswer.OK
        yield HealthReading(key, result)
    key = ConditionKey(TriggerName.DATABASE, NEW, source)
    timeouts = int(nights.timeouts[night, column])
    yield DatabaseReading(key, timeouts, 5, 0, ProbeAnswer.OK, 0)


def run_batch(nights: int, rate: float, random: np.random.Generator) -> list[list[TriggerName]]:
    """Return what fired in each night in which something could. Raises `AssertionError`."""
    simulated = simulate(nights, rate, random)
    candidates = find_candidates(simulated)
    others = random.permutation(np.flatnonzero(~candidates))[:SAMPLE]
    wrong = [night for night in map(int, others) if fires(simulated, night)]
    if wrong:
        raise AssertionError(f"nights {wrong} fired, although nothing could")
    return [fires(simulated, int(night)) for night in np.flatnonzero(candidates)]


def run_rate(nights: int, rate: float, seed: int) -> str:
    """Simulate nights at one rate; return the figures as a line. Raises `AssertionError`."""
    random = np.random.default_rng((seed, round(rate * 10)))
    candidates: list[list[TriggerName]] = []
    for start in range(0, nights, BATCH):
        candidates += run_batch(min(BATCH, nights - start), rate, random)
    fired = [names[0] for names in candidates if names]
    _, high = clopper_pearson(len(fired), nights, 0.95, side="upper")
    counts = ", ".join(f"{name} {fired.count(name)}" for name in sorted(set(fired))) or "-"
    word = "yes" if len(fired) / nights <= MOST else "NO"
    return (
        f"{rate:>7g} {nights:>6} {len(candidates):>10} {len(fired):>7}"
        f" {len(fired) / nights:>8.3%} {high:>8.3%} {word:>7}  {counts}"
    )


def main() -> None:
    """Print one line for each rate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=10_000, help="nights of each rate")
    parser.add_argument("--seed", type=int, default=1, help="another seed draws other nights")
    asked = parser.parse_args()
    began = time.monotonic()
    print("  req/s  nights candidates  alarms    share  at most  within  triggers")
    for rate in RATES:
        print(run_rate(asked.nights, rate, asked.seed), flush=True)
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
