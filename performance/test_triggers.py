"""The automatic rollback triggers: what the watcher saw of each, decided once more."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.watch.trigger_assessments import TriggerAssessments


@pytest.mark.plan("trigger-health")
def test_no_more_health_checks_in_a_row_failed_than_the_plan_allows(
    triggers: TriggerAssessments,
) -> None:
    """No more health checks in a row failed than the plan allows.

    Of each instance, and of the balancer. The watcher's evaluations are decided once more, and come
    to what it decided.
    """
    assert_passed(triggers.assess_health())


@pytest.mark.plan("trigger-error-rate")
def test_the_error_rate_did_not_stay_above_its_limit(triggers: TriggerAssessments) -> None:
    """The error rate did not stay above its limit.

    Neither of what the new release answers nor of the whole service.
    """
    assert_passed(triggers.assess_error_rate())


@pytest.mark.plan("trigger-response-time")
def test_response_times_did_not_stay_above_twice_the_baseline(
    triggers: TriggerAssessments,
) -> None:
    """Response times did not stay above twice the baseline.

    Of each declared operation, compared with the baseline of the same source.
    """
    assert_passed(triggers.assess_response_time())


@pytest.mark.plan("trigger-database")
def test_connections_to_the_database_did_not_fail(triggers: TriggerAssessments) -> None:
    """Connections to the database did not fail.

    Pool, login and log of the new release are looked at. An unknown is not proven.
    """
    assert_passed(triggers.assess_database())
