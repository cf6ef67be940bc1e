"""A run ends when it is certain: what the counts prove is true as often as is said, however often
one looks.
"""

from __future__ import annotations

from bisect import bisect_left
from math import exp, inf

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom  # type: ignore[import-untyped]  # scipy brings no types

from cutover_gates.core.statistics.confidence_intervals import clopper_pearson
from cutover_gates.core.statistics.sequential_test import (
    WEIGHTS_ABOVE,
    WEIGHTS_BELOW,
    Conclusion,
    SequentialTest,
    ShareLimit,
    estimate_remaining_requests,
)

ERRORS = ShareLimit(0.001)
LIMITS = (0.001, 0.01, 0.05, 0.5)
RUNS, STEP, REQUESTS = 2_000, 50, 20_000
LOOKS = range(STEP, REQUESTS + 1, STEP)


def most_that_hold(claim: ShareLimit, total: int) -> int:
    """The greatest number of bad ones with which the claim is seen to hold; -1 where even none is
    too many.
    """
    return (
        bisect_left(
            range(total + 1), True, key=lambda bad: claim.decide(bad, total) is not Conclusion.HOLDS
        )
        - 1
    )


def fewest_that_break(claim: ShareLimit, total: int) -> int:
    """The smallest number of bad ones with which the claim is seen to be broken; more than there
    are where even all are too few.
    """
    return bisect_left(
        range(total + 1), True, key=lambda bad: claim.decide(bad, total) is Conclusion.BROKEN
    )


def exactly(share: float, ends: list[slice]) -> float:
    """The probability that the number of bad ones so far is, at any look, among those with which a
    run ends at that look.
    """
    step = binom.pmf(np.arange(STEP + 1), STEP, share)
    going, ended = np.ones(1), 0.0
    for end in ends:
        going = np.convolve(going, step)
        ended += going[end].sum()
        going[end] = 0
    return ended


def simulated(share: float, seed: int = 4) -> NDArray[np.int64]:
    """Bad ones so far: a row for each run, a column for each look."""
    return np.random.default_rng(seed).binomial(STEP, share, (RUNS, len(LOOKS))).cumsum(axis=1)


# ── as often wrong as is said ──


@pytest.mark.parametrize("times", [1, 1.1])
@pytest.mark.parametrize("limit", [0.001, 0.01, 0.05])
def test_a_share_at_the_limit_or_above_seldom_seems_to_hold(limit: float, times: float) -> None:
    """At any of 400 looks, in at most 5 % of 2,000 runs; and in at most 4 % by computing it
    exactly.
    """
    most = [most_that_hold(ShareLimit(limit), total) for total in LOOKS]
    assert np.mean(np.any(simulated(limit * times) <= most, axis=1)) <= 0.05
    assert (
        exactly(limit * times, [slice(bad + 1) for bad in most])
        <= ShareLimit(limit).wrong_holds
        == 0.04
    )


@pytest.mark.parametrize("times", [1, 0.9])
@pytest.mark.parametrize("limit", [0.001, 0.01, 0.05])
def test_a_share_at_the_limit_or_below_seldom_seems_broken(limit: float, times: float) -> None:
    """The same, with 5 % for both."""
    fewest = [fewest_that_break(ShareLimit(limit), total) for total in LOOKS]
    assert np.mean(np.any(simulated(limit * times) >= fewest, axis=1)) <= 0.05
    assert exactly(limit * times, [slice(bad, None) for bad in fewest]) <= 0.05


def test_the_plain_bound_looked_at_again_and_again_would_be_wrong_more_often() -> None:
    """The same runs, the same looks: this simulation can tell a test that is valid at every look
    from one that is not.
    """
    most = (
        binom.ppf(0.05, np.array(LOOKS), 0.001) - 1
    )  # the greatest number whose upper bound lies within the limit
    assert clopper_pearson(int(most[-1]), REQUESTS, side="upper")[1] <= 0.001
    assert np.mean(np.any(simulated(0.001) <= most, axis=1)) > 0.10


@pytest.mark.parametrize("limit", LIMITS)
def test_the_evidence_is_an_e_value(limit: float) -> None:
    """Its mean over all that may come is 1 when the truth is the limit, and less when it lies
    beyond: computed exactly, not simulated.
    """
    claim, total = ShareLimit(limit), 40
    holds = np.array([exp(claim.log_evidence_for(bad, total)) for bad in range(total + 1)])
    broken = np.array([exp(claim.log_evidence_against(bad, total)) for bad in range(total + 1)])
    chance = {
        share: binom.pmf(np.arange(total + 1), total, share)
        for share in (limit, limit * 1.3, limit * 0.7)
    }
    assert holds @ chance[limit] == pytest.approx(1)
    assert broken @ chance[limit] == pytest.approx(1)
    assert holds @ chance[limit * 1.3] < 1 < holds @ chance[limit * 0.7]
    assert broken @ chance[limit * 0.7] < 1 < broken @ chance[limit * 1.3]


@pytest.mark.parametrize("wrong", [0.2, 0.05, 0.001])
def test_certainty_is_an_e_value_of_one_over_how_often_it_may_be_wrong(wrong: float) -> None:
    """For the last number of bad ones that is certain it is reached, for the next one it is not.

    On both sides.
    """
    claim, total = ShareLimit(0.01, wrong_holds=wrong, wrong_broken=wrong), 4_000
    most, fewest = most_that_hold(claim, total), fewest_that_break(claim, total)
    assert (
        exp(claim.log_evidence_for(most, total))
        >= 1 / wrong
        > exp(claim.log_evidence_for(most + 1, total))
    )
    assert (
        exp(claim.log_evidence_against(fewest, total))
        >= 1 / wrong
        > exp(claim.log_evidence_against(fewest - 1, total))
    )


@pytest.mark.parametrize("weights", [WEIGHTS_BELOW, WEIGHTS_ABOVE])
def test_the_weights_are_those_of_a_mean(weights: dict[float, float]) -> None:
    """They make 1: more would be evidence out of nothing."""
    assert sum(weights.values()) == pytest.approx(1)


# ── what certainty is worth ──


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("total", [5, 73, 372, 1_000, 3_735, 12_000, 100_000])
def test_certainty_is_never_weaker_than_the_plain_bound(limit: float, total: int) -> None:
    """As many bad ones as just still hold, and as few as just break: the one-sided bound of Clopper
    and Pearson, at 96 % and at 95 %, says so too.
    """
    most, fewest = (
        most_that_hold(ShareLimit(limit), total),
        fewest_that_break(ShareLimit(limit), total),
    )
    assert most < fewest
    assert most < 0 or clopper_pearson(most, total, 0.96, side="upper")[1] <= limit
    assert fewest > total or clopper_pearson(fewest, total, side="lower")[0] >= limit


@pytest.mark.parametrize("limit", LIMITS)
def test_one_more_bad_request_speaks_against_the_claim_and_one_more_good_one_for_it(
    limit: float,
) -> None:
    """Whatever came before."""
    claim = ShareLimit(limit)
    for total in (1, 10, 100, 1_000, 10_000):
        for bad in {0, 1, total // 100, total // 3, total - 1} - {total}:
            before, good, worse = (bad, total), (bad, total + 1), (bad + 1, total + 1)
            assert (
                claim.log_evidence_for(*worse)
                < claim.log_evidence_for(*before)
                < claim.log_evidence_for(*good)
            )
            assert (
                claim.log_evidence_against(*good)
                < claim.log_evidence_against(*before)
                < claim.log_evidence_against(*worse)
            )


def test_no_requests_prove_nothing() -> None:
    """The evidence is that of a coin not yet thrown."""
    assert ERRORS.log_evidence_for(0, 0) == pytest.approx(0)
    assert ERRORS.log_evidence_against(0, 0) == pytest.approx(0)
    assert ERRORS.decide(0, 0) is Conclusion.OPEN


# ── how long it takes ──


def test_3735_clean_requests_prove_an_error_rate_under_a_thousandth() -> None:
    """Not far from the 3,218 that the plain bound takes at a single look, at 96 % too; with one
    request less it is open.
    """
    needed = ERRORS.count_clean_requests()
    assert (
        clopper_pearson(0, 3_218, 0.96, side="upper")[1]
        <= 0.001
        < clopper_pearson(0, 3_217, 0.96, side="upper")[1]
    )
    assert needed == 3_735
    assert ERRORS.decide(0, needed) is Conclusion.HOLDS
    assert ERRORS.decide(0, needed - 1) is Conclusion.OPEN


@pytest.mark.parametrize(("bad", "affordable"), [(1, 7_219), (2, 9_359), (5, 14_843)])
def test_some_errors_are_affordable(bad: int, affordable: int) -> None:
    """They cost requests, and not the verdict."""
    assert ERRORS.decide(bad, affordable) is Conclusion.HOLDS
    assert ERRORS.decide(bad, affordable - 1) is Conclusion.OPEN


def test_a_target_that_fails_badly_is_found_out_at_once() -> None:
    """Five errors in a hundred requests are broken; one error in a hundred is not yet."""
    assert ERRORS.decide(5, 100) is Conclusion.BROKEN
    assert ERRORS.decide(1, 100) is Conclusion.OPEN


def test_more_certainty_takes_more_requests() -> None:
    """And less takes fewer."""
    assert (
        ShareLimit(0.001, wrong_holds=0.01).count_clean_requests() > ERRORS.count_clean_requests()
    )
    assert ShareLimit(0.001, wrong_holds=0.2).count_clean_requests() < ERRORS.count_clean_requests()
    assert fewest_that_break(ShareLimit(0.001, wrong_broken=0.001), 500) > fewest_that_break(
        ERRORS, 500
    )


@pytest.mark.parametrize(("bad", "total"), [(0, 0), (0, 1_000), (1, 5_000), (2, 5_000), (3, 1_500)])
def test_what_remains_is_what_it_takes_if_the_share_goes_on(bad: int, total: int) -> None:
    """So many further requests make it certain, and one less does not."""
    more, share = estimate_remaining_requests(ERRORS, bad, total), bad / max(total, 1)
    assert more is not None
    assert more > 0
    assert ERRORS.decide(share * (total + more), total + more) is not Conclusion.OPEN
    assert ERRORS.decide(share * (total + more - 1), total + more - 1) is Conclusion.OPEN


def test_nothing_remains_when_it_is_certain() -> None:
    """Either way."""
    assert (
        estimate_remaining_requests(ERRORS, 0, 4_000)
        == estimate_remaining_requests(ERRORS, 50, 1_000)
        == 0
    )


@pytest.mark.parametrize(("bad", "total"), [(1, 1_000), (19, 20_000), (11, 10_000)])
def test_no_end_is_in_sight_where_the_share_is_the_limit(bad: int, total: int) -> None:
    """On the limit, and so close to it that even ten million requests would not tell."""
    assert estimate_remaining_requests(ERRORS, bad, total) is None


# ── a claim under observation ──


def watched(*counts: tuple[int, int], claim: ShareLimit = ERRORS) -> SequentialTest:
    watch = SequentialTest(claim)
    for bad, total in counts:
        watch.update(bad, total)
    return watch


def test_a_claim_begins_open() -> None:
    """Nothing was seen."""
    assert SequentialTest(ERRORS).conclusion is Conclusion.OPEN


def test_once_broken_is_broken() -> None:
    """Clean requests that follow do not mend it."""
    assert ERRORS.decide(10, 100_000) is Conclusion.HOLDS
    assert watched((10, 1_000), (10, 100_000)).conclusion is Conclusion.BROKEN


def test_once_seen_to_hold_it_holds_while_the_plain_bound_says_so() -> None:
    """One error after the end was certain: the evidence of this moment alone is no longer enough,
    the bound at the latest counts still is.
    """
    assert ERRORS.decide(1, 5_500) is Conclusion.OPEN
    assert watched((0, 4_000), (1, 5_500)).conclusion is Conclusion.HOLDS


def test_what_goes_bad_late_takes_the_proof_away() -> None:
    """The bound at the latest counts is beyond the limit: not proven.

    When it comes back within, so does the proof.
    """
    watch = watched((0, 4_000), (3, 4_500))
    assert watch.conclusion is Conclusion.OPEN
    assert ERRORS.decide(3, 8_500) is Conclusion.OPEN
    assert watch.update(3, 8_500) is Conclusion.HOLDS


def test_the_plain_bound_alone_proves_nothing() -> None:
    """It would be looked at again and again until it fits."""
    assert clopper_pearson(0, 3_300, 0.96, side="upper")[1] <= 0.001
    assert watched((0, 3_300)).conclusion is Conclusion.OPEN


@pytest.mark.parametrize("then", [(0, 1_500), (1, 999), (4, 1_001)])
def test_counts_only_grow(then: tuple[int, int]) -> None:
    """Neither bad ones, nor all, nor good ones become fewer: samples were lost, and nothing may
    rest on the rest.
    """
    watch = watched((1, 1_000))
    with pytest.raises(ValueError, match="counts only grow"):
        watch.update(*then)
    assert (watch.bad, watch.total) == (1, 1_000)


# ── what makes no sense ──


@pytest.mark.parametrize("limit", [0, 1, -0.1, 1.5, inf])
def test_a_limit_is_a_share(limit: float) -> None:
    """And neither none nor all."""
    with pytest.raises(ValueError, match="limit"):
        ShareLimit(limit)


@pytest.mark.parametrize("wrong", [0, 0.5, 1])
def test_a_certainty_is_one(wrong: float) -> None:
    """To be wrong half of the time is none, and never to be wrong is not to be had."""
    with pytest.raises(ValueError, match="probability of error"):
        ShareLimit(0.001, wrong_holds=wrong)
    with pytest.raises(ValueError, match="probability of error"):
        ShareLimit(0.001, wrong_broken=wrong)


@pytest.mark.parametrize(("bad", "total"), [(-1, 10), (11, 10)])
def test_counts_are_counts(bad: int, total: int) -> None:
    """From none to all."""
    with pytest.raises(ValueError, match="no such share"):
        ERRORS.decide(bad, total)
