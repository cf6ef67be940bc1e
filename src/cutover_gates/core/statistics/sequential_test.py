"""The sequential test of "at most a share `limit` of the requests is bad": when a run may end.

The result is valid however often a run looks at it. Looking at a plain interval again and again
until it says what one hopes for finds by chance what is not there. An e-value does not: it is a
likelihood ratio of the counts under shares on one side of the limit against the limit itself. If
the truth lies on the other side, its expectation is never above 1, and the probability that it
*ever* reaches 1/α is at most α (Ville 1939, Étude critique de la notion de collectif). So a run
looks as often as it likes, and ends as soon as it is certain.

The share is not known beforehand, so the ratio is a mean over several shares (the method of
mixtures: Robbins 1970, Annals of Mathematical Statistics 41; weight functions: Wald 1945, same
journal, 16; a review: Ramdas, Grünwald, Vovk, Shafer 2023, Statistical Science 38). A mean of such
ratios is one too.

**Never weaker than the plain bound.** With the total fixed, each ratio, and so their mean, falls as
`bad` grows (for the test from below the limit; from above it is the mirror image). So counts with
as few bad requests have as great an e-value, and by Markov's inequality at the limit the
probability of that is at most α. That this probability is at most α is the same as the one-sided
Clopper-Pearson bound at 1 - α being within the limit.

The test assumes that requests fail independently of each other, or at least that the chance of each
one, given all before, stays on one side of the limit.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil, log, log1p

import numpy as np
from scipy.special import xlogy  # type: ignore[import-untyped]  # scipy brings no types

from cutover_gates.core.statistics.confidence_intervals import clopper_pearson

WEIGHTS_BELOW: Mapping[float, float] = {
    0: 0.35,
    1 / 20: 0.10,
    1 / 8: 0.10,
    1 / 4: 0.15,
    1 / 2: 0.25,
    3 / 4: 0.05,
}
"""Shares that prove that the limit holds, as factors on the limit's odds, and their weights.

A target without errors is the common case, so 0 weighs most. With all the weight it would need
3.2 / limit clean requests; so it needs 3.7 / limit. The rest is chosen such that the expected
number
of requests, at each of the true shares 0, 1/20, 1/8, 1/4 and 1/2 of the limit, is within a fifth of
that of the test which knows the share beforehand (1.16, 1.10, 1.09, 1.11, 1.18 times as many, for
small limits). At 1/2 each bit of weight saves most requests, so it has more than its neighbours.
3/4
is for runs with much time. Beyond about 0.87 nothing is ever proven.
"""

WEIGHTS_ABOVE: Mapping[float, float] = {1.5: 0.25, 2: 0.20, 3: 0.15, 5: 0.15, 10: 0.15, 30: 0.10}
"""Shares that prove that the limit is broken, and their weights.

Each needs at most 1.3 times the requests of the test that knows the share. A badly broken limit is
found within few requests whatever its weight, so the slight excesses have more. The factors are on
odds, p / (1 - p), which have no upper end: 30 times a share of 5 % would be no share.
"""

MAX_REMAINING_REQUESTS = 10_000_000
"""A run that needs more further requests has no end in sight."""


class Conclusion(StrEnum):
    """The conclusion about a limit so far."""

    OPEN = "open"
    HOLDS = "holds"
    BROKEN = "broken"


@dataclass(frozen=True)
class ShareLimit:
    """The limit of a share, and the probabilities of two wrong conclusions (over all looks).

    5 % is promised for both. `wrong_holds` is 4 %: at the limit itself nearly all of it is spent,
    and a simulation of 2,000 runs shows it with a standard error of 0.5 %. That figure must stay at
    or below 5 % too, and with 4 % it does, except for about one seed in a hundred.
    """

    limit: float
    wrong_holds: float = 0.04
    wrong_broken: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.limit < 1:
            raise ValueError(f"a limit is between 0 and 1, not {self.limit}")
        if not (0 < self.wrong_holds < 0.5 and 0 < self.wrong_broken < 0.5):
            raise ValueError(
                "a probability of error is between 0 and 0.5, not"
                f" {self.wrong_holds} or {self.wrong_broken}"
            )

    def log_evidence_for(self, bad: float, total: float) -> float:
        """Return the natural logarithm of an e-value against "the share is the limit or more"."""
        return _log_mixture(WEIGHTS_BELOW, self.limit, bad, total)

    def log_evidence_against(self, bad: float, total: float) -> float:
        """Return the natural logarithm of an e-value against "the share is the limit or less"."""
        return _log_mixture(WEIGHTS_ABOVE, self.limit, bad, total)

    def decide(self, bad: float, total: float) -> Conclusion:
        """Return what these counts prove by themselves.

        They never prove both: one of the two plain bounds always lies on the limit's other side.
        """
        if self.log_evidence_against(bad, total) >= -log(self.wrong_broken):
            return Conclusion.BROKEN
        if self.log_evidence_for(bad, total) >= -log(self.wrong_holds):
            return Conclusion.HOLDS
        return Conclusion.OPEN

    def count_clean_requests(self) -> int:
        """Return how many requests, none of them bad, prove that the limit holds."""
        # So many are enough by the weight of 0 alone; the other weights make it fewer.
        enough = ceil(log(self.wrong_holds * WEIGHTS_BELOW[0]) / log1p(-self.limit))
        return bisect_left(
            range(enough), True, key=lambda total: self.decide(0, total) is Conclusion.HOLDS
        )


@dataclass
class SequentialTest:
    """A limit under observation. It keeps every conclusion that it once reached."""

    share_limit: ShareLimit
    bad: int = field(default=0, init=False)
    total: int = field(default=0, init=False)
    conclusions: set[Conclusion] = field(default_factory=set, init=False)

    def update(self, bad: int, total: int) -> Conclusion:
        """Take in the counts since the beginning, and return the conclusion.

        Raises `ValueError` where the bad or the good requests have become fewer.
        """
        if bad < self.bad or total - bad < self.total - self.bad:
            raise ValueError(
                f"counts only grow: {bad} bad of {total} after {self.bad} of {self.total}"
            )
        self.bad, self.total = bad, total
        self.conclusions.add(self.share_limit.decide(bad, total))
        return self.conclusion

    @property
    def conclusion(self) -> Conclusion:
        """The conclusion so far.

        It is BROKEN if it ever was. It is HOLDS if it once was and the plain bound still says so,
        since requests that failed later count too. Otherwise it is OPEN.
        """
        if Conclusion.BROKEN in self.conclusions:
            return Conclusion.BROKEN
        _, upper = clopper_pearson(
            self.bad, self.total, 1 - self.share_limit.wrong_holds, side="upper"
        )
        if Conclusion.HOLDS in self.conclusions and upper <= self.share_limit.limit:
            return Conclusion.HOLDS
        return Conclusion.OPEN


def estimate_remaining_requests(claim: ShareLimit, bad: int, total: int) -> int | None:
    """Return about how many further requests bring a conclusion, if the share so far goes on.

    None means that no end is in sight. Along one share each ratio is an exponential of the total,
    so their mean is convex and begins at 1. Once above 1 it only grows, and bisection finds the
    first total at which it is enough.
    """
    share = bad / total if total else 0.0
    found = bisect_left(
        range(MAX_REMAINING_REQUESTS),
        True,
        key=lambda more: claim.decide(share * (total + more), total + more) is not Conclusion.OPEN,
    )
    return found if found < MAX_REMAINING_REQUESTS else None


def _log_mixture(weights: Mapping[float, float], limit: float, bad: float, total: float) -> float:
    """Return the logarithm of the mean likelihood ratio.

    With odds k times those of the limit, a ratio is k^bad / (1 + limit · (k - 1))^total.
    """
    if not 0 <= bad <= total:
        raise ValueError(f"{bad} bad of {total}: there is no such share")
    odds = np.array(list(weights))
    ratios = xlogy(bad, odds) - total * np.log1p(limit * (odds - 1))
    return float(np.logaddexp.reduce(np.log(list(weights.values())) + ratios))
