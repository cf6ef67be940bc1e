"""How sure a figure is: intervals that hold whatever the distribution of the response times is.

All of them assume independent requests. Where requests go bad in bursts, `bursts` has a say too.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from math import ceil, factorial, inf
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import (  # type: ignore[import-untyped]  # scipy brings no types
    bdtr,
    betainccinv,
    betaincinv,
    stdtrit,
)

Floats = NDArray[np.float64]
Side = Literal["both", "upper", "lower"]
Interval = tuple[float, float]


def clopper_pearson(
    bad: float, total: float, confidence: float = 0.95, side: Side = "both"
) -> Interval:
    """The share of bad ones, of which `bad` in `total` were seen: an exact binomial interval
    (Clopper and Pearson 1934, Biometrika 26).

    With `side` "upper" or "lower" all of what may go wrong lies on that side, and the other end is
    0 or 1. Of nothing nothing is known: (0, 1). Counts need not be whole: the beta distributions
    behind it take any, and `bursts` has such ones.
    """
    if not 0 <= bad <= total:
        raise ValueError(f"{bad} bad of {total}: there is no such share")
    wrong = _error_probability(confidence) / (2 if side == "both" else 1)
    low = 0.0 if side == "upper" or bad == 0 else float(betaincinv(bad, total - bad + 1, wrong))
    high = (
        1.0 if side == "lower" or bad == total else float(betainccinv(bad + 1, total - bad, wrong))
    )
    return low, high


def quantile(ordered: Floats, share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed: the nearest rank,
    ceil(share · n) (Hyndman and Fan 1996, definition 1).

    `ordered` ascends. Always one of the values, never one between two, so that it errs by no
    rounding. Raises `ValueError` for no values.
    """
    if not len(ordered):
        raise ValueError("no values have no quantile")
    rank = ceil(round(_check_share(share) * len(ordered), 9))  # 0.07 · 100 is 7.000000000000001
    return float(ordered[max(rank, 1) - 1])


def quantile_interval(ordered: Floats, share: float, confidence: float = 0.95) -> Interval:
    """The quantile of what the values were drawn from: between two of them, by rank alone (Hahn and
    Meeker 1991, Statistical Intervals, chapter 5).

    `ordered` ascends and is not negative. A side that so few values cannot bound is 0.0 or
    infinite. Ties make it only wider than it need be.
    """
    tail, count = _error_probability(confidence) / 2, len(ordered)

    def at_most(rank: int) -> float:
        """The probability that no more than `rank` of the values lie below the quantile."""
        return float(bdtr(rank, count, _check_share(share)))

    below = bisect_right(range(count + 1), tail, key=at_most)
    above = bisect_left(range(count + 1), 1 - tail, key=at_most) + 1
    return float(ordered[below - 1]) if below else 0.0, (
        float(ordered[above - 1]) if above <= count else inf
    )


def ratio_interval(
    now: Floats, then: Floats, share: float = 0.5, confidence: float = 0.95
) -> Interval:
    """How many times the quantile of `then` that of `now` is. Both ascend and are not negative.

    Each quantile's interval may be wrong half as often as the ratio's (Bonferroni): safe, and wider
    than it need be.
    """
    each = 1 - _error_probability(confidence) / 2
    now_low, now_high = quantile_interval(now, share, each)
    then_low, then_high = quantile_interval(then, share, each)
    low = now_low / then_high if 0 < then_high < inf else 0.0
    high = now_high / then_low if 0 < then_low < inf else inf
    return low, high


def slope_interval(
    times: Floats, values: Floats, confidence: float = 0.95
) -> tuple[float, float, float]:
    """How fast `values` grow, in their unit per unit of `times`, and its bounds: (slope, low,
    high), by Theil (1950) and Sen (1968, JASA 63).

    The median of the slopes between any two points: a quarter of the values may be wild. What it
    does not know is autocorrelation. Memory remembers: what it strays by at one moment it strays by
    at the next, and then the bounds are too close. Give it values that lie well apart in time
    (farther than a garbage collection lasts) and ask for a growth that matters, not for one above
    0.

    So few values that chance alone would order them often enough have no bounds (at 95 % that is
    four). Nor has one moment, and its slope is 0.
    """
    wrong = _error_probability(confidence)
    if len(times) != len(values):
        raise ValueError(f"{len(times)} times and {len(values)} values")
    if len(times) < 2 or np.ptp(times) == 0:
        return 0.0, -inf, inf
    from scipy.stats import theilslopes  # type: ignore[import-untyped]  # scipy brings no types; and it takes half a second to import

    found = theilslopes(values, times, alpha=confidence)
    if 2 / factorial(min(len(times), 20)) > wrong:  # of n! orders two are monotone
        return float(found.slope), -inf, inf
    return float(found.slope), float(found.low_slope), float(found.high_slope)


def _error_probability(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, and {confidence} does not")
    return 1 - confidence


def _check_share(share: float) -> float:
    if not 0 < share < 1:
        raise ValueError(f"a share lies between 0 and 1, and {share} does not")
    return share


def clustered_bounds(
    bad_per_block: ArrayLike, total_per_block: ArrayLike, confidence: float = 0.95
) -> Interval:
    """The bounds of the share of bad ones, with blocks as clusters: one count a block in both, such
    as the requests due in each second.

    Each is one-sided: the share lies above the lower one with `confidence`, and below the upper one
    with `confidence`. Blocks without a request do not count. Fewer than two bound nothing: (0, 1).
    Raises `ValueError` for counts that do not fit, and for a confidence not between 0.5 and 1.

    Korn and Graubard 1998 (Survey Methodology 24): the bounds of Clopper and Pearson, with as many
    requests as would tell as much if they were independent. At 95 %, in 5,000 simulated runs over
    600 blocks of which some are bad for the most part, the upper one lay above the truth in 96, 96,
    97, 95 % of those with 100, 30, 10, 3 bursts on the average, the lower one below it in 95, 96,
    97, 96 %. The plain ones do so in about 60 %.

    Where nothing was bad (or all was) there is no spread to see, and they are the plain ones. Of
    bursts too rare to have come yet they know nothing: with 2 on the average one run in seven sees
    none, and the upper one lay above the truth in 86 % only; with 1, in 63 %. More confidence does
    not help there, a longer run does. Blocks have to be longer than bursts are: what reaches over
    from one block into the next counts as two bursts.
    """
    bad, total = _nonempty_blocks(bad_per_block, total_per_block)
    if not 0.5 < confidence < 1:
        raise ValueError(
            f"the confidence of one side lies between 0.5 and 1, and {confidence} does not"
        )
    if len(total) < 2:
        return 0.0, 1.0
    worth = _effective_fraction(bad, total, confidence)
    low, _ = clopper_pearson(bad.sum() * worth, total.sum() * worth, confidence, side="lower")
    _, high = clopper_pearson(bad.sum() * worth, total.sum() * worth, confidence, side="upper")
    return low, high


def _nonempty_blocks(bad_per_block: ArrayLike, total_per_block: ArrayLike) -> tuple[Floats, Floats]:
    """The counts of the blocks with requests."""
    bad, total = np.asarray(bad_per_block, dtype=float), np.asarray(total_per_block, dtype=float)
    if bad.shape != total.shape or bad.ndim != 1:
        raise ValueError(f"one count a block in both, not shapes {bad.shape} and {total.shape}")
    if not np.all((bad >= 0) & (bad <= total)):
        raise ValueError("a block has from 0 to all of its requests bad")
    return bad[total > 0], total[total > 0]


def _effective_fraction(bad: Floats, total: Floats, confidence: float) -> float:
    """What part of an independent request each one is worth: the effective size over the real one,
    never more than 1.

    The variance is that of a ratio over clusters, by their residuals bad - share · total (Cochran
    1977, Sampling Techniques, 3rd edition, chapter 6). It is itself an estimate from few blocks,
    and the quantiles of Student's t pay for that.
    """
    blocks, requests = len(total), total.sum()
    share = bad.sum() / requests
    variance = blocks / (blocks - 1) * np.sum((bad - share * total) ** 2) / requests**2
    if variance == 0:  # nothing bad, all bad, or the same share in each block
        return 1.0
    size = (
        share
        * (1 - share)
        / variance
        * (stdtrit(requests - 1, confidence) / stdtrit(blocks - 1, confidence)) ** 2
    )
    return float(min(1.0, size / requests))
