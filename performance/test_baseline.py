"""The baseline: what later runs are held against."""

from __future__ import annotations

import pytest

from cutover.load.questions import Load
from cutover.matchers import sound


@pytest.mark.plan("baseline-recorded")
def test_a_good_run_is_recorded_as_the_baseline(load: Load) -> None:
    """Before the cutover the system that will be replaced is measured, so that "twice the baseline"
    means something. A bad run never becomes one.
    """
    sound(load.recorded())
