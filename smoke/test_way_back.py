"""After a rollback no traffic reaches the failed release, and the one before bore its return."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.watch.way_back.assessments import RollbackAssessments
from cutover_gates.watch.way_back.live_answers import TrafficAssessments


@pytest.mark.plan("traffic-stopped")
def test_no_answer_comes_from_the_failed_release(rollback_traffic: TrafficAssessments) -> None:
    """No answer comes from the failed release, and none has come for long enough.

    372 requests over new connections find one answer in a hundred. Where the watcher's record does
    not show the quiet time (rollout.rollback.quiet_seconds), they are spread over it.
    """
    assert_passed(rollback_traffic.assess_traffic())


@pytest.mark.plan("rollback-verified")
def test_the_release_before_was_ready_when_traffic_came_back(
    rollback_record: RollbackAssessments,
) -> None:
    """The release before answered well from the moment at which the traffic came back to it.

    An instance that starts under full load answers with errors. The watcher's record shows it.
    """
    assert_passed(rollback_record.assess_readiness())


@pytest.mark.plan("rollback-verified")
def test_the_service_was_good_again_in_time(rollback_record: RollbackAssessments) -> None:
    """The service was good again within the declared time after the rollback began.

    The time is measured from the begin to the last bad answer, and told also where none is
    declared.
    """
    assert_passed(rollback_record.assess_restore_time())
