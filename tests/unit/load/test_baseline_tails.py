"""Which tails are compared with the baseline's: those that a release as before would prove."""

from __future__ import annotations

import numpy as np
import pytest

from cutover_gates.config.load_objectives import BaselineSettings
from cutover_gates.core.statistics.sequential_test import Conclusion, ShareLimit
from cutover_gates.probes.load.baseline_record import Baseline
from cutover_gates.probes.load.baseline_tails import (
    SURE,
    TailLimit,
    build_tail_limits,
    count_needed,
)

WRONG = 0.02
SETTINGS = BaselineSettings(name="before")


def baseline(p95: float = 0.2, p99: float = 0.4, high: float | None = 0.5) -> Baseline:
    """A baseline of searches of which one in a hundred takes longer than p95 may, one than p99."""
    return Baseline(
        *("before", "2026-11-30T00:00:00+00:00", "1.9", "staging", "https://x", "load", "machine"),
        requests=2000,
        seconds=50.0,
        medians={"search": (0.05, 0.05, 0.05)},
        tails={"search": {"p95": (p95, p95, p95), "p99": (p99, p99, high)}},
        distributions={"search": [(0.05, 1980), (p99, 19), (2 * p99 + 0.1, 1)]},
    )


def limits(
    planned: float, of: Baseline | None = None, settings: BaselineSettings = SETTINGS
) -> dict[str, TailLimit]:
    found = build_tail_limits(of or baseline(), ["search"], settings, WRONG, lambda _: planned)
    return {one.statistic: one for one in found}


def test_a_tail_may_be_so_many_times_the_baselines() -> None:
    tail = limits(5000)["p95"]
    assert (tail.low, tail.high) == pytest.approx((0.3, 0.3))
    assert tail.describe() == "at most 1.5 times the baseline's p95"


def test_what_nobody_notices_is_always_allowed() -> None:
    """Twice eight milliseconds is no wait."""
    tail = limits(5000, baseline(p95=0.008, p99=0.01, high=0.011))["p95"]
    assert tail.low == pytest.approx(0.058)
    assert tail.describe() == "at most 50 ms above the baseline's p95"
    strict = BaselineSettings(name="before", unnoticed_seconds=0)
    exact = limits(5000, baseline(p95=0.008, p99=0.01, high=0.011), strict)["p95"]
    assert exact.low == pytest.approx(0.012)


def test_a_percentile_without_an_upper_bound_is_never_refuted() -> None:
    assert limits(5000, baseline(high=None))["p99"].high == float("inf")


def test_a_tail_with_too_few_requests_is_not_compared_and_says_how_many_it_needs() -> None:
    few = limits(150)
    assert [name for name, one in few.items() if one.is_compared] == []
    needed = few["p95"].needed
    assert needed is not None
    assert limits(needed)["p95"].is_compared
    assert not limits(needed - 1)["p95"].is_compared
    assert (few["p99"].needed or 0) > needed


def test_a_tail_whose_own_baseline_is_over_the_limit_needs_more_than_there_are() -> None:
    """Its lower bound is far below what it takes: no number of requests is enough."""
    wild = baseline(p95=0.2)
    wide = Baseline(
        **{**vars(wild), "tails": {"search": {"p95": (0.2, 0.01, 0.9), "p99": (0.4, 0.4, 0.4)}}}
    )
    tight = BaselineSettings(name="before", unnoticed_seconds=0)
    tail = limits(10**9, wide, tight)["p95"]
    assert (tail.needed, tail.is_compared) == (None, False)


def test_an_operation_without_tails_has_no_limit() -> None:
    assert build_tail_limits(baseline(), ["upload"], SETTINGS, WRONG, lambda _: 1e6) == []


@pytest.mark.parametrize(("limit", "share"), [(0.05, 0.01), (0.05, 0.02), (0.01, 0.001)])
def test_a_release_as_before_is_proven_by_so_many_requests(limit: float, share: float) -> None:
    """In all but one of a thousand runs; with half of the requests in fewer."""
    claim = ShareLimit(limit, WRONG)
    needed = count_needed(claim, share)
    assert needed is not None
    counts = np.random.default_rng(3).binomial(needed, share, 4000)
    proven = np.mean([claim.decide(int(bad), needed) is Conclusion.HOLDS for bad in counts])
    assert proven >= SURE - 0.002
    half = np.random.default_rng(3).binomial(needed // 2, share, 4000)
    fewer = np.mean([claim.decide(int(bad), needed // 2) is Conclusion.HOLDS for bad in half])
    assert fewer < proven


def test_no_number_of_requests_proves_what_is_not_so() -> None:
    assert count_needed(ShareLimit(0.05, WRONG), 0.05) is None
    assert count_needed(ShareLimit(0.05, WRONG), 0.0499) is None
