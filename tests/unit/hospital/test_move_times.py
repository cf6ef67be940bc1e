"""Times of a visit: each lies between the moments of the check, and stays as it was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cutover_gates.core.findings import FindingsError
from cutover_gates.hospital import Visit, VisitStatus
from cutover_gates.hospital.matchers import assert_times, assert_times_kept

BEGAN = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)
ENDED = BEGAN + timedelta(seconds=3)
SKEW = timedelta(seconds=5)


def visit_at(**times: Any) -> Visit:
    return replace(Visit("1", "2", VisitStatus.DISCHARGED), **times)


@pytest.mark.parametrize("seconds", [-5, 0, 3, 8])
def test_a_time_between_the_moments_is_right(seconds: float) -> None:
    visit = visit_at(opened_at=BEGAN + timedelta(seconds=seconds))
    assert_times(visit, BEGAN, ENDED, SKEW)


@pytest.mark.parametrize("seconds", [-6, 9, 7200])
@pytest.mark.parametrize("name", ["opened_at", "admitted_at", "discharged_at"])
def test_any_other_time_is_a_finding(name: str, seconds: float) -> None:
    visit = visit_at(**{name: BEGAN + timedelta(seconds=seconds)})
    with pytest.raises(FindingsError) as raised:
        assert_times(visit, BEGAN, ENDED, SKEW)
    assert [finding.subject for finding in raised.value.findings] == [name]


def test_a_time_that_is_not_told_is_not_judged() -> None:
    assert_times(visit_at(), BEGAN, ENDED, SKEW)
    assert_times_kept(visit_at(), visit_at(opened_at=BEGAN))


def test_a_time_may_be_rounded() -> None:
    assert_times_kept(
        visit_at(opened_at=BEGAN.replace(microsecond=123456)), visit_at(opened_at=BEGAN)
    )


@pytest.mark.parametrize("later", [None, BEGAN + timedelta(seconds=2)])
def test_a_time_that_is_lost_or_rewritten_is_a_finding(later: datetime | None) -> None:
    with pytest.raises(FindingsError) as raised:
        assert_times_kept(visit_at(admitted_at=BEGAN), visit_at(admitted_at=later))
    assert [finding.subject for finding in raised.value.findings] == ["admitted_at"]
