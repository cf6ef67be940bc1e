"""Response times: each operation within its objective, and not slower than the release before."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.load.assessments import LoadAssessments


@pytest.mark.plan("response-times", "error-rate")
def test_the_load_is_made_as_it_was_intended(load: LoadAssessments) -> None:
    """The load was sent as it was planned.

    At least 95 % of it was sent, in time, by a machine with capacity to spare. Otherwise the other
    results describe another load.
    """
    assert_passed(load.assess_offered_load())


@pytest.mark.plan("response-times")
def test_every_operation_is_answered_within_its_objective(load: LoadAssessments) -> None:
    """Each percentile of each operation is within its objective.

    The time counts from when a request was due. The result is certain, not only measured.
    """
    assert_passed(load.assess_response_times())


@pytest.mark.plan("response-times")
def test_no_operation_takes_much_longer_than_in_the_baseline(load: LoadAssessments) -> None:
    """No operation takes much longer than in the baseline.

    The median of each is at most a declared multiple of the recorded one. A time that is within its
    objective and has doubled is a warning.
    """
    assert_passed(load.assess_against_baseline())
