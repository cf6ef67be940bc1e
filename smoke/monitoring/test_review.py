"""Checks of the hour and the day after the cutover, and of the channels before it."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.observability.channels.assessments import ChannelAssessments
from cutover_gates.probes.observability.logs.hour_review import LogReview
from cutover_gates.probes.observability.metrics.day_review import MetricReview


@pytest.mark.plan("channels-tested")
def test_the_test_message_arrived_in_every_channel(channels: ChannelAssessments) -> None:
    """The newest test message of every channel was sent for this release, and arrived.

    A service that accepts a message may still not deliver it.
    """
    assert_passed(channels.assess())


@pytest.mark.plan("error-logs-checked")
def test_the_hour_after_brought_no_new_error(log_review: LogReview) -> None:
    """The log of the hour after the cutover has no error that the day before it did not have.

    An error that was there before is not the new release's, unless it comes far more often.
    """
    assert_passed(log_review.assess())


@pytest.mark.plan("metrics-reviewed")
def test_the_first_day_is_no_worse_than_the_day_before(metric_review: MetricReview) -> None:
    """Every instance was up all day, and no declared figure is worse than the day before.

    An instance that vanished takes its errors with it.
    """
    assert_passed(metric_review.assess())
