"""What a step can prove beforehand, against the figures of the plan's statistics."""

from __future__ import annotations

import pytest

from cutover_gates.core.rollout.step_proof import (
    ERROR_LIMITS,
    StepProof,
    find_provable_share,
    format_percent,
    make_limit,
)


@pytest.mark.parametrize(
    ("per_second", "provable"), [(5, 0.0124), (10, 0.0062), (20, 0.0031), (50, 0.00125)]
)
def test_a_canary_proves_what_its_traffic_allows(per_second: float, provable: float) -> None:
    proof = StepProof(10, 600, per_second, ERROR_LIMITS[10])
    assert proof.provable == pytest.approx(provable, rel=0.03)
    assert proof.is_enough == (proof.provable <= 0.01)


def test_the_sentence_names_rate_share_time_and_limit() -> None:
    told = StepProof(10, 600, 10, 0.01).describe()
    assert told.startswith("10 requests/s at 10 % for 10 minutes prove errors <= 0.62 %")
    assert "at most 1.00 % is needed" in told


def test_too_little_traffic_names_what_it_takes() -> None:
    proof = StepProof(10, 600, 2, 0.01)
    assert not proof.is_enough
    told = proof.describe()
    assert "not enough" in told
    assert "372 answers" in told
    assert "6.2 requests/s or 31 minutes" in told


def test_answers_of_the_steps_before_count() -> None:
    alone = StepProof(100, 1800, 1, 0.001)
    assert not alone.is_enough
    assert StepProof(100, 1800, 1, 0.001, before=2000).is_enough
    assert "with 2,000 answers" in StepProof(100, 1800, 1, 0.001, before=2000).describe()


def test_further_probes_bring_what_is_needed_and_no_more() -> None:
    proof = StepProof(10, 600, 2, 0.01, most_further=2000)
    assert (proof.usual, proof.further, proof.answers) == (120, 252, 372)
    assert proof.is_enough
    assert "for 10 minutes and up to 252 of further probes prove errors <= 1.00 %" in (
        proof.describe()
    )
    short = StepProof(10, 600, 2, 0.01, most_further=100)
    assert (short.answers, short.is_enough) == (220, False)
    assert StepProof(10, 600, 10, 0.01, most_further=2000).further == 0


def test_no_traffic_proves_nothing() -> None:
    proof = StepProof(10, 600, 0, 0.01)
    assert (proof.answers, proof.provable) == (0, 1.0)
    assert "prove errors <= 100.0 %" in proof.describe()


@pytest.mark.parametrize("total", [73, 372, 746, 3735])
def test_the_provable_share_is_the_limit_that_so_many_clean_answers_prove(total: int) -> None:
    share = find_provable_share(0, total)
    assert make_limit(share).count_clean_requests() == pytest.approx(total, rel=0.002)


def test_failures_raise_the_provable_share() -> None:
    assert find_provable_share(5, 600) > find_provable_share(0, 600)
    assert find_provable_share(3, 3) == 1.0


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.0061999, "0.62 %"), (0.3, "30.0 %"), (0.00011, "0.011 %"), (0.01, "1.00 %")],
)
def test_a_percentage_has_the_digits_that_matter(share: float, told: str) -> None:
    assert format_percent(share) == told
