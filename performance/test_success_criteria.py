"""The success criteria of the plan over the whole night, and not of one load run."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.observability.metrics.night_traffic import NightTraffic
from cutover_gates.watch.night_criteria import NightCriteria


@pytest.mark.plan("success-error-rate")
def test_few_requests_of_the_whole_night_failed_for_certain(night: NightCriteria) -> None:
    """It is certain that few enough of the watcher's requests failed in the whole night.

    Counted from the begin of the watch to its end, on every path. So few that they prove nothing
    are not proven.
    """
    assert_passed(night.assess_error_rate())


@pytest.mark.plan("success-error-rate")
def test_few_requests_of_people_failed_in_the_whole_night(night_traffic: NightTraffic) -> None:
    """It is certain that few enough requests of people failed in the whole night.

    By the declared counter in Prometheus, from raw samples. A probe does not ask what people ask.
    """
    assert_passed(night_traffic.assess())


@pytest.mark.plan("success-response-times")
def test_the_whole_night_was_fast_enough_for_certain(night: NightCriteria) -> None:
    """It is certain that the watcher's requests were within the objectives in the whole night.

    Reading, searching and changing are compared with the p95 of their operations.
    """
    assert_passed(night.assess_response_times())


@pytest.mark.plan("success-response-times")
def test_people_were_answered_fast_enough_in_the_whole_night(night_traffic: NightTraffic) -> None:
    """It is certain that the requests of people were within the objectives in the whole night.

    By the declared histogram in Prometheus, from raw samples, for each declared operation.
    """
    assert_passed(night_traffic.assess_response_times())
