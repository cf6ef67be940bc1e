"""What must hold under load, each as a claim that at most a share of the requests is bad: so all of
them are proven, or refuted, in one way.

"p95 within 0.5 s" is: at most 5 % take longer. "Fewer than 0.1 % fail" is one already. "The median
at most twice the baseline's" is: at most half take longer than twice the baseline's median, which
is itself only known to lie between two bounds.

All claims must hold for a GO, so each may be wrong as often as the whole (intersection-union:
Berger 1982). One that is broken is a NO-GO, so there the error is shared between them (Bonferroni).
`docs/decisions/0011-certainty-at-any-moment.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cutover_gates.config.performance import Performance
from cutover_gates.core.statistics.confidence_intervals import clopper_pearson, clustered_bounds
from cutover_gates.core.statistics.sequential_test import (
    Conclusion,
    SequentialTest,
    ShareLimit,
    estimate_remaining_requests,
)
from cutover_gates.probes.load.sample_log import RequestOutcome, Samples

PERCENTILE_SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
ERROR_OUTCOMES = (
    RequestOutcome.REJECTED,
    RequestOutcome.NO_ANSWER,
    RequestOutcome.INVALID_ANSWER,
    RequestOutcome.NOT_SENT,
)
PROOF_ERROR_SHARE = 0.8
"""Of the error that a GO may have, so much is spent: a simulation of a few thousand runs then also
stays below the whole.
"""
ALL_REQUESTS = "all requests"

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class LoadObjective:
    """One thing that must hold.

    `item` of the plan, `operation` (or `ALL_REQUESTS`), `statistic` (errors, p50, p95, p99, ratio), and its
    `limit` in words.

    `required`: without it no GO. One that is not needed can only be refuted. `select_timed_requests` chooses the
    requests that it speaks of; `bad_to_hold` are those that speak against it when it is to be
    proven, `bad_to_break` when it is to be refuted.
    """

    item: str
    operation: str
    statistic: str
    limit: str
    share_limit: ShareLimit
    relevant_requests: Callable[[Samples], Mask] = field(repr=False)
    bad_to_hold: Callable[[Samples], Mask] = field(repr=False)
    bad_to_break: Callable[[Samples], Mask] = field(repr=False)
    required: bool = True

    def __str__(self) -> str:
        return f"{self.operation}: {self.statistic} {self.limit}"


@dataclass
class ObjectiveTest:
    """A claim on its way through a run.

    `blocks` counts for the bound that bursts are held against: one a second.
    """

    objective: LoadObjective
    _hold: SequentialTest = field(init=False)
    _break: SequentialTest = field(init=False)
    conclusion: Conclusion = field(default=Conclusion.OPEN, init=False)
    burst_bounds: tuple[float, float] = field(default=(0.0, 1.0), init=False)

    def __post_init__(self) -> None:
        self._hold, self._break = (
            SequentialTest(self.objective.share_limit),
            SequentialTest(self.objective.share_limit),
        )

    def update(self, samples: Samples) -> Conclusion:
        """Take in all samples since the beginning."""
        mine = samples[self.objective.relevant_requests(samples)]
        to_hold, to_break = self.objective.bad_to_hold(mine), self.objective.bad_to_break(mine)
        holds = self._hold.update(int(to_hold.sum()), len(mine)) is Conclusion.HOLDS
        broken = self._break.update(int(to_break.sum()), len(mine)) is Conclusion.BROKEN
        self.conclusion = Conclusion.OPEN
        if (
            broken
            and self._bounds(mine, to_break, self.objective.share_limit.wrong_broken)[0]
            > self.objective.share_limit.limit
        ):
            self.conclusion = Conclusion.BROKEN
        elif (
            holds
            and not broken
            and self._bounds(mine, to_hold, self.objective.share_limit.wrong_holds)[1]
            <= self.objective.share_limit.limit
        ):
            self.conclusion = Conclusion.HOLDS
        return self.conclusion

    @property
    def bad(self) -> int:
        return self._break.bad

    @property
    def total(self) -> int:
        return self._break.total

    @property
    def remaining_requests(self) -> int | None:
        """About how many further requests make it certain; 0 when it is, None when that is not in
        sight.
        """
        return (
            0
            if self.conclusion is not Conclusion.OPEN
            else estimate_remaining_requests(self.objective.share_limit, self.bad, self.total)
        )

    @property
    def upper_bound(self) -> float:
        """The share of bad requests that is not passed, with the confidence that a GO asks
        (Clopper-Pearson, one-sided).
        """
        return clopper_pearson(
            self.bad, self.total, 1 - self.objective.share_limit.wrong_holds, side="upper"
        )[1]

    def _bounds(self, mine: Samples, bad: Mask, wrong: float) -> tuple[float, float]:
        """Bursts count as what they are: with seconds as blocks (`statistics.bursts`)."""
        if not len(mine):
            return 0.0, 1.0
        second = (mine["due"] - mine["due"].min()).astype(int)
        self.burst_bounds = clustered_bounds(
            np.bincount(second, bad), np.bincount(second), 1 - wrong
        )
        return self.burst_bounds


def find_unprovable(claims: list[LoadObjective], expected: Callable[[str], float]) -> str | None:
    """What could not be proven by a whole run without a single bad request, with how many it would
    take; None when all could.

    `expected`: how many requests of an operation (or `ALL_REQUESTS`) there will be at most.
    """
    for claim in claims:
        needed, there = claim.share_limit.count_clean_requests(), expected(claim.operation)
        if claim.required and there < needed:
            return (
                f"{claim} takes {needed} requests without a bad one, and there would be about"
                f" {there:.0f}"
            )
    return None


def build_objectives(
    performance: Performance, operations: tuple[str, ...], medians: dict[str, tuple[float, float]]
) -> list[LoadObjective]:
    """Every claim of a run.

    `medians` are the bounds (seconds) between which the baseline's median of an operation lies;
    empty without a baseline.
    """
    told = list(_iterate_objectives(performance, operations, medians))
    wrong = 1 - performance.confidence
    return [
        make(
            ShareLimit(
                limit,
                PROOF_ERROR_SHARE * wrong * (0.5 if statistic == "ratio" else 1),
                wrong / len(told),
            )
        )
        for limit, statistic, make in told
    ]


def _iterate_objectives(
    performance: Performance, operations: tuple[str, ...], medians: dict[str, tuple[float, float]]
) -> Iterator[tuple[float, str, Callable[[ShareLimit], LoadObjective]]]:
    errors, percent = performance.error_rate, f"below {performance.error_rate * 100:g} %"
    yield (
        errors,
        "errors",
        lambda at_most: LoadObjective(
            "error-rate",
            ALL_REQUESTS,
            "errors",
            percent,
            at_most,
            _answer_mask,
            _failure_mask,
            _failure_mask,
        ),
    )
    for index, name in enumerate(operations):
        yield errors, "errors", _operation_error_objective(index, name, percent)
        objective = performance.objectives.limits_for(name)
        for statistic, share in PERCENTILE_SHARES.items():
            if seconds := getattr(objective, statistic):
                yield (
                    round(1 - share, 6),
                    statistic,
                    _percentile_objective(index, name, statistic, seconds),
                )
        if name in medians:
            yield (
                0.5,
                "ratio",
                _baseline_objective(index, name, medians[name], performance.baseline.ratio),
            )


def _operation_error_objective(
    index: int, name: str, percent: str
) -> Callable[[ShareLimit], LoadObjective]:
    """Of one operation there are too few requests to prove so low a rate, but a rate that is far
    above it shows.
    """
    return lambda at_most: LoadObjective(
        "error-rate",
        name,
        "errors",
        percent,
        at_most,
        lambda samples: _answer_mask(samples) & (samples["operation"] == index),
        _failure_mask,
        _failure_mask,
        required=False,
    )


def _percentile_objective(
    index: int, name: str, statistic: str, seconds: float
) -> Callable[[ShareLimit], LoadObjective]:
    return lambda at_most: LoadObjective(
        "response-times",
        name,
        statistic,
        f"within {seconds:g} s",
        at_most,
        _timed_selector(index, seconds),
        _slow_selector(seconds),
        _slow_selector(seconds),
    )


def _baseline_objective(
    index: int, name: str, median: tuple[float, float], ratio: float
) -> Callable[[ShareLimit], LoadObjective]:
    low, high = (bound * ratio for bound in median)
    return lambda at_most: LoadObjective(
        "response-times",
        name,
        "ratio",
        f"at most {ratio:g} times the baseline's median",
        at_most,
        _timed_selector(index, low),
        _slow_selector(low),
        _slow_selector(high),
    )


def _answer_mask(samples: Samples) -> Mask:
    return np.asarray(samples["outcome"] != RequestOutcome.UNFINISHED)


def _failure_mask(samples: Samples) -> Mask:
    return np.isin(samples["outcome"], ERROR_OUTCOMES)


def _timed_selector(index: int, seconds: float) -> Callable[[Samples], Mask]:
    """The requests of an operation that tell something about its time: a wrong answer may come at
    once, and is an error already; what was still without an answer at the end tells something only
    once it is late.
    """

    def counted(samples: Samples) -> Mask:
        ending, late = samples["outcome"], samples["took"] > seconds
        answered = (
            (ending == RequestOutcome.SUCCESS)
            | (ending == RequestOutcome.NO_ANSWER)
            | (ending == RequestOutcome.NOT_SENT)
        )
        return np.asarray(
            (samples["operation"] == index)
            & (answered | ((ending == RequestOutcome.UNFINISHED) & late))
        )

    return counted


def _slow_selector(seconds: float) -> Callable[[Samples], Mask]:
    return lambda samples: np.asarray(
        (samples["took"] > seconds)
        | np.isin(samples["outcome"], (RequestOutcome.NO_ANSWER, RequestOutcome.NOT_SENT))
    )
