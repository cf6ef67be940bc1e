"""The writes that the watcher got acknowledged during the cutover."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.watch.assessments import WatchAssessments


@pytest.mark.plan("no-data-loss")
def test_no_acknowledged_write_of_the_cutover_is_lost(watch: WatchAssessments) -> None:
    """Every write that was acknowledged during the cutover is stored as it was sent.

    A desk that got an answer does not write it down again. What the watcher wrote is compared field
    by field; what people wrote, by the rows of the tables.
    """
    assert_passed(watch.assess_writes())
