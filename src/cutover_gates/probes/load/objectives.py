"""What must hold under load, and the test that decides each objective.

Each objective is a claim that at most a share of the requests is bad, so all of them are proven, or
refuted, in one way. "p95 within 0.5 s" is: at most 5 % take longer. "Fewer than 0.1 % fail" is such
a claim already. "The median is at most twice the baseline's" is: at most half take longer than
twice the baseline's median, which is itself only known to lie between two bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cutover_gates.core.statistics.confidence_intervals import clopper_pearson, clustered_bounds
from cutover_gates.core.statistics.sequential_test import (
    Conclusion,
    SequentialTest,
    ShareLimit,
    estimate_remaining_requests,
)
from cutover_gates.probes.load.sample_log import Samples

PERCENTILE_SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}

Mask = NDArray[np.bool_]
MaskFunction = Callable[[Samples], Mask]


@dataclass(frozen=True)
class LoadObjective:
    """One thing that must hold under load.

    `item` is the item of the plan, `operation` an operation or `ALL_REQUESTS`, `statistic` one of
    errors, asked again, p50, p95, p99, ratio, p95 ratio and p99 ratio. `limit` is the limit in
    words, `limit_value` its number: a share for errors and asked again, seconds for percentiles, a
    multiple for ratios.

    Without a `required` objective there is no GO; another one can only be refuted.
    `relevant_requests` selects the requests that count. `bad_to_hold` selects those that speak
    against the objective when it is to be proven, `bad_to_break` when it is to be refuted.
    """

    item: str
    operation: str
    statistic: str
    limit: str
    limit_value: float
    share_limit: ShareLimit
    relevant_requests: MaskFunction = field(repr=False)
    bad_to_hold: MaskFunction = field(repr=False)
    bad_to_break: MaskFunction = field(repr=False)
    required: bool = True

    def __str__(self) -> str:
        return f"{self.operation}: {self.statistic} {self.limit}"


@dataclass
class ObjectiveTest:
    """The test of one objective while a run lasts."""

    objective: LoadObjective
    _hold: SequentialTest = field(init=False)
    _break: SequentialTest = field(init=False)
    conclusion: Conclusion = field(default=Conclusion.OPEN, init=False)
    burst_bounds: tuple[float, float] = field(default=(0.0, 1.0), init=False)

    def __post_init__(self) -> None:
        self._hold = SequentialTest(self.objective.share_limit)
        self._break = SequentialTest(self.objective.share_limit)

    def update(self, samples: Samples) -> Conclusion:
        """Take in all samples since the start, and return what is certain.

        A conclusion needs two proofs: the sequential test, which is valid at any moment, and the
        bounds that count errors which come in bursts as what they are.
        """
        limit = self.objective.share_limit
        relevant = samples[self.objective.relevant_requests(samples)]
        to_hold = self.objective.bad_to_hold(relevant)
        to_break = self.objective.bad_to_break(relevant)
        holds = self._hold.update(int(to_hold.sum()), len(relevant)) is Conclusion.HOLDS
        broken = self._break.update(int(to_break.sum()), len(relevant)) is Conclusion.BROKEN
        self.conclusion = Conclusion.OPEN
        if broken:
            low, _ = self._bound_share(relevant, to_break, limit.wrong_broken)
            if low > limit.limit:
                self.conclusion = Conclusion.BROKEN
        elif holds:
            _, high = self._bound_share(relevant, to_hold, limit.wrong_holds)
            if high <= limit.limit:
                self.conclusion = Conclusion.HOLDS
        return self.conclusion

    @property
    def bad(self) -> int:
        """Return the number of requests that speak against the objective."""
        return self._break.bad

    @property
    def total(self) -> int:
        """Return the number of requests that count."""
        return self._break.total

    @property
    def remaining_requests(self) -> int | None:
        """Return about how many further requests decide it.

        0 where it is decided, None where no end is in sight.
        """
        if self.conclusion is not Conclusion.OPEN:
            return 0
        return estimate_remaining_requests(self.objective.share_limit, self.bad, self.total)

    @property
    def upper_bound(self) -> float:
        """Return the share of bad requests that is not exceeded, with the confidence of a GO.

        The bound is one-sided (Clopper-Pearson).
        """
        confidence = 1 - self.objective.share_limit.wrong_holds
        return clopper_pearson(self.bad, self.total, confidence, side="upper")[1]

    def _bound_share(self, relevant: Samples, bad: Mask, wrong: float) -> tuple[float, float]:
        """Return the bounds of the share of bad requests, with the seconds as blocks.

        One block a second: requests that go bad in bursts then count as the few events they are.
        """
        if not len(relevant):
            return 0.0, 1.0
        second = (relevant["due"] - relevant["due"].min()).astype(int)
        bad_per_second, total_per_second = np.bincount(second, bad), np.bincount(second)
        self.burst_bounds = clustered_bounds(bad_per_second, total_per_second, 1 - wrong)
        return self.burst_bounds


@dataclass(frozen=True)
class UnprovableObjective:
    """An objective that the planned load is too small to prove."""

    objective: LoadObjective
    needed: int
    expected: float


def find_unprovable(
    objectives: Sequence[LoadObjective], expected: Callable[[str], float]
) -> UnprovableObjective | None:
    """Return the first objective that a whole run without a bad request could not prove.

    `expected` returns how many requests of an operation (or `ALL_REQUESTS`) there are at most.
    """
    for objective in objectives:
        needed = objective.share_limit.count_clean_requests()
        planned = expected(objective.operation)
        if objective.required and planned < needed:
            return UnprovableObjective(objective, needed, planned)
    return None
