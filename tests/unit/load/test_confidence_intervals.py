"""Intervals hold what they promise, on data that is not kind."""

from __future__ import annotations

from math import inf, log

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import beta, binom, binomtest  # type: ignore[import-untyped]  # scipy brings no types

from cutover_gates.core.statistics.confidence_intervals import (
    clopper_pearson,
    quantile,
    quantile_interval,
    ratio_interval,
    slope_interval,
)

RUNS = 1_000
Floats = NDArray[np.float64]


def chance(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


# ── a share ──


def test_2995_clean_requests_are_the_fewest_that_bound_a_thousandth() -> None:
    """One-sided, at 95 %: 1 - 0.05^(1/n)."""
    assert clopper_pearson(0, 2_995, side="upper") == pytest.approx((0.0, 1 - 0.05 ** (1 / 2_995)))
    assert (
        clopper_pearson(0, 2_995, side="upper")[1]
        <= 0.001
        < clopper_pearson(0, 2_994, side="upper")[1]
    )


def test_a_known_interval() -> None:
    """Ten of a hundred, two-sided at 95 %: 4.90 % to 17.62 %."""
    assert clopper_pearson(10, 100) == pytest.approx((0.0490047, 0.1762226), abs=1e-6)


@pytest.mark.parametrize(
    ("bad", "total"),
    [(0, 1), (1, 1), (0, 3_000), (3, 10_000), (40, 50), (50, 50), (1_000, 1_000_000)],
)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.999])
def test_intervals_are_those_of_clopper_and_pearson(
    bad: int, total: int, confidence: float
) -> None:
    """As scipy computes them by solving for the tails, and as quantiles of beta distributions."""
    both = binomtest(bad, total).proportion_ci(confidence, method="exact")
    assert clopper_pearson(bad, total, confidence) == pytest.approx((both.low, both.high), rel=1e-6)
    upper = 1.0 if bad == total else beta.ppf(confidence, bad + 1, total - bad)
    lower = 0.0 if bad == 0 else beta.ppf(1 - confidence, bad, total - bad + 1)
    assert clopper_pearson(bad, total, confidence, "upper") == pytest.approx((0.0, upper), rel=1e-9)
    assert clopper_pearson(bad, total, confidence, "lower") == pytest.approx((lower, 1.0), rel=1e-9)


@pytest.mark.parametrize("share", [0.001, 0.02, 0.3, 0.5, 0.95])
def test_a_shares_interval_holds_it_as_often_as_it_says(share: float) -> None:
    """Over all that may come of sixty requests, computed exactly."""
    counts = range(61)
    weights = binom.pmf(counts, 60, share)
    for side, confidence in (("both", 0.95), ("upper", 0.95), ("lower", 0.8)):
        held = [
            low <= share <= high
            for low, high in (
                clopper_pearson(bad, 60, confidence, side)  # type: ignore[arg-type]  # a name
                for bad in counts
            )
        ]
        assert weights @ held >= confidence


def test_more_bad_ones_raise_both_ends_and_more_requests_bring_them_together() -> None:
    """Nothing else would make sense."""
    lows, highs = zip(*(clopper_pearson(bad, 200) for bad in range(201)), strict=True)
    assert list(lows) == sorted(set(lows))
    assert list(highs[:-1]) == sorted(set(highs[:-1]))
    widths = [
        high - low
        for low, high in (clopper_pearson(times, 20 * times) for times in (1, 10, 100, 1_000))
    ]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(("bad", "total"), [(0.0675, 0.675), (1.5, 30.2), (29.9, 30.2)])
def test_counts_need_not_be_whole(bad: float, total: float) -> None:
    """They are the quantiles of the same beta distributions."""
    assert clopper_pearson(bad, total, side="upper") == pytest.approx(
        (0.0, beta.ppf(0.95, bad + 1, total - bad))
    )
    assert clopper_pearson(bad, total, side="lower") == pytest.approx(
        (beta.ppf(0.05, bad, total - bad + 1), 1.0)
    )
    assert clopper_pearson(bad, total) == pytest.approx(
        (beta.ppf(0.025, bad, total - bad + 1), beta.ppf(0.975, bad + 1, total - bad))
    )


def test_of_no_requests_nothing_is_known() -> None:
    """Neither end is bounded."""
    assert (
        clopper_pearson(0, 0)
        == clopper_pearson(0, 0, side="upper")
        == clopper_pearson(0, 0, side="lower")
        == (0.0, 1.0)
    )


@pytest.mark.parametrize(("bad", "total"), [(-1, 5), (6, 5), (-0.1, 5), (5.1, 5)])
def test_a_share_is_from_none_to_all(bad: float, total: float) -> None:
    """Anything else is a mistake of the caller."""
    with pytest.raises(ValueError, match="no such share"):
        clopper_pearson(bad, total)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_lies_between_0_and_1(confidence: float) -> None:
    """95 is not 95 %."""
    with pytest.raises(ValueError, match="confidence"):
        clopper_pearson(0, 10, confidence)
    with pytest.raises(ValueError, match="confidence"):
        quantile_interval(np.arange(10.0), 0.5, confidence)


# ── a quantile ──


@pytest.mark.parametrize("count", [1, 2, 7, 100, 999, 1_000])
@pytest.mark.parametrize("share", [0.01, 0.07, 0.5, 0.95, 0.99, 0.999])
def test_a_quantile_is_the_nearest_rank(count: int, share: float) -> None:
    """The smallest value that at least that share does not exceed, counted in whole thousandths, so
    that no rounding gets in the way.
    """
    ordered = np.sort(chance().lognormal(size=count))
    thousandths = round(share * 1_000)
    expected = next(
        value for rank, value in enumerate(ordered, start=1) if rank * 1_000 >= thousandths * count
    )
    assert quantile(ordered, share) == expected


def test_no_values_have_no_quantile() -> None:
    """And not 0, which every objective would hold."""
    with pytest.raises(ValueError, match="no values"):
        quantile(np.array([]), 0.95)


@pytest.mark.parametrize("share", [0, 1, 95])
def test_a_quantile_is_asked_for_by_a_share(share: float) -> None:
    """95 is not 95 %."""
    with pytest.raises(ValueError, match="share"):
        quantile(np.arange(10.0), share)
    with pytest.raises(ValueError, match="share"):
        quantile_interval(np.arange(10.0), share)


def test_a_known_interval_of_the_median() -> None:
    """Of a hundred values at 95 %: between the 40th and the 61st, as tables have it."""
    assert quantile_interval(np.arange(1.0, 101), 0.5, 0.95) == (40, 61)


def test_too_few_values_do_not_bound_a_quantile() -> None:
    """That all of n lie below p95 has the probability 0.95^n; at 97.5 % on a side that takes 72
    values. Below them it is bounded long before: at most 63 of 72 lie under p95 in 1.0 % of all
    cases, at most 64 in 2.7 %.
    """
    fewest = int(np.ceil(log(0.025) / log(0.95)))
    values = np.arange(1.0, fewest + 1)
    assert quantile_interval(values, 0.95) == (64.0, 72.0)
    assert quantile_interval(values[:-1], 0.95)[1] == inf
    assert quantile_interval(values[:1], 0.5) == quantile_interval(values[:0], 0.5) == (0.0, inf)


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
@pytest.mark.parametrize("shape", ["lognormal", "pareto", "rounded"])
def test_a_quantiles_interval_holds_it_as_often_as_it_says(shape: str, share: float) -> None:
    """On skewed response times, on a tail without a mean, and on times with so many ties that most
    values are equal.
    """
    drawn = {
        "lognormal": chance().lognormal(0, 1.5, (RUNS, 800)),
        "pareto": chance().pareto(0.9, (RUNS, 800)),
        "rounded": np.round(chance().exponential(1, (RUNS, 800))),
    }[shape]
    true = np.quantile(
        {
            "lognormal": chance(1).lognormal(0, 1.5, 2_000_000),
            "pareto": chance(1).pareto(0.9, 2_000_000),
            "rounded": np.round(chance(1).exponential(1, 2_000_000)),
        }[shape],
        share,
    )
    held = [
        low <= true <= high
        for low, high in (quantile_interval(row, share) for row in np.sort(drawn, axis=1))
    ]
    assert (
        np.mean(held) >= 0.94
    )  # of 1,000 runs; 0.95 less twice the simulation's own error is 0.936


def test_more_values_bring_a_quantiles_ends_together_and_more_confidence_takes_them_apart() -> None:
    """Around the quantile itself."""
    values = np.sort(chance().lognormal(size=10_000))
    few, many, surer = (
        quantile_interval(values[::20], 0.95),
        quantile_interval(values, 0.95),
        quantile_interval(values, 0.95, 0.999),
    )
    assert few[0] < many[0] < quantile(values, 0.95) < many[1] < few[1]
    assert surer[0] < many[0] < many[1] < surer[1]


# ── a ratio ──


def times(slower: float, count: int, seed: int) -> Floats:
    return np.sort(slower * chance(seed).lognormal(-4, 0.8, count))


def test_a_ratios_interval_holds_it_at_least_as_often_as_it_says() -> None:
    """It is wider than it need be."""
    held = [
        low <= 2 <= high
        for low, high in (
            ratio_interval(times(2, 300, seed), times(1, 200, 10_000 + seed), 0.5)
            for seed in range(RUNS)
        )
    ]
    assert np.mean(held) >= 0.95


def test_what_became_slower_is_told_from_what_did_not() -> None:
    """2.2 times is beyond twice, 1.0 and 1.7 times are within it."""
    then = times(1, 3_000, 1)
    assert ratio_interval(times(2.2, 3_000, 2), then)[0] > 2
    assert ratio_interval(times(1.7, 3_000, 3), then)[1] < 2
    low, high = ratio_interval(times(1, 3_000, 4), then)
    assert low < 1 < high < 1.2


def test_too_few_values_on_either_side_leave_a_ratio_open() -> None:
    """Five values do not bound a median at 97.5 %: no ratio is too great then, or too small."""
    few, many = times(1, 5, 1), times(1, 1_000, 2)
    assert (
        ratio_interval(few, many)
        == ratio_interval(many, few)
        == ratio_interval(few[:0], many)
        == (0.0, inf)
    )


def test_times_of_nothing_and_without_end_are_no_ratio_that_is_not_one() -> None:
    """A baseline of zeros allows no upper bound; one of requests that never ended no lower one.

    Now never ending is infinitely slower.
    """
    zeros, ones, never = np.zeros(100), np.ones(100), np.full(100, inf)
    assert ratio_interval(ones, zeros) == (0.0, inf)
    assert ratio_interval(ones, never) == ratio_interval(never, never) == (0.0, inf)
    assert ratio_interval(never, ones) == (inf, inf)


# ── a slope ──


def test_noise_does_not_grow() -> None:
    """Its slope's interval holds 0, as often as it says."""
    at = np.arange(40.0)
    found = [slope_interval(at, chance(seed).normal(500, 20, 40)) for seed in range(300)]
    assert np.mean([low <= 0 <= high for _, low, high in found]) >= 0.92


def test_a_leak_is_seen_with_its_rate() -> None:
    """Half a megabyte a second under noise of twenty, and with every tenth value wild."""
    at = np.arange(0.0, 120, 0.5)
    memory = 500 + 0.5 * at + chance().normal(0, 20, len(at))
    memory[::10] += 400
    slope, low, high = slope_interval(at, memory)
    assert 0.3 < low < slope < high < 0.7
    assert low < 0.5 < high


def test_bounds_of_a_slope_are_too_close_for_what_remembers_unless_it_is_thinned() -> None:
    """The caveat of the docstring.

    Each value is 0.9 of the one before and new noise; every twentieth of them is as good as
    independent.
    """
    noise = chance().normal(size=(200, 400))
    walk = np.zeros_like(noise)
    for step in range(1, 400):
        walk[:, step] = 0.9 * walk[:, step - 1] + noise[:, step]
    at = np.arange(400.0)
    close, apart = (
        [
            low <= 0 <= high
            for _, low, high in (slope_interval(at[::each], row[::each]) for row in walk)
        ]
        for each in (4, 20)
    )
    assert np.mean(close) < 0.9 <= np.mean(apart)


def test_what_stands_still_has_no_slope() -> None:
    """And that is certain, if it did so often enough."""
    assert slope_interval(np.arange(20.0), np.full(20, 5.0)) == (0.0, 0.0, 0.0)


def test_few_values_do_not_bound_a_slope() -> None:
    """Four of them rise one after the other by chance once in 24 times; five do once in 120."""
    at = np.arange(10.0)
    assert slope_interval(at[:4], 2 * at[:4]) == (2.0, -inf, inf)
    assert slope_interval(at[:5], 2 * at[:5]) == (2.0, 2.0, 2.0)
    assert (
        slope_interval(at[:1], at[:1])
        == slope_interval(at[:0], at[:0])
        == slope_interval(np.zeros(10), at)
        == (0.0, -inf, inf)
    )


def test_each_value_has_its_time() -> None:
    """Else one of the two series lost some."""
    with pytest.raises(ValueError, match="3 times and 2 values"):
        slope_interval(np.arange(3.0), np.arange(2.0))
