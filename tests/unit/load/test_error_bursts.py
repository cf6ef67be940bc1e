"""Bad requests that come together tell of one event, not of many."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import beta, t  # type: ignore[import-untyped]  # scipy brings no types

from cutover_gates.core.statistics.confidence_intervals import (
    Interval,
    clopper_pearson,
    clustered_bounds,
)
from cutover_gates.core.statistics.sequential_test import Conclusion, ShareLimit

SECOND = 100
"""Requests in each block."""
Counts = NDArray[np.int64]


def plain_bounds(bad: int, total: int, confidence: float = 0.95) -> Interval:
    """The same for independent requests."""
    return (
        clopper_pearson(bad, total, confidence, side="lower")[0],
        clopper_pearson(bad, total, confidence, side="upper")[1],
    )


def runs_with_bursts(bursts: float, runs: int = 1_000) -> list[tuple[Counts, Counts]]:
    """600 seconds of unlike traffic each, in which so many, on the average, have 80 % bad requests."""
    chance = np.random.default_rng(3)
    total = chance.poisson(50, (runs, 600))
    return list(
        zip(
            chance.binomial(total, np.where(chance.random(total.shape) < bursts / 600, 0.8, 0.0)),
            total,
            strict=True,
        )
    )


def covered(bounds: list[Interval], truth: float) -> tuple[float, float]:
    """How often the lower bound lies below the truth, and the upper one above it."""
    return float(np.mean([low <= truth for low, _ in bounds])), float(
        np.mean([truth <= high for _, high in bounds])
    )


# ── what a burst proves ──


def test_a_known_pair_of_bounds() -> None:
    """Two blocks of ten with 0 and 2 bad: a share of 0.1 with a variance of 0.01, as of nine
    requests. Student's t makes 0.675 of them.
    """
    size = 9 * (t.ppf(0.95, 19) / t.ppf(0.95, 1)) ** 2
    assert size == pytest.approx(0.675, abs=1e-3)
    low, high = (
        beta.ppf(0.05, 0.1 * size, 0.9 * size + 1),
        beta.ppf(0.95, 0.1 * size + 1, 0.9 * size),
    )
    assert clustered_bounds([0, 2], [10, 10]) == pytest.approx((low, high))


def test_a_run_with_one_burst_is_worth_about_as_many_requests_as_it_has_blocks() -> None:
    """One second of six hundred is bad altogether: like one bad request of six hundred."""
    burst = np.zeros(600)
    burst[300] = SECOND
    assert clustered_bounds(burst, np.full(600, SECOND)) == pytest.approx(
        plain_bounds(1, 600), rel=0.02
    )


def test_one_stall_is_not_as_much_proof_as_its_requests() -> None:
    """A minute at 100 a second, two seconds of it stalled: 3.3 % are slow.

    Request by request that is under 5 %; second by second it is not.
    """
    slow, total = np.zeros(60, dtype=int), np.full(60, SECOND)
    slow[30:32] = SECOND
    assert ShareLimit(0.05).decide(int(slow.sum()), int(total.sum())) is Conclusion.HOLDS
    assert plain_bounds(int(slow.sum()), int(total.sum()), 0.96)[1] < 0.05
    assert clustered_bounds(slow, total, 0.96)[1] > 0.05


def test_one_stall_does_not_break_a_claim_either() -> None:
    """The same stall where 1 % may be slow.

    Request by request that is broken; second by second it may have been chance.
    """
    slow, total = np.zeros(60, dtype=int), np.full(60, SECOND)
    slow[30:32] = SECOND
    assert ShareLimit(0.01).decide(int(slow.sum()), int(total.sum())) is Conclusion.BROKEN
    assert plain_bounds(int(slow.sum()), int(total.sum()))[0] > 0.01
    assert clustered_bounds(slow, total)[0] < 0.01


def test_the_same_share_spread_evenly_is_between_the_limits() -> None:
    """What makes the difference is the burst."""
    low, high = clustered_bounds([3, 4, 3] * 20, [SECOND] * 60, 0.96)
    assert 0.01 < low < high < 0.05


# ── as often right as is said ──


@pytest.mark.parametrize("bursts", [100, 30, 10, 3])
def test_each_bound_is_right_as_often_as_it_says(bursts: int) -> None:
    """In at least 93 % of a thousand runs: 95 % less three times the simulation's own error.

    The plain bounds are right in about 60 %.
    """
    truth, runs = 0.8 * bursts / 600, runs_with_bursts(bursts)
    assert min(covered([clustered_bounds(bad, total) for bad, total in runs], truth)) >= 0.93
    assert (
        max(covered([plain_bounds(int(bad.sum()), int(total.sum())) for bad, total in runs], truth))
        < 0.70
    )


def test_bursts_too_rare_to_be_seen_are_not_bounded() -> None:
    """The caveat of the docstring.

    With one on the average more than a third of the runs see none, and there the upper bound fails,
    as a rule.
    """
    truth, runs = 0.8 / 600, runs_with_bursts(1)
    seen = [clustered_bounds(bad, total) for bad, total in runs if bad.sum()]
    assert 0.60 < len(seen) / len(runs) < 0.67
    assert covered(seen, truth)[1] >= 0.98
    assert covered([clustered_bounds(bad, total) for bad, total in runs], truth)[1] < 0.67


@pytest.mark.parametrize("confidence", [0.55, 0.8, 0.95, 0.999])
def test_the_bounds_are_never_narrower_than_the_plain_ones(confidence: float) -> None:
    """Few blocks and many, alike and unlike, from hardly any bad ones to nearly all."""
    chance = np.random.default_rng(5)
    for _ in range(500):
        total = chance.integers(1, 60, chance.integers(2, 12))
        bad = chance.binomial(total, chance.random(len(total)) ** chance.choice([0.2, 1, 5, 20]))
        (low, high), (plain_low, plain_high) = (
            clustered_bounds(bad, total, confidence),
            plain_bounds(int(bad.sum()), int(total.sum()), confidence),
        )
        assert low <= plain_low * (1 + 1e-9)
        assert high >= plain_high * (1 - 1e-9)


def test_where_bad_ones_come_alone_they_are_about_the_plain_ones() -> None:
    """Within a twentieth: it costs next to nothing where there are no bursts."""
    bad = np.random.default_rng(5).binomial(SECOND, 0.02, 300)
    assert clustered_bounds(bad, [SECOND] * 300) == pytest.approx(
        plain_bounds(int(bad.sum()), 300 * SECOND), rel=0.05
    )


def test_the_same_share_in_each_block_is_no_more_proof_than_independent_requests() -> None:
    """Without any spread, and with less of it than chance brings."""
    assert clustered_bounds([2] * 10, [SECOND] * 10) == plain_bounds(20, 1_000)
    assert clustered_bounds([5, 6] * 5, [10] * 10) == plain_bounds(55, 100)


def test_more_confidence_takes_the_bounds_apart() -> None:
    """Each on its side, and both within 0 and 1."""
    lows, highs = zip(
        *(
            clustered_bounds([0, 1, 30, 1], [SECOND] * 4, confidence)
            for confidence in (0.6, 0.9, 0.99, 0.9999)
        ),
        strict=True,
    )
    assert 1 >= lows[0] > lows[1] > lows[2] >= lows[3] >= 0
    assert 0 <= highs[0] < highs[1] < highs[2] <= highs[3] <= 1


# ── where there is little to go by ──


@pytest.mark.parametrize("blocks", [[], [5], [0, 10, 0]])
def test_fewer_than_two_blocks_bound_nothing(blocks: list[int]) -> None:
    """There is no spread in one; and a block without requests is none."""
    assert (
        clustered_bounds([0 for _ in blocks], blocks)
        == clustered_bounds(blocks, blocks)
        == (0.0, 1.0)
    )


def test_blocks_without_requests_are_none() -> None:
    """A pause is neither good nor bad."""
    assert clustered_bounds([0, 0, 2, 0], [0, 10, 10, 0]) == clustered_bounds([0, 2], [10, 10])


def test_none_bad_and_all_bad_are_the_plain_bounds() -> None:
    """2,995 clean requests bound a thousandth, in however many blocks."""
    with np.errstate(all="raise"):  # and not by a way through 0 / 0
        assert clustered_bounds([0] * 5, [599] * 5) == plain_bounds(0, 2_995)
        assert clustered_bounds([599] * 5, [599] * 5) == plain_bounds(2_995, 2_995)
    assert clustered_bounds([0] * 5, [599] * 5)[1] <= 0.001


# ── what makes no sense ──


@pytest.mark.parametrize(
    ("bad", "total"),
    [([1], [1, 2]), ([3], [2]), ([-1, 0], [5, 5]), ([[1]], [[2]]), ([np.nan, 0], [5, 5])],
)
def test_counts_of_blocks_fit_together(bad: list[float], total: list[int]) -> None:
    """One of each a block, and no more bad ones than there are."""
    with pytest.raises(ValueError, match="block"):
        clustered_bounds(bad, total)


@pytest.mark.parametrize("confidence", [0.05, 0.5, 1, 95])
def test_a_confidence_of_one_side_is_more_than_a_half(confidence: float) -> None:
    """95 is not 95 %, and 5 % is how often it may be wrong."""
    with pytest.raises(ValueError, match="confidence"):
        clustered_bounds([1, 2], [5, 5], confidence)
