"""The comparison of two releases: what it promises, and what it must not blame on the new one."""

from __future__ import annotations

from itertools import product
from math import exp, log

import numpy as np
import pytest
from scipy.stats import binom, hypergeom  # type: ignore[import-untyped]  # scipy brings no types

from cutover_gates.core.statistics.release_comparison import (
    AnsweredBlocks,
    find_worst_stratum,
    log_evidence_against,
    log_evidence_for,
    log_evidence_of_any,
    mix_log_evidence,
)

BROKEN, PROVEN = log(1000), log(20)


def blocks(*counts: tuple[int, int, int, int]) -> AnsweredBlocks:
    """Return blocks of one operation, each as new, bad of new, old, bad of old."""
    return AnsweredBlocks(
        *(np.array([column], dtype=np.int64) for column in zip(*counts, strict=True))
    )


def rollout(
    *, weight: float, rate: float, seconds: int, new: float, old: float, seed: int = 1
) -> AnsweredBlocks:
    """Simulate a rollout; `rate` is requests a second, `new` and `old` are bad shares."""
    random = np.random.default_rng(seed)
    dealt = (
        random.poisson(rate * weight, (1, seconds)),
        random.poisson(rate * (1 - weight), (1, seconds)),
    )
    bad = random.binomial(dealt[0], new), random.binomial(dealt[1], old)
    return AnsweredBlocks(dealt[0], bad[0], dealt[1], bad[1])


@pytest.mark.parametrize(("new", "old", "bad"), [(3, 7, 2), (5, 5, 5), (1, 9, 4), (9, 1, 3)])
def test_evidence_against_equals_is_one_at_most(new: int, old: int, bad: int) -> None:
    """Of releases that are alike, over all ways in which the bad answers can fall."""
    expected = 0.0
    for of_new in range(max(0, bad - old), min(new, bad) + 1):
        chance = float(hypergeom.pmf(of_new, new + old, new, bad))
        found = log_evidence_against(blocks((new, of_new, old, bad - of_new)))
        expected += chance * exp(found[-1])
    assert expected <= 1 + 1e-9


@pytest.mark.parametrize(("new", "old", "share"), [(10, 10, 0.4), (2, 8, 0.05), (8, 2, 0.3)])
def test_evidence_for_is_one_at_most_where_the_new_one_is_twice_as_bad(
    new: int, old: int, share: float
) -> None:
    """The claim to be proven is "less than twice as bad": at the border nothing proves it."""
    expected = 0.0
    for of_new, of_old in product(range(new + 1), range(old + 1)):
        chance = float(binom.pmf(of_new, new, 2 * share) * binom.pmf(of_old, old, share))
        found = log_evidence_for(blocks((new, of_new, old, of_old)))
        expected += chance * exp(found[-1])
    assert expected <= 1 + 1e-9


def test_a_release_that_fails_more_is_found() -> None:
    found = log_evidence_against(rollout(weight=0.1, rate=20, seconds=600, new=0.015, old=0.0005))
    assert found.max() > BROKEN


@pytest.mark.parametrize("seed", range(5))
def test_releases_that_are_alike_are_not_told_apart(seed: int) -> None:
    same = rollout(weight=0.1, rate=20, seconds=600, new=0.005, old=0.005, seed=seed)
    assert log_evidence_against(same).max() < BROKEN


def test_what_hits_both_is_not_blamed_on_the_new_one() -> None:
    """A database that fails half of all answers for a minute."""
    assert log_evidence_against(blocks(*[(10, 5, 90, 45)] * 60)).max() < 0


def test_the_observed_share_counts_and_not_the_weight() -> None:
    """At a weight of 10 % the balancer gave the new release 30 %."""
    assert log_evidence_against(blocks(*[(30, 3, 70, 7)] * 200)).max() < BROKEN


def test_a_burst_counts_once() -> None:
    """One crash of one instance: fifty failed answers in a second, and none before and after."""
    counts = [(50, 50 if second == 300 else 0, 50, 0) for second in range(600)]
    assert log_evidence_against(blocks(*counts)).max() < BROKEN


def test_a_burst_on_many_operations_at_once_counts_once() -> None:
    """Twelve operations fail in the same second, and only those of the new release."""
    new_bad = np.zeros((12, 600), dtype=np.int64)
    new_bad[:, 300] = 5
    same = np.full((12, 600), 5, dtype=np.int64)
    found = AnsweredBlocks(same, new_bad, same * 9, np.zeros((12, 600), dtype=np.int64))
    assert log_evidence_of_any(found).max() < BROKEN


def test_bursts_of_the_new_release_only_are_found() -> None:
    counts = [(50, 50 if second % 30 == 0 else 0, 50, 0) for second in range(600)]
    assert log_evidence_against(blocks(*counts)).max() > BROKEN


def test_an_operation_that_fails_more_and_is_asked_more_at_the_new_release_is_not_blamed() -> None:
    """Reports go to the new release only now and then, and fail one time in ten at both."""
    reports = [(18, 2, 2, 0), (18, 1, 2, 1), (18, 2, 2, 0), (18, 2, 2, 1)] * 100
    reads = [(2, 0, 38, 0)] * 400
    columns = zip(zip(*reports, strict=True), zip(*reads, strict=True), strict=True)
    arrays = [np.array(both) for both in columns]
    strata = AnsweredBlocks(*arrays)
    together = AnsweredBlocks(*(each.sum(axis=0, keepdims=True) for each in arrays))
    assert log_evidence_against(together).max() > BROKEN
    assert log_evidence_of_any(strata).max() < BROKEN


def test_one_bad_operation_of_many_is_found_and_named() -> None:
    good = rollout(weight=0.5, rate=20, seconds=600, new=0.001, old=0.001)
    bad = rollout(weight=0.5, rate=2, seconds=600, new=0.05, old=0.001)
    names = ("new", "new_bad", "old", "old_bad")
    both = AnsweredBlocks(
        *(np.concatenate([getattr(good, name), getattr(bad, name)]) for name in names)
    )
    assert log_evidence_of_any(both).max() > BROKEN
    assert find_worst_stratum(both)[0] == 1


def test_without_traffic_on_one_of_them_nothing_is_said() -> None:
    found = log_evidence_against(blocks(*[(0, 0, 20, 3), (20, 3, 0, 0)] * 100))
    assert found == pytest.approx(np.zeros(200))


def test_a_release_that_is_as_good_is_proven_where_there_is_enough_traffic() -> None:
    same = rollout(weight=0.5, rate=100, seconds=900, new=0.005, old=0.005)
    assert log_evidence_for(same)[-1] > PROVEN
    assert log_evidence_against(same).max() < BROKEN


def test_a_mean_is_between_its_parts() -> None:
    low, high = np.array([0.0, 1.0]), np.array([2.0, 3.0])
    mixed = mix_log_evidence([(0.5, low), (0.5, high)])
    assert np.all((mixed > low) & (mixed < high))


def test_counts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="no such shares"):
        blocks((1, 2, 0, 0))
    with pytest.raises(ValueError, match="strata and blocks"):
        AnsweredBlocks(*(np.zeros(3, dtype=np.int64) for _ in range(4)))
    with pytest.raises(ValueError, match="ratio"):
        log_evidence_against(blocks((1, 0, 1, 0)), 0)
