"""The table of hazards is whole, and what it names is there."""

from __future__ import annotations

import pytest

from tests.faults.hazards import (
    HAZARDS,
    PAGE,
    Hazard,
    find_fault,
    find_test,
    list_phase2_faults,
    render_page,
)


def test_each_hazard_stands_in_the_table_once_and_in_order() -> None:
    assert [hazard.number for hazard in HAZARDS] == list(range(1, 51))


@pytest.mark.parametrize("hazard", HAZARDS, ids=[str(hazard.number) for hazard in HAZARDS])
def test_what_stands_for_a_hazard_is_there(hazard: Hazard) -> None:
    assert hazard.faults or hazard.tests
    for name in hazard.faults:
        find_fault(name)
    for node in hazard.tests:
        assert find_test(node), node


def test_phase_2_has_as_many_faults_as_were_asked_for() -> None:
    assert len(list_phase2_faults()) >= 60


def test_the_page_is_as_it_is_written() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_page()
