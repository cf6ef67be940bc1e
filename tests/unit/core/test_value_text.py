"""Values as a person reads them, and what is left of them on production."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import pytest

from cutover_gates.core.value_text import (
    format_target_value,
    format_value,
    withhold_target_values,
)
from cutover_gates.hospital import PatientDraft, Sex, VisitStatus

NAME = "Berta Other"
DRAFT = PatientDraft("MRN-1", NAME, NAME, date(1950, 1, 1), Sex.FEMALE)


@pytest.fixture
def production() -> Iterator[None]:
    """The target is production, for one test."""
    withhold_target_values()
    yield
    withhold_target_values(withheld=False)


@pytest.mark.parametrize(
    "value", [NAME, NAME.encode(), DRAFT, [NAME], {NAME: NAME}, {"a": DRAFT}, date(1950, 1, 1)]
)
@pytest.mark.usefixtures("production")
def test_no_value_that_may_name_a_patient_is_shown_on_production(value: object) -> None:
    shown = format_target_value(value)
    assert NAME not in shown
    assert "1950" not in shown
    assert "not kept on production" in shown


@pytest.mark.parametrize("value", [None, True, 7, 0.5, Sex.FEMALE, VisitStatus.DISCHARGED])
@pytest.mark.usefixtures("production")
def test_states_and_numbers_are_shown_on_production(value: object) -> None:
    assert format_target_value(value) == format_value(value)


@pytest.mark.parametrize("value", [NAME, DRAFT, datetime(2026, 1, 2, 3, 4)])
def test_elsewhere_values_are_shown_as_they_are(value: object) -> None:
    assert format_target_value(value) == format_value(value)
