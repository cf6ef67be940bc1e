"""The slowest answers against the baseline's: which operations have enough requests to compare.

"p95 at most 1.5 times the baseline's" is the claim that at most 5 % of the requests take longer
than 1.5 times the baseline's p95. It is proven against the lower bound of that p95 and refuted
against the upper one. Above the lower bound there are, in the baseline itself, more than 5 % of the
requests, and above 1.5 times it still some. So the number of requests that a release needs which
answers exactly as the one before follows from the baseline: it is asked for before the run.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy.special import bdtr  # type: ignore[import-untyped]  # scipy brings no types

from cutover_gates.config.load_objectives import BaselineSettings
from cutover_gates.core.statistics.confidence_intervals import clopper_pearson
from cutover_gates.core.statistics.sequential_test import Conclusion, ShareLimit
from cutover_gates.probes.load.baseline_record import Baseline

TAILS = {"p95": 0.05, "p99": 0.01}
"""Share of the requests that may take longer than each percentile."""
SURE = 0.999
"""Probability with which a release that answers as before is proven to do so.

A run compares up to twenty tails, so that one in fifty of such runs leaves one of them open.
"""
SHARE_CONFIDENCE = 0.95
"""Confidence of the share of slow answers that a release as before has at most."""
MAX_REQUESTS = 1_000_000
"""Requests beyond which none are asked for."""


@dataclass(frozen=True)
class TailLimit:
    """The limit of one percentile of one operation.

    Answers within `low` seconds prove it, answers above `high` seconds speak against it;
    `measured_low` is the lower bound of the percentile itself. About `planned` requests of the
    operation are in a whole run, and `needed` must be; None where no number is enough.
    """

    operation: str
    statistic: str
    ratio: float
    measured_low: float
    low: float
    high: float
    needed: int | None
    planned: float

    def describe(self) -> str:
        """Return the limit in words."""
        if self.low > self.ratio * self.measured_low:
            more = round(1000 * (self.low - self.measured_low))
            return f"at most {more} ms above the baseline's {self.statistic}"
        return f"at most {self.ratio:g} times the baseline's {self.statistic}"

    @property
    def is_compared(self) -> bool:
        """Return whether the run is large enough to prove it of a release that is as before."""
        return self.needed is not None and self.needed <= self.planned


def build_tail_limits(
    baseline: Baseline,
    operations: Sequence[str],
    settings: BaselineSettings,
    wrong_holds: float,
    planned: Callable[[str], float],
) -> list[TailLimit]:
    """Return the limits of each operation that the baseline has tails of.

    `wrong_holds` is how often a proof may be wrong. `planned` returns how many requests of an
    operation there are in a whole run.
    """
    return [
        _build_limit(baseline, name, statistic, settings, wrong_holds, planned(name))
        for name in operations
        if name in baseline.tails
        for statistic in TAILS
    ]


def _build_limit(
    baseline: Baseline,
    operation: str,
    statistic: str,
    settings: BaselineSettings,
    wrong_holds: float,
    planned: float,
) -> TailLimit:
    ratio = {"p95": settings.p95_ratio, "p99": settings.p99_ratio}[statistic]
    _, measured_low, measured_high = baseline.tails[operation][statistic]
    low = _limit_of(measured_low or 0.0, ratio, settings)
    high = _limit_of(measured_high, ratio, settings)
    slow = _bound_slow_share(baseline.distributions[operation], low)
    needed = count_needed(ShareLimit(TAILS[statistic], wrong_holds), slow)
    return TailLimit(operation, statistic, ratio, measured_low or 0.0, low, high, needed, planned)


def _limit_of(bound: float | None, ratio: float, settings: BaselineSettings) -> float:
    """Return the time that is still allowed; infinite where the baseline has no such bound."""
    if bound is None:
        return float("inf")
    return max(ratio * bound, bound + settings.unnoticed_seconds)


def _bound_slow_share(distribution: Sequence[tuple[float, int]], seconds: float) -> float:
    """Return the share of slower answers that the release of the baseline has at most.

    A bin that holds the limit counts as slower.
    """
    total = sum(count for _, count in distribution)
    slow = sum(count for edge, count in distribution if edge > seconds)
    return clopper_pearson(slow, total, SHARE_CONFIDENCE, side="upper")[1]


def count_needed(limit: ShareLimit, share: float) -> int | None:
    """Return how many requests prove the limit almost surely (`SURE`) where `share` is the truth.

    None where no number up to `MAX_REQUESTS` does. It falls with the number only roughly, since
    counts are whole, so the number is doubled until it is enough and then narrowed.
    """
    if share >= limit.limit:
        return None
    enough = limit.count_clean_requests()
    while not _is_proven(limit, share, enough):
        enough *= 2
        if enough > MAX_REQUESTS:
            return None
    return bisect_left(
        range(enough), True, lo=enough // 2, key=lambda total: _is_proven(limit, share, total)
    )


def _is_proven(limit: ShareLimit, share: float, total: int) -> bool:
    """Return whether so many requests prove the limit, but for the unlucky runs."""
    bad = bisect_left(range(total), SURE, key=lambda count: float(bdtr(count, total, share)))
    return limit.decide(bad, total) is Conclusion.HOLDS
