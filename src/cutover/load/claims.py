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

from cutover.load.samples import Ending, Samples
from cutover.load.statistics.bursts import clustered_bounds
from cutover.load.statistics.intervals import clopper_pearson
from cutover.load.statistics.sequential import AtMost, State, Watch, remaining
from cutover.settings import Performance

SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
ERRORS = (Ending.REFUSED, Ending.NO_ANSWER, Ending.WRONG, Ending.NOT_SENT)
PROOF_SHARE = 0.8
"""Of the error that a GO may have, so much is spent: a simulation of a few thousand runs then also
stays below the whole.
"""
ALL = "all requests"

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Claim:
    """One thing that must hold.

    `item` of the plan, `operation` (or `ALL`), `statistic` (errors, p50, p95, p99, ratio), and its
    `limit` in words.

    `needed`: without it no GO. One that is not needed can only be refuted. `counted` chooses the
    requests that it speaks of; `bad_to_hold` are those that speak against it when it is to be
    proven, `bad_to_break` when it is to be refuted.
    """

    item: str
    operation: str
    statistic: str
    limit: str
    at_most: AtMost
    counted: Callable[[Samples], Mask] = field(repr=False)
    bad_to_hold: Callable[[Samples], Mask] = field(repr=False)
    bad_to_break: Callable[[Samples], Mask] = field(repr=False)
    needed: bool = True

    def __str__(self) -> str:
        return f"{self.operation}: {self.statistic} {self.limit}"


@dataclass
class Trial:
    """A claim on its way through a run.

    `blocks` counts for the bound that bursts are held against: one a second.
    """

    claim: Claim
    _hold: Watch = field(init=False)
    _break: Watch = field(init=False)
    state: State = field(default=State.OPEN, init=False)
    burst_bounds: tuple[float, float] = field(default=(0.0, 1.0), init=False)

    def __post_init__(self) -> None:
        self._hold, self._break = Watch(self.claim.at_most), Watch(self.claim.at_most)

    def look(self, samples: Samples) -> State:
        """Take in all samples since the beginning."""
        mine = samples[self.claim.counted(samples)]
        to_hold, to_break = self.claim.bad_to_hold(mine), self.claim.bad_to_break(mine)
        holds = self._hold.look(int(to_hold.sum()), len(mine)) is State.HOLDS
        broken = self._break.look(int(to_break.sum()), len(mine)) is State.BROKEN
        self.state = State.OPEN
        if (
            broken
            and self._bounds(mine, to_break, self.claim.at_most.wrong_broken)[0]
            > self.claim.at_most.limit
        ):
            self.state = State.BROKEN
        elif (
            holds
            and not broken
            and self._bounds(mine, to_hold, self.claim.at_most.wrong_holds)[1]
            <= self.claim.at_most.limit
        ):
            self.state = State.HOLDS
        return self.state

    @property
    def bad(self) -> int:
        return self._break.bad

    @property
    def total(self) -> int:
        return self._break.total

    @property
    def missing(self) -> int | None:
        """About how many further requests make it certain; 0 when it is, None when that is not in
        sight.
        """
        return (
            0
            if self.state is not State.OPEN
            else remaining(self.claim.at_most, self.bad, self.total)
        )

    @property
    def bound(self) -> float:
        """The share of bad requests that is not passed, with the confidence that a GO asks
        (Clopper-Pearson, one-sided).
        """
        return clopper_pearson(
            self.bad, self.total, 1 - self.claim.at_most.wrong_holds, side="upper"
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


def hopeless(claims: list[Claim], expected: Callable[[str], float]) -> str | None:
    """What could not be proven by a whole run without a single bad request, with how many it would
    take; None when all could.

    `expected`: how many requests of an operation (or `ALL`) there will be at most.
    """
    for claim in claims:
        needed, there = claim.at_most.clean_requests_needed(), expected(claim.operation)
        if claim.needed and there < needed:
            return (
                f"{claim} takes {needed} requests without a bad one, and there would be about"
                f" {there:.0f}"
            )
    return None


def claims_of(
    performance: Performance, operations: tuple[str, ...], medians: dict[str, tuple[float, float]]
) -> list[Claim]:
    """Every claim of a run.

    `medians` are the bounds (seconds) between which the baseline's median of an operation lies;
    empty without a baseline.
    """
    told = list(_told(performance, operations, medians))
    wrong = 1 - performance.confidence
    return [
        make(
            AtMost(
                limit, PROOF_SHARE * wrong * (0.5 if statistic == "ratio" else 1), wrong / len(told)
            )
        )
        for limit, statistic, make in told
    ]


def _told(
    performance: Performance, operations: tuple[str, ...], medians: dict[str, tuple[float, float]]
) -> Iterator[tuple[float, str, Callable[[AtMost], Claim]]]:
    errors, percent = performance.error_rate, f"below {performance.error_rate * 100:g} %"
    yield (
        errors,
        "errors",
        lambda at_most: Claim(
            "error-rate", ALL, "errors", percent, at_most, _answered, _failed, _failed
        ),
    )
    for index, name in enumerate(operations):
        yield errors, "errors", _single_errors(index, name, percent)
        objective = performance.objectives.of(name)
        for statistic, share in SHARES.items():
            if seconds := getattr(objective, statistic):
                yield round(1 - share, 6), statistic, _within(index, name, statistic, seconds)
        if name in medians:
            yield 0.5, "ratio", _not_slower(index, name, medians[name], performance.baseline.ratio)


def _single_errors(index: int, name: str, percent: str) -> Callable[[AtMost], Claim]:
    """Of one operation there are too few requests to prove so low a rate, but a rate that is far
    above it shows.
    """
    return lambda at_most: Claim(
        "error-rate",
        name,
        "errors",
        percent,
        at_most,
        lambda samples: _answered(samples) & (samples["operation"] == index),
        _failed,
        _failed,
        needed=False,
    )


def _within(index: int, name: str, statistic: str, seconds: float) -> Callable[[AtMost], Claim]:
    return lambda at_most: Claim(
        "response-times",
        name,
        statistic,
        f"within {seconds:g} s",
        at_most,
        _timed(index, seconds),
        _slower(seconds),
        _slower(seconds),
    )


def _not_slower(
    index: int, name: str, median: tuple[float, float], ratio: float
) -> Callable[[AtMost], Claim]:
    low, high = (bound * ratio for bound in median)
    return lambda at_most: Claim(
        "response-times",
        name,
        "ratio",
        f"at most {ratio:g} times the baseline's median",
        at_most,
        _timed(index, low),
        _slower(low),
        _slower(high),
    )


def _answered(samples: Samples) -> Mask:
    return np.asarray(samples["outcome"] != Ending.CUT)


def _failed(samples: Samples) -> Mask:
    return np.isin(samples["outcome"], ERRORS)


def _timed(index: int, seconds: float) -> Callable[[Samples], Mask]:
    """The requests of an operation that tell something about its time: a wrong answer may come at
    once, and is an error already; what was still without an answer at the end tells something only
    once it is late.
    """

    def counted(samples: Samples) -> Mask:
        ending, late = samples["outcome"], samples["took"] > seconds
        answered = (
            (ending == Ending.WELL) | (ending == Ending.NO_ANSWER) | (ending == Ending.NOT_SENT)
        )
        return np.asarray(
            (samples["operation"] == index) & (answered | ((ending == Ending.CUT) & late))
        )

    return counted


def _slower(seconds: float) -> Callable[[Samples], Mask]:
    return lambda samples: np.asarray(
        (samples["took"] > seconds)
        | np.isin(samples["outcome"], (Ending.NO_ANSWER, Ending.NOT_SENT))
    )
