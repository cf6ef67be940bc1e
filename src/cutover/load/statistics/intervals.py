"""How sure a figure is: intervals that hold whatever the distribution of the response times is.

All of them assume independent requests. Where requests go bad in bursts, `bursts` has a say too.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from math import ceil, factorial, inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betainccinv, betaincinv  # type: ignore[import-untyped]  # scipy brings no types

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
    wrong = _wrong(confidence) / (2 if side == "both" else 1)
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
    rank = ceil(round(_share(share) * len(ordered), 9))  # 0.07 · 100 is 7.000000000000001
    return float(ordered[max(rank, 1) - 1])


def quantile_interval(ordered: Floats, share: float, confidence: float = 0.95) -> Interval:
    """The quantile of what the values were drawn from: between two of them, by rank alone (Hahn and
    Meeker 1991, Statistical Intervals, chapter 5).

    `ordered` ascends and is not negative. A side that so few values cannot bound is 0.0 or
    infinite. Ties make it only wider than it need be.
    """
    tail, count = _wrong(confidence) / 2, len(ordered)

    def at_most(rank: int) -> float:
        """The probability that no more than `rank` of the values lie below the quantile."""
        return float(bdtr(rank, count, _share(share)))

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
    each = 1 - _wrong(confidence) / 2
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
    wrong = _wrong(confidence)
    if len(times) != len(values):
        raise ValueError(f"{len(times)} times and {len(values)} values")
    if len(times) < 2 or np.ptp(times) == 0:
        return 0.0, -inf, inf
    from scipy.stats import theilslopes  # type: ignore[import-untyped]  # scipy brings no types; and it takes half a second to import

    found = theilslopes(values, times, alpha=confidence)
    if 2 / factorial(min(len(times), 20)) > wrong:  # of n! orders two are monotone
        return float(found.slope), -inf, inf
    return float(found.slope), float(found.low_slope), float(found.high_slope)


def _wrong(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, and {confidence} does not")
    return 1 - confidence


def _share(share: float) -> float:
    if not 0 < share < 1:
        raise ValueError(f"a share lies between 0 and 1, and {share} does not")
    return share
