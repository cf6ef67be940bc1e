"""Response times: every operation within its objective, and not slower than the release before."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.load.assessments import LoadAssessments


@pytest.mark.plan("response-times", "error-rate")
def test_the_load_is_made_as_it_was_intended(load: LoadAssessments) -> None:
    """What is said of a target under load is true only of the load that was made: 95 % of it at
    least, in time, by a machine with room to spare.
    """
    assert_passed(load.assess_offered_load())


@pytest.mark.plan("response-times")
def test_every_operation_is_answered_within_its_objective(load: LoadAssessments) -> None:
    """Each percentile of each operation is within its objective, counted from when a request was
    due. That is certain, not only measured.
    """
    assert_passed(load.assess_response_times())


@pytest.mark.plan("response-times")
def test_no_operation_takes_much_longer_than_in_the_baseline(load: LoadAssessments) -> None:
    """Each operation's median is at most so many times the recorded one.

    A wait that is within its objective, and has doubled, is a warning.
    """
    assert_passed(load.assess_against_baseline())
